import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '../base/index.ts';
import { systemClock } from '../hosts/node/ports.ts';
import { tortureStore } from '../kernel/drivers/store-torture.ts';
import { tortureWatch } from '../kernel/registry/watch-torture.ts';
import { type Command, EXIT } from './command.ts';

/** One try with one seed: what was broken, in sentences; empty when all is well. */
type Torture = (seed: number, signal: AbortSignal) => Promise<readonly string[]>;

/** Kills of one writing process on one folder. */
const KILLS = 10;

const TARGETS: Readonly<Record<string, Torture>> = {
  store: async (seed, signal) => {
    const folder = mkdtempSync(join(tmpdir(), 'tenon-torture-'));
    try {
      const { violations } = await tortureStore({
        folder,
        kills: KILLS,
        clock: systemClock,
        random: seededRandom(seed),
        signal,
      });
      return violations;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  watch: async seed => (await tortureWatch({ seed })).violations,
};

const names = Object.keys(TARGETS).join('|');

export const command: Command = {
  name: 'torture',
  summary: { en: 'Fault tests, for as long as you like', zh: '故障测试，时长任意' },
  usage: `${names} [--minutes N] [--seed N]`,
  words: 1,
  options: {
    minutes: { type: 'string', value: 'N', help: { en: 'How long; one when left out', zh: '运行多少分钟，默认 1' } },
    seed: { type: 'string', value: 'N', help: { en: 'Try this seed only', zh: '只运行这个种子' } },
  },
  examples: ['tenon torture store --minutes 5', 'tenon torture watch --seed 7'],
  run: async ({ positionals, options, terminal, signal }) => {
    const target = positionals[0] ?? '';
    const minutes = Number(options.minutes ?? 1);
    const only = options.seed === undefined ? undefined : Number(options.seed);
    if (!Object.hasOwn(TARGETS, target) || !(minutes > 0) || (only !== undefined && !Number.isSafeInteger(only))) {
      terminal.err(`tenon torture ${names} [--minutes N] [--seed N]`);
      return EXIT.usage;
    }
    const until = systemClock.monotonic() + minutes * 60_000;
    let passed = 0;
    let failed = 0;
    for (let seed = only ?? 1; !signal.aborted; seed++) {
      const violations = await TARGETS[target]!(seed, signal);
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
