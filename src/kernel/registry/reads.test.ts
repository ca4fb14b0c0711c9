import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WatchEvent } from '../client.ts';
import type { Kernel } from '../kernel.ts';
import type { KubeObject } from '../object.ts';
import { StatusError } from '../status.ts';
import { CONFIG_MAPS, configMap, pod, PODS, testKernel } from '../testkernel.ts';
import type { RequestContext, StoredEvent } from './registry.ts';

const refusal = (code: number, reason: string, message?: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StatusError, String(error));
  assert.deepEqual([error.code, error.reason], [code, reason], error.message);
  if (message) assert.match(error.message, message);
  return true;
};
const context = (): RequestContext => ({ user: { name: 'u', groups: [] }, warnings: [] });
const names = (list: { items: KubeObject[] }): (string | undefined)[] =>
  list.items.map(({ metadata }) => metadata.name);

async function several(count: number, limits = { default: { events_max: 1_000, bytes_max: 1e7 } }) {
  const made = await testKernel({ limits });
  for (let index = 0; index < count; index++)
    await made.client.create(CONFIG_MAPS, configMap(`c${index}`, {}, { labels: { even: String(index % 2 === 0) } }));
  return made;
}

test('pages continue one snapshot and count what is left', async () => {
  const { client } = await several(5);
  const first = await client.list(CONFIG_MAPS, { namespace: 'default', limit: 2 });
  assert.deepEqual(names(first), ['c0', 'c1']);
  assert.equal(first.metadata.remainingItemCount, 3);
  await client.delete(CONFIG_MAPS, { namespace: 'default', name: 'c3' });
  await client.create(CONFIG_MAPS, configMap('c2a'));
  const second = await client.list(CONFIG_MAPS, { namespace: 'default', limit: 2, continue: first.metadata.continue! });
  assert.deepEqual(names(second), ['c2', 'c3']);
  assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
  const third = await client.list(CONFIG_MAPS, { namespace: 'default', limit: 2, continue: second.metadata.continue! });
  assert.deepEqual(names(third), ['c4']);
  assert.equal(third.metadata.continue, undefined);
});

test('a page that is too old says so and offers to go on inconsistently', async () => {
  const { client } = await several(4, { default: { events_max: 3, bytes_max: 1e7 } });
  const first = await client.list(CONFIG_MAPS, { limit: 1 });
  for (let n = 0; n < 6; n++) await client.update(CONFIG_MAPS, configMap('c0', { n: String(n) }));
  let token = '';
  await assert.rejects(client.list(CONFIG_MAPS, { limit: 1, continue: first.metadata.continue! }), (error: unknown) => {
    assert.ok(error instanceof StatusError);
    token = error.status.metadata.continue!;
    return refusal(410, 'Expired', /continue parameter is too old/)(error);
  });
  assert.deepEqual(names(await client.list(CONFIG_MAPS, { continue: token })), ['c1', 'c2', 'c3']);
  await assert.rejects(client.list(CONFIG_MAPS, { limit: 1, continue: 'nonsense' }), refusal(400, 'BadRequest'));
});

test('a snapshot can be listed for five minutes, and not for ten, though nothing was forgotten', async () => {
  const { client, clock } = await several(4);
  const { metadata } = await client.list(CONFIG_MAPS, { limit: 1 });
  const more = () => client.list(CONFIG_MAPS, { limit: 1, continue: metadata.continue! });
  clock.advance(299_000);
  await client.create(CONFIG_MAPS, configMap('later'));
  assert.deepEqual(names(await more()), ['c1']);
  clock.advance(302_000);
  await assert.rejects(more(), refusal(410, 'Expired', /continue parameter is too old/));
});

test('selectors filter lists; fields that cannot be selected are refused', async () => {
  const { client } = await several(4);
  assert.deepEqual(names(await client.list(CONFIG_MAPS, { labelSelector: 'even=true' })), ['c0', 'c2']);
  assert.deepEqual(names(await client.list(CONFIG_MAPS, { fieldSelector: 'metadata.name=c1' })), ['c1']);
  assert.deepEqual(
    names(await client.list(CONFIG_MAPS, { fieldSelector: 'metadata.name!=c1,metadata.namespace=default' })),
    ['c0', 'c2', 'c3'],
  );
  await assert.rejects(
    client.list(CONFIG_MAPS, { fieldSelector: 'data.x=1' }),
    refusal(400, 'BadRequest', /"data\.x" is not a known field selector: only "metadata\.name", "metadata\.namespace"/),
  );
  await client.create(PODS, pod('on', { nodeName: 'n1' }));
  await client.create(PODS, pod('off'));
  assert.deepEqual(names(await client.list(PODS, { fieldSelector: 'spec.nodeName=n1' })), ['on']);
  assert.deepEqual(names(await client.list(PODS, { fieldSelector: 'spec.nodeName=' })), ['off']);
  assert.deepEqual(names(await client.list(PODS, { fieldSelector: 'status.phase=Pending,spec.nodeName=n1' })), ['on']);
});

test('resourceVersion rules of get and list', async () => {
  const { client, kernel } = await several(3, { default: { events_max: 4, bytes_max: 1e7 } });
  const now = kernel.journal.store.revision;
  const key = { namespace: 'default', name: 'c0' };
  await client.get(CONFIG_MAPS, key, { resourceVersion: '0' });
  await client.get(CONFIG_MAPS, key, { resourceVersion: String(now) });
  await assert.rejects(
    client.get(CONFIG_MAPS, key, { resourceVersion: String(now + 1) }),
    refusal(504, 'Timeout', /^Timeout: Too large resource version: \d+, current: \d+$/),
  );
  await assert.rejects(
    client.list(CONFIG_MAPS, { resourceVersion: String(now + 9), resourceVersionMatch: 'NotOlderThan' }),
    refusal(504, 'Timeout'),
  );
  const exact = await client.list(CONFIG_MAPS, { resourceVersion: String(now - 1), resourceVersionMatch: 'Exact' });
  assert.deepEqual(names(exact), ['c0', 'c1']);
  assert.equal(exact.metadata.resourceVersion, String(now - 1));
  for (let n = 0; n < 6; n++) await client.update(CONFIG_MAPS, configMap('c0', { n: String(n) }));
  await assert.rejects(
    client.list(CONFIG_MAPS, { resourceVersion: '1', resourceVersionMatch: 'Exact' }),
    refusal(410, 'Expired'),
  );
  await assert.rejects(
    client.list(CONFIG_MAPS, { resourceVersionMatch: 'Exact' }),
    refusal(422, 'Invalid', /forbidden unless resourceVersion is provided/),
  );
  await assert.rejects(client.list(CONFIG_MAPS, { resourceVersion: 'x' }), refusal(400, 'BadRequest'));
});

async function follow(
  kernel: Kernel,
  options: object,
): Promise<{ told: string[]; events: StoredEvent[]; ended: () => boolean; close: () => void }> {
  const told: string[] = [];
  const all: StoredEvent[] = [];
  let over = false;
  const watch = await kernel.registry.watch(
    context(),
    CONFIG_MAPS,
    options,
    events => {
      for (const event of events) {
        all.push(event);
        told.push('stored' in event ? `${event.type} ${event.stored.key.name}` : event.type);
      }
    },
    () => (over = true),
  );
  return { told, events: all, ended: () => over, close: () => watch.close() };
}

test('a watch without a version begins with what is there', async () => {
  const { kernel, client } = await several(2);
  const { told } = await follow(kernel, { namespace: 'default' });
  await client.create(CONFIG_MAPS, configMap('new'));
  assert.deepEqual(told, ['ADDED c0', 'ADDED c1', 'ADDED new']);
});

test('a WatchList ends its initial events with the marked bookmark', async () => {
  const { kernel, client } = await several(2);
  await assert.rejects(
    follow(kernel, { sendInitialEvents: true }),
    refusal(422, 'Invalid', /sendInitialEvents requires setting resourceVersionMatch to NotOlderThan/),
  );
  const { told, events } = await follow(kernel, {
    sendInitialEvents: true,
    resourceVersionMatch: 'NotOlderThan',
    allowWatchBookmarks: true,
  });
  assert.deepEqual(told, ['ADDED c0', 'ADDED c1', 'BOOKMARK']);
  assert.deepEqual(events[2], {
    type: 'BOOKMARK',
    resourceVersion: kernel.journal.store.revision,
    initialEventsEnd: true,
  });
  await client.create(CONFIG_MAPS, configMap('new'));
  assert.equal(told[3], 'ADDED new');
});

test('an object that leaves or enters a selector is DELETED or ADDED, dated by the change', async () => {
  const { kernel, client } = await testKernel();
  await client.create(CONFIG_MAPS, configMap('a', { n: '1' }, { labels: { on: 'yes' } }));
  const { told, events } = await follow(kernel, {
    labelSelector: 'on=yes',
    resourceVersion: String(kernel.journal.store.revision),
  });
  const left = await client.update(CONFIG_MAPS, configMap('a', { n: '2' }));
  await client.update(CONFIG_MAPS, configMap('a', { n: '3' }));
  const back = await client.update(CONFIG_MAPS, configMap('a', { n: '4' }, { labels: { on: 'yes' } }));
  assert.deepEqual(told, ['DELETED a', 'ADDED a']);
  const [gone, came] = events as { stored: { object: KubeObject; json: string } }[];
  assert.deepEqual(
    [gone!.stored.object.data, gone!.stored.object.metadata.resourceVersion],
    [{ n: '1' }, left.metadata.resourceVersion],
  );
  assert.equal(JSON.parse(gone!.stored.json).metadata.resourceVersion, left.metadata.resourceVersion);
  assert.equal(came!.stored.object.metadata.resourceVersion, back.metadata.resourceVersion);
});

test('watchers share one event, so that it is serialised once', async () => {
  const { kernel, client } = await testKernel();
  const followers = await Promise.all(
    Array.from({ length: 50 }, () => follow(kernel, { resourceVersion: String(kernel.journal.store.revision) })),
  );
  await client.create(CONFIG_MAPS, configMap('a'));
  assert.equal(new Set(followers.map(({ events }) => events[0])).size, 1);
});

test('a version that history forgot is a 410 event; time-outs end a watch; bookmarks come each minute', async () => {
  const { kernel, client, clock } = await several(3, { default: { events_max: 2, bytes_max: 1e7 } });
  const old = await follow(kernel, { resourceVersion: '1' });
  assert.deepEqual(old.told, ['ERROR']);
  assert.match((old.events[0] as { message: string }).message, /^too old resource version: 1 \(\d+\)$/);
  await Promise.resolve();
  assert.ok(old.ended());
  const { revision } = kernel.journal.store;
  const live = await follow(kernel, {
    resourceVersion: String(revision),
    allowWatchBookmarks: true,
    timeoutSeconds: 150,
  });
  await client.create(PODS, pod('elsewhere'));
  clock.advance(61_000);
  assert.deepEqual(live.events, [{ type: 'BOOKMARK', resourceVersion: revision + 1 }]);
  clock.advance(100_000);
  assert.ok(live.ended());
  await client.create(CONFIG_MAPS, configMap('late'));
  assert.ok(!live.told.includes('ADDED late'));
});

test('the embedded client streams events and ends with its signal', async () => {
  const { client } = await several(1);
  const ended = new AbortController();
  const seen: WatchEvent[] = [];
  const reading = (async () => {
    for await (const event of client.watch(
      CONFIG_MAPS,
      { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: true },
      ended.signal,
    )) {
      seen.push(event);
      if (seen.length === 3) ended.abort();
    }
  })();
  await client.create(CONFIG_MAPS, configMap('new'));
  await reading;
  assert.deepEqual(
    seen.map(({ type }) => type),
    ['ADDED', 'BOOKMARK', 'ADDED'],
  );
  assert.equal(seen[1]!.object.metadata.annotations?.['k8s.io/initial-events-end'], 'true');
});

test('both Event APIs show one collection, versions of a group share their objects', async () => {
  const { client } = await testKernel();
  const core = { group: '', version: 'v1', resource: 'events' };
  await client.create<KubeObject>(core, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e', namespace: 'default' },
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
    reason: 'Started',
    message: 'Started container',
    source: { component: 'agent' },
    type: 'Normal',
    count: 3,
  });
  const seen = await client.get<KubeObject & { regarding: { name: string }; note: string; deprecatedCount: number }>(
    { group: 'events.k8s.io', version: 'v1', resource: 'events' },
    { namespace: 'default', name: 'e' },
  );
  assert.deepEqual(
    [seen.apiVersion, seen.regarding.name, seen.note, seen.deprecatedCount],
    ['events.k8s.io/v1', 'p', 'Started container', 3],
  );
  assert.deepEqual(names(await client.list(core, { fieldSelector: 'involvedObject.name=p,reason=Started' })), ['e']);
  assert.deepEqual(
    names(await client.list({ ...core, group: 'events.k8s.io' }, { fieldSelector: 'regarding.name=p' })),
    ['e'],
  );
});

test('Events that nobody has seen for an hour go', async () => {
  const { client, clock } = await testKernel();
  const events = { group: '', version: 'v1', resource: 'events' };
  const event = (name: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: 'default' },
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
  });
  await client.create(events, event('old'));
  clock.advance(45 * 60_000);
  await client.create(events, event('new'));
  clock.advance(20 * 60_000);
  await client.create(CONFIG_MAPS, configMap('wait'));
  assert.deepEqual(names(await client.list(events)), ['new']);
});

test('a watcher that throws is dropped and keeps nothing from the others', async () => {
  const reported: unknown[] = [];
  const { kernel, client } = await testKernel({ report: error => reported.push(error) });
  const { store } = kernel.journal;
  store.watch('configmaps', { prefix: '' }, store.revision, () => {
    throw new Error('broken watcher');
  });
  const { told } = await follow(kernel, { resourceVersion: String(store.revision) });
  await client.create(CONFIG_MAPS, configMap('a'));
  await client.create(CONFIG_MAPS, configMap('b'));
  assert.deepEqual(told, ['ADDED a', 'ADDED b']);
  assert.match(String(reported), /broken watcher/);
});

test('a long state is told in slices: what is written meanwhile comes once, after it', async () => {
  const names = Array.from({ length: 1_700 }, (_, index) => `c${String(index).padStart(4, '0')}`);
  let breaths = 0;
  const { client, kernel } = await testKernel({
    breathe: async () => {
      // Before, in and after what has been told.
      if (++breaths !== 2) return;
      await client.delete(CONFIG_MAPS, { namespace: 'default', name: 'c1600' });
      await client.patch(
        CONFIG_MAPS,
        { namespace: 'default', name: 'c0000' },
        { type: 'merge', patch: { data: { n: '1' } } },
      );
      await client.create(CONFIG_MAPS, configMap('c9999'));
    },
  });
  await Promise.all(names.map(name => client.create(CONFIG_MAPS, configMap(name))));
  const at = kernel.journal.store.revision;
  const told: string[] = [];
  const options = { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: true } as const;
  const deliver = (events: readonly StoredEvent[]): void => {
    for (const event of events)
      told.push(
        'stored' in event
          ? `${event.type} ${event.stored.key.name}`
          : `${event.type} ${String('resourceVersion' in event && event.resourceVersion)}`,
      );
  };
  const watch = await kernel.registry.watch(context(), CONFIG_MAPS, options, deliver, () => undefined);
  watch.close();
  assert.ok(breaths >= 3, `${breaths} slices`);
  assert.deepEqual(
    told.slice(0, 1_700),
    names.map(name => `ADDED ${name}`),
  );
  assert.deepEqual(told.slice(1_700), [`BOOKMARK ${at}`, 'DELETED c1600', 'MODIFIED c0000', 'ADDED c9999']);
});

test('a state whose revision is forgotten while it is told ends with a 410', async () => {
  const { client, kernel } = await testKernel({
    limits: { default: { events_max: 10, bytes_max: 1e7 } },
    breathe: async () => {
      for (let index = 0; index < 20; index++)
        await client.create(CONFIG_MAPS, configMap(`late${kernel.journal.store.revision}`));
    },
  });
  await Promise.all(Array.from({ length: 1_200 }, (_, index) => client.create(CONFIG_MAPS, configMap(`c${index}`))));
  const told: StoredEvent[] = [];
  const ended = Promise.withResolvers<void>();
  await kernel.registry.watch(
    context(),
    CONFIG_MAPS,
    { resourceVersion: '0' },
    events => void told.push(...events),
    ended.resolve,
  );
  await ended.promise;
  const last = told.at(-1);
  assert.deepEqual([last?.type, last?.type === 'ERROR' && last.code], ['ERROR', 410]);
});

test('a filter over many objects breathes, and answers the same', async () => {
  let breaths = 0;
  const { client, kernel } = await testKernel({
    breathe: async () => {
      breaths++;
      if (breaths === 1) await client.create(CONFIG_MAPS, configMap('zzz', {}, { labels: { pick: '0' } }));
    },
  });
  await Promise.all(
    Array.from({ length: 2_500 }, (_, index) =>
      client.create(
        CONFIG_MAPS,
        configMap(`c${String(index).padStart(4, '0')}`, {}, { labels: { pick: String(index % 50) } }),
      ),
    ),
  );
  const at = kernel.journal.store.revision;
  const found = await client.list(CONFIG_MAPS, { labelSelector: 'pick=0' });
  assert.equal(found.items.length, 50);
  assert.equal(found.metadata.resourceVersion, String(at));
  assert.equal(breaths, 2);
  const first = await client.list(CONFIG_MAPS, { labelSelector: 'pick=0', limit: 30 });
  const second = await client.list(CONFIG_MAPS, {
    labelSelector: 'pick=0',
    limit: 30,
    continue: first.metadata.continue!,
  });
  assert.deepEqual([first.items.length, second.items.length], [30, 21]);
});
