import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, VirtualClock } from '../../base/index.ts';
import { type KubeObject, openKernel } from '../../kernel/index.ts';
import { StoreLog } from './store-log.ts';

const MAPS = { group: '', version: 'v1', resource: 'configmaps' };
const map = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });

test('a server that is opened anew has what the last one had, and not what was removed', async () => {
  const log = new StoreLog();
  const ports = { log, clock: new VirtualClock(), random: seededRandom(1) };
  const first = await openKernel(ports);
  log.follow(first.journal.store);
  const client = first.client();
  for (const name of ['a', 'b', 'c']) await client.create(MAPS, map(name), { namespace: 'default' });
  await client.delete(MAPS, { namespace: 'default', name: 'b' });
  const last = first.journal.store.revision;
  const second = await openKernel(ports);
  const { items } = await second.client().list(MAPS, { namespace: 'default' });
  assert.deepEqual(
    items.map(item => item.metadata.name),
    ['a', 'c'],
  );
  assert.equal(second.journal.store.revision, last);
  const made = await second.client().create(MAPS, map('d'), { namespace: 'default' });
  assert.ok(Number(made.metadata.resourceVersion) > last);
});

test('what was taken in and is not shown yet is read, too', async () => {
  const log = new StoreLog();
  const kernel = await openKernel({ log, clock: new VirtualClock(), random: seededRandom(1) });
  log.follow(kernel.journal.store);
  const revision = kernel.journal.store.revision + 1;
  await log.append([{ revision, collection: 'configmaps', path: 'default/x', value: JSON.stringify(map('x')) }], []);
  const records = [];
  for await (const batch of (await log.read()).records) records.push(...batch);
  assert.equal(records.at(-1)?.path, 'default/x');
});
