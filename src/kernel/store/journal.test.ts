import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Journal } from './journal.ts';
import type { Log } from './log.ts';

/** A log that takes its time and says how many appends were under way at once. */
function slowLog(): Log & { most: number; floors: string[]; paths: string[] } {
  let now = 0;
  const log = {
    most: 0,
    floors: [] as string[],
    paths: [] as string[],
    read: async () => ({ floors: new Map<string, number>(), records: (async function* () {})() }),
    append: async (records: Parameters<Log['append']>[0], discards: Parameters<Log['append']>[1]) => {
      log.most = Math.max(log.most, ++now);
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      log.paths.push(...records.map(({ path }) => path));
      log.floors.push(...discards.map(({ collection }) => collection));
      now--;
    },
    close: async () => undefined,
  };
  return log;
}

const object = (revision: number, name: string) => {
  const value = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, resourceVersion: String(revision) } };
  return { json: JSON.stringify(value), object: value };
};

test('forgetting many collections at once, and writing meanwhile, is one append after another', async () => {
  const log = slowLog();
  const journal = await Journal.open(log, cause => cause as Error);
  const names = ['a', 'b', 'c', 'd'];
  for (let round = 0; round < 2; round++)
    await Promise.all(
      names.map(name => journal.write(name, 'one', revision => object(revision, `${name}${round}`)).durable),
    );
  const forgotten = names.map(name => journal.forget(name));
  for (let turn = 0; turn < 3; turn++) await Promise.resolve();
  const late = journal.write('a', 'two', revision => object(revision, 'late')).durable;
  await Promise.all([...forgotten, late]);
  await journal.write('a', 'three', revision => object(revision, 'last')).durable;
  assert.equal(log.most, 1);
  assert.deepEqual([...new Set(log.floors)].sort(), names);
  assert.ok(log.paths.includes('two') && log.paths.includes('three'));
});

/** Sizes of the batches when of sixteen writers fifteen take a turn of the event loop to write again. */
async function batchesOf(turn: (() => Promise<void>) | undefined): Promise<number[]> {
  const log = slowLog();
  const sizes: number[] = [];
  const counted: Log = {
    ...log,
    append: (records, discards) => {
      sizes.push(records.length);
      return log.append(records, discards);
    },
  };
  const journal = await Journal.open(counted, cause => cause as Error, undefined, turn);
  const write = (name: string) => journal.write('a', name, revision => object(revision, name)).durable;
  await Promise.all(
    Array.from({ length: 16 }, async (_, at) => {
      const first = write(`w${at}`);
      // One write is already waiting when the first batch is on the disk.
      if (at === 0) await Promise.resolve().then(() => Promise.all([first, write('early')]));
      else {
        await first;
        await new Promise(resolve => setImmediate(resolve));
        await write(`again${at}`);
      }
    }),
  );
  return sizes;
}

test('after a batch of many writers the next waits a moment for those who were answered', async () => {
  const turn = (): Promise<void> => new Promise(resolve => void setImmediate(resolve));
  assert.equal((await batchesOf(undefined)).length, 17);
  assert.deepEqual(await batchesOf(turn), [16, 16]);
});
