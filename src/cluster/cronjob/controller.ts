import { type Controller, runController, watchOf } from '../../kernel/controller.ts';
import { isAlreadyExists } from '../../kernel/status.ts';
import { attempt, type ClusterEnv, ownedInformer, ownerKeys, ownKey, writeStatus } from '../driver.ts';
import { isNamespaceGone } from '../effect.ts';
import { CRON_JOBS, JOBS } from '../refs.ts';
import type { CronJob, Job } from '../types.ts';
import { stepCronJob } from './step.ts';

const COMPONENT = 'cronjob-controller';

/** Starts Jobs on schedule. */
export function startCronJobController(env: ClusterEnv): Controller {
  const cronJobs = ownedInformer<CronJob>(env, CRON_JOBS);
  const jobs = ownedInformer<Job>(env, JOBS);
  return runController({
    name: COMPONENT,
    clock: env.clock,
    workers: 4,
    watches: [watchOf(cronJobs, ownKey), watchOf(jobs, ownerKeys('CronJob', cronJobs as never))],
    report: (error, key) => env.report(error, `${COMPONENT} ${key}`),
    reconcile: async key => {
      const cronJob = cronJobs.get(key);
      if (!cronJob) return undefined;
      const step = stepCronJob({ cronJob, jobs: jobs.by('controller', cronJob.metadata.uid), now_ms: env.clock.now() });
      const failure = await attempt(env, COMPONENT, step.effects);
      if (failure && !isNamespaceGone(failure.error) && !isAlreadyExists(failure.error)) throw failure.error;
      const current = cronJobs.get(key);
      if (current?.metadata.uid === cronJob.metadata.uid) await writeStatus(env, CRON_JOBS, current, step.status);
      return step.again_ms;
    },
  });
}
