import type { Control } from './model.ts';

/** A control that checks prove, or that nothing does where none is named. */
export const control = (id: string, en: string, zh: string, ...checks: string[]): Control => ({
  id,
  title: { en, zh },
  checks,
});

/** A control of which checks prove a part. */
export const partly = (id: string, en: string, zh: string, ...checks: string[]): Control => ({
  ...control(id, en, zh, ...checks),
  partly: true,
});
