/** wasi:keyvalue 0.2 (store, atomics, batch; drafts 1 and 2) and wasi:config, as jco calls them. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { StoreAnswer, StoreRequest } from './wasm-store.ts';
import { Refused } from './wasm-world-io.ts';

/** Asks the host; rejects with the `error` of the interface. */
export type Ask = (request: StoreRequest) => Promise<StoreAnswer>;

/** Questions over a port of the worker's own, made when the first is asked; while one is open the worker stays. */
export function asker(offer: (port: MessagePort) => void): Ask {
  let port: MessagePort | undefined;
  let last = 0;
  const open = new Map<number, (answer: StoreAnswer) => void>();
  const connect = (): MessagePort => {
    const channel = new MessageChannel();
    channel.port1.on('message', ({ id, answer }: { id: number; answer: StoreAnswer }) => {
      open.get(id)?.(answer);
      open.delete(id);
      if (open.size === 0) channel.port1.unref();
    });
    offer(channel.port2);
    return channel.port1;
  };
  return async request => {
    port ??= connect();
    port.ref();
    const id = ++last;
    const { promise, resolve } = Promise.withResolvers<StoreAnswer>();
    open.set(id, resolve);
    port.postMessage({ id, request });
    const answer = await promise;
    if (answer.refused !== undefined) throw new Refused({ tag: 'other', val: answer.refused });
    return answer;
  };
}

/** The calls that ask the host: they suspend the component meanwhile (names as in `asyncImports` of jco). */
export const KEYVALUE_WAITING: readonly string[] = [
  'wasi:keyvalue/store#open',
  ...['get', 'set', 'delete', 'exists', 'list-keys'].map(verb => `wasi:keyvalue/store#[method]bucket.${verb}`),
  'wasi:keyvalue/atomics#increment',
  'wasi:keyvalue/atomics#swap',
  'wasi:keyvalue/atomics#[static]cas.new',
  'wasi:keyvalue/atomics#[static]cas.new-with-read',
  'wasi:keyvalue/atomics#[method]cas.current',
  ...['get-many', 'set-many', 'delete-many'].map(verb => `wasi:keyvalue/batch#${verb}`),
];

/** One store of the pod. */
class Bucket {
  readonly ask: Ask;
  readonly store: string;
  constructor(ask: Ask, store: string) {
    this.ask = ask;
    this.store = store;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return (await this.ask({ op: 'get', store: this.store, key })).value;
  }

  async set(key: string, value: Uint8Array): Promise<void> {
    await this.ask({ op: 'set', store: this.store, key, value: value.slice() });
  }

  async delete(key: string): Promise<void> {
    await this.ask({ op: 'delete', store: this.store, key });
  }

  async exists(key: string): Promise<boolean> {
    return (await this.get(key)) !== undefined;
  }

  /** All keys at once: there is no further page, and nothing behind a cursor. */
  async listKeys(cursor: unknown): Promise<{ keys: string[]; cursor: undefined }> {
    const { keys = [] } = await this.ask({ op: 'list', store: this.store });
    return { keys: cursor === undefined ? [...keys] : [], cursor: undefined };
  }
}

/** A key's value as it was, to be replaced only if it still is. */
class Cas {
  readonly bucket: Bucket;
  readonly key: string;
  readonly version: number;
  readonly value: Uint8Array | undefined;
  private constructor(bucket: Bucket, key: string, { version = 0, value }: StoreAnswer) {
    this.bucket = bucket;
    this.key = key;
    this.version = version;
    this.value = value;
  }

  static of(bucket: Bucket, key: string, answer: StoreAnswer): Cas {
    return new Cas(bucket, key, answer);
  }

  static async new(bucket: Bucket, key: string): Promise<Cas> {
    return Cas.of(bucket, key, await bucket.ask({ op: 'version', store: bucket.store, key }));
  }

  static async newWithRead(bucket: Bucket, key: string): Promise<[Cas, Uint8Array | undefined]> {
    const made = await Cas.new(bucket, key);
    return [made, made.value];
  }

  current(): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.value);
  }
}

const swap = async ({ bucket, key, version }: Cas, value: Uint8Array): Promise<void> => {
  const request = { op: 'swap', store: bucket.store, key, value: value.slice(), version } as const;
  const answer = await bucket.ask(request).catch((error: Refused) => {
    throw new Refused({ tag: 'store-error', val: error.payload });
  });
  if (!answer.done) throw new Refused({ tag: 'cas-failed', val: Cas.of(bucket, key, answer) });
};

const batch = {
  getMany: (bucket: Bucket, keys: readonly string[]) =>
    Promise.all(
      keys.map(async key => {
        const value = await bucket.get(key);
        return value === undefined ? undefined : [key, value];
      }),
    ),
  setMany: async (bucket: Bucket, entries: readonly (readonly [string, Uint8Array])[]) => {
    for (const [key, value] of entries) await bucket.set(key, value);
  },
  deleteMany: async (bucket: Bucket, keys: readonly string[]) => {
    for (const key of keys) await bucket.delete(key);
  },
};

/** `store`, `atomics` and `batch` of one component. */
export function keyvalueWorld(ask: Ask): object {
  return {
    'wasi:keyvalue/store': {
      Bucket,
      open: async (store: string) => {
        await ask({ op: 'open', store });
        return new Bucket(ask, store);
      },
    },
    'wasi:keyvalue/atomics': {
      Cas,
      increment: async ({ ask: from, store }: Bucket, key: string, delta: bigint) =>
        (await from({ op: 'increment', store, key, delta })).count,
      swap,
    },
    'wasi:keyvalue/batch': batch,
  };
}

/** A component is configured by its container's environment. */
export function configWorld(environment: readonly (readonly [string, string])[]): object {
  const values = new Map(environment);
  const store = {
    get: (key: string) => values.get(key),
    getAll: () => [...values].map(([name, value]): [string, string] => [name, value]),
  };
  return { 'wasi:config/store': store, 'wasi:config/runtime': store };
}
