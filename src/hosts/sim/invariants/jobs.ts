/** Jobs count every success once and none too many (KEP-2307); CronJobs keep to their concurrencyPolicy. */
import type { KubeObject } from '../../../kernel/index.ts';
import type { Commit } from '../model.ts';
import type { Invariant, Watchdog } from './report.ts';
import { conditionOf, isGoing, nameOf, ownerOf, phaseOf, specOf } from './view.ts';
import { BLINDING, DELAYING } from './weather.ts';

const TRACKING = 'batch.kubernetes.io/job-tracking';
const INDEX = 'batch.kubernetes.io/job-completion-index';
const SETTLED_MS = 90_000;
const LATE_MS = 2_000;

interface JobSpec {
  readonly completions?: number;
  readonly completionMode?: string;
}
interface JobStatus {
  readonly succeeded?: number;
  readonly uncountedTerminatedPods?: { readonly succeeded?: readonly string[] };
}
interface Tally {
  /** Pods that succeeded, and the index each worked on, with the moment it was known. */
  readonly succeeded: Map<string, { readonly index: string; readonly t: number }>;
  /** Those whose tracking finalizer is gone. */
  readonly released: Set<string>;
}

const indexOf = (pod: KubeObject): string => pod.metadata.annotations?.[INDEX] ?? '';
const isTracked = (pod: KubeObject): boolean => pod.metadata.finalizers?.includes(TRACKING) ?? false;
/** One that was being deleted and let go of before it ended counts as failed, whatever it makes of its last seconds (KEP-3939). */
const wasGivenUp = (pod: KubeObject): boolean => isGoing(pod) && !isTracked(pod);
const isFinished = (job: KubeObject): boolean =>
  conditionOf(job, 'Complete')?.status === 'True' || conditionOf(job, 'Failed')?.status === 'True';

export function jobInvariant(dog: Watchdog): Invariant {
  const name = 'job';
  const { view, weather } = dog;
  const tallies = new Map<string, Tally>();
  const tallyOf = (uid: string): Tally => {
    let tally = tallies.get(uid);
    if (!tally) tallies.set(uid, (tally = { succeeded: new Map(), released: new Set() }));
    return tally;
  };
  const podChanged = ({ t, object, before }: Commit): void => {
    const pod = object ?? before!;
    const owner = ownerOf(pod) ?? ownerOf(before ?? pod);
    if (owner?.kind !== 'Job') return;
    const tally = tallyOf(owner.uid);
    const uid = pod.metadata.uid!;
    const job = view.uid(owner.uid)?.object;
    if (phaseOf(pod) === 'Succeeded' && !tally.succeeded.has(uid) && !wasGivenUp(pod))
      tally.succeeded.set(uid, { index: indexOf(pod), t });
    const indexed = job !== undefined && specOf<JobSpec>(job).completionMode === 'Indexed';
    if (object && !before && indexed && weather.calm_ms(DELAYING, t) > SETTLED_MS) {
      const done = [...tally.succeeded.values()].find(each => each.index === indexOf(object) && each.t < t - LATE_MS);
      if (done)
        dog.violated(name, nameOf(job), `index ${done.index} runs again though it was completed at ${done.t} ms`);
    }
    const released = before && isTracked(before) && !(object && isTracked(object));
    if (!released || !job || isGoing(job) || !tally.succeeded.has(uid)) return;
    tally.released.add(uid);
    if (!indexed) checkReleased(job, tally);
  };
  const checkReleased = (job: KubeObject, tally: Tally): void => {
    const status = (job.status ?? {}) as JobStatus;
    const counted = (status.succeeded ?? 0) + (status.uncountedTerminatedPods?.succeeded?.length ?? 0);
    if (tally.released.size > counted)
      dog.violated(
        name,
        nameOf(job),
        `${tally.released.size} pods that succeeded were let go of, ${counted} are counted`,
      );
  };
  const jobChanged = ({ object }: Commit): void => {
    const job = object!;
    const tally = tallyOf(job.metadata.uid!);
    const { succeeded = 0 } = (job.status ?? {}) as JobStatus;
    const indexes = new Set([...tally.succeeded.values()].map(each => each.index));
    const truth = specOf<JobSpec>(job).completionMode === 'Indexed' ? indexes.size : tally.succeeded.size;
    if (succeeded > truth)
      dog.violated(name, nameOf(job), `status counts ${succeeded} successes, ${truth} pods succeeded`);
    const { completions } = specOf<JobSpec>(job);
    if (conditionOf(job, 'Complete')?.status === 'True' && completions !== undefined && truth < completions)
      dog.violated(name, nameOf(job), `is complete with ${truth} of ${completions} successes`);
  };
  return {
    name,
    commit(commit) {
      if (commit.collection === 'pods') podChanged(commit);
      else if (commit.collection === 'batch/jobs' && commit.object) jobChanged(commit);
    },
  };
}

export function cronJobInvariant(dog: Watchdog): Invariant {
  const name = 'cronjob';
  const { view, weather } = dog;
  return {
    name,
    commit({ t, collection, object, before }) {
      if (collection !== 'batch/jobs' || !object || before) return;
      const owner = ownerOf(object);
      const cronJob = owner?.kind === 'CronJob' ? view.uid(owner.uid)?.object : undefined;
      const policy = cronJob && specOf<{ concurrencyPolicy?: string }>(cronJob).concurrencyPolicy;
      if (!policy || policy === 'Allow' || weather.calm_ms([...BLINDING, 'WatchDelay'], t) < SETTLED_MS) return;
      const others = view
        .owned(owner!.uid, 'batch/jobs')
        .filter(each => each.metadata.uid !== object.metadata.uid && !isFinished(each) && !isGoing(each));
      if (others.length > 0)
        dog.violated(
          name,
          nameOf(cronJob),
          `${nameOf(object)} was started while ${others.map(nameOf).join(', ')} is active (${policy})`,
        );
    },
  };
}
