import type { Check, Subject } from './model.ts';

/** A check in one line. */
export const check = (id: string, subject: Subject, en: string, zh: string, expression: string): Check => ({
  id,
  subject,
  title: { en, zh },
  expression,
});
