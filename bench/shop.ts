import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bench, median, spread } from './runner.ts';
import { cpuSeconds, kubectl, startTenon } from './tenon.ts';

/** Pods the example's manifests ask for: below this number the wait could be over before all of them are made. */
function podsWanted(folder: string): number {
  const text = readdirSync(folder)
    .map(name => readFileSync(join(folder, name), 'utf8'))
    .join('\n---\n');
  return text.split(/^---$/m).reduce((sum, document) => {
    if (!/^kind: (Deployment|StatefulSet)$/m.test(document)) return sum;
    return sum + Number(/^ {2}replicas: (\d+)/m.exec(document)?.[1] ?? 1);
  }, 0);
}

/** `tenon up examples/shop` from a new state folder to every pod Ready; sources and program are warm. */
export const bench: Bench = {
  name: 'shop',
  what: 'up examples/shop to every pod Ready, warm, as an empty and as a kept state folder',
  async *run({ root, quick, scratch }) {
    if (process.getuid?.() !== 0) return;
    const wanted = podsWanted(join(root, 'examples/shop/deploy'));
    if (wanted < 9) throw new Error(`the shop asks for only ${wanted} pods`);
    const runs = quick ? 3 : 7;
    const times = { fresh: [] as number[], kept: [] as number[] };
    const cpu = { fresh: [] as number[], kept: [] as number[] };
    const measure = async (kind: 'fresh' | 'kept', state: string, counted: boolean): Promise<void> => {
      const started = performance.now();
      await using tenon = await startTenon(root, state, ['examples/shop', '--offline']);
      for (;;) {
        const { pods } = (await tenon.status()) as { pods: { total: number; ready: number } };
        if (pods.ready >= wanted && pods.ready === pods.total) break;
        if (performance.now() - started > 60_000) throw new Error(`only ${pods.ready} of ${wanted} pods are ready`);
        await new Promise(resolve => setTimeout(resolve, 20));
      }
      if (counted) {
        times[kind].push(performance.now() - started);
        cpu[kind].push(cpuSeconds(tenon.pid));
      }
      const ready = await kubectl(tenon, ['get', 'pods', '-n', 'shop', '--no-headers']);
      if (ready.trim().split('\n').length !== wanted) throw new Error(`pods are not what status said:\n${ready}`);
    };
    for (let i = -1; i < runs; i++) {
      const state = join(scratch, `shop-${i}`);
      await measure('fresh', state, i >= 0);
      await measure('kept', state, i >= 0);
    }
    for (const kind of ['fresh', 'kept'] as const)
      yield {
        name: `shop.all-ready-${kind}`,
        unit: 'ms',
        ours: median(times[kind]),
        better: 'lower',
        n: times[kind].length,
        spread: spread(times[kind]),
        cpu_s: median(cpu[kind]),
        target: { kind: 'absolute', bound: 5000 },
      };
  },
};
