import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client, WatchEvent } from '../client.ts';
import type { KubeObject, ResourceRef } from '../object.ts';
import { StatusError } from '../status.ts';

const CONFIGMAPS: ResourceRef = { group: '', version: 'v1', resource: 'configmaps' };
const DEPLOYMENTS: ResourceRef = { group: 'apps', version: 'v1', resource: 'deployments' };
const TIME_LIMIT_ms = 10_000;

const configMap = (
  name: string,
  data: Record<string, string> = {},
  labels: Record<string, string> = {},
): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', labels },
  data,
});

const refused =
  (code: number, reason?: string) =>
  (error: unknown): boolean =>
    error instanceof StatusError && error.code === code && (reason === undefined || error.reason === reason);

async function readsAndWrites(client: Client): Promise<void> {
  const made = await client.create(CONFIGMAPS, configMap('rw', { a: '1' }));
  assert.ok(made.metadata.uid && made.metadata.resourceVersion);
  await assert.rejects(client.create(CONFIGMAPS, configMap('rw')), refused(409, 'AlreadyExists'));
  const read = await client.get(CONFIGMAPS, { namespace: 'default', name: 'rw' });
  assert.equal(read.apiVersion, 'v1');
  const updated = await client.update(CONFIGMAPS, { ...read, data: { a: '2' } });
  assert.deepEqual(updated.data, { a: '2' });
  await assert.rejects(client.update(CONFIGMAPS, { ...read, data: { a: '3' } }), refused(409, 'Conflict'));
  const dry = await client.update(CONFIGMAPS, { ...updated, data: { a: '4' } }, { dryRun: true });
  assert.deepEqual(dry.data, { a: '4' });
  assert.deepEqual((await client.get(CONFIGMAPS, { namespace: 'default', name: 'rw' })).data, { a: '2' });
  await client.delete(CONFIGMAPS, { namespace: 'default', name: 'rw' });
  await assert.rejects(client.get(CONFIGMAPS, { namespace: 'default', name: 'rw' }), refused(404, 'NotFound'));
  await assert.rejects(client.delete(CONFIGMAPS, { namespace: 'default', name: 'rw' }), refused(404));
}

async function patches(client: Client): Promise<void> {
  const key = { namespace: 'default', name: 'patched' };
  await client.create(CONFIGMAPS, configMap('patched', { a: '1' }));
  assert.deepEqual((await client.patch(CONFIGMAPS, key, { type: 'merge', patch: { data: { b: '2' } } })).data, {
    a: '1',
    b: '2',
  });
  assert.deepEqual(
    (await client.patch(CONFIGMAPS, key, { type: 'json', operations: [{ op: 'remove', path: '/data/a' }] })).data,
    { b: '2' },
  );
  assert.deepEqual((await client.patch(CONFIGMAPS, key, { type: 'strategic', patch: { data: { c: '3' } } })).data, {
    b: '2',
    c: '3',
  });
  await assert.rejects(
    client.patch(CONFIGMAPS, key, { type: 'json', operations: [{ op: 'test', path: '/data/b', value: 'x' }] }),
    StatusError,
  );
}

async function applies(client: Client): Promise<void> {
  const key = { namespace: 'default', name: 'applied' };
  const object = (data: Record<string, string>): KubeObject => configMap('applied', data);
  await client.apply(CONFIGMAPS, key, object({ a: '1', b: '1' }), { fieldManager: 'one' });
  const dropped = await client.apply(CONFIGMAPS, key, object({ a: '1' }), { fieldManager: 'one' });
  assert.deepEqual(dropped.data, { a: '1' });
  await assert.rejects(
    client.apply(CONFIGMAPS, key, object({ a: '2' }), { fieldManager: 'two' }),
    refused(409, 'Conflict'),
  );
  const forced = await client.apply(CONFIGMAPS, key, object({ a: '2' }), { fieldManager: 'two', force: true });
  assert.deepEqual(forced.data, { a: '2' });
}

async function lists(client: Client): Promise<void> {
  for (let i = 0; i < 5; i++)
    await client.create(CONFIGMAPS, configMap(`l-${i}`, {}, { suite: 'list', odd: String(i % 2) }));
  const all = await client.list(CONFIGMAPS, { namespace: 'default', labelSelector: 'suite=list' });
  assert.deepEqual(
    all.items.map(item => item.metadata.name),
    ['l-0', 'l-1', 'l-2', 'l-3', 'l-4'],
  );
  assert.ok(all.items.every(item => item.kind === 'ConfigMap' && item.apiVersion === 'v1'));
  assert.equal((await client.list(CONFIGMAPS, { labelSelector: 'suite=list,odd!=0' })).items.length, 2);
  assert.equal(
    (await client.list(CONFIGMAPS, { fieldSelector: 'metadata.name=l-3', namespace: 'default' })).items.length,
    1,
  );
  const page = await client.list(CONFIGMAPS, { namespace: 'default', labelSelector: 'suite=list', limit: 2 });
  const rest = await client.list(CONFIGMAPS, {
    namespace: 'default',
    labelSelector: 'suite=list',
    limit: 10,
    continue: page.metadata.continue!,
  });
  assert.equal(page.items.length + rest.items.length, 5);
  await client.deleteCollection(CONFIGMAPS, { namespace: 'default', labelSelector: 'suite=list' });
  assert.equal((await client.list(CONFIGMAPS, { labelSelector: 'suite=list' })).items.length, 0);
  await assert.rejects(client.list(CONFIGMAPS, { labelSelector: 'a in (' }), refused(400));
}

async function watches(client: Client): Promise<void> {
  const stop = new AbortController();
  const seen: string[] = [];
  const { metadata } = await client.list(CONFIGMAPS, { namespace: 'default', labelSelector: 'suite=watch' });
  const options = { namespace: 'default', labelSelector: 'suite=watch', resourceVersion: metadata.resourceVersion! };
  const reading = (async () => {
    const events: AsyncIterable<WatchEvent> = client.watch(
      CONFIGMAPS,
      options,
      AbortSignal.any([stop.signal, AbortSignal.timeout(TIME_LIMIT_ms)]),
    );
    for await (const event of events) {
      seen.push(`${event.type} ${event.object.metadata.name}`);
      if (seen.length === 4) stop.abort();
    }
  })();
  await client.create(CONFIGMAPS, configMap('w', {}, { suite: 'watch' }));
  await client.patch(CONFIGMAPS, { namespace: 'default', name: 'w' }, { type: 'merge', patch: { data: { x: '1' } } });
  // Leaving the selector is a deletion to this watcher.
  await client.patch(
    CONFIGMAPS,
    { namespace: 'default', name: 'w' },
    { type: 'merge', patch: { metadata: { labels: { suite: 'other' } } } },
  );
  await client.patch(
    CONFIGMAPS,
    { namespace: 'default', name: 'w' },
    { type: 'merge', patch: { metadata: { labels: { suite: 'watch' } } } },
  );
  await reading;
  assert.deepEqual(seen, ['ADDED w', 'MODIFIED w', 'DELETED w', 'ADDED w']);
}

async function subresources(client: Client): Promise<void> {
  const key = { namespace: 'default', name: 'd' };
  const template = { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const made: KubeObject = await client.create<KubeObject>(DEPLOYMENTS, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', namespace: 'default' },
    spec: { replicas: 1, selector: { matchLabels: { app: 'd' } }, template },
  });
  const withStatus: KubeObject = await client.update<KubeObject>(
    DEPLOYMENTS,
    { ...made, status: { replicas: 1 } },
    { subresource: 'status' },
  );
  assert.equal((withStatus.status as { replicas: number }).replicas, 1);
  assert.equal(withStatus.metadata.generation, made.metadata.generation);
  const scaled = await client.patch(
    DEPLOYMENTS,
    key,
    { type: 'merge', patch: { spec: { replicas: 3 } } },
    { subresource: 'scale' },
  );
  assert.equal(scaled.kind, 'Scale');
  const after = await client.get(DEPLOYMENTS, key);
  assert.equal((after.spec as { replicas: number }).replicas, 3);
  assert.equal((after.status as { replicas: number }).replicas, 1);
}

/** What every Client must do, whatever stands behind it: run by each implementation's test file on a fresh cluster. */
export function clientSuite(name: string, client: () => Client): void {
  const cases: readonly (readonly [string, (client: Client) => Promise<void>])[] = [
    ['reads and writes', readsAndWrites],
    ['patches', patches],
    ['applies', applies],
    ['lists', lists],
    ['watches', watches],
    ['subresources', subresources],
  ];
  for (const [title, run] of cases) void test(`${name}: ${title}`, () => run(client()));
}
