/**
 * Rolling updates keep to maxSurge and maxUnavailable, Recreate waits for the last old pod (Deployment reference). Judged at
 * the moment a ReplicaSet is resized, with every doubt in the controller's favour: what was available a moment ago counts.
 */
import type { KubeObject } from '../../../kernel/index.ts';
import type { Commit } from '../model.ts';
import type { Invariant, Watchdog } from './report.ts';
import { isEnded, isGoing, nameOf, ownerOf, phaseOf, scaled, specOf } from './view.ts';
import { DELAYING } from './weather.ts';

interface DeploymentSpec {
  readonly replicas?: number;
  readonly strategy?: {
    readonly type?: string;
    readonly rollingUpdate?: { readonly maxSurge?: string | number; readonly maxUnavailable?: string | number };
  };
}

/** A controller may act by a spec, and by pods, that are this old. */
const LATE_MS = 2_000;
/** And by much older ones when it was held up; it needs this long to know everything again. */
const SETTLED_MS = 90_000;

interface Bounds {
  readonly most: number;
  readonly least: number;
}

export function boundsOf(spec: DeploymentSpec): Bounds {
  const wanted = spec.replicas ?? 1;
  if (spec.strategy?.type === 'Recreate' || wanted === 0) return { most: wanted, least: 0 };
  const rolling = spec.strategy?.rollingUpdate;
  const surge = scaled(rolling?.maxSurge ?? '25%', wanted, 'up');
  const out = scaled(rolling?.maxUnavailable ?? '25%', wanted, 'down');
  // Both nought would never move: then one may be missing.
  return { most: wanted + surge, least: wanted - Math.min(wanted, surge === 0 && out === 0 ? 1 : out) };
}

const imagesOf = (owner: KubeObject): string =>
  (specOf<{ template?: { spec?: { containers?: { image?: string }[] } } }>(owner).template?.spec?.containers ?? [])
    .map(each => each.image)
    .join();

const sizeOf = (set: KubeObject): number => specOf<{ replicas?: number }>(set).replicas ?? 1;

export function rolloutInvariant(dog: Watchdog): Invariant {
  const name = 'rollout';
  const { view, weather } = dog;
  const late = (t: number): number => (weather.calm_ms(DELAYING, t) > SETTLED_MS ? LATE_MS : SETTLED_MS);
  const resized = ({ t, object, before }: Commit): void => {
    const owner = ownerOf(object!);
    const deployment = owner && view.uid(owner.uid)?.object;
    if (!deployment || owner.kind !== 'Deployment') return;
    const size = sizeOf(object!);
    const was = before ? sizeOf(before) : 0;
    const siblings = view.owned(owner.uid, 'apps/replicasets').filter(each => ownerOf(each)?.uid === owner.uid);
    const bounds = view.specs(deployment, late(t)).map(each => boundsOf(specOf<DeploymentSpec>(each)));
    const sum = siblings.reduce((total, each) => total + sizeOf(each), 0);
    const most = Math.max(...bounds.map(each => each.most));
    if (size > was && sum > most)
      dog.violated(
        name,
        nameOf(deployment),
        `${nameOf(object!)} went from ${was} to ${size}: ${sum} replicas, at most ${most} allowed`,
      );
    if (size >= was || weather.calm_ms(DELAYING, t) < SETTLED_MS || bounds.length > 1) return;
    const available = (set: KubeObject, limit: number): number =>
      Math.min(limit, view.owned(set.metadata.uid!, 'pods').filter(pod => view.servedWithin(pod, LATE_MS)).length);
    const others = siblings.filter(each => each.metadata.uid !== object!.metadata.uid);
    const rest = others.reduce((total, each) => total + available(each, sizeOf(each)), 0);
    const left = rest + available(object!, size);
    const least = Math.min(...bounds.map(each => each.least));
    const had = rest + available(object!, was);
    // Old pods that are out may come back; new ones that are out may never come up (Deployment reference, maxUnavailable).
    const isNew = (set: KubeObject): boolean => imagesOf(set) === imagesOf(deployment);
    const could = siblings.reduce((sum, each) => sum + (isNew(each) ? available(each, sizeOf(each)) : sizeOf(each)), 0);
    if (!isNew(object!) && could < least)
      dog.violated(
        name,
        nameOf(deployment),
        `${nameOf(object!)} went from ${was} to ${size}: old pods and available new ones are ${could}, at least ${least} wanted`,
      );
    if (left < least && left < had)
      dog.violated(
        name,
        nameOf(deployment),
        `${nameOf(object!)} went from ${was} to ${size}: ${left} available, at least ${least} wanted`,
      );
  };
  const made = ({ t, object }: Commit): void => {
    const set = view.uid(ownerOf(object!)?.uid ?? '')?.object;
    const deployment = set && view.uid(ownerOf(set)?.uid ?? '')?.object;
    if (!deployment || specOf<DeploymentSpec>(deployment).strategy?.type !== 'Recreate') return;
    if (weather.calm_ms(DELAYING, t) < SETTLED_MS) return;
    for (const other of view.owned(deployment.metadata.uid!, 'apps/replicasets')) {
      if (other.metadata.uid === set.metadata.uid) continue;
      const runs = view.owned(other.metadata.uid!, 'pods').find(pod => !isEnded(pod));
      if (runs)
        dog.violated(
          name,
          nameOf(deployment),
          `${nameOf(object!)} was made while ${nameOf(runs)} of the old template was ${isGoing(runs) ? 'going' : phaseOf(runs)}`,
        );
    }
  };
  return {
    name,
    commit(commit) {
      const { collection, object, before } = commit;
      if (!object) return;
      if (collection === 'apps/replicasets' && (!before || sizeOf(before) !== sizeOf(object))) resized(commit);
      if (collection === 'pods' && !before && ownerOf(object)?.kind === 'ReplicaSet') made(commit);
    },
  };
}
