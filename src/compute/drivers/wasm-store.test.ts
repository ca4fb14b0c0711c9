import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { WasmStores } from './wasm-store.ts';
import { type Ask, asker, keyvalueWorld } from './wasm-world-keyvalue.ts';
import { Refused } from './wasm-world-io.ts';

interface Bucket {
  get(key: string): Promise<Uint8Array | undefined>;
  set(key: string, value: Uint8Array): Promise<void>;
  delete(key: string): Promise<void>;
  exists(key: string): Promise<boolean>;
  listKeys(cursor?: string): Promise<{ keys: string[] }>;
}
interface World {
  'wasi:keyvalue/store': { open(store: string): Promise<Bucket> };
  'wasi:keyvalue/atomics': {
    Cas: { new: (bucket: Bucket, key: string) => Promise<{ current(): Promise<Uint8Array | undefined> }> };
    increment(bucket: Bucket, key: string, delta: bigint): Promise<bigint>;
    swap(cas: unknown, value: Uint8Array): Promise<void>;
  };
  'wasi:keyvalue/batch': {
    getMany(bucket: Bucket, keys: string[]): Promise<([string, Uint8Array] | undefined)[]>;
    setMany(bucket: Bucket, entries: [string, Uint8Array][]): Promise<void>;
    deleteMany(bucket: Bucket, keys: string[]): Promise<void>;
  };
}

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const text = (value: Uint8Array | undefined): string | undefined => value && Buffer.from(value).toString();
const refused =
  (pattern: RegExp) =>
  (error: unknown): boolean =>
    error instanceof Refused && pattern.test(JSON.stringify(error.payload));

describe('wasi:keyvalue', () => {
  const stores = new WasmStores();
  const worldOf = (pod: string): World => {
    const ask: Ask = asker(port => stores.serve(pod, port));
    return keyvalueWorld(ask) as World;
  };

  it('keeps, lists and forgets, by pod and by store', async () => {
    const { 'wasi:keyvalue/store': store } = worldOf('a');
    const one = await store.open('one');
    await one.set('k', bytes('v'));
    assert.equal(text(await one.get('k')), 'v');
    assert.deepEqual((await one.listKeys()).keys, ['k']);
    assert.equal(await (await store.open('two')).get('k'), undefined);
    assert.equal(await (await worldOf('b')['wasi:keyvalue/store'].open('one')).exists('k'), false);
    await one.delete('k');
    assert.equal(await one.exists('k'), false);
    await one.set('k', bytes('v'));
    stores.drop('a');
    assert.equal(await one.get('k'), undefined);
  });

  it('counts in decimal text, and refuses what is no number or does not fit', async () => {
    const { 'wasi:keyvalue/store': store, 'wasi:keyvalue/atomics': atomics } = worldOf('c');
    const bucket = await store.open('');
    assert.equal(await atomics.increment(bucket, 'n', 5n), 5n);
    assert.equal(await atomics.increment(bucket, 'n', -7n), -2n);
    assert.equal(text(await bucket.get('n')), '-2');
    await bucket.set('n', bytes('x'));
    await assert.rejects(atomics.increment(bucket, 'n', 1n), refused(/not a number/));
    await bucket.set('n', bytes(String(2n ** 63n - 1n)));
    await assert.rejects(atomics.increment(bucket, 'n', 1n), refused(/64 bits/));
  });

  it('swaps only what nobody has changed since', async () => {
    const { 'wasi:keyvalue/store': store, 'wasi:keyvalue/atomics': atomics } = worldOf('d');
    const bucket = await store.open('');
    const [first, second] = [await atomics.Cas.new(bucket, 'k'), await atomics.Cas.new(bucket, 'k')];
    assert.equal(await first.current(), undefined);
    await atomics.swap(first, bytes('first'));
    await assert.rejects(atomics.swap(second, bytes('second')), refused(/cas-failed/));
    // Removed and made again is another value, though it reads the same.
    const third = await atomics.Cas.new(bucket, 'k');
    await bucket.delete('k');
    await bucket.set('k', bytes('first'));
    await assert.rejects(atomics.swap(third, bytes('third')), refused(/cas-failed/));
    assert.equal(text(await bucket.get('k')), 'first');
  });

  it('reads and writes many', async () => {
    const { 'wasi:keyvalue/store': store, 'wasi:keyvalue/batch': batch } = worldOf('e');
    const bucket = await store.open('');
    await batch.setMany(bucket, [
      ['a', bytes('1')],
      ['b', bytes('2')],
    ]);
    await batch.deleteMany(bucket, ['a', 'none']);
    assert.deepEqual(
      (await batch.getMany(bucket, ['a', 'b'])).map(entry => entry && [entry[0], text(entry[1])]),
      [undefined, ['b', '2']],
    );
  });

  it('holds a pod to its names, keys and bytes', async () => {
    const { 'wasi:keyvalue/store': store } = worldOf('f');
    const bucket = await store.open('');
    await assert.rejects(bucket.set('k'.repeat(2000), bytes('')), refused(/exceeds 1024/));
    for (let at = 0; at < 15; at++) await bucket.set(`k${at}`, new Uint8Array(1024 * 1024));
    await assert.rejects(bucket.set('k15', new Uint8Array(1024 * 1024)), refused(/at most 16777216 bytes/));
    await bucket.set('k0', bytes('small'));
    await bucket.set('k15', new Uint8Array(1024 * 1024));
    for (let at = 1; at < 64; at++) await store.open(`s${at}`);
    await assert.rejects(store.open('s64'), refused(/at most 64/));
  });

  it('lets the process end when nothing is asked', () => {
    const { port1, port2 } = new MessageChannel();
    stores.serve('g', port2);
    assert.equal(port2.hasRef(), false);
    port1.close();
  });
});
