import { scaledValue } from '../quantity.ts';
import type { Deployment, ReplicaSet } from '../types.ts';
import { MAX_REPLICAS, newestFirst, oldestFirst, replicasOf } from './revision.ts';

/** How far a rolling update may go over and under the wanted count. */
export interface Bounds {
  readonly wanted: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/** Percentages round in favour of availability; both zero would never move, so one may be missing (Deployment reference). */
export function boundsOf(deployment: Deployment): Bounds {
  const wanted = deployment.spec.replicas ?? 1;
  const rolling = deployment.spec.strategy?.type === 'Recreate' ? undefined : deployment.spec.strategy?.rollingUpdate;
  if (deployment.spec.strategy?.type === 'Recreate' || wanted === 0) return { wanted, maxSurge: 0, maxUnavailable: 0 };
  const maxSurge = scaledValue(rolling?.maxSurge ?? '25%', wanted, 'up');
  const unavailable = scaledValue(rolling?.maxUnavailable ?? '25%', wanted, 'down');
  const maxUnavailable = maxSurge === 0 && unavailable === 0 ? 1 : unavailable;
  return { wanted, maxSurge, maxUnavailable: Math.min(maxUnavailable, wanted) };
}

export const sumReplicas = (sets: readonly ReplicaSet[]): number => sets.reduce((sum, set) => sum + replicasOf(set), 0);
export const sumAvailable = (sets: readonly ReplicaSet[]): number =>
  sets.reduce((sum, set) => sum + (set.status?.availableReplicas ?? 0), 0);

/** Replicas the new ReplicaSet may have now, given all that exist. */
export function newReplicas(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  current: ReplicaSet | undefined,
): number {
  const { wanted, maxSurge } = boundsOf(deployment);
  if (deployment.spec.strategy?.type === 'Recreate') return wanted;
  const have = current ? replicasOf(current) : 0;
  const room = wanted + maxSurge - sumReplicas(all);
  if (room <= 0) return have;
  return have + Math.max(0, Math.min(room, wanted - have));
}

/** New sizes by set, only for those that change. */
export type Sizes = ReadonlyMap<ReplicaSet, number>;

/** How far the old ReplicaSets go down in this pass: pods that never became available first, then as availability allows. */
export function shrinkOld(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): Sizes {
  const sizes = new Map<ReplicaSet, number>();
  const sizeOf = (set: ReplicaSet): number => sizes.get(set) ?? replicasOf(set);
  const all = [...old, current];
  const { wanted, maxUnavailable } = boundsOf(deployment);
  const minAvailable = wanted - maxUnavailable;
  const newUnavailable = replicasOf(current) - (current.status?.availableReplicas ?? 0);
  let removable = sumReplicas(all) - minAvailable - newUnavailable;
  if (removable <= 0) return sizes;
  const targets = old.filter(set => replicasOf(set) > 0).sort(oldestFirst);
  for (const set of targets) {
    const unhealthy = replicasOf(set) - (set.status?.availableReplicas ?? 0);
    const down = Math.min(removable, unhealthy);
    if (down <= 0) continue;
    removable -= down;
    sizes.set(set, replicasOf(set) - down);
  }
  let spare = sumAvailable(all) - minAvailable;
  for (const set of targets) {
    if (spare <= 0) break;
    const down = Math.min(sizeOf(set), spare);
    if (down <= 0) continue;
    spare -= down;
    sizes.set(set, sizeOf(set) - down);
  }
  return sizes;
}

/** Spreads a change of spec.replicas over the active ReplicaSets in proportion to their sizes (Deployment, "Proportional scaling"). */
export function proportionalSizes(deployment: Deployment, active: readonly ReplicaSet[]): Map<ReplicaSet, number> {
  const { wanted, maxSurge } = boundsOf(deployment);
  const allowed = wanted > 0 ? wanted + maxSurge : 0;
  const toAdd = allowed - sumReplicas(active);
  const bySize = (a: ReplicaSet, b: ReplicaSet): number =>
    replicasOf(b) - replicasOf(a) || (toAdd > 0 ? newestFirst(a, b) : oldestFirst(a, b));
  const sorted = [...active].sort(bySize);
  const sizes = new Map<ReplicaSet, number>();
  let added = 0;
  for (const set of sorted) {
    const change = toAdd === 0 ? 0 : proportion(deployment, set, allowed, toAdd, added);
    sizes.set(set, replicasOf(set) + change);
    added += change;
  }
  const first = sorted[0];
  if (first && toAdd !== 0) sizes.set(first, Math.max(0, sizes.get(first)! + toAdd - added));
  return sizes;
}

function proportion(deployment: Deployment, set: ReplicaSet, allowed: number, toAdd: number, added: number): number {
  const size = replicasOf(set);
  if (size === 0) return 0;
  const before = Number(set.metadata.annotations?.[MAX_REPLICAS]) || deployment.status?.replicas || 0;
  const share = allowed === 0 ? -size : before === 0 ? 0 : Math.round((size * allowed) / before) - size;
  return toAdd > 0 ? Math.min(share, toAdd - added) : Math.max(share, toAdd - added);
}
