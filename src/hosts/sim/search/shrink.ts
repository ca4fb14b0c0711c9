/** Delta debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", ddmin): a failing plan to its few events. */
import type { Disruption } from '../model.ts';
import type { Deed } from '../storm/steps.ts';
import type { StormPlan } from '../storm/run.ts';

type Event = { readonly disruption: Disruption } | { readonly deed: Deed };

export interface ShrinkOptions {
  /** True where the same invariant still fails. */
  readonly fails: (plan: StormPlan) => Promise<boolean>;
  /** Runs that may be spent. */
  readonly runs_max: number;
}

export interface Shrunk {
  readonly plan: StormPlan;
  readonly runs: number;
  /** Disruptions and deeds before and after. */
  readonly before: number;
  readonly after: number;
}

const eventsOf = (plan: StormPlan): Event[] => [
  ...plan.disruptions.map(disruption => ({ disruption })),
  ...plan.deeds.map(deed => ({ deed })),
];

const planOf = (plan: StormPlan, events: readonly Event[]): StormPlan => ({
  ...plan,
  disruptions: events.flatMap(event => ('disruption' in event ? [event.disruption] : [])),
  deeds: events.flatMap(event => ('deed' in event ? [event.deed] : [])),
});

/** Shorter, later or plainer variants of one disruption, the plainest first. */
function plainer(disruption: Disruption): Disruption[] {
  const { for_ms, at_ms, settings, ...rest } = disruption;
  const variants: Disruption[] = [];
  if (for_ms !== undefined)
    for (const shorter of [1_000, Math.round(for_ms / 4), Math.round(for_ms / 2)])
      if (shorter < for_ms && shorter > 0) variants.push({ ...rest, at_ms, settings, for_ms: shorter });
  const round = Math.round(at_ms / 10_000) * 10_000;
  if (round !== at_ms) variants.push({ ...rest, at_ms: round, settings, ...(for_ms === undefined ? {} : { for_ms }) });
  return variants;
}

/** Fewest events that still fail; then shorter and rounder ones. */
export async function shrink(plan: StormPlan, options: ShrinkOptions): Promise<Shrunk> {
  let runs = 0;
  const fails = async (candidate: StormPlan): Promise<boolean> => {
    if (runs >= options.runs_max) return false;
    runs++;
    return options.fails(candidate);
  };
  const all = eventsOf(plan);
  let events = await fewest(all, candidate => fails(planOf(plan, candidate)));
  for (let at = 0; at < events.length; at++) {
    const event = events[at]!;
    if (!('disruption' in event)) continue;
    for (const variant of plainer(event.disruption)) {
      const candidate = events.with(at, { disruption: variant });
      if (!(await fails(planOf(plan, candidate)))) continue;
      events = candidate;
      break;
    }
  }
  return { plan: planOf(plan, events), runs, before: all.length, after: events.length };
}

/** ddmin: takes away ever smaller pieces as long as what is left fails. */
export async function fewest<T>(items: readonly T[], fails: (items: readonly T[]) => Promise<boolean>): Promise<T[]> {
  if (items.length > 0 && (await fails([]))) return [];
  let left = [...items];
  for (let pieces = 2; left.length >= 2; ) {
    const size = Math.ceil(left.length / pieces);
    let smaller: T[] | undefined;
    for (let from = 0; from < left.length && !smaller; from += size) {
      const without = left.filter((_, index) => index < from || index >= from + size);
      if (await fails(without)) smaller = without;
    }
    if (smaller) {
      left = smaller;
      pieces = Math.max(2, pieces - 1);
    } else if (size === 1) break;
    else pieces = Math.min(left.length, pieces * 2);
  }
  return left;
}
