import type { Pod } from '../types.ts';
import { type NodeCheck, type Refusal, refuse } from './filters/filter.ts';
import { FILTERS } from './filters/index.ts';
import { pinnedNodes } from './filters/node.ts';
import { failureMessage, NO_NODES, refusalMessage } from './message.ts';
import { type Candidate, preempt, priorityOf } from './preempt.ts';
import { greatest, nodeScore, scoreNodes } from './scores.ts';
import type { NodeInfo, Snapshot } from './snapshot.ts';
import { type Standing, Standings } from './standing.ts';

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
  /** What earlier decisions found out about single nodes. */
  readonly standings?: Standings;
}

/** Below this many nodes all are looked at; above, a share of them (percentageOfNodesToScore, adaptive). */
const SAMPLE_MIN = 100;

function enoughNodes(total: number): number {
  if (total <= SAMPLE_MIN) return total;
  const percent = Math.max(5, 50 - Math.floor(total / 125));
  return Math.max(SAMPLE_MIN, Math.floor((total * percent) / 100));
}

interface Checks {
  /** Those of filters that look at one node alone; they come before the rest. */
  readonly local: readonly NodeCheck[];
  readonly rest: readonly NodeCheck[];
  readonly rejected?: { readonly plugin: string; readonly reason: string };
}

function prepare(pod: Pod, snapshot: Snapshot): Checks {
  const local: NodeCheck[] = [];
  const rest: NodeCheck[] = [];
  for (const filter of FILTERS) {
    const prepared = filter.prepare(pod, snapshot);
    if ('reject' in prepared) return { local, rest, rejected: { plugin: filter.name, reason: prepared.reject } };
    if ('check' in prepared) (filter.local ? local : rest).push(prepared.check);
  }
  return { local, rest };
}

/** Every filter on one node; for `why`, all that refuse and not only the first. */
export function refusalsOn(pod: Pod, snapshot: Snapshot, info: NodeInfo): Refusal[] {
  const { local, rest } = prepare(pod, snapshot);
  return [...local, ...rest].flatMap(check => check(info) ?? []);
}

function firstOf(checks: readonly NodeCheck[], info: NodeInfo): Refusal | undefined {
  for (let at = 0; at < checks.length; at++) {
    const refusal = checks[at]!(info);
    if (refusal) return refusal;
  }
  return undefined;
}

const firstRefusal = ({ local, rest }: Checks, info: NodeInfo): Refusal | undefined =>
  firstOf(local, info) ?? firstOf(rest, info);

type StandingOf = (info: NodeInfo) => Standing;

/** What nodes are to a pod, found once a decision, or once for many of them. */
function standingsOf(pod: Pod, { local }: Checks, standings: Standings | undefined): StandingOf {
  const score = nodeScore(pod);
  const find = (info: NodeInfo): Standing => {
    const refusal = firstOf(local, info);
    return { refusal, score: refusal ? 0 : score(info) };
  };
  return (standings ?? new Standings()).of(pod, find);
}

/** A node counts as holding the pods of at least equal priority that were promised it. */
function refusalWithPromised(
  pod: Pod,
  snapshot: Snapshot,
  checks: Checks,
  info: NodeInfo,
  standing: StandingOf,
): Refusal | undefined {
  const nominated = snapshot.nominated(info.name);
  if (nominated.length === 0) return standing(info).refusal ?? firstOf(checks.rest, info);
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
  const standing = standingsOf(pod, checks, options.standings);
  const { feasible, scores, refusals } = filterNodes(pod, snapshot, checks, options.offset ?? 0, standing);
  if (feasible.length > 0) return best(pod, snapshot, feasible, scores, options.random);
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
  standing: StandingOf,
): { feasible: NodeInfo[]; scores: number[]; refusals: Map<string, Refusal> } {
  const total = snapshot.nodes.length;
  const pinned = pinnedNodes(pod);
  const wanted = enoughNodes(total);
  const feasible: NodeInfo[] = [];
  const scores: number[] = [];
  const refusals = new Map<string, Refusal>();
  for (let step = 0; step < total && feasible.length < wanted; step++) {
    const info = snapshot.nodes[(offset + step) % total]!;
    const refusal =
      pinned && !pinned.has(info.name)
        ? refuse('NodeAffinity', "node(s) didn't satisfy plugin(s) [NodeAffinity]", true)
        : refusalWithPromised(pod, snapshot, checks, info, standing);
    if (refusal) refusals.set(info.name, refusal);
    else {
      feasible.push(info);
      scores.push(standing(info).score);
    }
  }
  return { feasible, scores, refusals };
}

function best(
  pod: Pod,
  snapshot: Snapshot,
  feasible: readonly NodeInfo[],
  totals: number[],
  random: (() => number) | undefined,
): Decision {
  const promised = feasible.find(info => info.name === pod.status?.nominatedNodeName);
  if (promised) return { node: promised.name, scores: new Map() };
  if (feasible.length === 1) return { node: feasible[0]!.name, scores: new Map() };
  scoreNodes(pod, feasible, snapshot, totals);
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
