import { availableParallelism } from 'node:os';
import { RunThread, type RunThreadOptions } from '../hosts/sim/drivers/run-thread.ts';
import { EXIT, type Invocation } from './command.ts';
import type { SimOptions } from './sim-options.ts';
import { closingLines, failureLines, said } from './sim-report.ts';
import { type Finished, SimRun } from './sim-run.ts';
import { shrinkRun } from './sim-shrink.ts';

interface SeedResult {
  readonly seed: number;
  readonly ok: boolean;
  readonly hash: string;
  readonly lines: readonly string[];
  readonly again: string;
  /** Kept of failures: what shrinking begins from. */
  readonly result?: Finished;
}

/** Runs every seed of a range, several at once; tells what failed as it comes. Resolves to the exit code. */
export async function runSeeds(
  options: SimOptions,
  invocation: Invocation,
  threads: RunThreadOptions,
): Promise<number> {
  const { terminal, output, signal } = invocation;
  const { language } = terminal;
  const [first, last] = options.seeds!;
  const count = last - first + 1;
  const began = performance.now();
  const results: SeedResult[] = [];
  let next = first;
  const failed = (): SeedResult[] => results.filter(({ ok }) => !ok);
  const progress = (): void => {
    if (!process.stderr.isTTY || !terminal.color) return;
    const params = { done: results.length, count, failed: failed().length };
    process.stderr.write(`\r\u001b[K${said('seedsProgress', language, params)}`);
  };
  const work = async (): Promise<void> => {
    await using thread = new RunThread(threads);
    while (next <= last && !signal.aborted) {
      const { seeds: _, ...rest } = options;
      const run = await SimRun.open(thread, { ...rest, seed: next++ }, invocation);
      await run.play({ until_ms: run.opened.until_ms });
      const result = await run.finish();
      const { seed, ok, hash } = result;
      const lines = ok
        ? []
        : [...failureLines(result, language), ...closingLines(result, run.revision, run.again, language).slice(1)];
      results.push({ seed, ok, hash, lines, again: run.again, ...(ok ? {} : { result }) });
      if (!ok && output === 'text') for (const line of [`seed ${seed}`, ...lines]) terminal.out(line);
      progress();
    }
  };
  const jobs = Math.min(count, options.jobs ?? availableParallelism());
  await Promise.all(Array.from({ length: jobs }, work));
  if (process.stderr.isTTY && terminal.color) process.stderr.write('\r\u001b[K');
  const hours = (performance.now() - began) / 3_600_000;
  const told = results.sort((left, right) => left.seed - right.seed);
  if (output === 'json')
    terminal.out(JSON.stringify({ seeds: told.map(({ seed, ok, hash, again }) => ({ seed, ok, hash, again })) }));
  else {
    const params = {
      count: results.length,
      held: results.length - failed().length,
      failed: failed().length,
      rate: Math.round(results.length / hours),
    };
    terminal.out(said('seeds', language, params));
  }
  const lowest = told.find(({ ok }) => !ok);
  if (options.shrink && lowest?.result && !signal.aborted) {
    await using thread = new RunThread(threads);
    const { seeds: _, ...rest } = options;
    await shrinkRun(thread, lowest.result, { ...rest, seed: lowest.seed }, invocation);
  }
  return failed().length > 0 || results.length < count ? EXIT.no : EXIT.yes;
}
