import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, ResourceRef } from '../object.ts';
import type { ResourceCatalog, ResourceDefinition } from '../resource.ts';
import { builtinCatalog } from '../schema/builtin.ts';
import { schemaPort } from '../schema/port.ts';
import type { Schema } from '../schema/schema.ts';
import { StatusError } from '../status.ts';
import { testKernel } from '../testkernel.ts';

const open: Schema = { type: 'object', preserveUnknown: true };
const widgets = (version: string, status: boolean): ResourceDefinition => ({
  group: 'example.org',
  version,
  resource: 'widgets',
  kind: 'Widget',
  singular: 'widget',
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: [],
  subresources: status
    ? [
        { name: 'status', verbs: ['get', 'patch', 'update'] },
        {
          name: 'scale',
          verbs: ['get', 'patch', 'update'],
          scalePaths: { specReplicas: '.spec.size', statusReplicas: '.status.size', labelSelector: '.status.selector' },
        },
      ]
    : [],
  schema: open,
  storageVersion: 'v1',
  selectableFields: [version === 'v1' ? 'spec.size' : 'spec.width'],
  custom: true,
});
const V1: ResourceRef = { group: 'example.org', version: 'v1', resource: 'widgets' };
const V2: ResourceRef = { ...V1, version: 'v2' };

/** Two versions of a custom kind whose conversion takes a while, as a webhook does: v2 calls `width` what v1 calls `size`. */
async function withWidgets(status = false) {
  const own = [widgets('v1', status), widgets('v2', status)];
  const builtin = builtinCatalog();
  const catalog: ResourceCatalog = {
    resource: ref =>
      own.find(each => each.group === ref.group && each.version === ref.version && each.resource === ref.resource) ??
      builtin.resource(ref),
    kind: ref =>
      own.find(each => each.group === ref.group && each.version === ref.version && each.kind === ref.kind) ??
      builtin.kind(ref),
    all: () => [...builtin.all(), ...own],
  };
  let turns = 7;
  const convert = async (object: KubeObject, from: ResourceDefinition, to: ResourceDefinition): Promise<KubeObject> => {
    for (let wait = (turns = (turns * 5) % 11); wait > 0; wait--) await undefined;
    const { spec, ...rest } = structuredClone(object) as KubeObject & { spec: Record<string, unknown> };
    const [was, is] = from.version === 'v1' ? ['size', 'width'] : ['width', 'size'];
    const { [was!]: value, ...others } = spec;
    return { ...rest, apiVersion: `example.org/${to.version}`, spec: { ...others, [is!]: value } } as KubeObject;
  };
  return testKernel({ catalog, schema: schemaPort({ convert }) });
}
const widget = (version: string, name: string, spec: object): KubeObject => ({
  apiVersion: `example.org/${version}`,
  kind: 'Widget',
  metadata: { name, namespace: 'default' },
  spec,
});
const key = (name: string) => ({ namespace: 'default', name });

test('an object written in one version is read and listed in another', async () => {
  const { client, kernel } = await withWidgets();
  const made = await client.create(V2, widget('v2', 'a', { width: 3 }));
  assert.deepEqual([made.apiVersion, made.spec], ['example.org/v2', { width: 3 }]);
  assert.deepEqual(kernel.journal.store.collection('example.org/widgets').get('default/a')?.object.spec, { size: 3 });
  assert.deepEqual((await client.get(V1, key('a'))).spec, { size: 3 });
  const patched = await client.patch(V2, key('a'), { type: 'merge', patch: { spec: { width: 4 } } });
  assert.deepEqual([patched.spec, patched.metadata.generation], [{ width: 4 }, 2]);
  assert.deepEqual(
    (await client.list(V2)).items.map(({ spec }) => spec),
    [{ width: 4 }],
  );
});

test('watches in a version that takes time to convert stay in order and share their events', async () => {
  const { client, kernel } = await withWidgets();
  const told: [string, unknown][][] = [[], []];
  for (const mine of told) {
    await kernel.registry.watch(
      { user: { name: 'u', groups: [] }, warnings: [] },
      V2,
      { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: true },
      events => {
        for (const event of events) mine.push([event.type, 'stored' in event ? event : undefined]);
      },
      () => undefined,
    );
  }
  for (let size = 0; size < 20; size++)
    await client.apply(V1, key('a'), widget('v1', 'a', { size }), { fieldManager: 'me' });
  await client.delete(V1, key('a'));
  for (let wait = 0; wait < 500; wait++) await undefined;
  const [left, right] = told as [(typeof told)[0], (typeof told)[0]];
  const widths = left.map(
    ([, event]) => (event as { stored: { object: { spec: { width: number } } } } | undefined)?.stored.object.spec.width,
  );
  assert.deepEqual(
    left.map(([type]) => type),
    ['BOOKMARK', 'ADDED', ...Array(19).fill('MODIFIED'), 'DELETED'],
  );
  assert.deepEqual(widths, [undefined, ...Array.from({ length: 20 }, (_, index) => index), 19]);
  assert.ok(left.every(([, event], index) => event === right[index]![1]));
});

test('custom kinds: no strategic merge, replaced only at a version, status apart where they have it', async () => {
  const { client } = await withWidgets(true);
  const made = await client.create(V1, { ...widget('v1', 'a', { size: 1 }), status: { size: 9 } });
  assert.equal(made.status, undefined);
  await assert.rejects(
    client.patch(V1, key('a'), { type: 'strategic', patch: {} }),
    (error: unknown) => error instanceof StatusError && error.code === 415,
  );
  await assert.rejects(
    client.update(V1, widget('v1', 'a', {})),
    (error: unknown) => error instanceof StatusError && error.code === 422,
  );
  const status = await client.patch(
    V1,
    key('a'),
    {
      type: 'merge',
      patch: { metadata: { labels: { a: 'b' } }, spec: { size: 7 }, status: { size: 1, selector: 'app=a' } },
    },
    { subresource: 'status' },
  );
  assert.deepEqual([status.spec, status.metadata.labels, status.metadata.generation], [{ size: 1 }, undefined, 1]);
  const scale = await client.get<KubeObject & { spec: object; status: object }>(V1, key('a'), { subresource: 'scale' });
  assert.deepEqual([scale.spec, scale.status], [{ replicas: 1 }, { replicas: 1, selector: 'app=a' }]);
  await client.patch(V1, key('a'), { type: 'merge', patch: { spec: { replicas: 5 } } }, { subresource: 'scale' });
  assert.deepEqual((await client.get(V1, key('a'))).spec, { size: 5 });
});

test('without a status subresource every field counts for the generation', async () => {
  const { client } = await withWidgets();
  await client.create(V1, widget('v1', 'a', {}));
  const changed = await client.patch(V1, key('a'), { type: 'merge', patch: { status: { x: 1 } } });
  assert.equal(changed.metadata.generation, 2);
  const labelled = await client.patch(V1, key('a'), { type: 'merge', patch: { metadata: { labels: { a: 'b' } } } });
  assert.equal(labelled.metadata.generation, 2);
});

test('field selectors of a custom kind are about the asked version, in lists, pages and watches', async () => {
  const { client } = await withWidgets();
  for (const [name, width] of [
    ['a', 1],
    ['b', 2],
    ['c', 1],
    ['d', 1],
  ] as const)
    await client.create(V2, widget('v2', name, { width }));
  const names = (list: { items: readonly KubeObject[] }) => list.items.map(({ metadata }) => metadata.name);
  assert.deepEqual(names(await client.list(V2, { fieldSelector: 'spec.width=1,metadata.name!=d' })), ['a', 'c']);
  assert.deepEqual(names(await client.list(V1, { fieldSelector: 'spec.size=2' })), ['b']);
  await assert.rejects(client.list(V2, { fieldSelector: 'spec.size=2' }), StatusError);
  const first = await client.list(V2, { fieldSelector: 'spec.width=1', limit: 2 });
  assert.deepEqual(names(first), ['a', 'c']);
  const rest = await client.list(V2, {
    fieldSelector: 'spec.width=1',
    limit: 2,
    continue: first.metadata.continue!,
  });
  assert.deepEqual(names(rest), ['d']);
  const stop = new AbortController();
  const seen: unknown[] = [];
  const watching = (async () => {
    for await (const { type, object } of client.watch(V2, { fieldSelector: 'spec.width=1' }, stop.signal)) {
      seen.push([type, object.metadata.name, (object.spec as { width: number }).width]);
      if (seen.length === 6) stop.abort();
    }
  })();
  const width = (name: string, value: number) =>
    client.patch(V2, key(name), { type: 'merge', patch: { spec: { width: value } } });
  await width('b', 1);
  await width('a', 2);
  await client.delete(V2, key('c'));
  await watching;
  assert.deepEqual(seen, [
    ['ADDED', 'a', 1],
    ['ADDED', 'c', 1],
    ['ADDED', 'd', 1],
    ['ADDED', 'b', 1],
    ['DELETED', 'a', 1],
    ['DELETED', 'c', 1],
  ]);
});
