import { findCondition } from '../conditions.ts';
import type { Note } from '../effect.ts';
import { formatTime } from '../time.ts';
import type { Node, Pod, Taint } from '../types.ts';
import { tolerates } from '../node-match.ts';

/** A node that was silent for this long is unknown (--node-monitor-grace-period of 1.35). */
export const GRACE_MS = 50_000;
/** A new node has this long to speak for the first time. */
export const STARTUP_GRACE_MS = 60_000;

type NodeConditions = NonNullable<NonNullable<Node['status']>['conditions']>;

const UNKNOWN_TYPES = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

/** The conditions of a node that is silent since `silent_ms`; undefined while they may stay as they are. */
export function silentConditions(node: Node, silent_ms: number, now_ms: number): NodeConditions | undefined {
  const known = node.status?.conditions ?? [];
  const ready = findCondition(known, 'Ready');
  if (silent_ms < (ready ? GRACE_MS : STARTUP_GRACE_MS)) return undefined;
  if (ready?.status === 'Unknown') return undefined;
  const now = formatTime(now_ms);
  const missing = UNKNOWN_TYPES.filter(type => !findCondition(known, type)).map(type => ({
    type,
    status: 'Unknown',
    reason: 'NodeStatusNeverUpdated',
    message: 'Kubelet never posted node status.',
    lastHeartbeatTime: node.metadata.creationTimestamp,
    lastTransitionTime: now,
  }));
  const stopped = known.map(condition =>
    UNKNOWN_TYPES.includes(condition.type) && condition.status !== 'Unknown'
      ? {
          ...condition,
          status: 'Unknown',
          reason: 'NodeStatusUnknown',
          message: 'Kubelet stopped posting node status.',
          lastTransitionTime: now,
        }
      : condition,
  );
  return [...stopped, ...missing];
}

const NOT_READY = 'node.kubernetes.io/not-ready';
const UNREACHABLE = 'node.kubernetes.io/unreachable';

const PRESSURES: readonly (readonly [string, string, string])[] = [
  ['MemoryPressure', 'True', 'node.kubernetes.io/memory-pressure'],
  ['DiskPressure', 'True', 'node.kubernetes.io/disk-pressure'],
  ['PIDPressure', 'True', 'node.kubernetes.io/pid-pressure'],
  ['NetworkUnavailable', 'True', 'node.kubernetes.io/network-unavailable'],
];

const MANAGED = new Set([
  NOT_READY,
  UNREACHABLE,
  'node.kubernetes.io/unschedulable',
  ...PRESSURES.map(([, , key]) => key),
]);

/**
 * The taints a node's conditions mean (Kubernetes, "Taint based Evictions"); others stay as they are. `allLost`: when no
 * node at all is ready it is rather we who are cut off, and nothing is evicted (full disruption mode).
 */
export function taintsOf(node: Node, now_ms: number, allLost = false): Taint[] {
  const conditions = node.status?.conditions;
  const wanted: Taint[] = [];
  const ready = findCondition(conditions, 'Ready')?.status;
  const trouble = ready === 'False' ? NOT_READY : ready === 'Unknown' ? UNREACHABLE : undefined;
  if (trouble) wanted.push({ key: trouble, effect: 'NoSchedule' });
  if (trouble && !allLost) wanted.push({ key: trouble, effect: 'NoExecute' });
  for (const [type, status, key] of PRESSURES)
    if (findCondition(conditions, type)?.status === status) wanted.push({ key, effect: 'NoSchedule' });
  if (node.spec?.unschedulable) wanted.push({ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' });
  const present = node.spec?.taints ?? [];
  // A node registers itself not ready; that taint goes only once the node said it is ready.
  const keeps = (taint: Taint): boolean => !MANAGED.has(taint.key) || (taint.key === NOT_READY && ready === undefined);
  const same = (a: Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect;
  const kept = present.filter(taint => keeps(taint) || wanted.some(each => same(each, taint)));
  const added = wanted.filter(each => !present.some(taint => same(each, taint)));
  return [...kept, ...added.map(taint => ({ ...taint, timeAdded: formatTime(now_ms) }))];
}

/** Milliseconds a pod may stay on a node with these NoExecute taints: 0 is now, undefined for ever. */
export function mayStay(
  pod: Pod,
  taints: readonly Taint[],
  since_ms: (taint: Taint) => number,
  now_ms: number,
): number | undefined {
  let least: number | undefined;
  for (const taint of taints) {
    if (taint.effect !== 'NoExecute') continue;
    const matching = (pod.spec.tolerations ?? []).filter(toleration => tolerates(toleration, taint));
    if (matching.length === 0) return 0;
    const limits = matching.flatMap(toleration =>
      toleration.tolerationSeconds === undefined ? [] : [Math.max(0, toleration.tolerationSeconds)],
    );
    if (limits.length < matching.length && limits.length === 0) continue;
    const left_ms = Math.max(0, since_ms(taint) + Math.min(...limits) * 1000 - now_ms);
    least = least === undefined ? left_ms : Math.min(least, left_ms);
  }
  return least;
}

export const nodeNote = (node: Node, reason: string, message: string): Note => ({
  about: node,
  type: 'Normal',
  reason,
  message,
});
