import type { JsonObject } from '../../kernel/object.ts';
import { claim } from '../claim.ts';
import { findCondition, setCondition } from '../conditions.ts';
import { deleting, type Effect, keyOf, type Note, soonest, type Step } from '../effect.ts';
import { sameJson } from '../hash.ts';
import { isOwnedBy, isReady, isTerminated, isTerminating, restartsOf } from '../pods.ts';
import { JOBS, PODS } from '../refs.ts';
import { creation } from '../replicaset/step.ts';
import { formatTime, parseTime } from '../time.ts';
import type { Condition, Job, JobStatus, LabelSelector, Pod } from '../types.ts';
import { type Tally, tally } from './count.ts';
import { parseIndexes } from './indexes.ts';
import {
  CONTROLLER_UID,
  endedAt,
  hasFailed,
  indexFailures,
  indexOf,
  isIndexed,
  jobPod,
  parallelismOf,
  TRACKING,
  waitsForEnd,
} from './pods.ts';

export interface JobInput {
  readonly job: Job;
  readonly pods: readonly Pod[];
  readonly now_ms: number;
}

/** Pause after the first failure and the longest one (Job, "Pod backoff failure policy"). */
const BACKOFF_MS_MIN = 10_000;
const BACKOFF_MS_MAX = 600_000;
const CREATE_MAX = 500;

export const selectorOf = (job: Job): LabelSelector =>
  job.spec.selector ?? { matchLabels: { [CONTROLLER_UID]: job.metadata.uid } };

export const finishedCondition = (job: Job): Condition | undefined =>
  job.status?.conditions?.find(
    each => (each.type === 'Complete' || each.type === 'Failed') && each.status === 'True',
  ) as Condition | undefined;

interface Ending {
  readonly type: 'SuccessCriteriaMet' | 'FailureTarget';
  readonly reason: string;
  readonly message: string;
}

/** One Job brought nearer to its completions. The status write is an effect, because finalizers may only go after it. */
export function stepJob(input: JobInput): Step {
  const { job, now_ms } = input;
  if (job.spec.managedBy && job.spec.managedBy !== 'kubernetes.io/job-controller')
    return { effects: [], status: undefined };
  if (finishedCondition(job))
    return {
      effects: input.pods.filter(pod => isTerminated(pod) || isTerminating(pod)).flatMap(release),
      status: undefined,
    };
  const claimed = claim(PODS, job, selectorOf(job), input.pods);
  const counted = tally(job, claimed.owned);
  const ending = endingOf(input, counted);
  const suspended = job.spec.suspend === true && !ending;
  const manage = job.metadata.deletionTimestamp
    ? { effects: [] }
    : steer(input, counted, claimed.owned, ending, suspended);
  const { status, notes } = statusOf(input, counted, claimed.owned, ending, suspended);
  // A pod that is let go is nobody's to count any more.
  const strayed = input.pods.filter(pod => isOwnedBy(pod, job.metadata.uid) && !claimed.owned.includes(pod));
  const effects: Effect[] = [...claimed.effects, ...strayed.flatMap(release), ...manage.effects];
  if (!sameJson(status, job.status))
    effects.push({ do: 'update', ref: JOBS, object: { ...job, status }, subresource: 'status' });
  effects.push(...notes.map(note => ({ do: 'note' as const, note })), ...counted.toRelease.flatMap(release));
  // A deadline that is over is waited for no more: the end of the last pod wakes the Job.
  const again_ms = soonest(manage.again_ms, ending ? undefined : deadlineIn(job, now_ms));
  return { effects, status: undefined, ...(again_ms === undefined ? {} : { again_ms }) };
}

function release(pod: Pod): Effect[] {
  const finalizers = pod.metadata.finalizers ?? [];
  if (!finalizers.includes(TRACKING)) return [];
  const rest = finalizers.filter(each => each !== TRACKING);
  const patch: JsonObject = { metadata: { uid: pod.metadata.uid, finalizers: rest.length > 0 ? rest : null } };
  return [{ do: 'patch', ref: PODS, key: keyOf(pod), patch }];
}

function endingOf(input: JobInput, counted: Tally): Ending | undefined {
  const { job, now_ms } = input;
  const decided = job.status?.conditions?.find(
    each => (each.type === 'SuccessCriteriaMet' || each.type === 'FailureTarget') && each.status === 'True',
  );
  if (decided)
    return { type: decided.type as Ending['type'], reason: decided.reason ?? '', message: decided.message ?? '' };
  const failure = (reason: string, message: string): Ending => ({ type: 'FailureTarget', reason, message });
  if (counted.fatal !== undefined) return failure('PodFailurePolicy', counted.fatal);
  if (
    counted.failed >
      (job.spec.backoffLimit ?? (job.spec.backoffLimitPerIndex === undefined ? 6 : Number.POSITIVE_INFINITY)) ||
    restartsExceed(job, counted.active)
  )
    return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  if ((deadlineIn(job, now_ms) ?? 1) <= 0)
    return failure('DeadlineExceeded', 'Job was active longer than specified deadline');
  const { maxFailedIndexes, backoffLimitPerIndex } = job.spec;
  if (
    backoffLimitPerIndex !== undefined &&
    maxFailedIndexes !== undefined &&
    counted.failedIndexes.size > maxFailedIndexes
  )
    return failure('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
  return successOf(job, counted);
}

function successOf(job: Job, counted: Tally): Ending | undefined {
  const met = (reason: string, message: string): Ending => ({ type: 'SuccessCriteriaMet', reason, message });
  const byPolicy = matchedSuccessRule(job, counted);
  if (byPolicy !== undefined) return met('SuccessPolicy', `Matched rules at index ${byPolicy}`);
  const reached = 'Reached expected number of succeeded pods';
  const { completions } = job.spec;
  if (completions === undefined || completions === null)
    return counted.succeeded > 0 && counted.active.length === 0 ? met('CompletionsReached', reached) : undefined;
  if (job.spec.backoffLimitPerIndex !== undefined && counted.failedIndexes.size > 0) {
    if (counted.completed.size + counted.failedIndexes.size < completions) return undefined;
    return { type: 'FailureTarget', reason: 'FailedIndexes', message: 'Job has failed indexes' };
  }
  if (counted.succeeded >= completions && (counted.active.length === 0 || completions > 0 || parallelismOf(job) === 0))
    return met('CompletionsReached', reached);
  return undefined;
}

function matchedSuccessRule(job: Job, counted: Tally): number | undefined {
  if (!isIndexed(job)) return undefined;
  const at = (job.spec.successPolicy?.rules ?? []).findIndex(rule => {
    const wanted =
      rule.succeededIndexes === undefined ? undefined : parseIndexes(rule.succeededIndexes, job.spec.completions ?? 1);
    const done = wanted ? [...wanted].filter(index => counted.completed.has(index)).length : counted.completed.size;
    return done >= (rule.succeededCount ?? wanted?.size ?? Number.POSITIVE_INFINITY);
  });
  return at < 0 ? undefined : at;
}

/** restartPolicy OnFailure: restarts inside living pods count against the limit. */
function restartsExceed(job: Job, active: readonly Pod[]): boolean {
  if (job.spec.template.spec.restartPolicy !== 'OnFailure') return false;
  const limit = job.spec.backoffLimit ?? 6;
  const restarts = active.reduce((sum, pod) => sum + restartsOf(pod), 0);
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

function deadlineIn(job: Job, now_ms: number): number | undefined {
  const start_ms = parseTime(job.status?.startTime);
  if (job.spec.activeDeadlineSeconds === undefined || start_ms === undefined || job.spec.suspend) return undefined;
  return start_ms + job.spec.activeDeadlineSeconds * 1000 - now_ms;
}

function steer(
  input: JobInput,
  counted: Tally,
  owned: readonly Pod[],
  ending: Ending | undefined,
  suspended: boolean,
): { effects: Effect[]; again_ms?: number } {
  const { job } = input;
  const remove = (pods: readonly Pod[]): Effect[] =>
    pods.map(pod =>
      deleting(PODS, pod, {
        done: { about: job, type: 'Normal', reason: 'SuccessfulDelete', message: 'Deleted pod: {name}' },
        failed: { about: job, type: 'Warning', reason: 'FailedDelete', message: 'Error deleting: {error}' },
      }),
    );
  if (ending || suspended) return { effects: remove(counted.active) };
  const occupying = waitsForEnd(job) ? owned.filter(pod => isTerminating(pod) && !isTerminated(pod)).length : 0;
  const wanted = wantedActive(job, counted);
  const surplus = counted.active.length - wanted;
  if (surplus > 0) return { effects: remove(leastAdvanced(counted.active).slice(0, surplus)) };
  const missing = Math.min(wanted - counted.active.length - occupying, CREATE_MAX);
  if (missing <= 0) return { effects: [] };
  return isIndexed(job) ? createIndexed(input, counted, owned, missing) : createPlain(input, owned, missing);
}

function wantedActive(job: Job, counted: Tally): number {
  const { completions } = job.spec;
  if (completions === undefined || completions === null)
    return counted.succeeded > 0 ? counted.active.length : parallelismOf(job);
  const left =
    completions - counted.succeeded - (job.spec.backoffLimitPerIndex === undefined ? 0 : counted.failedIndexes.size);
  return Math.max(0, Math.min(left, parallelismOf(job)));
}

const leastAdvanced = (pods: readonly Pod[]): Pod[] =>
  [...pods].sort(
    (a, b) =>
      Number(isReady(a)) - Number(isReady(b)) ||
      (indexOf(b) ?? 0) - (indexOf(a) ?? 0) ||
      (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? 1 : -1),
  );

/** Milliseconds left of the pause after a row of failures; 10 s, 20 s … 10 min. */
function pauseAfter(failures: number, last_ms: number, now_ms: number): number {
  if (failures === 0) return 0;
  return Math.max(0, last_ms + Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(failures - 1, 20)) - now_ms);
}

function createPlain(
  { job, now_ms }: JobInput,
  owned: readonly Pod[],
  missing: number,
): { effects: Effect[]; again_ms?: number } {
  const lastSuccess_ms = Math.max(
    0,
    ...owned.filter(pod => pod.status?.phase === 'Succeeded').map(pod => endedAt(pod) ?? 0),
  );
  const failures = owned.filter(pod => hasFailed(job, pod) && (endedAt(pod) ?? 0) > lastSuccess_ms);
  const pause_ms = pauseAfter(failures.length, Math.max(0, ...failures.map(pod => endedAt(pod) ?? 0)), now_ms);
  if (pause_ms > 0) return { effects: [], again_ms: pause_ms };
  return { effects: Array.from({ length: missing }, () => creation(job as never, jobPod(job))) };
}

function createIndexed(
  { job, now_ms }: JobInput,
  counted: Tally,
  owned: readonly Pod[],
  missing: number,
): { effects: Effect[]; again_ms?: number } {
  const busy = new Set<number | undefined>(counted.active.map(indexOf));
  if (waitsForEnd(job)) for (const pod of owned) if (isTerminating(pod) && !isTerminated(pod)) busy.add(indexOf(pod));
  const perIndex = job.spec.backoffLimitPerIndex !== undefined;
  const failuresOf = new Map<number, Pod[]>();
  for (const pod of owned) {
    const index = indexOf(pod);
    if (index !== undefined && hasFailed(job, pod)) failuresOf.set(index, [...(failuresOf.get(index) ?? []), pod]);
  }
  const effects: Effect[] = [];
  let again_ms: number | undefined;
  for (let index = 0; index < (job.spec.completions ?? 0) && effects.length < missing; index++) {
    if (busy.has(index) || counted.completed.has(index) || counted.failedIndexes.has(index)) continue;
    const failed = failuresOf.get(index) ?? [];
    const pause_ms = pauseAfter(failed.length, Math.max(0, ...failed.map(pod => endedAt(pod) ?? 0)), now_ms);
    if (pause_ms > 0) {
      again_ms = soonest(again_ms, pause_ms);
      continue;
    }
    const failures = failed.length > 0 ? Math.max(...failed.map(indexFailures)) + 1 : 0;
    effects.push(creation(job as never, jobPod(job, index, perIndex ? failures : undefined)));
  }
  return { effects, ...(again_ms === undefined ? {} : { again_ms }) };
}

function statusOf(
  input: JobInput,
  counted: Tally,
  owned: readonly Pod[],
  ending: Ending | undefined,
  suspended: boolean,
): { status: JobStatus; notes: Note[] } {
  const { job, now_ms } = input;
  const notes: Note[] = [];
  let conditions = (job.status?.conditions ?? []) as Condition[];
  const note = (type: Note['type'], reason: string, message: string): void =>
    void notes.push({ about: job, type, reason, message });
  let startTime = job.status?.startTime;
  const wasSuspended = findCondition(conditions, 'Suspended')?.status === 'True';
  const set = (type: string, status: string, reason: string, message: string): void => {
    const stamped = { type, status, reason, message, lastProbeTime: formatTime(now_ms) };
    conditions = setCondition(conditions, stamped, now_ms);
  };
  if (suspended && !wasSuspended) {
    set('Suspended', 'True', 'JobSuspended', 'Job suspended');
    note('Normal', 'Suspended', 'Job suspended');
    startTime = undefined;
  } else if (!suspended && wasSuspended && !ending) {
    set('Suspended', 'False', 'JobResumed', 'Job resumed');
    note('Normal', 'Resumed', 'Job resumed');
    startTime = formatTime(now_ms);
  } else if (!suspended && startTime === undefined) startTime = formatTime(now_ms);
  const living = owned.filter(pod => !isTerminated(pod));
  const terminating = living.filter(isTerminating).length;
  let completionTime: string | undefined;
  if (ending) {
    set(ending.type, 'True', ending.reason, ending.message);
    const { uncountedTerminatedPods: uncounted = {} } = counted.status;
    if (
      living.length === 0 &&
      counted.toRelease.length === 0 &&
      !uncounted.succeeded?.length &&
      !uncounted.failed?.length
    ) {
      const complete = ending.type === 'SuccessCriteriaMet';
      set(complete ? 'Complete' : 'Failed', 'True', ending.reason, ending.message);
      if (complete) completionTime = formatTime(now_ms);
      if (complete) note('Normal', 'Completed', 'Job completed');
      else note('Warning', ending.reason, ending.message);
    }
  }
  const active = ending || suspended ? [] : counted.active;
  return {
    status: {
      ...(conditions.length > 0 ? { conditions: conditions as NonNullable<JobStatus['conditions']> } : {}),
      ...(startTime ? { startTime } : {}),
      ...(completionTime ? { completionTime } : {}),
      ...(active.length > 0 ? { active: active.length } : {}),
      ...counted.status,
      terminating,
      ready: active.filter(isReady).length,
    },
    notes,
  };
}
