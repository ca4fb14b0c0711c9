import { type Controller, runController, watchOf } from '../../kernel/controller.ts';
import type { Informer } from '../../kernel/informer.ts';
import { isAlreadyExists } from '../../kernel/status.ts';
import {
  attempt,
  claimable,
  type ClusterEnv,
  ownedInformer,
  ownerKeys,
  ownKey,
  specSelector,
  writeStatus,
} from '../driver.ts';
import { type Failure, isNamespaceGone } from '../effect.ts';
import { controllerOf, isOwnedBy, isTerminated } from '../pods.ts';
import { DEPLOYMENTS, PODS, REPLICA_SETS } from '../refs.ts';
import type { Deployment, Pod, ReplicaSet } from '../types.ts';
import { sameTemplate } from './revision.ts';
import { setDeploymentCondition } from './status.ts';
import { stepDeployment } from './step.ts';

const COMPONENT = 'deployment-controller';

/** Rolls every Deployment to its template and count. */
export function startDeploymentController(env: ClusterEnv): Controller {
  const deployments = ownedInformer<Deployment>(env, DEPLOYMENTS);
  const sets = ownedInformer<ReplicaSet>(env, REPLICA_SETS);
  const pods = ownedInformer<Pod>(env, PODS);
  const oldPodsRun = (old: readonly ReplicaSet[]): boolean =>
    old.some(set => pods.by('controller', set.metadata.uid).some(pod => !isTerminated(pod)));
  return runController({
    name: COMPONENT,
    clock: env.clock,
    workers: 16,
    watches: [
      watchOf(deployments, ownKey),
      watchOf(sets, ownerKeys('Deployment', deployments as never, specSelector)),
      watchOf(pods, change => (change.type === 'deleted' ? recreating(change.object, sets, deployments) : [])),
    ],
    report: (error, key) => env.report(error, `${COMPONENT} ${key}`),
    reconcile: async key => {
      const deployment = deployments.get(key);
      if (!deployment) return undefined;
      const now_ms = env.clock.now();
      const step = stepDeployment({
        deployment,
        sets: claimable(sets, deployment, deployment.spec.selector),
        oldPodsRun,
        now_ms,
      });
      const failure = await attempt(env, COMPONENT, step.effects);
      const current = deployments.get(key);
      if (current?.metadata.uid !== deployment.metadata.uid) return undefined;
      if (failure) return failed(env, deployment, failure);
      await writeStatus(env, DEPLOYMENTS, current, step.status);
      return step.again_ms;
    },
  });
}

/** A Deployment of type Recreate waits for the last old pod, whose removal changes no ReplicaSet. */
function recreating(pod: Pod, sets: Informer<ReplicaSet>, deployments: Informer<Deployment>): string[] {
  const owner = controllerOf(pod);
  if (owner?.kind !== 'ReplicaSet') return [];
  const set = sets.get(`${pod.metadata.namespace}/${owner.name}`);
  const grandparent = set && controllerOf(set);
  if (!grandparent) return [];
  const key = `${pod.metadata.namespace}/${grandparent.name}`;
  return deployments.get(key)?.spec.strategy?.type === 'Recreate' ? [key] : [];
}

async function failed(env: ClusterEnv, deployment: Deployment, failure: Failure): Promise<undefined> {
  const { effect, error } = failure;
  if (isNamespaceGone(error)) return undefined;
  if (effect.do === 'create' && isAlreadyExists(error)) return collided(env, deployment, effect.object as ReplicaSet);
  if (effect.do === 'create' && deployment.spec.progressDeadlineSeconds !== undefined) {
    const message = error instanceof Error ? error.message : String(error);
    const conditions = setDeploymentCondition(
      (deployment.status?.conditions ?? []) as never,
      { type: 'Progressing', status: 'False', reason: 'FailedCreate', message },
      env.clock.now(),
    );
    await writeStatus(env, DEPLOYMENTS, deployment, { ...deployment.status, conditions });
  }
  throw error;
}

/** A ReplicaSet of that name that is not ours: the hash is salted and tried again. */
async function collided(env: ClusterEnv, deployment: Deployment, wanted: ReplicaSet): Promise<undefined> {
  const existing = await env.client.get<ReplicaSet>(REPLICA_SETS, {
    namespace: deployment.metadata.namespace ?? '',
    name: wanted.metadata.name,
  });
  const ours =
    isOwnedBy(existing, deployment.metadata.uid) && sameTemplate(existing.spec.template, wanted.spec.template);
  if (!ours) {
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    await writeStatus(env, DEPLOYMENTS, deployment, { ...deployment.status, collisionCount });
  }
  throw new Error(`ReplicaSet "${wanted.metadata.name}" already exists`);
}
