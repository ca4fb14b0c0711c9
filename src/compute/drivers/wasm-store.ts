/** What components keep by wasi:keyvalue: in the host's memory, one space a pod, so that it outlives workers and instances. */
import type { MessagePort } from 'node:worker_threads';

/** One operation; `store` names the bucket. Versions count changes: a swap is made only where nobody changed the key since. */
export type StoreRequest = { readonly op: 'open' | 'list'; readonly store: string } | KeyRequest;

type KeyRequest =
  | { readonly op: 'get' | 'delete' | 'version'; readonly store: string; readonly key: string }
  | { readonly op: 'set'; readonly store: string; readonly key: string; readonly value: Uint8Array }
  | { readonly op: 'increment'; readonly store: string; readonly key: string; readonly delta: bigint }
  | {
      readonly op: 'swap';
      readonly store: string;
      readonly key: string;
      readonly value: Uint8Array;
      readonly version: number;
    };

export interface StoreAnswer {
  readonly value?: Uint8Array | undefined;
  readonly version?: number;
  readonly keys?: readonly string[];
  readonly count?: bigint;
  readonly done?: boolean;
  /** Why it was not done. */
  readonly refused?: string;
}

interface Entry {
  readonly value: Uint8Array;
  readonly version: number;
}

const STORES_MAX = 64;
const KEYS_MAX = 65_536;
const NAME_BYTES_MAX = 1024;
const SPACE_BYTES_MAX = 16 * 1024 * 1024;
/** What an entry costs beside its bytes. */
const ENTRY_BYTES = 128;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

const weight = (key: string, value: Uint8Array): number => Buffer.byteLength(key) + value.length + ENTRY_BYTES;

/** The stores of one pod. */
class Space {
  readonly #stores = new Map<string, Map<string, Entry>>();
  #changes = 0;
  #bytes = 0;

  answer(request: StoreRequest): StoreAnswer {
    const names = 'key' in request ? [request.store, request.key] : [request.store];
    if (names.some(name => Buffer.byteLength(name) > NAME_BYTES_MAX))
      return { refused: `a name exceeds ${NAME_BYTES_MAX} bytes` };
    let store = this.#stores.get(request.store);
    if (!store) {
      if (this.#stores.size >= STORES_MAX) return { refused: `a pod has at most ${STORES_MAX} stores` };
      store = new Map();
      this.#stores.set(request.store, store);
    }
    if ('key' in request) return this.#keyed(store, request);
    return request.op === 'open' ? {} : { keys: [...store.keys()] };
  }

  #keyed(store: Map<string, Entry>, request: KeyRequest): StoreAnswer {
    const { key } = request;
    const entry = store.get(key);
    switch (request.op) {
      case 'get':
      case 'version':
        return { value: entry?.value, version: entry?.version ?? 0 };
      case 'set':
        return this.#set(store, key, request.value);
      case 'delete':
        if (entry) this.#bytes -= weight(key, entry.value);
        store.delete(key);
        return {};
      case 'increment':
        return this.#increment(store, key, request.delta);
      case 'swap':
        if ((entry?.version ?? 0) !== request.version)
          return { done: false, value: entry?.value, version: entry?.version ?? 0 };
        return { ...this.#set(store, key, request.value), done: true };
    }
  }

  #set(store: Map<string, Entry>, key: string, value: Uint8Array): StoreAnswer {
    const before = store.get(key);
    const bytes = this.#bytes - (before ? weight(key, before.value) : 0) + weight(key, value);
    if (bytes > SPACE_BYTES_MAX) return { refused: `a pod keeps at most ${SPACE_BYTES_MAX} bytes` };
    if (!before && store.size >= KEYS_MAX) return { refused: `a store has at most ${KEYS_MAX} keys` };
    this.#bytes = bytes;
    store.set(key, { value, version: ++this.#changes });
    return {};
  }

  /** Numbers are kept as decimal text, which components may read and write themselves. */
  #increment(store: Map<string, Entry>, key: string, delta: bigint): StoreAnswer {
    const text = Buffer.from(store.get(key)?.value ?? Buffer.from('0')).toString();
    if (!/^-?\d{1,20}$/.test(text)) return { refused: 'the value is not a number' };
    const count = BigInt(text) + delta;
    if (count < INT64_MIN || count > INT64_MAX) return { refused: 'the number does not fit 64 bits' };
    const { refused } = this.#set(store, key, Buffer.from(String(count)));
    return refused === undefined ? { count } : { refused };
  }
}

/** The stores of every pod of this host. */
export class WasmStores {
  readonly #spaces = new Map<string, Space>();

  /** Answers what comes in through a port of a worker of that pod, until the worker ends. */
  serve(pod: string, port: MessagePort): void {
    port.on('message', ({ id, request }: { id: number; request: StoreRequest }) => {
      let space = this.#spaces.get(pod);
      if (!space) this.#spaces.set(pod, (space = new Space()));
      port.postMessage({ id, answer: space.answer(request) });
    });
    port.unref();
  }

  /** The pod is gone. */
  drop(pod: string): void {
    this.#spaces.delete(pod);
  }
}
