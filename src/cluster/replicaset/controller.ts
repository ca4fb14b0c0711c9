import { type Controller, runController, watchOf } from '../../kernel/controller.ts';
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
import { isNamespaceGone } from '../effect.ts';
import { byNode, controllerOf } from '../pods.ts';
import { PODS, REPLICA_SETS } from '../refs.ts';
import type { Pod, ReplicaSet } from '../types.ts';
import { stepReplicaSet } from './step.ts';

const COMPONENT = 'replicaset-controller';

/** Keeps every ReplicaSet at its count of pods. */
export function startReplicaSetController(env: ClusterEnv): Controller {
  const sets = ownedInformer<ReplicaSet>(env, REPLICA_SETS);
  const pods = ownedInformer<Pod>(env, PODS).index('node', byNode);
  const relatedPods = (set: ReplicaSet): Pod[] => {
    const owner = controllerOf(set);
    const siblings = owner ? sets.by('controller', owner.uid) : [set];
    return siblings.flatMap(sibling => pods.by('controller', sibling.metadata.uid));
  };
  return runController({
    name: COMPONENT,
    clock: env.clock,
    workers: 16,
    watches: [watchOf(sets, ownKey), watchOf(pods, ownerKeys('ReplicaSet', sets as never, specSelector))],
    report: (error, key) => env.report(error, `${COMPONENT} ${key}`),
    reconcile: async key => {
      const set = sets.get(key);
      if (!set) return undefined;
      const input = {
        set,
        pods: claimable(pods, set, set.spec.selector),
        related: relatedPods(set),
      };
      const step = stepReplicaSet({ ...input, now_ms: env.clock.now() });
      const failure = await attempt(env, COMPONENT, step.effects);
      const current = sets.get(key);
      if (current?.metadata.uid !== set.metadata.uid) return undefined;
      const after = stepReplicaSet({
        set: current,
        pods: claimable(pods, current, current.spec.selector),
        related: [],
        now_ms: env.clock.now(),
        ...(failure
          ? {
              failure: {
                reason: failure.effect.do === 'delete' ? 'FailedDelete' : 'FailedCreate',
                message: failure.error instanceof Error ? failure.error.message : String(failure.error),
              },
            }
          : {}),
      });
      await writeStatus(env, REPLICA_SETS, current, after.status);
      if (failure && !isNamespaceGone(failure.error)) throw failure.error;
      return after.again_ms;
    },
  });
}
