/** What must hold in every run, whatever goes wrong. */
import type { Observer } from '../model.ts';
import { addressInvariant, quotaInvariant } from './admission.ts';
import { autoscaleInvariant } from './autoscale.ts';
import { budgetInvariant } from './budget.ts';
import { cachesInvariant } from './caches.ts';
import { churnInvariant, garbageInvariant } from './churn.ts';
import { convergenceInvariant } from './convergence.ts';
import { countsInvariant } from './counts.ts';
import { deniedInvariant } from './denied.ts';
import { evictionInvariant } from './eviction.ts';
import { cronJobInvariant, jobInvariant } from './jobs.ts';
import { lifecycleInvariant } from './lifecycle.ts';
import { nodesInvariant } from './nodes.ts';
import { placementInvariant } from './placement.ts';
import type { Invariant, InvariantOptions, Watchdog } from './report.ts';
import { rolloutInvariant } from './rollout.ts';
import { daemonSetInvariant, identityInvariant, statefulSetInvariant } from './sets.ts';
import { View } from './view.ts';
import { waitingInvariant } from './waiting.ts';
import { watchInvariant } from './watches.ts';
import { Weather } from './weather.ts';
import { validInvariant, writesInvariant } from './writes.ts';

export type { Invariant, InvariantOptions, Watchdog } from './report.ts';

export const INVARIANTS: readonly ((dog: Watchdog) => Invariant)[] = [
  writesInvariant,
  validInvariant,
  watchInvariant,
  rolloutInvariant,
  countsInvariant,
  budgetInvariant,
  identityInvariant,
  statefulSetInvariant,
  daemonSetInvariant,
  jobInvariant,
  cronJobInvariant,
  quotaInvariant,
  addressInvariant,
  placementInvariant,
  waitingInvariant,
  nodesInvariant,
  evictionInvariant,
  lifecycleInvariant,
  autoscaleInvariant,
  deniedInvariant,
  churnInvariant,
  garbageInvariant,
  convergenceInvariant,
  cachesInvariant,
];

const FIGHTS_MAX = 8;

/** One violation of an invariant about one object is told once. */
export function watchdog(
  options: InvariantOptions,
): Watchdog & { readonly shared: readonly Observer[]; at: (t: number) => void } {
  const view = new View();
  const weather = new Weather();
  const told = new Set<string>();
  let now = 0;
  return {
    view,
    weather,
    quiet_ms: options.quiet_ms,
    start_ms: options.start_ms,
    always: options.always ?? false,
    fights_max: options.fights_max ?? FIGHTS_MAX,
    shared: [view, weather],
    at: t => {
      now = t;
    },
    violated: (invariant, about, message) => {
      const key = `${invariant} ${about}`;
      if (told.has(key)) return;
      told.add(key);
      options.violated({ t: Math.max(now, view.t), invariant, about, message });
    },
  };
}

/** What the invariants are called. */
export const INVARIANT_NAMES: readonly string[] = INVARIANTS.map(
  make => make(watchdog({ quiet_ms: 0, start_ms: 0, violated: () => undefined })).name,
);

/** All invariants as observers of one run; what they share comes first, so that they see what is. */
export function standardInvariants(options: InvariantOptions): (Observer & Partial<Invariant>)[] {
  const dog = watchdog(options);
  const clock: Observer = { instant: dog.at, end: dog.at };
  return [clock, ...dog.shared, ...INVARIANTS.map(make => make(dog))];
}
