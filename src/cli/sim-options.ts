import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Text } from '../base/index.ts';
import { readDuration } from '../hosts/sim/scenario/units.ts';
import { type Invocation, stringOption } from './command.ts';
import { cliFaults } from './faults.ts';

/** What `--snapshot` writes: the run up to a moment is known by its scenario, seed and hash (docs/decisions/0004). */
export interface Snapshot {
  /** The scenario's file, relative to the snapshot's. */
  readonly scenario: string;
  readonly name: string;
  readonly digest: string;
  readonly seed: number;
  readonly t_ms: number;
  readonly hash: string;
  readonly revision: string;
  readonly only?: readonly string[];
}

/** A `tenon sim` command line, read. */
export interface SimOptions {
  readonly file: string;
  readonly name?: string;
  readonly root?: string;
  readonly seed?: number;
  readonly seeds?: readonly [first: number, last: number];
  readonly jobs?: number;
  readonly until_ms?: number;
  /** Virtual milliseconds a real one stands for; as fast as can be when absent. */
  readonly speed?: number;
  readonly html?: string;
  readonly events?: string;
  readonly step: boolean;
  /** Names of the disruptions that happen; all where absent. */
  readonly only?: readonly string[];
  /** A failure is reduced to the fewest disruptions. */
  readonly shrink: boolean;
  /** Port of the console; 0 picks a free one. */
  readonly console?: number;
  readonly breakWhen?: string;
  readonly snapshot?: string;
  readonly restore?: Snapshot;
}

const SEED_MAX = 4_294_967_295;
const SEEDS_MAX = 1_000_000;

/** The fault of a command line. */
export function bad(en: string, zh: string): never {
  const reason: Text = { en, zh };
  throw cliFaults.error('bad-option', { command: 'sim', reason });
}

function seedOf(text: string): number {
  const seed = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return seed <= SEED_MAX
    ? seed
    : bad(`"${text}" is no seed from 0 to ${SEED_MAX}`, `“${text}”不是 0 到 ${SEED_MAX} 的种子`);
}

function seedsOf(text: string): readonly [number, number] {
  const [, first = '', last = ''] = /^(\d+)\.\.(\d+)$/.exec(text) ?? [];
  if (first === '')
    return bad(
      `--seeds is FIRST..LAST, such as 1..1000, not "${text}"`,
      `--seeds 应为 起..止,如 1..1000,而不是“${text}”`,
    );
  const range = [seedOf(first), seedOf(last)] as const;
  if (range[1] < range[0] || range[1] - range[0] >= SEEDS_MAX)
    return bad(`--seeds ${text} is empty or more than ${SEEDS_MAX}`, `--seeds ${text} 为空或超过 ${SEEDS_MAX} 个`);
  return range;
}

function speedOf(text: string): number | undefined {
  if (text === 'max') return undefined;
  const speed = /^\d+(\.\d+)?x$/.test(text) ? Number.parseFloat(text) : 0;
  return speed > 0
    ? speed
    : bad(`--speed is max or such as 10x, not "${text}"`, `--speed 应为 max 或如 10x,而不是“${text}”`);
}

function untilOf(text: string): number {
  const until = readDuration(text);
  return until !== undefined && until > 0
    ? until
    : bad(`--until is a duration such as 24h, not "${text}"`, `--until 应为时长,如 24h,而不是“${text}”`);
}

function readSnapshot(file: string): Snapshot {
  let value: (Partial<Snapshot> & { kind?: string }) | undefined;
  try {
    value = JSON.parse(readFileSync(file, 'utf8')) as typeof value;
  } catch (error) {
    return bad(
      `cannot read snapshot ${file}: ${(error as Error).message}`,
      `无法读取快照 ${file}:${(error as Error).message}`,
    );
  }
  const texts = [value?.scenario, value?.name, value?.digest, value?.hash];
  const good = value?.kind === 'Snapshot' && texts.every(text => typeof text === 'string');
  if (!good || !Number.isSafeInteger(value!.seed) || !(Number(value!.t_ms) >= 0))
    return bad(`${file} is no snapshot`, `${file} 不是快照`);
  return value as Snapshot;
}

/** Reads the options. Fault: one that cannot be, or two that do not go together. */
export function simOptionsOf({ options, positionals }: Invocation): SimOptions {
  const given = <T>(name: string, read: (text: string) => T): T | undefined => {
    const value = stringOption(options, name);
    return value === undefined ? undefined : read(value);
  };
  const same = (text: string): string => text;
  const restoreFile = stringOption(options, 'restore');
  const restore = restoreFile === undefined ? undefined : readSnapshot(restoreFile);
  const file = positionals[0] ?? (restore ? resolve(dirname(restoreFile!), restore.scenario) : undefined);
  if (file === undefined)
    throw cliFaults.error('missing-argument', { command: 'sim', what: { en: 'a scenario file', zh: '场景文件' } });
  const read: SimOptions = {
    file,
    name: stringOption(options, 'scenario') ?? restore?.name,
    root: stringOption(options, 'root'),
    seed: given('seed', seedOf) ?? restore?.seed,
    seeds: given('seeds', seedsOf),
    console: options.console === true ? 0 : undefined,
    jobs: given('jobs', text =>
      /^[1-9]\d?$/.test(text)
        ? Number(text)
        : bad(`--jobs is a number, not "${text}"`, `--jobs 应为数字,而不是“${text}”`),
    ),
    until_ms: given('until', untilOf),
    speed: given('speed', speedOf),
    html: given('html', same),
    events: given('events', same),
    step: options.step === true,
    only: given('only', text => text.split(',').filter(name => name !== '')) ?? restore?.only,
    shrink: options.shrink === true,
    breakWhen: given('break-when', same),
    snapshot: given('snapshot', same),
    restore,
  };
  const alone = (['seed', 'speed', 'html', 'events', 'breakWhen', 'snapshot', 'restore', 'only'] as const).find(
    name => read[name] !== undefined,
  );
  const other = alone ?? (read.step ? 'step' : undefined);
  if (read.seeds && other !== undefined) {
    const option = other.replace('breakWhen', 'break-when');
    return bad(`--seeds does not go with --${option}`, `--seeds 不能与 --${option} 同用`);
  }
  const beside = read.step || read.seeds ? 'step' : (alone ?? 'seed');
  if (read.console !== undefined && beside !== 'seed') {
    const option = (read.seeds ? 'seeds' : beside).replace('breakWhen', 'break-when');
    return bad(`--console does not go with --${option}`, `--console 不能与 --${option} 同用`);
  }
  if (restore && read.seed !== restore.seed) return bad('the snapshot is of another seed', '快照属于另一个种子');
  return read;
}
