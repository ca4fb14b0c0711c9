import { setCondition } from '../conditions.ts';
import { soonest, type Step } from '../effect.ts';
import { controllerOf, isReady, isTerminated, isTerminating } from '../pods.ts';
import { scaledValue } from '../quantity.ts';
import { formatTime, parseTime } from '../time.ts';
import type { Condition, Pod, PodDisruptionBudget } from '../types.ts';

/** An eviction that was allowed and not seen as a deletion within this time no longer counts. */
const DISRUPTED_MS_MAX = 120_000;

export interface BudgetInput {
  readonly budget: PodDisruptionBudget;
  /** Pods its selector matches. */
  readonly pods: readonly Pod[];
  /** Replicas the pod's controller wants; undefined when it has none or an unknown one. */
  readonly scaleOf: (pod: Pod) => { readonly uid: string; readonly replicas: number } | undefined;
  readonly now_ms: number;
}

export type BudgetStatus = NonNullable<PodDisruptionBudget['status']>;

/** How many pods of a budget may go now (PodDisruptionBudget reference). */
export function stepBudget({ budget, pods, scaleOf, now_ms }: BudgetInput): Step<BudgetStatus> {
  const living = pods.filter(pod => !isTerminated(pod) && !isTerminating(pod));
  const disrupted = stillDisrupted(budget, living, now_ms);
  const counted = expected(
    budget,
    pods.filter(pod => !isTerminated(pod)),
    scaleOf,
  );
  const currentHealthy = living.filter(pod => isReady(pod) && !Object.hasOwn(disrupted.pods, pod.metadata.name)).length;
  const disruptionsAllowed =
    counted.problem || counted.expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - counted.desiredHealthy);
  const condition: Condition = counted.problem
    ? { type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message: counted.problem }
    : disruptionsAllowed > 0
      ? { type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods', message: '' }
      : { type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods', message: '' };
  const stamped = { ...condition, observedGeneration: budget.metadata.generation ?? 0 };
  return {
    effects: [],
    status: {
      ...(budget.metadata.generation === undefined ? {} : { observedGeneration: budget.metadata.generation }),
      ...(Object.keys(disrupted.pods).length > 0 ? { disruptedPods: disrupted.pods } : {}),
      disruptionsAllowed,
      currentHealthy,
      desiredHealthy: counted.desiredHealthy,
      expectedPods: counted.expectedPods,
      conditions: setCondition((budget.status?.conditions ?? []) as Condition[], stamped, now_ms) as NonNullable<
        BudgetStatus['conditions']
      >,
    },
    ...(disrupted.again_ms === undefined ? {} : { again_ms: disrupted.again_ms }),
  };
}

function expected(
  { spec }: PodDisruptionBudget,
  pods: readonly Pod[],
  scaleOf: BudgetInput['scaleOf'],
): { expectedPods: number; desiredHealthy: number; problem?: string } {
  const { minAvailable, maxUnavailable } = spec;
  if (maxUnavailable === undefined && typeof minAvailable !== 'string')
    return { expectedPods: pods.length, desiredHealthy: minAvailable ?? 0 };
  const scales = new Map<string, number>();
  for (const pod of pods) {
    const scale = scaleOf(pod);
    const owner = controllerOf(pod);
    if (scale) scales.set(scale.uid, scale.replicas);
    else if (owner)
      return { expectedPods: 0, desiredHealthy: 0, problem: `${owner.kind} does not implement the scale subresource` };
    else return { expectedPods: 0, desiredHealthy: 0, problem: `found no controllers for pod "${pod.metadata.name}"` };
  }
  const total = [...scales.values()].reduce((sum, replicas) => sum + replicas, 0);
  if (maxUnavailable !== undefined)
    return { expectedPods: total, desiredHealthy: Math.max(0, total - scaledValue(maxUnavailable, total, 'up')) };
  return { expectedPods: total, desiredHealthy: scaledValue(minAvailable, total, 'up') };
}

function stillDisrupted(
  budget: PodDisruptionBudget,
  living: readonly Pod[],
  now_ms: number,
): { pods: { [name: string]: string }; again_ms?: number } {
  const entries: [string, string][] = [];
  let again_ms: number | undefined;
  const names = new Set(living.map(pod => pod.metadata.name));
  for (const [name, since] of Object.entries(budget.status?.disruptedPods ?? {})) {
    const left_ms = (parseTime(since) ?? 0) + DISRUPTED_MS_MAX - now_ms;
    if (!names.has(name) || left_ms <= 0) continue;
    entries.push([name, formatTime(parseTime(since)!)]);
    again_ms = soonest(again_ms, left_ms);
  }
  return { pods: Object.fromEntries(entries), ...(again_ms === undefined ? {} : { again_ms }) };
}
