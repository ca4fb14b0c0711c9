import { type Controller, runController, watchOf } from '../../kernel/controller.ts';
import {
  attempt,
  claimable,
  type ClusterEnv,
  ownedInformer,
  ownerKeys,
  ownerPace,
  ownKey,
  carryOut,
} from '../driver.ts';
import { isNamespaceGone } from '../effect.ts';
import { controllerOf } from '../pods.ts';
import { JOBS, PODS } from '../refs.ts';
import { parseTime } from '../time.ts';
import type { Job, Pod } from '../types.ts';
import { TRACKING } from './pods.ts';
import { finishedCondition, selectorOf, stepJob } from './step.ts';

const COMPONENT = 'job-controller';

/** Runs every Job to completion or failure, and lets go of pods whose Job is gone. */
export function startJobController(env: ClusterEnv): Controller {
  const jobs = ownedInformer<Job>(env, JOBS);
  const pods = ownedInformer<Pod>(env, PODS).index('job', byJob);
  return runController({
    name: COMPONENT,
    clock: env.clock,
    workers: 8,
    watches: [
      watchOf(jobs, ownKey),
      watchOf(
        pods,
        ownerKeys('Job', jobs as never, owner => selectorOf(owner as Job)),
        ownerPace(jobs as never, pods as never),
      ),
    ],
    report: (error, key) => env.report(error, `${COMPONENT} ${key}`),
    reconcile: async key => {
      const job = jobs.get(key);
      if (!job) {
        await releaseOrphans(env, pods.by('job', key));
        return undefined;
      }
      const step = stepJob({ job, pods: claimable(pods, job, selectorOf(job)), now_ms: env.clock.now() });
      const failure = await attempt(env, COMPONENT, step.effects);
      if (failure && !isNamespaceGone(failure.error)) throw failure.error;
      return step.again_ms;
    },
  });
}

const byJob = (pod: Pod): string[] => {
  const owner = controllerOf(pod);
  return owner?.kind === 'Job' ? [`${pod.metadata.namespace}/${owner.name}`] : [];
};

/** Nobody counts the pods of a Job that is gone: their tracking finalizer would keep them forever. */
async function releaseOrphans(env: ClusterEnv, pods: readonly Pod[]): Promise<void> {
  for (const pod of pods) {
    const finalizers = pod.metadata.finalizers ?? [];
    if (!finalizers.includes(TRACKING)) continue;
    const rest = finalizers.filter(each => each !== TRACKING);
    const patch = { metadata: { uid: pod.metadata.uid, finalizers: rest.length > 0 ? rest : null } };
    await carryOut(env, COMPONENT, [
      { do: 'patch', ref: PODS, key: { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name }, patch },
    ]);
  }
}

/** Deletes finished Jobs ttlSecondsAfterFinished after their end. */
export function startTtlController(env: ClusterEnv): Controller {
  const jobs = ownedInformer<Job>(env, JOBS);
  return runController({
    name: 'ttl-after-finished-controller',
    clock: env.clock,
    watches: [
      watchOf(jobs, change => (change.object.spec.ttlSecondsAfterFinished === undefined ? [] : ownKey(change))),
    ],
    report: (error, key) => env.report(error, `ttl-after-finished-controller ${key}`),
    reconcile: async key => {
      const job = jobs.get(key);
      const ended_ms = job && parseTime(finishedCondition(job)?.lastTransitionTime);
      if (!job || ended_ms === undefined || job.metadata.deletionTimestamp) return undefined;
      const left_ms = ended_ms + (job.spec.ttlSecondsAfterFinished ?? 0) * 1000 - env.clock.now();
      if (left_ms > 0) return left_ms;
      const { namespace = '', name, uid } = job.metadata;
      await carryOut(env, 'ttl-after-finished-controller', [
        { do: 'delete', ref: JOBS, key: { namespace, name }, uid, propagation: 'Foreground' },
      ]);
      return undefined;
    },
  });
}
