/** Nobody makes more pods than it was asked for, and nobody takes away pods that are wanted. */
import type { KubeObject } from '../../../kernel/index.ts';
import type { Commit } from '../model.ts';
import { deletedPods } from './deletions.ts';
import type { Invariant, Watchdog } from './report.ts';
import { conditionOf, isEnded, isGoing, isLiving, isServing, nameOf, ownerOf, specOf, wasDisrupted } from './view.ts';
import { BLINDING, DELAYING } from './weather.ts';

const SETTLED_MS = 90_000;
const LATE_MS = 2_000;

interface Counted {
  readonly replicas?: number;
  readonly parallelism?: number;
  readonly completions?: number;
}

/** How many pods each kind of owner may have at once. */
const MOST: Readonly<Record<string, (spec: Counted) => number>> = {
  ReplicaSet: spec => spec.replicas ?? 1,
  StatefulSet: spec => spec.replicas ?? 1,
  Job: spec => spec.parallelism ?? 1,
};

const COLLECTIONS: Readonly<Record<string, string>> = {
  ReplicaSet: 'apps/replicasets',
  StatefulSet: 'apps/statefulsets',
  Job: 'batch/jobs',
};

/** The place of a pod in its set, counted from the set's first. */
const placeIn = (set: KubeObject, pod: KubeObject): number =>
  Number(nameOf(pod).split('-').at(-1)) - (specOf<{ ordinals?: { start?: number } }>(set).ordinals?.start ?? 0);

/** Living pods by the uid of their controller, as of the last commit. */
class Living {
  readonly #counts = new Map<string, number>();

  of(uid: string): number {
    return this.#counts.get(uid) ?? 0;
  }

  change(before: KubeObject | undefined, after: KubeObject | undefined): void {
    this.#add(before, -1);
    this.#add(after, 1);
  }

  #add(pod: KubeObject | undefined, by: 1 | -1): void {
    const uid = pod && isLiving(pod) ? ownerOf(pod)?.uid : undefined;
    if (uid === undefined) return;
    const count = this.of(uid) + by;
    if (count > 0) this.#counts.set(uid, count);
    else this.#counts.delete(uid);
  }
}

export function countsInvariant(dog: Watchdog): Invariant {
  const name = 'counts';
  const { view, weather } = dog;
  const living = new Living();
  const ownerNow = (pod: KubeObject): KubeObject | undefined => {
    const reference = ownerOf(pod);
    return reference && MOST[reference.kind] ? view.uid(reference.uid)?.object : undefined;
  };
  const limits = (owner: KubeObject, late_ms: number): number[] =>
    view.specs(owner, late_ms).map(each => MOST[owner.kind!]!(specOf<Counted>(each)));
  const made = ({ t, object }: Commit): void => {
    const owner = ownerNow(object!);
    if (!owner || weather.calm_ms(BLINDING, t) < SETTLED_MS) return;
    const there = living.of(owner.metadata.uid!);
    const late = weather.calm_ms(DELAYING, t) > SETTLED_MS ? LATE_MS : SETTLED_MS;
    const most = Math.max(...limits(owner, late));
    // A set fills its lowest places first; those above what is wanted go after that.
    if (owner.kind === 'StatefulSet' && placeIn(owner, object!) < most) return;
    if (there > most)
      dog.violated(
        name,
        `${COLLECTIONS[owner.kind!]} ${nameOf(owner)}`,
        `${nameOf(object!)} was made: ${there} pods, at most ${most} wanted`,
      );
  };
  /** Pods that are there besides this one, with every doubt in favour of who deletes. */
  const wantedFor = (pod: KubeObject, t: number): string | undefined => {
    const owner = ownerNow(pod);
    if (!owner || isGoing(owner) || wasDisrupted(pod) || isEnded(pod) || weather.calm_ms(DELAYING, t) < SETTLED_MS)
      return undefined;
    const space = view.get('namespaces', pod.metadata.namespace ?? '');
    if (owner.kind === 'StatefulSet' || (space && isGoing(space))) return undefined;
    if (
      owner.kind === 'Job' &&
      (conditionOf(owner, 'Complete') ||
        conditionOf(owner, 'Failed') ||
        conditionOf(owner, 'SuccessCriteriaMet') ||
        conditionOf(owner, 'FailureTarget'))
    )
      return undefined;
    const left = living.of(owner.metadata.uid!);
    const least = Math.min(...limits(owner, LATE_MS));
    // Completions that are nearly reached want fewer pods than the parallelism says.
    if (owner.kind === 'Job') return undefined;
    return left < least ? `${nameOf(owner)} wants ${least} and has ${left} without it` : undefined;
  };
  const deletions = deletedPods(
    ({ t, before }) => {
      const wanted = wantedFor(before!, t);
      return wanted && `a ${isServing(before!) ? 'serving' : 'living'} pod was deleted though ${wanted}`;
    },
    (path, message) => dog.violated(name, path, message),
  );
  return {
    name,
    commit(commit) {
      if (commit.collection === 'pods') living.change(commit.before, commit.object);
      if (commit.collection === 'pods' && commit.object && !commit.before) made(commit);
      deletions.commit(commit);
    },
    call: deletions.call,
  };
}
