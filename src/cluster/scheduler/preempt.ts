import { matchesSelector } from '../selector.ts';
import { parseTime } from '../time.ts';
import type { Pod, PodDisruptionBudget } from '../types.ts';
import type { Refusal } from './filters/filter.ts';
import { refuse } from './filters/filter.ts';
import { NO_VICTIMS, NOT_HELPFUL, refusalMessage } from './message.ts';
import type { NodeInfo, Snapshot } from './snapshot.ts';

export const priorityOf = (pod: Pod): number => pod.spec.priority ?? 0;

/** Tries a pod on one node of a snapshot. */
export type Trial = (pod: Pod, snapshot: Snapshot, info: NodeInfo) => Refusal | undefined;

/** A node that becomes free for a pod when these go. */
export interface Candidate {
  readonly node: string;
  readonly victims: readonly Pod[];
  readonly violations: number;
}

export type Preemption = { readonly candidate: Candidate } | { readonly message: string };

/**
 * Finds the node where the fewest and least important pods must go (Pod Priority and Preemption): fewest broken budgets,
 * then the lowest highest priority, the lowest sum, the fewest victims, the latest start of the most important one.
 */
export function preempt(
  pod: Pod,
  snapshot: Snapshot,
  refusals: ReadonlyMap<string, Refusal>,
  trial: Trial,
): Preemption {
  if (pod.spec.preemptionPolicy === 'Never') return { message: 'not eligible due to preemptionPolicy=Never.' };
  const nominee = snapshot.nodes.find(info => info.name === pod.status?.nominatedNodeName);
  if (nominee && !refusals.get(nominee.name)?.final)
    for (const other of nominee.pods())
      if (other.metadata.deletionTimestamp && priorityOf(other) < priorityOf(pod))
        return { message: 'not eligible due to a terminating pod on the nominated node.' };
  const told: Refusal[] = [];
  const candidates: Candidate[] = [];
  for (const info of snapshot.nodes) {
    if (refusals.get(info.name)?.final) {
      told.push(refuse('DefaultPreemption', NOT_HELPFUL, true));
      continue;
    }
    const found = victimsOn(pod, snapshot, info, trial);
    if ('plugin' in found) told.push(found);
    else candidates.push(found);
  }
  const best = choose(candidates);
  return best ? { candidate: best } : { message: refusalMessage(snapshot.nodes.length, told) };
}

/** A snapshot in which one node is another. */
function withNode(snapshot: Snapshot, replaced: NodeInfo): Snapshot {
  return { ...snapshot, nodes: snapshot.nodes.map(info => (info.name === replaced.name ? replaced : info)) };
}

function victimsOn(pod: Pod, snapshot: Snapshot, info: NodeInfo, trial: Trial): Candidate | Refusal {
  const lower = [...info.pods()].filter(other => priorityOf(other) < priorityOf(pod));
  if (lower.length === 0) return refuse('DefaultPreemption', NO_VICTIMS, false);
  const trialNode = info.copy();
  const changed = withNode(snapshot, trialNode);
  for (const other of lower) trialNode.remove(other.metadata.uid);
  const still = trial(pod, changed, trialNode);
  if (still) return still;
  const important = [...lower].sort(moreImportant);
  const protectedPods = breaking(important, snapshot.budgets);
  const victims: Pod[] = [];
  let violations = 0;
  // Give back whom we can, those whose budget would break first.
  for (const other of [
    ...important.filter(each => protectedPods.has(each)),
    ...important.filter(each => !protectedPods.has(each)),
  ]) {
    trialNode.add(other);
    if (!trial(pod, changed, trialNode)) continue;
    trialNode.remove(other.metadata.uid);
    victims.push(other);
    if (protectedPods.has(other)) violations++;
  }
  return { node: info.name, victims: victims.sort(moreImportant), violations };
}

const startOf = (pod: Pod): number =>
  parseTime(pod.status?.startTime) ?? parseTime(pod.metadata.creationTimestamp) ?? 0;

const moreImportant = (a: Pod, b: Pod): number => priorityOf(b) - priorityOf(a) || startOf(a) - startOf(b);

/** Pods whose eviction would take more from a budget than it allows. */
function breaking(pods: readonly Pod[], budgets: readonly PodDisruptionBudget[]): Set<Pod> {
  const left = budgets.map(budget => budget.status?.disruptionsAllowed ?? 0);
  const broken = new Set<Pod>();
  for (const pod of pods) {
    budgets.forEach((budget, at) => {
      if (
        budget.metadata.namespace !== pod.metadata.namespace ||
        !matchesSelector(budget.spec.selector, pod.metadata.labels)
      )
        return;
      if (Object.hasOwn(budget.status?.disruptedPods ?? {}, pod.metadata.name)) return;
      left[at]!--;
      if (left[at]! < 0) broken.add(pod);
    });
  }
  return broken;
}

const sumOfPriorities = (candidate: Candidate): number =>
  candidate.victims.reduce((sum, pod) => sum + priorityOf(pod) + 2 ** 31, 0);

function choose(candidates: readonly Candidate[]): Candidate | undefined {
  const highest = (candidate: Candidate): number =>
    candidate.victims[0] ? priorityOf(candidate.victims[0]) : Number.NEGATIVE_INFINITY;
  const earliest = (candidate: Candidate): number =>
    Math.min(...candidate.victims.filter(pod => priorityOf(pod) === highest(candidate)).map(startOf));
  return [...candidates].sort(
    (a, b) =>
      a.violations - b.violations ||
      compare(highest(a), highest(b)) ||
      sumOfPriorities(a) - sumOfPriorities(b) ||
      a.victims.length - b.victims.length ||
      compare(earliest(b), earliest(a)),
  )[0];
}

const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);
