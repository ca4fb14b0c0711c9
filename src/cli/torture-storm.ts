import { availableParallelism } from 'node:os';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fillText, type Text } from '../base/index.ts';
import { StormPool } from '../hosts/sim/search/drivers/pool.ts';
import { findPlanted } from '../hosts/sim/search/planted.ts';
import type { StormTold } from '../hosts/sim/search/protocol.ts';
import { searchSeeds } from '../hosts/sim/search/seeds.ts';
import { shrink } from '../hosts/sim/search/shrink.ts';
import type { StormPlan } from '../hosts/sim/storm/run.ts';
import { PLANTED_BUGS } from '../hosts/sim/testing/planted/index.ts';
import { EXIT, type Invocation } from './command.ts';

const SHRINK_RUNS = 120;
const SEEDS_DEFAULT = 100;
const PLANTED_SEEDS = 5_000;

const TEXTS = {
  shrunk: {
    en: 'shrunk from {before} events to {after} in {runs} runs, written to {file}',
    zh: '经 {runs} 次运行，由 {before} 个事件缩减为 {after} 个，已写入 {file}',
  },
  repeat: { en: 'repeat: {command}', zh: '重现：{command}' },
  cpu: { en: '{runs} runs, {cpu} CPU s a run', zh: '运行 {runs} 次，每次 {cpu} CPU 秒' },
  found: { en: '{name}: seed {seed}, by {by}', zh: '{name}：种子 {seed}，由 {by} 发现' },
  missed: {
    en: 'FAIL planted/{name}: not found within {seeds} seeds',
    zh: 'FAIL planted/{name}：{seeds} 个种子内未发现',
  },
} satisfies Record<string, Text>;

/** `A..B`, or one seed; undefined where it is neither. */
function seedsOf(text: string): { from: number; to: number } | undefined {
  const match = /^(\d{1,9})(?:\.\.(\d{1,9}))?$/.exec(text);
  if (!match) return undefined;
  const from = Number(match[1]);
  const to = Number(match[2] ?? match[1]);
  return from <= to ? { from, to } : undefined;
}

const rangeOf = ({ options }: Invocation, most: number): { from: number; to: number } | undefined =>
  seedsOf(String(options.seeds ?? options.seed ?? `1..${most}`));

function usage({ terminal }: Invocation): number {
  terminal.err('tenon torture storm|planted [--seeds A..B | --seed N] [--jobs N] [--plan FILE] [--bug NAME]');
  return EXIT.usage;
}

function report({ terminal }: Invocation, { plan, result }: StormTold): void {
  for (const { t, invariant, about, message } of result.violations)
    terminal.out(`FAIL storm/${plan.seed}: ${Math.round(t)} ms ${invariant} ${about}: ${message}`);
}

/** The few events that still break the same invariant, as a file that can be run again. */
async function shrunkTo(invocation: Invocation, pool: StormPool, told: StormTold): Promise<void> {
  const { terminal } = invocation;
  const invariant = told.result.violations[0]!.invariant;
  const { plan, ...counts } = await shrink(told.plan, {
    runs_max: SHRINK_RUNS,
    fails: async candidate =>
      !invocation.signal.aborted &&
      (await pool.plan(candidate)).result.violations.some(violation => violation.invariant === invariant),
  });
  const file = `storm-${plan.seed}.json`;
  writeFileSync(file, `${JSON.stringify(plan, undefined, 2)}\n`);
  terminal.out(fillText(TEXTS.shrunk[terminal.language], { ...counts, file }));
  terminal.out(fillText(TEXTS.repeat[terminal.language], { command: `tenon torture storm --plan ${file}` }));
}

/** Storms of many seeds over the standard workload; the first failure is shrunk. */
export async function tortureStorm(invocation: Invocation): Promise<number> {
  const { terminal, options, signal } = invocation;
  const threads = Math.max(1, Number(options.jobs ?? availableParallelism()));
  await using pool = new StormPool({ threads });
  if (options.plan !== undefined) {
    const told = await pool.plan(JSON.parse(readFileSync(String(options.plan), 'utf8')) as StormPlan, false);
    report(invocation, told);
    const failed = told.result.violations.length > 0;
    terminal.out(`${failed ? 0 : 1} passed, ${failed ? 1 : 0} failed, 0 skipped`);
    return failed ? EXIT.no : EXIT.yes;
  }
  const range = rangeOf(invocation, SEEDS_DEFAULT);
  if (!range) return usage(invocation);
  const told = (each: StormTold): void => report(invocation, each);
  const { runs, failed, cpu_ms, first } = await searchSeeds(pool, {
    ...range,
    threads,
    stopAtFirst: false,
    signal,
    told,
  });
  if (first && !signal.aborted) {
    terminal.out(
      fillText(TEXTS.repeat[terminal.language], { command: `tenon torture storm --seed ${first.plan.seed}` }),
    );
    await shrunkTo(invocation, pool, first);
  }
  const cpu = (cpu_ms / Math.max(1, runs) / 1_000).toFixed(2);
  terminal.out(fillText(TEXTS.cpu[terminal.language], { runs, cpu }));
  terminal.out(`${runs - failed} passed, ${failed} failed, 0 skipped`);
  return failed === 0 ? EXIT.yes : EXIT.no;
}

/** Known bugs of others, planted in our sources one at a time: how many seeds it takes to find each. */
export async function torturePlanted(invocation: Invocation): Promise<number> {
  const { terminal, options, signal, root } = invocation;
  const { language } = terminal;
  const threads = Math.max(1, Number(options.jobs ?? availableParallelism()));
  const range = rangeOf(invocation, PLANTED_SEEDS);
  if (!range) return usage(invocation);
  let found = 0;
  let missed = 0;
  for (const bug of PLANTED_BUGS) {
    if (signal.aborted) break;
    if (options.bug !== undefined && options.bug !== bug.name) continue;
    const { seed, seeds, by } = await findPlanted(bug, {
      sources: join(root, 'src'),
      threads,
      seeds_max: range.to,
      signal,
    });
    if (seed === undefined) missed++;
    else found++;
    const text = seed === undefined ? TEXTS.missed : TEXTS.found;
    terminal.out(fillText(text[language], { name: bug.name, seed: seed ?? 0, seeds, by }));
  }
  terminal.out(`${found} passed, ${missed} failed, 0 skipped`);
  return missed === 0 ? EXIT.yes : EXIT.no;
}
