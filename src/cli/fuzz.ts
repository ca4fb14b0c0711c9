import { systemClock } from '../hosts/node/ports.ts';
import { fuzzDecode } from '../kernel/index.ts';
import { judgeEdits } from '../network/index.ts';
import { rego } from '../policy/index.ts';
import { type Command, EXIT, type Terminal } from './command.ts';
import { opaPath, startOpa } from './fuzz-opa.ts';

/** Bodies tried between two looks at the clock and at Ctrl-C. */
const BATCH = 200;
/** A body that holds the program longer than this is a failure. */
const STALL_MS = 1000;

interface Batch {
  readonly tried: number;
  readonly failure?: { readonly seed: number; readonly text: string };
}

/** Tries bodies of seeds from `seed` on; stops at the first failure. */
type Target = (seed: number, count: number) => Batch | Promise<Batch>;

const TARGETS: ReadonlyMap<string, Target> = new Map([
  [
    'decode',
    (seed, count) => {
      for (let i = 0; i < count; i++) {
        const report = fuzzDecode({ seed: seed + i, bodies: 1, now: () => systemClock.monotonic() });
        const stalled = report.slowest_ms > STALL_MS ? `took ${Math.round(report.slowest_ms)} ms` : undefined;
        const text = report.failure ?? stalled;
        if (text !== undefined) return { tried: i + 1, failure: { seed: seed + i, text } };
      }
      return { tried: count };
    },
  ],
  [
    'rego',
    (seed, count) => {
      for (let i = 0; i < count; i++) {
        const { module, compiled, interpreted } = rego.runTwins(seed + i);
        const text = `compiled gives ${compiled}, interpreted ${interpreted}:\n${module}`;
        if (compiled !== interpreted) return { tried: i + 1, failure: { seed: seed + i, text } };
      }
      return { tried: count };
    },
  ],
  [
    'why',
    (seed, count) => {
      for (let i = 0; i < count; i++) {
        const { failure } = judgeEdits(seed + i);
        if (failure !== undefined) return { tried: i + 1, failure: { seed: seed + i, text: failure } };
      }
      return { tried: count };
    },
  ],
]);

/** Held against the real `opa`, which runs meanwhile. */
const PEER_TARGET = 'rego-opa';

/** Our engine and the real `opa` on the same programs; all that differ are told, not only the first. */
const againstOpa =
  (judge: (seed: number) => Promise<{ module: string; ours: string; theirs: string }>): Target =>
  async (seed, count) => {
    for (let i = 0; i < count; i++) {
      const { module, ours, theirs } = await judge(seed + i);
      const text = `tenon gives ${ours}, opa ${theirs}:\n${module}`;
      if (ours !== theirs) return { tried: i + 1, failure: { seed: seed + i, text } };
    }
    return { tried: count };
  };

const names = [...TARGETS.keys(), PEER_TARGET].join('|');

export const command: Command = {
  name: 'fuzz',
  summary: { en: 'Generated bad input, for as long as you like', zh: '随机生成的错误输入，时长任意' },
  usage: `${names} [--seconds N] [--seed N]`,
  words: 1,
  options: {
    seconds: { type: 'string', value: 'N', help: { en: 'How long; 10 when left out', zh: '运行多少秒，默认 10' } },
    seed: { type: 'string', value: 'N', help: { en: 'Try this seed only', zh: '只运行这个种子' } },
  },
  examples: [
    'tenon fuzz decode --seconds 60',
    'tenon fuzz rego --seconds 60',
    'tenon fuzz why --seconds 60',
    'tenon fuzz decode --seed 770',
  ],
  run: async ({ positionals, options, terminal, signal, environment }) => {
    const name = positionals[0] ?? '';
    const seconds = Number(options.seconds ?? 10);
    const only = options.seed === undefined ? undefined : Number(options.seed);
    const known = TARGETS.has(name) || name === PEER_TARGET;
    if (!known || !(seconds > 0) || (only !== undefined && !Number.isSafeInteger(only))) {
      terminal.err(`tenon fuzz ${names} [--seconds N] [--seed N]`);
      return EXIT.usage;
    }
    const run: Run = { name, seconds, ...(only === undefined ? {} : { only }), terminal, signal };
    if (name !== PEER_TARGET) return tries(run, TARGETS.get(name)!);
    const path = opaPath(environment);
    if (path === undefined) {
      terminal.err(NO_OPA[terminal.language]);
      return EXIT.usage;
    }
    await using peer = await startOpa(path, signal);
    return await tries(run, againstOpa(peer.judge));
  },
};

const NO_OPA = {
  en: 'The real opa is not there: run bench/peers.sh opa, or set TENON_OPA to its path',
  zh: '找不到真正的 opa：请运行 bench/peers.sh opa，或将 TENON_OPA 设为其路径',
};

interface Run {
  readonly name: string;
  readonly seconds: number;
  readonly only?: number;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

async function tries({ name, seconds, only, terminal, signal }: Run, target: Target): Promise<number> {
  const until = systemClock.monotonic() + seconds * 1000;
  let [passed, failed] = [0, 0];
  for (let seed = only ?? 1, count = BATCH; ; ) {
    const { tried, failure } = await target(seed, only === undefined ? count : 1);
    passed += failure ? tried - 1 : tried;
    if (failure) {
      failed++;
      terminal.out(`FAIL ${name}/${failure.seed}: ${failure.text}`);
      terminal.out(`repeat: tenon fuzz ${name} --seed ${failure.seed}`);
    }
    seed += tried;
    count = failure && tried < count ? count - tried : BATCH;
    const stops = failure !== undefined && name !== PEER_TARGET;
    if (only !== undefined || stops || signal.aborted || systemClock.monotonic() >= until) break;
    await new Promise(resolve => setImmediate(resolve));
  }
  terminal.out(`${passed} passed, ${failed} failed, 0 skipped`);
  return failed > 0 ? EXIT.no : EXIT.yes;
}
