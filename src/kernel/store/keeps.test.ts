import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../object.ts';
import { Store, STORE_LIMITS } from './store.ts';

const pod = (name: string, image: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image, env: [{ name: 'ä', value: '界' }] }] },
});

function write(store: Store, collection: string, object: KubeObject): string {
  const json = JSON.stringify(object);
  const { version } = store.stage(collection, object.metadata.name!, () => ({ json, object }));
  store.commit(version.resourceVersion);
  return json;
}

test('a store that keeps objects answers with the texts it was given, however it holds them', () => {
  const store = new Store(STORE_LIMITS, 'objects');
  store.watch('pods', { prefix: '' }, 0, () => undefined);
  const object = pod('a', 'x:1');
  for (const collection of ['pods', 'events']) {
    const json = write(store, collection, object);
    const version = store.collection(collection).get('a')!;
    assert.equal(version.json, json);
    assert.equal(Buffer.from(version.bytes).toString(), json);
    assert.equal(version.size, Buffer.byteLength(json));
    const { text, start, size } = version.stored;
    const stored = typeof text === 'string' ? text : text.toString('utf8', start, start + size);
    assert.equal(stored, json);
    const copy = Buffer.alloc(version.size);
    version.copyTo(copy, 0);
    assert.equal(copy.toString(), json);
    assert.deepEqual(version.object, object);
  }
  assert.equal(store.collection('pods').get('a')!.parsed, object, 'what is watched is held as the very object');
});

test('what was replaced and removed reads as it was, from objects as from texts', () => {
  for (const keeps of ['objects', 'texts'] as const) {
    const store = new Store(STORE_LIMITS, keeps);
    const seen: unknown[] = [];
    store.watch('pods', { prefix: '' }, 0, events => {
      for (const event of events)
        if (event.type !== 'BOOKMARK' && event.type !== 'ERROR')
          seen.push([event.type, JSON.parse(event.stored.json)?.spec?.containers[0].image]);
    });
    write(store, 'pods', pod('a', 'x:1'));
    write(store, 'pods', pod('a', 'x:2'));
    const { version } = store.stage('pods', 'a', () => null);
    store.commit(version.resourceVersion);
    assert.deepEqual(seen, [
      ['ADDED', 'x:1'],
      ['MODIFIED', 'x:2'],
      ['DELETED', 'x:2'],
    ]);
    assert.equal(store.collection('pods').get('a'), undefined);
  }
});
