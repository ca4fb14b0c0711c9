/** One run of bench/sim in a process of its own: told by a JSON file, answering with one JSON line. */
import { readFileSync, writeSync } from 'node:fs';
import { RunThread } from '../src/hosts/sim/drivers/run-thread.ts';

export type SimWork =
  /** A scenario, to its end or until CEL over its observables holds. */
  | { readonly scenario: object; readonly until_ms: number; readonly breakWhen?: string }
  /** The standard storm of so many seeds. */
  | { readonly seeds: number; readonly first: number };

export interface SimAnswer {
  readonly wall_s: number;
  /** Of the whole process, collector threads among them. */
  readonly cpu_s: number;
  readonly rss_max_mib: number;
  /** Virtual seconds that passed. */
  readonly virtual_s: number;
  readonly ok: boolean;
  readonly hash: string;
  /** What was found wrong. */
  readonly wrong: readonly string[];
}

type Outcome = Pick<SimAnswer, 'virtual_s' | 'ok' | 'hash' | 'wrong'>;

async function play(work: Extract<SimWork, { scenario: object }>): Promise<Outcome> {
  await using thread = new RunThread({ stuck_ms: 120_000 });
  const { until_ms, breakWhen } = work;
  await thread.ask('open', { document: JSON.stringify(work.scenario), file: 'bench.yaml', until_ms });
  const { t_ms, broke, stopped } = await thread.ask('play', { until_ms, ...(breakWhen ? { breakWhen } : {}) });
  const { hash, violations, refusals, expectations } = await thread.ask('finish', {});
  const failed = expectations.filter(({ outcome }) => outcome === 'failed');
  const wrong = [...violations, ...refusals, ...failed].slice(0, 5).map(each => JSON.stringify(each));
  if (breakWhen && broke === undefined) wrong.push(`never: ${breakWhen}; ${stopped ?? 'the time is over'}`);
  return { virtual_s: t_ms / 1_000, ok: wrong.length === 0, hash, wrong };
}

async function storms({ seeds, first }: Extract<SimWork, { seeds: number }>): Promise<Outcome> {
  // Only here: a scenario runs in a thread of its own, which loads what it needs, as with `tenon sim`.
  const { planStorm, runStorm } = await import('../src/hosts/sim/storm/run.ts');
  const hashes: string[] = [];
  const wrong: string[] = [];
  let virtual_s = 0;
  for (let seed = first; seed < first + seeds; seed++) {
    const { violations, hash, t_ms } = await runStorm(planStorm(seed));
    hashes.push(hash);
    virtual_s += t_ms / 1_000;
    for (const violation of violations.slice(0, 1)) wrong.push(`seed ${seed}: ${JSON.stringify(violation)}`);
  }
  return { virtual_s, ok: wrong.length === 0, hash: hashes.join(' '), wrong };
}

if (import.meta.main) {
  const work = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as SimWork;
  const began = performance.now();
  const outcome = await ('seeds' in work ? storms(work) : play(work));
  const { user, system } = process.cpuUsage();
  const answer: SimAnswer = {
    wall_s: (performance.now() - began) / 1_000,
    cpu_s: (user + system) / 1e6,
    rss_max_mib: process.resourceUsage().maxRSS / 1_024,
    ...outcome,
  };
  writeSync(1, `${JSON.stringify(answer)}\n`);
  process.exit(0);
}
