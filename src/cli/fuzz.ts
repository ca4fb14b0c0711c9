import { systemClock } from '../hosts/node/ports.ts';
import { fuzzDecode } from '../kernel/index.ts';
import { rego } from '../policy/index.ts';
import { type Command, EXIT } from './command.ts';

/** Bodies tried between two looks at the clock and at Ctrl-C. */
const BATCH = 200;
/** A body that holds the program longer than this is a failure. */
const STALL_MS = 1000;

interface Batch {
  readonly tried: number;
  readonly failure?: { readonly seed: number; readonly text: string };
}

/** Tries bodies of seeds from `seed` on; stops at the first failure. */
type Target = (seed: number, count: number) => Batch;

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
]);

const names = [...TARGETS.keys()].join('|');

export const command: Command = {
  name: 'fuzz',
  summary: { en: 'Generated bad input, for as long as you like', zh: '随机生成的错误输入，时长任意' },
  usage: `${names} [--seconds N] [--seed N]`,
  words: 1,
  options: {
    seconds: { type: 'string', value: 'N', help: { en: 'How long; 10 when left out', zh: '运行多少秒，默认 10' } },
    seed: { type: 'string', value: 'N', help: { en: 'Try this seed only', zh: '只运行这个种子' } },
  },
  examples: ['tenon fuzz decode --seconds 60', 'tenon fuzz rego --seconds 60', 'tenon fuzz decode --seed 770'],
  run: async ({ positionals, options, terminal, signal }) => {
    const name = positionals[0] ?? '';
    const target = TARGETS.get(name);
    const seconds = Number(options.seconds ?? 10);
    const only = options.seed === undefined ? undefined : Number(options.seed);
    if (target === undefined || !(seconds > 0) || (only !== undefined && !Number.isSafeInteger(only))) {
      terminal.err(`tenon fuzz ${names} [--seconds N] [--seed N]`);
      return EXIT.usage;
    }
    const until = systemClock.monotonic() + seconds * 1000;
    let passed = 0;
    for (let seed = only ?? 1; ; seed += BATCH) {
      const { tried, failure } = target(seed, only === undefined ? BATCH : 1);
      passed += failure ? tried - 1 : tried;
      if (failure) {
        terminal.out(`FAIL ${name}/${failure.seed}: ${failure.text}`);
        terminal.out(`repeat: tenon fuzz ${name} --seed ${failure.seed}`);
        terminal.out(`${passed} passed, 1 failed, 0 skipped`);
        return EXIT.no;
      }
      if (only !== undefined || signal.aborted || systemClock.monotonic() >= until) break;
      await new Promise(resolve => setImmediate(resolve));
    }
    terminal.out(`${passed} passed, 0 failed, 0 skipped`);
    return EXIT.yes;
  },
};
