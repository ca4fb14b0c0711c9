import { formatTime } from './time.ts';
import type { Condition } from './types.ts';

export function findCondition<C extends Condition>(conditions: readonly C[] | undefined, type: string): C | undefined {
  return conditions?.find(condition => condition.type === type);
}

export const isTrue = (conditions: readonly Condition[] | undefined, type: string): boolean =>
  findCondition(conditions, type)?.status === 'True';

/** Sets one condition; the transition time moves only when the status does. Returns the same list when nothing changes. */
export function setCondition<C extends Condition>(conditions: readonly C[], wanted: C, now_ms: number): C[] {
  const old = findCondition(conditions, wanted.type);
  if (old && old.status === wanted.status && old.reason === wanted.reason && old.message === wanted.message)
    return conditions as C[];
  const lastTransitionTime = old?.status === wanted.status ? old.lastTransitionTime : formatTime(now_ms);
  const next = { ...wanted, ...(lastTransitionTime ? { lastTransitionTime } : {}) };
  return old ? conditions.map(condition => (condition.type === wanted.type ? next : condition)) : [...conditions, next];
}

export const withoutCondition = <C extends Condition>(conditions: readonly C[], type: string): C[] =>
  conditions.filter(condition => condition.type !== type);
