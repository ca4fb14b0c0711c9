import { join } from 'node:path';
import { type Bench, median, spread } from './runner.ts';
import { kubectl, residentMiB, startTenon } from './tenon.ts';

const IDLE_MS = 3_000;

/** From nothing to the first answer kubectl gets, and what the platform holds when idle. */
export const bench: Bench = {
  name: 'up',
  what: 'start of an empty platform to the first kubectl answer; idle memory',
  async *run({ root, quick, scratch }) {
    const runs = quick ? 3 : 7;
    const answered: number[] = [];
    const resident: number[] = [];
    // The first start may build the bundle and fill the compile cache; it is not counted.
    await (await startTenon(root, join(scratch, 'warm')))[Symbol.asyncDispose]();
    for (let i = 0; i < runs; i++) {
      const started = performance.now();
      await using tenon = await startTenon(root, join(scratch, `state-${i}`));
      const namespaces = await kubectl(tenon, ['get', 'ns', '-o', 'name']);
      answered.push(performance.now() - started);
      if (!namespaces.includes('namespace/default')) throw new Error(`kubectl get ns said: ${namespaces}`);
      await new Promise(resolve => setTimeout(resolve, IDLE_MS));
      resident.push(residentMiB(tenon.pid));
    }
    const n = answered.length;
    yield {
      name: 'up.first-kubectl',
      unit: 'ms',
      ours: median(answered),
      better: 'lower',
      n,
      spread: spread(answered),
      target: { kind: 'absolute', bound: 1000 },
    };
    yield {
      name: 'up.idle-rss',
      unit: 'MiB',
      ours: median(resident),
      better: 'lower',
      n,
      spread: spread(resident),
      target: { kind: 'absolute', bound: 160 },
    };
  },
};
