/** Evictions through the API never bring a PodDisruptionBudget below what it guards (PodDisruptionBudget reference). */
import { type KubeObject, type LabelSelectorObject, selects } from '../../../kernel/index.ts';
import type { Commit } from '../model.ts';
import type { Invariant, Watchdog } from './report.ts';
import { conditionOf, isEnded, isGoing, isReady, isServing, nameOf, ownerOf, scaled, specOf } from './view.ts';
import { DELAYING } from './weather.ts';

interface BudgetSpec {
  readonly selector?: LabelSelectorObject;
  readonly minAvailable?: string | number;
  readonly maxUnavailable?: string | number;
}

const SETTLED_MS = 90_000;
const LATE_MS = 1_500;

export function budgetInvariant(dog: Watchdog): Invariant {
  const name = 'budget';
  const { view, weather } = dog;
  const matching = (budget: KubeObject): KubeObject[] => {
    const { selector } = specOf<BudgetSpec>(budget);
    if (!selector) return [];
    return [...view.all('pods').values()].filter(
      pod => pod.metadata.namespace === budget.metadata.namespace && selects(selector, pod.metadata.labels),
    );
  };
  /** What the owners of these pods want together, by the least anybody may still believe. */
  const expected = (pods: readonly KubeObject[]): number => {
    const wanted = new Map<string, number>();
    for (const pod of pods) {
      let owner = view.uid(ownerOf(pod)?.uid ?? '')?.object;
      const above = owner && view.uid(ownerOf(owner)?.uid ?? '')?.object;
      owner = above ?? owner;
      if (!owner) continue;
      const replicas = view.specs(owner, LATE_MS).map(each => specOf<{ replicas?: number }>(each).replicas ?? 1);
      wanted.set(owner.metadata.uid!, Math.min(...replicas));
    }
    return [...wanted.values()].reduce((sum, each) => sum + each, 0);
  };
  const least = (budget: KubeObject, pods: readonly KubeObject[]): number => {
    const { minAvailable, maxUnavailable } = specOf<BudgetSpec>(budget);
    if (typeof minAvailable === 'number') return minAvailable;
    const total = expected(pods.filter(pod => !isEnded(pod)));
    if (maxUnavailable !== undefined) return Math.max(0, total - scaled(maxUnavailable, total, 'up'));
    return scaled(minAvailable, total, 'up');
  };
  const evicted = ({ t, object, before }: Commit): void => {
    const pod = before!;
    if (!isReady(pod) || weather.calm_ms(DELAYING, t) < SETTLED_MS) return;
    for (const budget of view.all('policy/poddisruptionbudgets').values()) {
      const pods = matching(budget);
      if (!specOf<BudgetSpec>(budget).selector || pod.metadata.namespace !== budget.metadata.namespace) continue;
      if (!selects(specOf<BudgetSpec>(budget).selector!, pod.metadata.labels)) continue;
      const healthy = pods.filter(
        each =>
          each.metadata.uid !== pod.metadata.uid &&
          (isServing(each) ||
            (view.servedWithin(each, LATE_MS) && conditionOf(each, 'DisruptionTarget') === undefined)),
      ).length;
      const wanted = least(budget, pods);
      if (healthy < wanted)
        dog.violated(
          name,
          nameOf(budget),
          `${nameOf(object ?? pod)} was evicted: ${healthy} healthy, at least ${wanted} wanted`,
        );
    }
  };
  return {
    name,
    commit(commit) {
      const { collection, object, before } = commit;
      if (collection !== 'pods' || !before || isGoing(before) || (object && !isGoing(object))) return;
      if (conditionOf(before, 'DisruptionTarget')?.reason === 'EvictionByEvictionAPI') evicted(commit);
    },
  };
}
