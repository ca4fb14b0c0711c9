import type { Pod } from '../types.ts';
import { type NodeCheck, type Refusal, refuse } from './filters/filter.ts';
import { FILTERS } from './filters/index.ts';
import { pinnedNodes } from './filters/node.ts';
import { failureMessage, NO_NODES, refusalMessage } from './message.ts';
import { type Candidate, preempt, priorityOf } from './preempt.ts';
import { greatest, scoreNodes } from './scores.ts';
import type { NodeInfo, Snapshot } from './snapshot.ts';

/** Where a pod goes, or why nowhere. */
export type Decision =
  | { readonly node: string; readonly scores: ReadonlyMap<string, number> }
  | {
      readonly message: string;
      readonly refusals: ReadonlyMap<string, Refusal>;
      /** Plugins whose refusal a change might lift: what the queue waits for. */
      readonly plugins: ReadonlySet<string>;
      readonly rejected?: string;
      readonly preemption?: Candidate;
    };

export interface DecideOptions {
  /** Chooses among the best, 0..1; 0 takes the first. */
  readonly random?: () => number;
  /** Where the search for feasible nodes starts; it goes round so that big clusters are not filled from one end. */
  readonly offset?: number;
}

/** Below this many nodes all are looked at; above, a share of them (percentageOfNodesToScore, adaptive). */
const SAMPLE_MIN = 100;

function enoughNodes(total: number): number {
  if (total <= SAMPLE_MIN) return total;
  const percent = Math.max(5, 50 - Math.floor(total / 125));
  return Math.max(SAMPLE_MIN, Math.floor((total * percent) / 100));
}

interface Checks {
  readonly checks: readonly { readonly plugin: string; readonly check: NodeCheck }[];
  readonly rejected?: { readonly plugin: string; readonly reason: string };
}

function prepare(pod: Pod, snapshot: Snapshot): Checks {
  const checks: { plugin: string; check: NodeCheck }[] = [];
  for (const filter of FILTERS) {
    const prepared = filter.prepare(pod, snapshot);
    if ('reject' in prepared) return { checks, rejected: { plugin: filter.name, reason: prepared.reject } };
    if ('check' in prepared) checks.push({ plugin: filter.name, check: prepared.check });
  }
  return { checks };
}

/** Every filter on one node; for `why`, all that refuse and not only the first. */
export function refusalsOn(pod: Pod, snapshot: Snapshot, info: NodeInfo): Refusal[] {
  return prepare(pod, snapshot).checks.flatMap(({ check }) => check(info) ?? []);
}

function firstRefusal(checks: Checks, info: NodeInfo): Refusal | undefined {
  const { checks: list } = checks;
  for (let at = 0; at < list.length; at++) {
    const refusal = list[at]!.check(info);
    if (refusal) return refusal;
  }
  return undefined;
}

/** A node counts as holding the pods of at least equal priority that were promised it. */
function refusalWithPromised(pod: Pod, snapshot: Snapshot, checks: Checks, info: NodeInfo): Refusal | undefined {
  const nominated = snapshot.nominated(info.name);
  if (nominated.length === 0) return firstRefusal(checks, info);
  const promised = nominated.filter(
    other => other.metadata.uid !== pod.metadata.uid && priorityOf(other) >= priorityOf(pod),
  );
  if (promised.length === 0) return firstRefusal(checks, info);
  const full = info.copy();
  for (const other of promised) full.add(other);
  const refusal = trial(
    pod,
    { ...snapshot, nodes: snapshot.nodes.map(each => (each === info ? full : each)), nominated: () => [] },
    full,
  );
  return refusal ?? firstRefusal(checks, info);
}

function trial(pod: Pod, snapshot: Snapshot, info: NodeInfo): Refusal | undefined {
  const checks = prepare(pod, snapshot);
  return checks.rejected ? refuse(checks.rejected.plugin, checks.rejected.reason, true) : firstRefusal(checks, info);
}

/** Decides where a pod goes, given everything; the same function the scheduler binds by and `why` explains with. */
export function decide(pod: Pod, snapshot: Snapshot, options: DecideOptions = {}): Decision {
  const total = snapshot.nodes.length;
  if (total === 0) return { message: NO_NODES, refusals: new Map(), plugins: new Set(['NodeAdd']) };
  const checks = prepare(pod, snapshot);
  if (checks.rejected) {
    const { plugin, reason } = checks.rejected;
    const hopeless = `0/${total} nodes are available: ${total} Preemption is not helpful for scheduling.`;
    return {
      message: failureMessage(refusalMessage(total, [], reason), hopeless),
      refusals: new Map(),
      plugins: new Set([plugin]),
      rejected: reason,
    };
  }
  const { feasible, refusals } = filterNodes(pod, snapshot, checks, options.offset ?? 0);
  if (feasible.length > 0) return best(pod, snapshot, feasible, options.random);
  const outcome = preempt(pod, snapshot, refusals, trial);
  const filtered = refusalMessage(total, refusals.values());
  const plugins = new Set([...refusals.values()].map(refusal => refusal.plugin));
  return 'candidate' in outcome
    ? { message: filtered, refusals, plugins, preemption: outcome.candidate }
    : { message: failureMessage(filtered, outcome.message), refusals, plugins };
}

function filterNodes(
  pod: Pod,
  snapshot: Snapshot,
  checks: Checks,
  offset: number,
): { feasible: NodeInfo[]; refusals: Map<string, Refusal> } {
  const total = snapshot.nodes.length;
  const pinned = pinnedNodes(pod);
  const wanted = enoughNodes(total);
  const feasible: NodeInfo[] = [];
  const refusals = new Map<string, Refusal>();
  for (let step = 0; step < total && feasible.length < wanted; step++) {
    const info = snapshot.nodes[(offset + step) % total]!;
    const refusal =
      pinned && !pinned.has(info.name)
        ? refuse('NodeAffinity', "node(s) didn't satisfy plugin(s) [NodeAffinity]", true)
        : refusalWithPromised(pod, snapshot, checks, info);
    if (refusal) refusals.set(info.name, refusal);
    else feasible.push(info);
  }
  return { feasible, refusals };
}

function best(
  pod: Pod,
  snapshot: Snapshot,
  feasible: readonly NodeInfo[],
  random: (() => number) | undefined,
): Decision {
  const promised = feasible.find(info => info.name === pod.status?.nominatedNodeName);
  if (promised) return { node: promised.name, scores: new Map() };
  if (feasible.length === 1) return { node: feasible[0]!.name, scores: new Map() };
  const totals = scoreNodes(pod, feasible, snapshot);
  const top = greatest(totals);
  const winners = feasible.filter((_, at) => totals[at] === top);
  const chosen = winners[Math.floor((random?.() ?? 0) * winners.length)]!;
  return {
    node: chosen.name,
    // Only who explains a decision wants to see them.
    get scores() {
      return new Map(feasible.map((info, at) => [info.name, totals[at]!]));
    },
  };
}
