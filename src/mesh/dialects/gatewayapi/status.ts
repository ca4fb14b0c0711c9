/** One condition as Gateway API writes it. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
}

/** Builds conditions of one object generation; a condition that did not change keeps its time. */
export function conditionsOf(
  wanted: readonly (readonly [type: string, holds: boolean, reason: string, message?: string])[],
  generation: number,
  now: string,
  before: unknown,
): Condition[] {
  const known = Array.isArray(before) ? (before as Partial<Condition>[]) : [];
  return wanted.map(([type, holds, reason, message]) => {
    const status = holds ? 'True' : 'False';
    const old = known.find(entry => entry.type === type);
    const same = old?.status === status && typeof old.lastTransitionTime === 'string';
    return {
      type,
      status,
      reason,
      message: message ?? '',
      observedGeneration: generation,
      lastTransitionTime: same ? old.lastTransitionTime! : now,
    };
  });
}
