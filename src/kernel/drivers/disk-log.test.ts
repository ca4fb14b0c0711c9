import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/index.ts';
import type { LogRecord } from '../store/log.ts';
import { DiskLog } from './disk-log.ts';
import { VirtualDisk } from './virtual-disk.ts';

const BATCHES = 60;

async function revisionsOf(log: DiskLog): Promise<number[]> {
  const { records } = await log.read();
  const found: number[] = [];
  for await (const batch of records) found.push(...batch.map(({ revision }) => revision));
  return found;
}

test('batches and compactions that come at once are all kept while the file is rewritten', async () => {
  const disk = new VirtualDisk(seededRandom(1));
  const log = new DiskLog(disk);
  await log.read();
  const record = (revision: number): LogRecord => ({
    revision,
    collection: 'configmaps',
    path: 'default/one',
    value: 'x'.repeat(2_000),
  });
  const kept: Promise<void>[] = [];
  for (let revision = 1; revision <= BATCHES; revision++) {
    kept.push(log.append([record(revision)], []));
    if (revision > 1)
      kept.push(log.append([], [{ collection: 'configmaps', floor: revision, revisions: [revision - 1] }]));
  }
  await Promise.all(kept);
  assert.deepEqual(await revisionsOf(new DiskLog(disk)), [BATCHES]);
  assert.deepEqual(await revisionsOf(new DiskLog(disk.crash())), [BATCHES]);
});
