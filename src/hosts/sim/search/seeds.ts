/** Storms of many seeds, on all threads; results as they come, the first failure by seed kept. */
import type { StormPool } from './drivers/pool.ts';
import type { StormTold } from './protocol.ts';

export interface SeedSearch {
  readonly from: number;
  readonly to: number;
  readonly threads: number;
  /** No new seed is begun after the first failure. */
  readonly stopAtFirst: boolean;
  readonly signal?: AbortSignal;
  readonly told?: (told: StormTold) => void;
}

export interface SeedFindings {
  readonly runs: number;
  readonly failed: number;
  readonly cpu_ms: number;
  /** The failure of the lowest seed. */
  readonly first: StormTold | undefined;
}

/** Runs every seed of the range, lowest first. */
export async function searchSeeds(pool: StormPool, search: SeedSearch): Promise<SeedFindings> {
  const { from, to, threads, stopAtFirst, signal, told } = search;
  let next = from;
  let runs = 0;
  let failed = 0;
  let cpu_ms = 0;
  let first: StormTold | undefined;
  const work = async (): Promise<void> => {
    while (next <= to && !signal?.aborted && !(stopAtFirst && first)) {
      const answer = await pool.seed(next++);
      runs++;
      cpu_ms += answer.result.cpu_ms;
      told?.(answer);
      if (answer.result.violations.length === 0) continue;
      failed++;
      if (!first || answer.plan.seed < first.plan.seed) first = answer;
    }
  };
  await Promise.all(Array.from({ length: threads }, work));
  return { runs, failed, cpu_ms, first };
}
