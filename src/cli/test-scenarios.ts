import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { RunThread, type RunThreadOptions } from '../hosts/sim/drivers/run-thread.ts';
import type { RunResult } from '../hosts/sim/run.ts';
import { readScenarioText } from '../hosts/sim/scenario/drivers/files.ts';
import { formatDuration } from '../hosts/sim/scenario/units.ts';
import type { ScenarioCase, ScenarioPlace } from './test-report.ts';

/** What a run found, as cases: its expectations, what the API did not take, broken invariants. */
function casesOf(result: RunResult, { file, name: scenario }: ScenarioPlace): ScenarioCase[] {
  const { seed, hash, stopped, t_ms } = result;
  const base = { scenario, file, seed, hash };
  const bad = (name: string, where: string, t: number, reason: string): ScenarioCase => ({
    ...base,
    name,
    where,
    passed: false,
    reason: `at ${formatDuration(t)}: ${reason}`,
  });
  return [
    ...result.expectations.map(({ name, where, outcome, t, message = '' }) =>
      outcome === 'held' ? { ...base, name, where, passed: true } : bad(name, where, t, message || outcome),
    ),
    ...result.refusals.map(({ t, what, where, message }) => bad(what, where, t, message)),
    ...result.violations.map(({ t, invariant, about, message }) => bad(`${invariant} ${about}`, file, t, message)),
    ...(stopped === undefined ? [] : [bad('run', file, t_ms, stopped)]),
  ];
}

/** Runs every scenario of a folder, several at once; cases come in the order of the scenarios. FaultError: one cannot be read. */
export async function runScenarios(
  folder: string,
  places: readonly ScenarioPlace[],
  threads: RunThreadOptions = {},
): Promise<readonly ScenarioCase[]> {
  const found: (readonly ScenarioCase[])[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    await using thread = new RunThread(threads);
    for (let index = next++; index < places.length; index = next++) {
      const place = places[index]!;
      const file = join(folder, place.file);
      const { name } = place;
      const { until_ms } = await thread.ask('open', { document: readScenarioText(file), file, name, root: folder });
      await thread.ask('play', { until_ms });
      found[index] = casesOf(await thread.ask('finish', {}), place);
    }
  };
  await Promise.all(Array.from({ length: Math.min(places.length, availableParallelism()) }, work));
  return found.flat();
}
