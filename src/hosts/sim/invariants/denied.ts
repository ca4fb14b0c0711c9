/**
 * Denied stays denied: what is denied before and after is never allowed in between, unless somebody changed what decides. Rollouts,
 * crashes and restarts of pods are no such change.
 */
import type { Invariant, Watchdog } from './report.ts';

/** Collections whose objects decide who may reach whom. */
const DECIDING =
  /(^|\/)(networkpolicies|adminnetworkpolicies|clusternetworkpolicies|baselineadminnetworkpolicies|cilium\w*|authorizationpolicies|peerauthentications|namespaces|services|gateways|\w+routes)$/;
const PEOPLES = new Set(['apps/deployments', 'apps/statefulsets', 'apps/daemonsets', 'batch/jobs', 'batch/cronjobs']);

interface Way {
  /** Judgements hold only among one state of what decides. */
  era: number;
  denied: boolean;
  allowed_ms: number | undefined;
}

export function deniedInvariant(dog: Watchdog): Invariant {
  const name = 'denied';
  const ways = new Map<string, Way>();
  let era = 0;
  return {
    name,
    commit({ collection, object, before }) {
      if (DECIDING.test(collection) && object?.spec !== before?.spec) era++;
      // Who came or went for good may be another one.
      else if (PEOPLES.has(collection) && (!object || !before)) era++;
    },
    traffic({ t, from, to, outcome }) {
      if (outcome !== 'ok' && outcome !== 'denied') return;
      const key = `${from} -> ${to}`;
      let way = ways.get(key);
      if (!way || way.era !== era) ways.set(key, (way = { era, denied: false, allowed_ms: undefined }));
      if (outcome === 'ok') {
        if (way.denied) way.allowed_ms ??= t;
        return;
      }
      if (way.allowed_ms !== undefined)
        dog.violated(name, key, `was allowed at ${Math.round(way.allowed_ms)} ms, though denied before and after`);
      way.denied = true;
      way.allowed_ms = undefined;
    },
  };
}
