import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { languageOf, seededRandom, type Text } from '../base/index.ts';
import { tortureNode } from '../compute/agent/node-torture.ts';
import { unavailable } from '../compute/agent/testhost.ts';
import { findBinary } from '../compute/drivers/runtime-oci.ts';
import { TorturedNetwork } from '../hosts/node/network-torture.ts';
import { systemClock } from '../hosts/node/ports.ts';
import { tortureServer } from '../hosts/node/server-torture.ts';
import { tortureStore } from '../kernel/drivers/store-torture.ts';
import { tortureWatch } from '../kernel/registry/watch-torture.ts';
import { type Command, EXIT, type Invocation } from './command.ts';
import { torturePlanted, tortureStorm } from './torture-storm.ts';

/** How one try goes. */
interface Try {
  readonly seed: number;
  readonly kills: number | undefined;
  readonly objects: number | undefined;
  /** The checkout. */
  readonly root: string;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** One try with one seed: what was broken, in sentences; empty when all is well. */
type Torture = (one: Try) => Promise<readonly string[]>;

/** Kills of one process on one folder. */
const KILLS = 10;
/** Objects of 2 KiB a tortured server holds. */
const OBJECTS = 100_000;

const KEPT: Text = {
  en: '{kills} kills, {acknowledged} acknowledged writes, restart {median} ms (median), {most} ms (longest)',
  zh: '强制终止 {kills} 次，已确认写入 {acknowledged} 次，重启用时中位数 {median} 毫秒，最长 {most} 毫秒',
};

const KILLED: Text = { en: '{handler}: {hits} kills hit', zh: '{handler}：命中 {hits} 次强制终止' };

async function inFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-torture-'));
  try {
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every runtime here that is started by the keeper, one after the other, each with a network of its own. */
async function tortureNodes({ seed, kills = KILLS, signal, say }: Try): Promise<readonly string[]> {
  if (unavailable) return [unavailable];
  const violations: string[] = [];
  for (const handler of ['process', 'runc', 'crun'].filter(name => name === 'process' || findBinary(name))) {
    await using network = new TorturedNetwork();
    const torture = { handler, kills, random: seededRandom(seed), signal, openNetwork: network.open };
    try {
      const { hits } = await tortureNode(torture);
      say(KILLED[languageOf(process.env)].replace('{handler}', handler).replace('{hits}', String(hits)));
    } catch (error) {
      violations.push(`${handler}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return violations;
}

const TARGETS: Readonly<Record<string, Torture>> = {
  store: ({ seed, kills = KILLS, signal }) =>
    inFolder(async folder => {
      const random = seededRandom(seed);
      return (await tortureStore({ folder, kills, clock: systemClock, random, signal })).violations;
    }),
  server: ({ seed, kills = KILLS, objects = OBJECTS, root, signal, say }) =>
    inFolder(async folder => {
      const program = join(root, 'tenon');
      const random = seededRandom(seed);
      const done = await tortureServer({ program, folder, objects, kills, clock: systemClock, random, signal });
      const { restarts_ms } = done;
      const figures: Record<string, number> = {
        kills: done.kills,
        acknowledged: done.acknowledged,
        median: restarts_ms[restarts_ms.length >> 1] ?? 0,
        most: restarts_ms.at(-1) ?? 0,
      };
      say(KEPT[languageOf(process.env)].replace(/\{(\w+)\}/g, (_, name: string) => String(Math.round(figures[name]!))));
      return done.violations;
    }),
  node: tortureNodes,
  watch: async ({ seed }) => (await tortureWatch({ seed })).violations,
};

/** Targets that take many seeds at once and print by themselves. */
const SEARCHES: Readonly<Record<string, (invocation: Invocation) => Promise<number>>> = {
  storm: tortureStorm,
  planted: torturePlanted,
};

const names = [...Object.keys(TARGETS), ...Object.keys(SEARCHES)].join('|');

export const command: Command = {
  name: 'torture',
  summary: { en: 'Fault tests, for as long as you like', zh: '故障测试，时长任意' },
  usage: `${names} [--minutes N] [--seed N] [--kills N] [--objects N] [--seeds A..B]`,
  words: 1,
  options: {
    minutes: { type: 'string', value: 'N', help: { en: 'How long; one when left out', zh: '运行多少分钟，默认 1' } },
    seed: { type: 'string', value: 'N', help: { en: 'Try this seed only', zh: '只运行这个种子' } },
    kills: { type: 'string', value: 'N', help: { en: 'Kills of one try (10)', zh: '每轮强制终止的次数，默认 10' } },
    objects: {
      type: 'string',
      value: 'N',
      help: {
        en: 'Objects of 2 KiB a tortured server holds (100000)',
        zh: '被测服务器保存的 2 KiB 对象数，默认 100000',
      },
    },
    seeds: {
      type: 'string',
      value: 'A..B',
      help: {
        en: 'Seeds of storms; 1..100, for planted bugs 1..5000',
        zh: '风暴的种子，默认 1..100，植入缺陷为 1..5000',
      },
    },
    jobs: {
      type: 'string',
      value: 'N',
      help: { en: 'Storms run at once; as many as CPUs', zh: '同时运行的风暴数，默认为 CPU 数' },
    },
    plan: { type: 'string', value: 'FILE', help: { en: 'Run a shrunk storm again', zh: '重新运行缩减后的风暴' } },
    bug: { type: 'string', value: 'NAME', help: { en: 'This planted bug only', zh: '只查找这个植入的缺陷' } },
  },
  examples: [
    'tenon torture store --minutes 5',
    'tenon torture server --seed 1 --kills 150',
    'tenon torture node --seed 1 --kills 150',
    'tenon torture watch --seed 7',
    'tenon torture storm --seeds 1..1000',
    'tenon torture planted --bug watch-back-in-time',
  ],
  run: async invocation => {
    const { positionals, options, terminal, root, signal } = invocation;
    const target = positionals[0] ?? '';
    if (Object.hasOwn(SEARCHES, target)) return SEARCHES[target]!(invocation);
    const minutes = Number(options.minutes ?? 1);
    const only = options.seed === undefined ? undefined : Number(options.seed);
    const kills = options.kills === undefined ? undefined : Number(options.kills);
    const objects = options.objects === undefined ? undefined : Number(options.objects);
    const whole = [only, kills, objects].every(number => number === undefined || Number.isSafeInteger(number));
    if (!Object.hasOwn(TARGETS, target) || !(minutes > 0) || !whole) {
      terminal.err(`tenon torture ${names} [--minutes N] [--seed N] [--kills N] [--objects N]`);
      return EXIT.usage;
    }
    const say = (line: string): void => terminal.out(line);
    const until = systemClock.monotonic() + minutes * 60_000;
    let passed = 0;
    let failed = 0;
    for (let seed = only ?? 1; !signal.aborted; seed++) {
      const violations = await TARGETS[target]!({ seed, kills, objects, root, signal, say });
      for (const violation of violations) terminal.out(`FAIL ${target}/${seed}: ${violation}`);
      if (violations.length === 0) passed++;
      else {
        failed++;
        terminal.out(`repeat: tenon torture ${target} --seed ${seed}`);
      }
      if (only !== undefined || systemClock.monotonic() >= until) break;
    }
    terminal.out(`${passed} passed, ${failed} failed, 0 skipped`);
    return failed === 0 ? EXIT.yes : EXIT.no;
  },
};
