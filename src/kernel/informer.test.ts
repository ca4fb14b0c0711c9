import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, VirtualClock } from '../base/index.ts';
import type { Client, WatchEvent, WatchOptions } from './client.ts';
import { memoryLog } from './drivers/memory-log.ts';
import { Informer } from './informer.ts';
import { Informers } from './informers.ts';
import { openKernel } from './kernel.ts';
import type { KubeObject, ResourceRef } from './object.ts';
import { badRequest } from './status.ts';

const CONFIG_MAPS: ResourceRef = { group: '', version: 'v1', resource: 'configmaps' };
const configMap = (name: string, data: object = {}, labels: object = {}): KubeObject =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', labels }, data }) as KubeObject;

const turns = async (count = 30): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise(resolve => setImmediate(resolve));
};

const open = async () => {
  const clock = new VirtualClock();
  const random = seededRandom(1);
  const kernel = await openKernel({ log: memoryLog(), clock, random });
  return { clock, random, kernel, client: kernel.client() };
};

/** Ends every watch after so many events, or answers it with 410, as a restarted or compacted server does. */
function unsteady(
  client: Client,
  breakWith: (watches: number) => 'end' | 'expired' | 'refuse' | undefined,
): Client & { watches: number } {
  const broken = {
    ...client,
    watches: 0,
    async *watch<T extends KubeObject>(
      ref: ResourceRef,
      options: WatchOptions,
      signal: AbortSignal,
    ): AsyncGenerator<WatchEvent<T>> {
      const how = breakWith(++broken.watches);
      if (how === 'refuse' && options.sendInitialEvents) throw badRequest('sendInitialEvents is not supported');
      if (how === 'expired') {
        yield {
          type: 'ERROR',
          object: {
            kind: 'Status',
            apiVersion: 'v1',
            status: 'Failure',
            code: 410,
            reason: 'Expired',
            metadata: {},
          } as unknown as T,
        };
        return;
      }
      let left = how === 'end' ? 3 : Number.POSITIVE_INFINITY;
      for await (const event of client.watch<T>(ref, options, signal)) {
        yield event;
        if (--left === 0) return;
      }
    },
  };
  return broken;
}

for (const [name, plan] of [
  ['steady', () => undefined],
  ['closed early', (n: number) => (n < 6 ? 'end' : undefined)],
  ['expired', (n: number) => (n === 2 || n === 3 ? 'expired' : n === 1 ? 'end' : undefined)],
  ['without WatchList', () => 'refuse'],
] as const)
  test(`an informer follows a server that is ${name}`, async () => {
    const { clock, random, kernel, client } = await open();
    await using _ = kernel;
    await client.create(CONFIG_MAPS, configMap('a'));
    await client.create(CONFIG_MAPS, configMap('b'));
    await using informer = new Informer({
      client: unsteady(client, plan as never),
      clock,
      random,
      ref: CONFIG_MAPS,
      namespace: 'default',
    });
    const told: string[] = [];
    informer.onChange(change => told.push(`${change.type} ${change.object.metadata.name}`));
    informer.start();
    const step = async (): Promise<void> => {
      for (let i = 0; i < 12; i++) {
        await turns(6);
        clock.advance(10_000);
      }
      await turns();
    };
    await step();
    await client.create(CONFIG_MAPS, configMap('c'));
    await client.update(CONFIG_MAPS, configMap('a', { x: '1' }));
    await client.delete(CONFIG_MAPS, { namespace: 'default', name: 'b' });
    await step();
    assert.deepEqual([...informer.list()].map(each => each.metadata.name).sort(), ['a', 'c']);
    assert.equal((informer.get('default/a') as { data?: { x?: string } }).data?.x, '1');
    assert.deepEqual(told.filter(each => !each.startsWith('updated')).sort(), [
      'added a',
      'added b',
      'added c',
      'deleted b',
    ]);
  });

test('writes through the informers’ client are in the cache before they return, and nothing goes back', async () => {
  const { clock, random, kernel, client } = await open();
  await using _ = kernel;
  await using informers = new Informers({ client, clock, random });
  const informer = informers
    .of<KubeObject>(CONFIG_MAPS)
    .index('color', object => [object.metadata.labels?.color ?? 'none']);
  informers.start();
  await informers.whenSynced();
  const versions: number[] = [];
  informer.onChange(change => {
    if (change.object.metadata.name === 'w') versions.push(Number(change.object.metadata.resourceVersion));
  });
  const made = await informers.client.create(CONFIG_MAPS, configMap('w', {}, { color: 'red' }));
  assert.equal(informer.get('default/w')?.metadata.uid, made.metadata.uid);
  assert.equal(informer.by('color', 'red').length, 1);
  await informers.client.patch(
    CONFIG_MAPS,
    { namespace: 'default', name: 'w' },
    { type: 'merge', patch: { metadata: { labels: { color: 'blue' }, finalizers: ['a.io/b'] } } },
  );
  assert.deepEqual([informer.by('color', 'red').length, informer.by('color', 'blue').length], [0, 1]);
  await informers.client.delete(CONFIG_MAPS, { namespace: 'default', name: 'w' });
  assert.ok(informer.get('default/w')?.metadata.deletionTimestamp, 'seen as deleted at once');
  await turns();
  assert.deepEqual(
    versions,
    [...versions].sort((a, b) => a - b),
  );
  await client.patch(
    CONFIG_MAPS,
    { namespace: 'default', name: 'w' },
    { type: 'merge', patch: { metadata: { finalizers: null } } },
  );
  await turns();
  assert.equal(informer.get('default/w'), undefined);
});

test('what a delete leaves is taken in whole: what others wrote before stands in it, though no watch has brought it', async () => {
  const { clock, random, client } = await open();
  const deaf: Client = {
    ...client,
    async *watch<T extends KubeObject>(ref: ResourceRef, options: WatchOptions, signal: AbortSignal) {
      let told = false;
      for await (const event of client.watch<T>(ref, options, signal)) {
        // What was there at first is heard of, and nothing later.
        if (!told) yield event;
        told ||= event.type === 'BOOKMARK';
      }
    },
  };
  const bound = configMap('w');
  await client.create(CONFIG_MAPS, { ...bound, metadata: { ...bound.metadata, finalizers: ['a.io/b'] } });
  await using informers = new Informers({ client: deaf, clock, random });
  const informer = informers.of(CONFIG_MAPS);
  informers.start();
  await informer.whenSynced();
  await client.patch(
    CONFIG_MAPS,
    { namespace: 'default', name: 'w' },
    { type: 'merge', patch: { data: { heard: 'no' } } },
  );
  await turns();
  assert.equal((informer.get('default/w') as { data?: object }).data, undefined);
  const left = await informers.client.delete(CONFIG_MAPS, { namespace: 'default', name: 'w' });
  assert.ok(left?.metadata.deletionTimestamp);
  assert.deepEqual((informer.get('default/w') as { data?: object }).data, { heard: 'no' });
});

test('an answer to a delete that comes late does not doom what has the name since', async () => {
  const { clock, random, kernel, client } = await open();
  let answered: (() => void) | undefined;
  const late: Client = {
    ...client,
    delete: async (ref, key, options) => {
      const left = await client.delete(ref, key, options);
      await new Promise<void>(resolve => (answered = resolve));
      return left;
    },
  };
  const informers = new Informers({ client: late, clock, random });
  const informer = informers.of(CONFIG_MAPS);
  informers.start();
  await informers.client.create(CONFIG_MAPS, configMap('again'), { namespace: 'default' });
  await informers.whenSynced();
  const deleting = informers.client.delete(CONFIG_MAPS, { namespace: 'default', name: 'again' });
  await turns();
  const second = await informers.client.create(CONFIG_MAPS, configMap('again'), { namespace: 'default' });
  answered!();
  await deleting;
  await turns();
  assert.equal(informer.get('default/again')?.metadata.uid, second.metadata.uid);
  assert.equal(informer.get('default/again')?.metadata.deletionTimestamp, undefined);
  await informers[Symbol.asyncDispose]();
  await kernel[Symbol.asyncDispose]();
});
