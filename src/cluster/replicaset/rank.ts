import { findCondition } from '../conditions.ts';
import { isReady, restartsOf } from '../pods.ts';
import { parseTime } from '../time.ts';
import type { Pod } from '../types.ts';

const PHASES: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';

const costOf = (pod: Pod): number => {
  const text = pod.metadata.annotations?.[DELETION_COST];
  return text && /^[+-]?\d+$/.test(text) ? Number(text) : 0;
};

/** Times are compared by the power of two of their age, so that which of two old pods goes is not decided by seconds. */
const ageRank = (since_ms: number | undefined, now_ms: number): number =>
  since_ms === undefined ? -1 : Math.floor(Math.log2(Math.max(1, now_ms - since_ms)));

/**
 * Orders pods by which should be deleted first: unassigned, not running, not ready, cheaper, doubled up on a node,
 * ready for a shorter time, restarted more, newer (Kubernetes, "ReplicaSet: Scaling a ReplicaSet").
 */
export function rankForDeletion(pods: readonly Pod[], related: readonly Pod[], now_ms: number): Pod[] {
  const onNode = new Map<string, number>();
  for (const pod of related)
    if (pod.spec.nodeName) onNode.set(pod.spec.nodeName, (onNode.get(pod.spec.nodeName) ?? 0) + 1);
  const rankOf = (pod: Pod): number => onNode.get(pod.spec.nodeName ?? '') ?? 0;
  const readySince = (pod: Pod): number | undefined =>
    parseTime(findCondition(pod.status?.conditions, 'Ready')?.lastTransitionTime);
  const compare = (a: Pod, b: Pod): number =>
    Number(Boolean(a.spec.nodeName)) - Number(Boolean(b.spec.nodeName)) ||
    (PHASES[a.status?.phase ?? 'Pending'] ?? 0) - (PHASES[b.status?.phase ?? 'Pending'] ?? 0) ||
    Number(isReady(a)) - Number(isReady(b)) ||
    costOf(a) - costOf(b) ||
    rankOf(b) - rankOf(a) ||
    (isReady(a) ? ageRank(readySince(a), now_ms) - ageRank(readySince(b), now_ms) : 0) ||
    restartsOf(b) - restartsOf(a) ||
    ageRank(parseTime(a.metadata.creationTimestamp), now_ms) -
      ageRank(parseTime(b.metadata.creationTimestamp), now_ms) ||
    (a.metadata.uid < b.metadata.uid ? -1 : 1);
  return [...pods].sort(compare);
}
