import { isTerminating } from '../pods.ts';
import type { Job, JobStatus, Pod } from '../types.ts';
import { formatIndexes, parseIndexes } from './indexes.ts';
import { hasFailed, hasSucceeded, indexFailures, indexOf, isIndexed, isTracked, judge } from './pods.ts';

/** What the pods of a job add up to, with the bookkeeping that survives their deletion (KEP-2307). */
export interface Tally {
  readonly active: readonly Pod[];
  /** All that ever succeeded or failed, uncounted ones among them. */
  readonly succeeded: number;
  readonly failed: number;
  readonly completed: ReadonlySet<number>;
  readonly failedIndexes: ReadonlySet<number>;
  /** Ended pods whose finalizer may go once the status is written. */
  readonly toRelease: readonly Pod[];
  readonly status: Pick<
    JobStatus,
    'succeeded' | 'failed' | 'completedIndexes' | 'failedIndexes' | 'uncountedTerminatedPods'
  >;
  /** Message of the FailJob rule a pod met. */
  readonly fatal?: string;
}

/**
 * Counts every ended pod exactly once: first its uid is put into status.uncountedTerminatedPods, then its finalizer is
 * removed, and only then does it move from there into the counters.
 */
export function tally(job: Job, owned: readonly Pod[]): Tally {
  const count = job.spec.completions ?? 1;
  const tracked = new Map(owned.filter(isTracked).map(pod => [pod.metadata.uid, pod]));
  const before = job.status?.uncountedTerminatedPods ?? {};
  const settled = (uids: readonly string[] | undefined): number => (uids ?? []).filter(uid => !tracked.has(uid)).length;
  const pending = (uids: readonly string[] | undefined): string[] => (uids ?? []).filter(uid => tracked.has(uid));
  let succeeded = (job.status?.succeeded ?? 0) + (isIndexed(job) ? 0 : settled(before.succeeded));
  let failed = (job.status?.failed ?? 0) + settled(before.failed);
  const uncounted = { succeeded: pending(before.succeeded), failed: pending(before.failed) };
  const known = new Set([...(before.succeeded ?? []), ...(before.failed ?? [])]);
  const completed = parseIndexes(job.status?.completedIndexes, count);
  const failedIndexes = parseIndexes(job.status?.failedIndexes, count);
  const toRelease: Pod[] = [];
  const active: Pod[] = [];
  let fatal: string | undefined;
  for (const pod of owned) {
    const ended = hasSucceeded(pod) ? 'succeeded' : hasFailed(job, pod) ? 'failed' : undefined;
    if (!ended) {
      if (!isTerminating(pod)) active.push(pod);
      continue;
    }
    if (!isTracked(pod)) continue;
    toRelease.push(pod);
    if (known.has(pod.metadata.uid)) continue;
    const verdict = ended === 'failed' && pod.status?.phase === 'Failed' ? judge(job, pod) : undefined;
    if (verdict?.action === 'FailJob') fatal ??= verdict.message;
    if (verdict?.action === 'Ignore') continue;
    if (ended === 'succeeded') {
      const index = isIndexed(job) ? indexOf(pod) : undefined;
      if (index !== undefined && index < count) completed.add(index);
      if (!isIndexed(job)) uncounted.succeeded.push(pod.metadata.uid);
    } else {
      uncounted.failed.push(pod.metadata.uid);
      markFailedIndex(job, pod, verdict?.action, failedIndexes, count);
    }
  }
  for (const index of completed) failedIndexes.delete(index);
  if (isIndexed(job)) succeeded = completed.size;
  const status = {
    ...(succeeded > 0 ? { succeeded } : {}),
    ...(failed > 0 ? { failed } : {}),
    ...(isIndexed(job) && completed.size > 0 ? { completedIndexes: formatIndexes(completed) } : {}),
    ...(job.spec.backoffLimitPerIndex === undefined ? {} : { failedIndexes: formatIndexes(failedIndexes) }),
    uncountedTerminatedPods: {
      ...(uncounted.succeeded.length > 0 ? { succeeded: uncounted.succeeded } : {}),
      ...(uncounted.failed.length > 0 ? { failed: uncounted.failed } : {}),
    },
  };
  succeeded += uncounted.succeeded.length;
  failed += uncounted.failed.length;
  return {
    active,
    succeeded,
    failed,
    completed,
    failedIndexes,
    toRelease,
    status,
    ...(fatal === undefined ? {} : { fatal }),
  };
}

function markFailedIndex(
  job: Job,
  pod: Pod,
  action: string | undefined,
  failedIndexes: Set<number>,
  count: number,
): void {
  const limit = job.spec.backoffLimitPerIndex;
  const index = indexOf(pod);
  if (limit === undefined || index === undefined || index >= count) return;
  if (action === 'FailIndex' || indexFailures(pod) >= limit) failedIndexes.add(index);
}
