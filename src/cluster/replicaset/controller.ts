import { type Controller, runController, watchOf } from '../../kernel/controller.ts';
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
import type { ResourceRef } from '../../kernel/object.ts';
import { type Failure, isNamespaceGone } from '../effect.ts';
import { byNode, controllerOf } from '../pods.ts';
import { PODS, REPLICA_SETS, REPLICATION_CONTROLLERS } from '../refs.ts';
import type { Pod, ReplicaSet } from '../types.ts';
import { stepReplicaSet } from './step.ts';

/** What ReplicaSets and ReplicationControllers differ in. */
interface Flavour {
  readonly component: string;
  readonly kind: string;
  readonly ref: ResourceRef;
  /** The object with a selector of the newer form. */
  readonly read: (object: ReplicaSet) => ReplicaSet;
}

const REPLICA_SET: Flavour = {
  component: 'replicaset-controller',
  kind: 'ReplicaSet',
  ref: REPLICA_SETS,
  read: set => set,
};

const REPLICATION_CONTROLLER: Flavour = {
  component: 'replication-controller',
  kind: 'ReplicationController',
  ref: REPLICATION_CONTROLLERS,
  read: set => {
    const selector = { matchLabels: (set.spec.selector ?? {}) as { [key: string]: string } };
    return { ...set, spec: { ...set.spec, selector } };
  },
};

/** Keeps every ReplicaSet at its count of pods. */
export const startReplicaSetController = (env: ClusterEnv): Controller => start(env, REPLICA_SET);

/** Keeps every ReplicationController at its count of pods: the same rules in an older form. */
export const startReplicationController = (env: ClusterEnv): Controller => start(env, REPLICATION_CONTROLLER);

function start(env: ClusterEnv, flavour: Flavour): Controller {
  const { component, ref, read } = flavour;
  const sets = ownedInformer<ReplicaSet>(env, ref);
  const pods = ownedInformer<Pod>(env, PODS).index('node', byNode);
  const relatedPods = (set: ReplicaSet): Pod[] => {
    const owner = controllerOf(set);
    const siblings = owner ? sets.by('controller', owner.uid) : [set];
    return siblings.flatMap(sibling => pods.by('controller', sibling.metadata.uid));
  };
  return runController({
    name: component,
    clock: env.clock,
    workers: 16,
    watches: [
      watchOf(sets, ownKey),
      watchOf(
        pods,
        ownerKeys(flavour.kind, sets as never, owner => specSelector(read(owner as ReplicaSet))),
        ownerPace(sets as never, pods as never),
      ),
    ],
    report: (error, key) => env.report(error, `${component} ${key}`),
    reconcile: async key => {
      const found = sets.get(key);
      if (!found) return undefined;
      const set = read(found);
      const input = { set, pods: claimable(pods, set, set.spec.selector), related: relatedPods(set) };
      const step = stepReplicaSet({ ...input, now_ms: env.clock.now() });
      const failure = await attempt(env, component, step.effects);
      const current = sets.get(key);
      if (current?.metadata.uid !== set.metadata.uid) return undefined;
      const after = stepReplicaSet({
        set: read(current),
        pods: claimable(pods, current, set.spec.selector),
        related: [],
        now_ms: env.clock.now(),
        ...(failure ? { failure: told(failure) } : {}),
      });
      await writeStatus(env, ref, current, after.status);
      if (failure && !isNamespaceGone(failure.error)) throw failure.error;
      return after.again_ms;
    },
  });
}

const told = ({ effect, error }: Failure): { reason: 'FailedCreate' | 'FailedDelete'; message: string } => ({
  reason: effect.do === 'delete' ? 'FailedDelete' : 'FailedCreate',
  message: error instanceof Error ? error.message : String(error),
});
