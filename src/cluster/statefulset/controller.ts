import { type Controller, runController, watchOf } from '../../kernel/controller.ts';
import { isAlreadyExists } from '../../kernel/status.ts';
import {
  attempt,
  claimable,
  type ClusterEnv,
  ownedInformer,
  ownerKeys,
  ownerPace,
  ownKey,
  specSelector,
  writeStatus,
} from '../driver.ts';
import { isNamespaceGone } from '../effect.ts';
import { CLAIMS, CONTROLLER_REVISIONS, PODS, STATEFUL_SETS } from '../refs.ts';
import type { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from '../types.ts';
import { stepStatefulSet } from './step.ts';

const COMPONENT = 'statefulset-controller';

/** Keeps the pods and claims of every StatefulSet. */
export function startStatefulSetController(env: ClusterEnv): Controller {
  const sets = ownedInformer<StatefulSet>(env, STATEFUL_SETS);
  const pods = ownedInformer<Pod>(env, PODS);
  const revisions = ownedInformer<ControllerRevision>(env, CONTROLLER_REVISIONS);
  const claims = ownedInformer<PersistentVolumeClaim>(env, CLAIMS);
  return runController({
    name: COMPONENT,
    clock: env.clock,
    workers: 8,
    watches: [
      watchOf(sets, ownKey),
      watchOf(pods, ownerKeys('StatefulSet', sets as never, specSelector), ownerPace(sets as never, pods as never)),
      watchOf(revisions, ownerKeys('StatefulSet', sets as never)),
      watchOf(claims, () => []),
    ],
    report: (error, key) => env.report(error, `${COMPONENT} ${key}`),
    reconcile: async key => {
      const set = sets.get(key);
      if (!set) return undefined;
      const step = stepStatefulSet({
        set,
        pods: claimable(pods, set, set.spec.selector),
        revisions: revisions.by('controller', set.metadata.uid),
        claimNamed: name => claims.get(`${set.metadata.namespace}/${name}`),
        now_ms: env.clock.now(),
      });
      const failure = await attempt(env, COMPONENT, step.effects);
      const current = sets.get(key);
      if (current?.metadata.uid !== set.metadata.uid) return undefined;
      if (
        failure?.effect.do === 'create' &&
        failure.effect.object.kind === 'ControllerRevision' &&
        isAlreadyExists(failure.error)
      ) {
        const collisionCount = (set.status?.collisionCount ?? 0) + 1;
        await writeStatus(env, STATEFUL_SETS, current, { replicas: 0, ...set.status, collisionCount });
        return undefined;
      }
      await writeStatus(env, STATEFUL_SETS, current, step.status);
      if (failure && !isNamespaceGone(failure.error)) throw failure.error;
      return step.again_ms;
    },
  });
}
