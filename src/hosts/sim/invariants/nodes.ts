/** A node that keeps its lease is not called lost, leases have one holder, and each stays for its time. */
import type { Invariant, Watchdog } from './report.ts';
import { conditionOf, nameOf, specOf } from './view.ts';

/** Shorter than any grace period a node has (--node-monitor-grace-period, at least 40 s). */
const FRESH_MS = 35_000;
const SETTLED_MS = 90_000;
/** What keeps a controller from seeing that a lease was renewed. */
const UNSEEN = [
  'Partition',
  'Latency',
  'WatchDelay',
  'WatchClose',
  'WatchOutage',
  'StoreCrash',
  'ApiError',
  'ProcessCrash',
  'DiskFull',
  'DiskError',
  'NodeLoss',
];

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly renewTime?: string;
}

export function nodesInvariant(dog: Watchdog): Invariant {
  const name = 'nodes';
  const { weather } = dog;
  const renewed = new Map<string, number>();
  return {
    name,
    commit({ t, collection, path, object, before }) {
      if (collection === 'coordination.k8s.io/leases' && object) {
        const now = specOf<LeaseSpec>(object);
        const was = before && specOf<LeaseSpec>(before);
        if (was?.holderIdentity && now.holderIdentity && now.holderIdentity !== was.holderIdentity) {
          const left_ms = (was.leaseDurationSeconds ?? 0) * 1_000 - (t - (renewed.get(path) ?? t));
          if (left_ms > 0 && weather.calm_ms(['ClockSkew'], t) > SETTLED_MS)
            dog.violated(
              'lease',
              path,
              `${now.holderIdentity} took it ${left_ms} ms before ${was.holderIdentity}'s time was over`,
            );
        }
        if (now.renewTime !== was?.renewTime) renewed.set(path, t);
        return;
      }
      if (collection !== 'nodes' || !object || !before) return;
      const state = conditionOf(object, 'Ready')?.status;
      if (state !== 'Unknown' || conditionOf(before, 'Ready')?.status !== 'True') return;
      const last = renewed.get(`kube-node-lease/${object.metadata.name}`) ?? 0;
      if (t - last < FRESH_MS && weather.calm_ms(UNSEEN, t) > SETTLED_MS)
        dog.violated(name, nameOf(object), `was called lost ${t - last} ms after it had renewed its lease`);
    },
  };
}
