/** How many seeds it takes to find each planted bug. */
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import type { PlantedBug } from '../testing/planted/index.ts';
import { StormPool } from './pool.ts';
import { searchSeeds } from './seeds.ts';

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
    program: pathToFileURL(join(sources, 'hosts/sim/search/storm-worker.ts')),
  });
  const range = { from: 1, to: seeds_max, threads, stopAtFirst: true, ...(signal ? { signal } : {}) };
  const { first, runs, cpu_ms } = await searchSeeds(pool, range);
  const violation = first?.result.violations[0];
  const by = violation ? `${violation.invariant} ${violation.about}: ${violation.message}` : '';
  return { bug, seed: first?.plan.seed, seeds: runs, cpu_ms, by };
}
