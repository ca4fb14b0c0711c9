import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, VirtualClock } from '../../base/index.ts';
import { kernelFaults } from '../faults.ts';
import { type Kernel, openKernel } from '../kernel.ts';
import type { KubeObject } from '../object.ts';
import { StatusError } from '../status.ts';
import { CONFIG_MAPS, configMap } from '../testkernel.ts';
import { DiskLog } from './disk-log.ts';
import { type DiskFault, VirtualDisk } from './virtual-disk.ts';

const LIMITS = { default: { events_max: 8, bytes_max: 100_000 } };
const WRITES = 60;
const NAMES = 6;

/** What writers know for sure: each name's last acknowledged content, and one that was not answered. */
interface Known {
  readonly acknowledged: Map<string, { n: string | null; revision: number }>;
  readonly open: Map<string, Set<string | null>>;
}

const open = async (disk: VirtualDisk, seed: number): Promise<Kernel> =>
  openKernel({ log: new DiskLog(disk), clock: new VirtualClock(), random: seededRandom(seed), limits: LIMITS });

/** Writes, two at a time, until done or the log fails; returns whether it failed. */
async function load(kernel: Kernel, seed: number, known: Known): Promise<boolean> {
  const client = kernel.client();
  const random = seededRandom(seed);
  let failed = false;
  const one = async (index: number, name: string): Promise<void> => {
    const n = random.next() < 0.2 ? null : String(index);
    const waiting = known.open.get(name) ?? new Set();
    known.open.set(name, waiting.add(n));
    try {
      let stored: KubeObject | undefined;
      const exists = known.acknowledged.get(name)?.n != null;
      if (n === null && !exists) return void waiting.delete(n);
      if (n === null) await client.delete(CONFIG_MAPS, { namespace: 'default', name });
      else if (exists)
        stored = await client.update<KubeObject>(CONFIG_MAPS, configMap(name, { n, filler: 'x'.repeat(200) }));
      else stored = await client.create<KubeObject>(CONFIG_MAPS, configMap(name, { n, filler: 'x'.repeat(200) }));
      assert.ok(!failed, 'nothing is acknowledged after the log failed');
      known.acknowledged.set(name, {
        n,
        revision: Number(stored?.metadata.resourceVersion ?? kernel.journal.store.revision),
      });
      waiting.clear();
    } catch (error) {
      if (error instanceof StatusError && error.code === 507) return void waiting.delete(n);
      if (!(error instanceof StatusError) || error.code !== 500) throw error;
      failed = true;
    }
  };
  for (let index = 0; index < WRITES && !failed; index += 2) {
    const first = Math.floor(random.next() * NAMES);
    await Promise.all([one(index, `n${first}`), one(index + 1, `n${(first + 1) % NAMES}`)]);
  }
  if (failed)
    await assert.rejects(
      client.create(CONFIG_MAPS, configMap('late')),
      (error: unknown) => error instanceof StatusError && error.code === 500,
    );
  return failed;
}

async function checkKept(disk: VirtualDisk, seed: number, known: Known, context: string): Promise<void> {
  const kernel = await open(disk, seed);
  const highest = Math.max(0, ...[...known.acknowledged.values()].map(({ revision }) => revision));
  assert.ok(
    kernel.journal.store.revision >= highest,
    `${context}: the revision went back from ${highest} to ${kernel.journal.store.revision}`,
  );
  for (let index = 0; index < NAMES; index++) {
    const name = `n${index}`;
    const found = kernel.journal.store.collection('configmaps').get(`default/${name}`)?.object as
      | { data?: { n: string } }
      | undefined;
    const allowed = new Set<string | null>(known.open.get(name)).add(known.acknowledged.get(name)?.n ?? null);
    assert.ok(
      allowed.has(found?.data?.n ?? null),
      `${context}: ${name} is ${found?.data?.n}, acknowledged ${[...allowed].join('|')}`,
    );
  }
  // It goes on working.
  await kernel.client().create<KubeObject>(CONFIG_MAPS, configMap('after'));
  await kernel[Symbol.asyncDispose]();
}

/** Operations of a load without faults. */
async function countOperations(seed: number): Promise<number> {
  const disk = new VirtualDisk(seededRandom(seed));
  const kernel = await open(disk, seed);
  await load(kernel, seed, { acknowledged: new Map(), open: new Map() });
  return disk.operations;
}

/** One load with a fault at one operation, then a power cut, then a look at what is left. */
async function tryFault(seed: number, fault: DiskFault): Promise<boolean> {
  const disk = new VirtualDisk(seededRandom(seed * 1_000 + fault.operation));
  disk.plant(fault);
  const known: Known = { acknowledged: new Map(), open: new Map() };
  let failed = true;
  try {
    const kernel = await open(disk, seed);
    failed = await load(kernel, seed, known);
  } catch (error) {
    // The fault hit while the store was opened: nothing was acknowledged yet.
    assert.equal(known.acknowledged.size, 0, String(error));
  }
  const left = disk.crash();
  await checkKept(left, seed, known, `seed ${seed}, ${fault.kind} at operation ${fault.operation}`);
  return failed;
}

for (const kind of ['crash', 'EIO', 'ENOSPC'] as const) {
  test(`${kind} at every operation of the log loses nothing acknowledged`, async () => {
    let tried = 0;
    let failures = 0;
    for (const seed of [1, 2]) {
      const operations = await countOperations(seed);
      assert.ok(operations > 80, `${operations} operations`);
      for (let operation = 1; operation <= operations; operation++) {
        if (await tryFault(seed, { operation, kind })) failures++;
        tried++;
      }
    }
    assert.ok(tried > 160 && failures > 0, `${tried} tried, ${failures} failed`);
  });
}

test('a flipped bit is never served', async () => {
  let shorter = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const disk = new VirtualDisk(seededRandom(seed));
    const known: Known = { acknowledged: new Map(), open: new Map() };
    const kernel = await open(disk, seed);
    await load(kernel, seed, known);
    const before = kernel.journal.store.revision;
    disk.flip('log');
    const after = await open(disk, seed);
    for (const version of after.journal.store.list('configmaps', { prefix: '' }, after.journal.store.revision, '', 100)
      .items) {
      assert.equal((version.object as KubeObject & { data: { filler: string } }).data.filler, 'x'.repeat(200));
    }
    if (after.journal.store.revision < before) shorter++;
  }
  assert.ok(shorter > 0, 'some flips hit the middle of the log');
});

test('a failed log says so in words', () => {
  const fault = kernelFaults.make('log-failed', { cause: 'EIO' });
  assert.equal(fault.code, 'kernel/log-failed');
});
