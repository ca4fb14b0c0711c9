import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { FaultError, seededRandom } from '../../base/index.ts';
import { systemClock, systemRandom } from '../../hosts/node/ports.ts';
import { openKernel } from '../kernel.ts';
import type { KubeObject } from '../object.ts';
import { CONFIG_MAPS, configMap } from '../testkernel.ts';
import { sqliteLog, STORE_FILE } from './sqlite-log.ts';
import { checkVictim, readVictim, runVictim, tortureStore } from './store-torture.ts';

const KILLS = Number(process.env.TENON_KILLS ?? 4);
const machine = { clock: systemClock, random: systemRandom() };

function folderOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'kernel-store-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const has = (program: string, ...args: string[]): boolean => spawnSync(program, args, { stdio: 'ignore' }).status === 0;
const canTrace = has('strace', '-V') && has('strace', '-o', '/dev/null', 'true');

test('what was written is there after closing and opening, watches resume across it', async context => {
  const folder = folderOf(context);
  const first = await openKernel({ log: sqliteLog(folder), ...machine });
  await first.client().create<KubeObject>(CONFIG_MAPS, configMap('a', { text: '榫 and "quotes"' }));
  const from = first.journal.store.revision;
  await first.client().create<KubeObject>(CONFIG_MAPS, configMap('b', { n: '1' }));
  await first.client().delete(CONFIG_MAPS, { namespace: 'default', name: 'a' });
  const last = first.journal.store.revision;
  await first[Symbol.asyncDispose]();
  await using second = await openKernel({ log: sqliteLog(folder), ...machine });
  assert.equal(second.journal.store.revision, last);
  const told: string[] = [];
  const watch = await second.registry.watch(
    { user: { name: 'u', groups: [] }, warnings: [] },
    CONFIG_MAPS,
    { resourceVersion: String(from) },
    events => {
      for (const event of events)
        told.push(
          event.type === 'ADDED' || event.type === 'DELETED'
            ? `${event.type} ${event.stored.key.name} ${event.stored.object.data ? 'data' : ''}`
            : event.type,
        );
    },
    () => undefined,
  );
  watch.close();
  assert.deepEqual(told, ['ADDED b data', 'DELETED a data']);
});

test('one folder belongs to one process, and other files are refused', async context => {
  const folder = folderOf(context);
  const kernel = await openKernel({ log: sqliteLog(folder), ...machine });
  const other = sqliteLog(folder);
  await assert.rejects(
    other.read(),
    (error: unknown) => error instanceof FaultError && error.fault.code === 'kernel/store-in-use',
  );
  await other.close();
  await kernel[Symbol.asyncDispose]();
  const database = new DatabaseSync(join(folder, STORE_FILE));
  database.exec('PRAGMA user_version = 99');
  database.close();
  const newer = sqliteLog(folder);
  await assert.rejects(
    newer.read(),
    (error: unknown) => error instanceof FaultError && error.fault.code === 'kernel/store-newer',
  );
  await newer.close();
  const strange = folderOf(context);
  const foreign = new DatabaseSync(join(strange, STORE_FILE));
  foreign.exec('CREATE TABLE mine (a)');
  foreign.close();
  const refused = sqliteLog(strange);
  await assert.rejects(
    refused.read(),
    (error: unknown) => error instanceof FaultError && error.fault.code === 'kernel/store-foreign',
  );
  await refused.close();
});

test('a backup taken under load is a store of its own', async context => {
  const folder = folderOf(context);
  const target = folderOf(context);
  const log = sqliteLog(folder);
  const kernel = await openKernel({ log, ...machine });
  const client = kernel.client();
  const write = (index: number) =>
    client.create<KubeObject>(CONFIG_MAPS, configMap(`c${index}`, { filler: 'x'.repeat(2_000) }));
  await Promise.all(Array.from({ length: 300 }, (_, index) => write(index)));
  const before = kernel.journal.store.revision;
  const copying = log.backup(join(target, STORE_FILE));
  const meanwhile = Promise.all(Array.from({ length: 100 }, (_, index) => write(1_000 + index)));
  await copying;
  await meanwhile;
  await kernel[Symbol.asyncDispose]();
  const copy = await openKernel({ log: sqliteLog(target), ...machine });
  assert.ok(copy.journal.store.revision >= before);
  const found = await copy.client().list(CONFIG_MAPS);
  assert.ok(found.items.length >= 300);
  await copy[Symbol.asyncDispose]();
});

test('leases that are renewed for ever do not grow the file', async context => {
  const folder = folderOf(context);
  const limits = { default: { events_max: 50, bytes_max: 1_000_000 } };
  const kernel = await openKernel({ log: sqliteLog(folder), ...machine, limits });
  const client = kernel.client();
  const leases = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' };
  const lease = (n: number): KubeObject => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'n', namespace: 'default', annotations: { filler: 'x'.repeat(4_000) } },
    spec: { leaseTransitions: n },
  });
  let held = await client.create(leases, lease(0));
  for (let n = 1; n <= 1_000; n++) {
    const { resourceVersion } = held.metadata;
    const next = lease(n);
    held = await client.update(leases, { ...next, metadata: { ...next.metadata, resourceVersion: resourceVersion! } });
  }
  await kernel[Symbol.asyncDispose]();
  // A thousand renewals are 4 MB; fifty are kept.
  assert.ok(statSync(join(folder, STORE_FILE)).size < 1_000_000);
  const database = new DatabaseSync(join(folder, STORE_FILE), { readOnly: true });
  const { rows } = database.prepare("SELECT count(*) AS rows FROM log WHERE collection LIKE '%leases'").get() as {
    rows: number;
  };
  database.close();
  assert.ok(rows >= 50 && rows < 60, `${rows} rows`);
});

test(`kill -9 at ${KILLS} random moments loses nothing acknowledged`, async context => {
  const result = await tortureStore({ folder: folderOf(context), kills: KILLS, ...machine, random: seededRandom(7) });
  assert.deepEqual(result.violations, []);
  assert.equal(result.kills, KILLS);
  assert.ok(result.acknowledged > KILLS * 20, `${result.acknowledged} acknowledged`);
  context.diagnostic(
    `${result.acknowledged} acknowledged writes, restart at most ${Math.round(result.restart_ms_max)} ms`,
  );
});

/**
 * Walks a trace and checks every acknowledgement: between a write's `try` and its `ack` the disk must have taken bytes and
 * then synced them. A call that was interrupted counts where it resumes.
 */
function checkTrace(path: string): number {
  const stage = new Map<string, 'tried' | 'written' | 'synced'>();
  const move = (from: string, to: 'written' | 'synced'): void => {
    for (const [write, at] of stage) if (at === from) stage.set(write, to);
  };
  let acknowledged = 0;
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const said = /write\(1, "(try|ack) (\S+ \d+)/.exec(line);
    if (said?.[1] === 'try') stage.set(said[2]!, 'tried');
    else if (said) {
      assert.equal(stage.get(said[2]!), 'synced', `${said[2]} was acknowledged before its fdatasync`);
      acknowledged++;
    } else if (/unfinished/.test(line)) continue;
    else if (/(?:fdatasync|fsync)(?:\(\d+\)| resumed>.*\)).*= 0$/.test(line)) move('written', 'synced');
    else if (/pwrite64(?:\(\d+,| resumed>)/.test(line)) move('tried', 'written');
  }
  return acknowledged;
}

for (const writers of [1, 3]) {
  test(`no acknowledgement leaves before the fdatasync of its batch, ${writers} writers`, {
    skip: canTrace ? false : 'strace is not here or may not trace: apt-get install strace',
  }, async context => {
    const folder = folderOf(context);
    const trace = join(folder, 'trace');
    const { lines } = await runVictim(folder, {
      writers,
      writes: 20,
      under: ['strace', '-f', '-s', '64', '-o', trace, '-e', 'trace=fdatasync,fsync,pwrite64,write'],
    });
    assert.equal(lines.at(-1), 'closed');
    assert.equal(checkTrace(trace), writers * 20);
  });
}

for (const error of ['EIO', 'ENOSPC'] as const) {
  test(`${error} at the disk's calls: nothing acknowledged is lost`, {
    skip: canTrace ? false : 'strace is not here or may not trace: apt-get install strace',
  }, async context => {
    let refused = 0;
    for (const [call, when] of [
      ['pwrite64', 30],
      ['pwrite64', 61],
      ['fdatasync', 6],
      ['fdatasync', 9],
    ] as const) {
      if (error === 'ENOSPC' && call === 'fdatasync') continue;
      const folder = folderOf(context);
      const { lines } = await runVictim(folder, {
        writers: 4,
        writes: 25,
        under: [
          'strace',
          '-f',
          '-o',
          '/dev/null',
          '-e',
          'trace=pwrite64,fdatasync',
          '-e',
          `inject=${call}:error=${error}:when=${when}`,
        ],
      });
      const known = new Map<string, { acknowledged: number; tried: number }>();
      const { highest } = readVictim(lines, known);
      refused += lines.filter(line => line.startsWith('no ')).length;
      const { violations } = await checkVictim({ folder, ...machine }, known, highest);
      assert.deepEqual(violations, [], `${call} ${when}`);
      const failure = lines.findIndex(line => /^no \S+ \d+ 500/.test(line));
      if (failure >= 0)
        assert.ok(
          !lines.slice(failure).some(line => line.startsWith('ack')),
          `${call} ${when}: acknowledged after the log failed`,
        );
    }
    assert.ok(refused > 0, 'some writes met the planted error');
  });
}

const MOUNT = process.getuid?.() === 0 && has('mount', '--version');

test('a full disk refuses writes with a reason and takes them again when there is room', {
  skip: MOUNT ? false : 'needs root to mount a small file system',
}, async context => {
  const folder = folderOf(context);
  if (!has('mount', '-t', 'tmpfs', '-o', 'size=3m', 'kernel-store', folder))
    return context.skip('mount is not allowed here');
  try {
    await fillDisk(folder);
  } finally {
    spawnSync('umount', ['-l', folder]);
  }
  return undefined;
});

async function fillDisk(folder: string): Promise<void> {
  const kernel = await openKernel({ log: sqliteLog(folder), ...machine });
  const client = kernel.client();
  const kept: string[] = [];
  let refusal: unknown;
  for (let index = 0; index < 2_000 && !refusal; index++) {
    const name = `big${index}`;
    await client.create<KubeObject>(CONFIG_MAPS, configMap(name, { filler: 'x'.repeat(20_000) })).then(
      () => kept.push(name),
      (error: unknown) => (refusal = error),
    );
  }
  assert.match(String(refusal), /Cannot write|Cannot make writes durable/);
  assert.ok(kept.length > 10);
  await kernel[Symbol.asyncDispose]();
  has('mount', '-o', 'remount,size=40m', folder);
  const again = await openKernel({ log: sqliteLog(folder), ...machine });
  const names = new Set((await again.client().list(CONFIG_MAPS)).items.map(({ metadata }) => metadata.name));
  for (const name of kept) assert.ok(names.has(name), `${name} was acknowledged`);
  await again.client().create<KubeObject>(CONFIG_MAPS, configMap('room'));
  await again[Symbol.asyncDispose]();
}
