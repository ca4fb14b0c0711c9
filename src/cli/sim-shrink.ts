import type { RunThread } from '../hosts/sim/drivers/run-thread.ts';
import type { RunResult } from '../hosts/sim/run.ts';
import { fewest } from '../hosts/sim/search/shrink.ts';
import type { Invocation } from './command.ts';
import type { SimOptions } from './sim-options.ts';
import { said } from './sim-report.ts';
import { type Finished, SimRun } from './sim-run.ts';

const RUNS_MAX = 200;

/** What went wrong first: an expectation by its name, or an invariant. */
function failureOf({ expectations, violations, refusals, stopped }: RunResult): string | undefined {
  const failed = expectations.filter(({ outcome }) => outcome === 'failed').map(({ t, name }) => ({ t, what: name }));
  const broken = violations.map(({ t, invariant }) => ({ t, what: invariant }));
  const refused = refusals.map(({ t, what }) => ({ t, what }));
  const [first] = [...broken, ...failed, ...refused].sort((left, right) => left.t - right.t);
  return first?.what ?? stopped;
}

/** Reduces a failed run to the fewest of its disruptions that still fail the same way, and tells the command that shows it. */
export async function shrinkRun(
  thread: RunThread,
  result: Finished,
  options: SimOptions,
  invocation: Invocation,
): Promise<void> {
  const { terminal, signal } = invocation;
  const { language } = terminal;
  const wanted = failureOf(result);
  const { disruptions } = result;
  if (wanted === undefined || disruptions.length === 0) return;
  terminal.err(said('shrinking', language, { count: disruptions.length, failure: wanted }));
  let runs = 0;
  let again = '';
  const fails = async (only: readonly string[]): Promise<boolean> => {
    if (runs >= RUNS_MAX || signal.aborted) return false;
    runs++;
    const { html: _html, events: _events, snapshot: _snapshot, ...plain } = options;
    const run = await SimRun.open(thread, { ...plain, step: false, seed: result.seed, only }, invocation);
    await run.play({ until_ms: run.opened.until_ms });
    const same = failureOf(await run.finish()) === wanted;
    if (same) ({ again } = run);
    return same;
  };
  const left = await fewest(disruptions, fails);
  const params = { before: disruptions.length, after: left.length, runs, names: left.join(', ') || '-' };
  terminal.out(said('shrunk', language, params));
  if (again !== '') terminal.out(said('again', language, { command: again }));
}
