import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { existsSync } from 'node:fs';
import { type Bench, type BenchContext, type Measure, median, spread } from './runner.ts';

const POLICIES_EACH = 50;
/** The nursery of `tenon up` (see the launcher): admission runs in there. */
const NURSERY = '--max-semi-space-size=2';

function* admission(quick: boolean): Iterable<Measure> {
  const pods = quick ? 500 : 2_000;
  const rounds = quick ? 1 : 3;
  const with200: number[] = [];
  const without: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const p99 = (each: number): number =>
      inProcess('policy-admission-pods.ts', [String(each), String(pods)], [NURSERY]).p99_ms!;
    without.push(p99(0));
    with200.push(p99(POLICIES_EACH));
  }
  const shared = { unit: 'ms', better: 'lower', n: rounds * pods } as const;
  yield {
    ...shared,
    name: 'policy-admission.pod-p99-without-policies',
    ours: median(without),
    spread: spread(without),
  };
  yield {
    ...shared,
    name: 'policy-admission.pod-p99-with-200-policies',
    ours: median(with200),
    spread: spread(with200),
    target: { kind: 'absolute', bound: 2 },
  };
}

/** Runs a program of this folder in a process of its own and reads the figures it prints. */
function inProcess(program: string, args: readonly string[], flags: readonly string[] = []): Record<string, number> {
  const out = execFileSync(process.execPath, ['--expose-gc', ...flags, join(import.meta.dirname, program), ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(out.trim().split('\n').at(-1)!) as Record<string, number>;
}

function* compiling(suites: string, rounds: number): Iterable<Measure> {
  const runs = Array.from({ length: rounds }, () => inProcess('policy-compile.ts', [suites]));
  const times = runs.map(run => run.compile_ms!);
  yield {
    name: `policy-admission.compile-${runs[0]!.policies}-policies`,
    unit: 'ms',
    ours: median(times),
    better: 'lower',
    n: rounds,
    spread: spread(times),
    // Nothing is kept between two starts: one bound holds for the first and for every later one.
    target: { kind: 'absolute', bound: 300 },
  };
}

function* memory(rounds: number): Iterable<Measure> {
  const runs = Array.from({ length: rounds }, () => inProcess('policy-data.ts', []));
  const ratios = runs.map(run => run.heap_bytes! / run.text_bytes!);
  yield {
    name: 'policy-admission.heap-over-100MB-of-data',
    unit: 'x',
    ours: median(ratios),
    better: 'lower',
    n: rounds,
    spread: spread(ratios),
    target: { kind: 'absolute', bound: 4 },
  };
}

/** What admission costs with many policies, what compiling all of two libraries takes, and what data takes in memory. */
export const bench: Bench = {
  name: 'policy-admission',
  what: 'a Pod under 200 policies of four dialects; compiling two whole libraries; memory of 100 MB of data',
  async *run({ root, quick, signal }: BenchContext) {
    yield* admission(quick);
    if (signal.aborted) return;
    const suites = resolve(process.env.TENON_SUITES ?? join(root, '../shared/suites'), 'policy');
    if (existsSync(suites)) yield* compiling(suites, quick ? 1 : 3);
    yield* memory(quick ? 1 : 3);
  },
};
