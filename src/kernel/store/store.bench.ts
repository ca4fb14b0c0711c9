import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, systemRandom } from '../../hosts/node/ports.ts';
import { memoryLog } from '../drivers/memory-log.ts';
import { sqliteLog } from '../drivers/sqlite-log.ts';
import { type Kernel, openKernel } from '../kernel.ts';
import type { KubeObject, ResourceRef } from '../object.ts';

/**
 * The kernel's own share of each request: `node26 src/kernel/store/store.bench.ts [OBJECTS]`. Objects are 2 KiB; requests
 * come 64 at a time. Prints one line a measure.
 */
const REF: ResourceRef = { group: '', version: 'v1', resource: 'configmaps' };
const AT_ONCE = 64;
const filler = 'x'.repeat(1_650);
const machine = { clock: systemClock, random: systemRandom() };

const object = (index: number, n = 0): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: `object-${index}`, namespace: 'default', labels: { app: `app-${index % 50}` } },
  data: { n: String(n), filler },
});
const key = (index: number) => ({ namespace: 'default', name: `object-${index}` });

async function many(count: number, one: (index: number) => Promise<unknown>): Promise<number> {
  const start = performance.now();
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await one(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return performance.now() - start;
}

const line = (name: string, count: number, ms: number): void =>
  console.log(
    `${name.padEnd(34)} ${((ms * 1_000) / count).toFixed(1).padStart(8)} µs each ${Math.round((count * 1_000) / ms)
      .toString()
      .padStart(8)}/s`,
  );

async function verbs(name: string, kernel: Kernel, count: number): Promise<void> {
  const client = kernel.client();
  line(`${name} create`, count, await many(count, index => client.create(REF, object(index))));
  line(`${name} get`, count, await many(count, index => client.get(REF, key(index))));
  line(`${name} update`, count, await many(count, index => client.update(REF, object(index, 1))));
  line(
    `${name} merge patch`,
    count,
    await many(count, index => client.patch(REF, key(index), { type: 'merge', patch: { data: { n: '2' } } })),
  );
  const apply = (index: number) =>
    client.apply(REF, key(index), { ...object(index, 3) }, { fieldManager: 'bench', force: true });
  line(`${name} apply`, count, await many(count, apply));
  const start = performance.now();
  for (let round = 0; round < 20; round++) await client.list(REF, { limit: 5_000 });
  line(`${name} list of ${Math.min(count, 5_000)}`, 20, performance.now() - start);
}

async function watchers(kernel: Kernel, count: number, writes: number): Promise<void> {
  let delivered = 0;
  const context = { user: { name: 'bench', groups: [] }, warnings: [] };
  const options = { resourceVersion: String(kernel.journal.store.revision) };
  const deliver = (events: readonly unknown[]): void => void (delivered += events.length);
  const open = await Promise.all(
    Array.from({ length: count }, () => kernel.registry.watch(context, REF, options, deliver, () => undefined)),
  );
  const ms = await many(writes, index => kernel.client().update(REF, object(index, 9)));
  line(`${count} watchers, deliveries`, delivered, ms);
  for (const watch of open) watch.close();
}

/** Opens a folder in a fresh process, where nothing else is on the heap. */
async function start(folder: string): Promise<void> {
  const began = performance.now();
  await using kernel = await openKernel({ log: sqliteLog(folder), ...machine });
  const ms = Math.round(performance.now() - began);
  const { live } = kernel.journal.store.collection('configmaps');
  console.log(`start with ${live} objects: ${ms} ms, RSS ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB`);
}

async function run(count: number): Promise<void> {
  {
    await using kernel = await openKernel({ log: memoryLog(), ...machine });
    await verbs('memory', kernel, 5_000);
    await watchers(kernel, 50, 5_000);
  }
  const folder = mkdtempSync(join(tmpdir(), 'kernel-bench-'));
  try {
    {
      await using kernel = await openKernel({ log: sqliteLog(folder), ...machine });
      await verbs('sqlite', kernel, 5_000);
      const ms = await many(count - 5_000, index => kernel.client().create(REF, object(index + 5_000)));
      line(`sqlite create up to ${count}`, count - 5_000, ms);
    }
    execFileSync(process.execPath, [import.meta.filename, 'start', folder], { stdio: 'inherit' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [first = '100000', folder = ''] = process.argv.slice(2);
await (first === 'start' ? start(folder) : run(Number(first)));
