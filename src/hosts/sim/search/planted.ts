/** How many seeds it takes to find each planted bug. */
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import type { PlantedBug } from '../testing/planted/index.ts';
import { StormPool } from './drivers/pool.ts';
import type { StormTold } from './protocol.ts';
import { searchSeeds } from './seeds.ts';

const WORKER = 'hosts/sim/search/drivers/storm-worker.ts';

export interface PlantedSearch {
  /** The folder the bugs' files are in: src/ of a checkout. */
  readonly sources: string;
  readonly threads: number;
  readonly seeds_max: number;
  readonly signal?: AbortSignal;
}

export interface PlantedFinding {
  readonly bug: PlantedBug;
  /** The first seed that shows it; undefined where none did. */
  readonly seed: number | undefined;
  readonly seeds: number;
  readonly cpu_ms: number;
  readonly by: string;
}

/** Looks for one bug until a seed shows it. */
export async function findPlanted(bug: PlantedBug, search: PlantedSearch): Promise<PlantedFinding> {
  const { sources, threads, seeds_max, signal } = search;
  await using pool = new StormPool({
    threads,
    edit: { url: pathToFileURL(join(sources, bug.file)).href, find: bug.find, replace: bug.replace },
    program: pathToFileURL(join(sources, WORKER)),
  });
  await using sound = new StormPool({ threads: 1, program: pathToFileURL(join(sources, WORKER)) });
  let seeds = 0;
  let cpu_ms = 0;
  let first: StormTold | undefined;
  for (let from = 1; from <= seeds_max && !first && !signal?.aborted; ) {
    const range = { from, to: seeds_max, threads, stopAtFirst: true, ...(signal ? { signal } : {}) };
    const search = await searchSeeds(pool, range);
    seeds += search.runs;
    cpu_ms += search.cpu_ms;
    if (!search.first) break;
    from = search.first.plan.seed + 1;
    // Only what the sound sources do not show is a finding.
    const healthy = await sound.plan(search.first.plan);
    if (healthy.result.violations.length === 0) first = search.first;
  }
  const violation = first?.result.violations[0];
  const by = violation ? `${violation.invariant} ${violation.about}: ${violation.message}` : '';
  return { bug, seed: first?.plan.seed, seeds, cpu_ms, by };
}
