import { deleting, type Effect, type Note, type Step } from '../effect.ts';
import { referenceTo } from '../events.ts';
import { finishedCondition } from '../job/step.ts';
import { controllerReference } from '../pods.ts';
import { JOBS } from '../refs.ts';
import { formatTime, parseTime } from '../time.ts';
import type { CronJob, Job } from '../types.ts';
import { nextTime, parseSchedule, type Schedule } from './schedule.ts';
import { type Zone, zoneNamed } from './zone.ts';

export interface CronJobInput {
  readonly cronJob: CronJob;
  /** Jobs it controls. */
  readonly jobs: readonly Job[];
  readonly now_ms: number;
}

export type CronJobStatus = NonNullable<CronJob['status']>;

/** More missed starts than this are told; only the last one is made up for. */
const MISSED_MAX = 100;
const SCHEDULED_AT = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

/** One CronJob: remembers ended Jobs, trims their history and starts the one that is due. */
export function stepCronJob(input: CronJobInput): Step<CronJobStatus> {
  const { cronJob, jobs, now_ms } = input;
  const effects: Effect[] = [];
  const note = (type: Note['type'], reason: string, message: string): void =>
    void effects.push({ do: 'note', note: { about: cronJob, type, reason, message } });
  let status = settle(input, note);
  if (cronJob.metadata.deletionTimestamp) return { effects, status };
  effects.push(...trim(cronJob, jobs));
  if (cronJob.spec.suspend) return { effects, status };
  const zone = zoneNamed(cronJob.spec.timeZone);
  const schedule = parseSchedule(cronJob.spec.schedule);
  if (!zone || 'error' in schedule) {
    const broken =
      'error' in schedule
        ? `unparseable schedule: ${JSON.stringify(cronJob.spec.schedule)} : ${schedule.error}`
        : `invalid timeZone: ${JSON.stringify(cronJob.spec.timeZone)}`;
    note('Warning', 'error' in schedule ? 'UnparseableSchedule' : 'UnknownTimeZone', broken);
    return { effects, status };
  }
  const again = (): { again_ms?: number } => {
    const next_ms = nextTime(schedule, zone, now_ms);
    return next_ms === undefined ? {} : { again_ms: next_ms - now_ms + 100 };
  };
  const due = missed(cronJob, schedule, zone, now_ms);
  if (due.last_ms === undefined) return { effects, status, ...again() };
  if (due.count > MISSED_MAX)
    note(
      'Warning',
      'TooManyMissedTimes',
      'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
    );
  const deadline = cronJob.spec.startingDeadlineSeconds;
  if (deadline !== undefined && due.last_ms + deadline * 1000 < now_ms) {
    note('Warning', 'MissSchedule', `Missed scheduled time to start a job: ${new Date(due.last_ms).toUTCString()}`);
    return { effects, status, ...again() };
  }
  const job = jobFor(cronJob, due.last_ms);
  const started =
    jobs.some(each => each.metadata.name === job.metadata.name) ||
    (status.active ?? []).some(each => each.name === job.metadata.name);
  if (started || parseTime(status.lastScheduleTime) === due.last_ms) return { effects, status, ...again() };
  const active = status.active ?? [];
  if (cronJob.spec.concurrencyPolicy === 'Forbid' && active.length > 0) {
    note(
      'Normal',
      'JobAlreadyActive',
      'Not starting job because prior execution is running and concurrency policy is Forbid',
    );
    return { effects, status, ...again() };
  }
  if (cronJob.spec.concurrencyPolicy === 'Replace') {
    const running = jobs.filter(each => !finishedCondition(each) && !each.metadata.deletionTimestamp);
    effects.push(...running.map(each => removal(cronJob, each)));
    status = { ...status, active: [] };
  }
  effects.push({
    do: 'create',
    ref: JOBS,
    object: job,
    done: { about: cronJob, type: 'Normal', reason: 'SuccessfulCreate', message: 'Created job {name}' },
    failed: { about: cronJob, type: 'Warning', reason: 'FailedCreate', message: 'Error creating job: {error}' },
  });
  return { effects, status: { ...status, lastScheduleTime: formatTime(due.last_ms) }, ...again() };
}

/** Brings status.active and lastSuccessfulTime up to what the Jobs say. */
function settle(
  { cronJob, jobs }: CronJobInput,
  note: (type: Note['type'], reason: string, message: string) => void,
): CronJobStatus {
  const before = cronJob.status ?? {};
  let success_ms = parseTime(before.lastSuccessfulTime) ?? 0;
  const known = new Map((before.active ?? []).map(each => [each.uid, each]));
  for (const job of jobs) {
    const finished = finishedCondition(job);
    if (!finished) continue;
    if (known.has(job.metadata.uid))
      note('Normal', 'SawCompletedJob', `Saw completed job: ${job.metadata.name}, condition: ${finished.type}`);
    if (finished.type === 'Complete') success_ms = Math.max(success_ms, parseTime(job.status?.completionTime) ?? 0);
  }
  const active = jobs
    .filter(job => !finishedCondition(job))
    .map(job => known.get(job.metadata.uid) ?? referenceTo(job))
    .sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1));
  return {
    ...(active.length > 0 ? { active } : {}),
    ...(before.lastScheduleTime ? { lastScheduleTime: before.lastScheduleTime } : {}),
    ...(success_ms > 0 ? { lastSuccessfulTime: formatTime(success_ms) } : {}),
  };
}

function missed(cronJob: CronJob, schedule: Schedule, zone: Zone, now_ms: number): { last_ms?: number; count: number } {
  let after_ms = parseTime(cronJob.status?.lastScheduleTime) ?? parseTime(cronJob.metadata.creationTimestamp) ?? now_ms;
  const deadline = cronJob.spec.startingDeadlineSeconds;
  if (deadline !== undefined) after_ms = Math.max(after_ms, now_ms - deadline * 1000);
  let last_ms: number | undefined;
  let count = 0;
  for (
    let at_ms = nextTime(schedule, zone, after_ms);
    at_ms !== undefined && at_ms <= now_ms;
    at_ms = nextTime(schedule, zone, at_ms)
  ) {
    last_ms = at_ms;
    // After a long rest only the last missed time matters: jump close to now instead of walking there.
    if (++count === MISSED_MAX + 1) at_ms = Math.max(at_ms, latestBefore(schedule, zone, at_ms, now_ms));
    last_ms = at_ms;
  }
  return { ...(last_ms === undefined ? {} : { last_ms }), count };
}

/** Some start time not after `now_ms`, found by looking back ever further. */
function latestBefore(schedule: Schedule, zone: Zone, from_ms: number, now_ms: number): number {
  for (let back_ms = 60_000; now_ms - back_ms > from_ms; back_ms *= 2) {
    const at_ms = nextTime(schedule, zone, now_ms - back_ms);
    if (at_ms !== undefined && at_ms <= now_ms) return at_ms;
  }
  return from_ms;
}

function jobFor(cronJob: CronJob, at_ms: number): Job {
  const template = cronJob.spec.jobTemplate;
  const { labels, annotations } = template.metadata ?? {};
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `${cronJob.metadata.name}-${Math.floor(at_ms / 60_000)}`,
      namespace: cronJob.metadata.namespace,
      ...(labels ? { labels } : {}),
      annotations: { ...annotations, [SCHEDULED_AT]: formatTime(at_ms) },
      ownerReferences: [controllerReference(cronJob)],
    },
    spec: template.spec,
  } as unknown as Job;
}

const removal = (cronJob: CronJob, job: Job): Effect => {
  const effect = deleting(JOBS, job, {
    done: { about: cronJob, type: 'Normal', reason: 'SuccessfulDelete', message: 'Deleted job {name}' },
    failed: { about: cronJob, type: 'Warning', reason: 'FailedDelete', message: 'Deleted job: {error}' },
  });
  return effect.do === 'delete' ? { ...effect, propagation: 'Background' } : effect;
};

/** Ended Jobs beyond the history limits go, oldest first. */
function trim(cronJob: CronJob, jobs: readonly Job[]): Effect[] {
  const { successfulJobsHistoryLimit = 3, failedJobsHistoryLimit = 1 } = cronJob.spec;
  const surplus = (type: string, limit: number): Job[] =>
    jobs
      .filter(job => finishedCondition(job)?.type === type && !job.metadata.deletionTimestamp)
      .sort(
        (a, b) =>
          (parseTime(a.status?.startTime) ?? 0) - (parseTime(b.status?.startTime) ?? 0) ||
          (a.metadata.name < b.metadata.name ? -1 : 1),
      )
      .slice(0, -limit || undefined);
  return [...surplus('Complete', successfulJobsHistoryLimit), ...surplus('Failed', failedJobsHistoryLimit)].map(job =>
    removal(cronJob, job),
  );
}
