import { type Controller, runController, watchOf } from '../../kernel/controller.ts';
import { objectKey } from '../../kernel/indexer.ts';
import { type ClusterEnv, ownedInformer, ownKey, writeStatus } from '../driver.ts';
import { byNamespace, controllerOf } from '../pods.ts';
import { BUDGETS, DEPLOYMENTS, PODS, REPLICA_SETS, STATEFUL_SETS } from '../refs.ts';
import { matchesSelector } from '../selector.ts';
import type { Deployment, Pod, PodDisruptionBudget, ReplicaSet, StatefulSet } from '../types.ts';
import { stepBudget } from './step.ts';

const COMPONENT = 'controllermanager';

/** Keeps the status of every PodDisruptionBudget, which eviction and preemption ask. */
export function startBudgetController(env: ClusterEnv): Controller {
  const budgets = env.informers.of<PodDisruptionBudget>(BUDGETS).index('namespace', byNamespace);
  const pods = ownedInformer<Pod>(env, PODS);
  const sets = ownedInformer<ReplicaSet>(env, REPLICA_SETS);
  const deployments = ownedInformer<Deployment>(env, DEPLOYMENTS);
  const statefulSets = ownedInformer<StatefulSet>(env, STATEFUL_SETS);
  const scaleOf = (pod: Pod): { uid: string; replicas: number } | undefined => {
    const owner = controllerOf(pod);
    const key = `${pod.metadata.namespace}/${owner?.name}`;
    if (owner?.kind === 'StatefulSet') {
      const set = statefulSets.get(key);
      return set && { uid: set.metadata.uid, replicas: set.spec.replicas ?? 1 };
    }
    const set = owner?.kind === 'ReplicaSet' ? sets.get(key) : undefined;
    if (!set) return undefined;
    const grandparent = controllerOf(set);
    const deployment =
      grandparent?.kind === 'Deployment' ? deployments.get(`${pod.metadata.namespace}/${grandparent.name}`) : undefined;
    const workload = deployment ?? set;
    return { uid: workload.metadata.uid, replicas: workload.spec.replicas ?? 1 };
  };
  const matchingBudgets = (pod: Pod): string[] =>
    budgets
      .by('namespace', pod.metadata.namespace ?? '')
      .filter(budget => matchesSelector(budget.spec.selector, pod.metadata.labels))
      .map(objectKey);
  return runController({
    name: 'disruption',
    clock: env.clock,
    workers: 2,
    watches: [
      watchOf(budgets, ownKey),
      watchOf(
        pods,
        change => new Set([...matchingBudgets(change.object), ...(change.old ? matchingBudgets(change.old) : [])]),
      ),
      ...[sets, deployments, statefulSets].map(informer =>
        watchOf(informer as never, change =>
          budgets.by('namespace', change.object.metadata.namespace ?? '').map(objectKey),
        ),
      ),
    ],
    report: (error, key) => env.report(error, `${COMPONENT} ${key}`),
    reconcile: async key => {
      const budget = budgets.get(key);
      if (!budget || budget.metadata.deletionTimestamp) return undefined;
      const matching = pods
        .by('namespace', budget.metadata.namespace ?? '')
        .filter(pod => matchesSelector(budget.spec.selector, pod.metadata.labels));
      const step = stepBudget({ budget, pods: matching, scaleOf, now_ms: env.clock.now() });
      await writeStatus(env, BUDGETS, budget, step.status);
      return step.again_ms;
    },
  });
}
