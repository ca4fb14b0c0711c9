import type { Refusal } from './filters/filter.ts';

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s).` as kube-scheduler writes it. */
export function refusalMessage(total: number, refusals: Iterable<Refusal>, rejected?: string): string {
  const head = `0/${total} nodes are available:`;
  if (rejected !== undefined) return `${head} ${rejected}.`;
  const histogram = new Map<string, number>();
  for (const refusal of refusals)
    for (const reason of refusal.reasons) histogram.set(reason, (histogram.get(reason) ?? 0) + 1);
  const parts = [...histogram].map(([reason, count]) => `${count} ${reason}`).sort(byteOrder);
  return parts.length > 0 ? `${head} ${parts.join(', ')}.` : head;
}

const byteOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The whole text of FailedScheduling; since 1.34 the claims plugin has a word before preemption. */
export function failureMessage(filtered: string, preemption: string | undefined): string {
  return preemption === undefined ? filtered : `${filtered} no new claims to deallocate, preemption: ${preemption}`;
}

export const NO_NODES = 'no nodes available to schedule pods';
export const NOT_HELPFUL = 'Preemption is not helpful for scheduling';
export const NO_VICTIMS = 'No preemption victims found for incoming pod';
