import type { KubeObject } from '../object.ts';
import type { ValueTransform } from '../encryption/transform.ts';
import { type KeySpace, keySpace } from '../etcd/keys.ts';
import { type StorageCodec, storageCodec } from '../etcd/storage.ts';
import { type EtcdPair, endOfPrefix, type WatchAnswer } from '../etcd/wire.ts';
import { kernelFaults } from '../faults.ts';
import { statusError } from '../status.ts';
import type { ResourceCatalog } from '../resource.ts';
import { type AllocationRecord, Superseded, type WriteOrder } from '../store/port.ts';
import { type Change, type Content, Store, type StoreLimits } from '../store/store.ts';
import type { Version } from '../store/version.ts';
import { etcdAllocation } from './etcd-allocation.ts';
import { EtcdClient, parseEtcdAddress } from './etcd-client.ts';
import { COMPACTION_MS, compactor } from './etcd-compaction.ts';
import { eventLeases } from './etcd-leases.ts';
import { EtcdWatch } from './etcd-watch.ts';

const PAGE = 1_000;
/** A watch that is behind says how far it is when asked; only needed where others write outside our prefix. */
const PROGRESS_MS = 10;

const encoder = new TextEncoder();

/** What a store on etcd is made of. */
export interface EtcdStoreOptions {
  readonly address: string;
  readonly catalog: ResourceCatalog;
  readonly limits?: StoreLimits;
  readonly transform?: ValueTransform;
}

interface Pending {
  /** Versions of this key that came over the watch since the write was sent. */
  readonly seen: Map<number, Version>;
}

interface Waiter {
  readonly revision: number;
  readonly resolve: () => void;
}

/**
 * The store of several servers on one etcd: the whole of `/registry` is kept in memory and follows etcd's watch; a write is
 * a transaction on the key's mod revision and is acknowledged when the watch has shown it. Object versions are etcd revisions.
 */
export class EtcdJournal implements WriteOrder {
  readonly store: Store;
  readonly expiresEvents = true;
  readonly failed = undefined;
  report: (error: unknown) => void = () => undefined;
  readonly #client: EtcdClient;
  readonly #prefix: string;
  readonly #keys: KeySpace;
  readonly #codec: StorageCodec;
  readonly #transform: ValueTransform | undefined;
  readonly #lease: () => Promise<bigint>;
  readonly #pending = new Map<string, Set<Pending>>();
  readonly #writes = new Set<Promise<unknown>>();
  #waiters: Waiter[] = [];
  #watch: EtcdWatch | undefined;
  #applied: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #current: Promise<void> | undefined;
  #progress: NodeJS.Timeout | undefined;
  #compaction: NodeJS.Timeout | undefined;

  private constructor({ address, catalog, limits, transform }: EtcdStoreOptions) {
    const target = parseEtcdAddress(address);
    this.#client = new EtcdClient(target);
    this.#prefix = target.prefix;
    this.#keys = keySpace(target.prefix);
    this.#codec = storageCodec(catalog);
    this.#transform = transform;
    this.#lease = eventLeases(this.#client);
    this.store = new Store(limits);
  }

  /** Reads what is there and follows it from then on. Faults: `store-unreachable`. */
  static async open(options: EtcdStoreOptions): Promise<EtcdJournal> {
    const journal = new EtcdJournal(options);
    try {
      const { pairs, revision } = await journal.#readAll();
      journal.store.begin(revision);
      for (const pair of pairs) {
        const change = await journal.#changeOf(pair);
        if (change?.content) journal.store.load([{ ...change, value: change.content.json }]);
      }
      journal.#watch = new EtcdWatch(journal.#client, `${journal.#prefix}/`, {
        after: () => journal.store.revision,
        answer: answer => journal.#take(answer),
        compacted: () => journal.#resync(),
        report: error => journal.report(error),
      });
      await journal.#watch.created();
      const compact = compactor(journal.#client);
      journal.#compaction = setInterval(() => {
        compact().catch((error: unknown) => journal.report(error));
      }, COMPACTION_MS).unref();
    } catch (error) {
      await journal.close();
      throw kernelFaults.error('store-unreachable', { address: options.address, cause: (error as Error).message });
    }
    return journal;
  }

  write(collection: string, path: string, build: (revision: number) => Content): { durable: Promise<Version> } {
    const head = this.store.collection(collection).head(path);
    const content = build(head?.resourceVersion ?? 0);
    const object = content && (content.object ?? (JSON.parse(content.json) as KubeObject));
    const durable = this.#commit(collection, path, head?.resourceVersion ?? 0, object);
    this.#writes.add(durable);
    const remove = (): void => void this.#writes.delete(durable);
    durable.then(remove, remove);
    return { durable };
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#writes);
  }

  /** Asks etcd for its revision and waits for the watch to reach it; calls of the same moment share one question. */
  fresh(): Promise<void> {
    if (!this.#current) return (this.#current = this.#ask().finally(() => (this.#current = undefined)));
    // The question that is under way may have been answered before this call.
    this.#next ??= this.#current.then(
      () => this.#askNext(),
      () => this.#askNext(),
    );
    return this.#next;
  }

  allocation(name: string): AllocationRecord {
    return etcdAllocation(this.#client, this.#prefix, name);
  }

  async close(): Promise<void> {
    await this.settled();
    clearTimeout(this.#progress);
    clearInterval(this.#compaction);
    this.#watch?.close();
    this.#client.close();
  }

  #askNext(): Promise<void> {
    this.#next = undefined;
    return (this.#current = this.#ask().finally(() => (this.#current = undefined)));
  }

  async #ask(): Promise<void> {
    const { revision } = await this.#guard(
      this.#client.range(encoder.encode(this.#prefix), undefined, { countOnly: true }),
    );
    await this.#reached(revision);
  }

  async #commit(collection: string, path: string, expected: number, object: KubeObject | null): Promise<Version> {
    const key = this.#keys.keyOf(collection, path);
    let value = object && this.#codec.encode(collection, object);
    if (value && this.#transform?.applies(collection)) value = await this.#transform.seal(collection, value, key);
    const lease = value && collection === 'events' ? { lease: await this.#guard(this.#lease()) } : {};
    const pending: Pending = { seen: new Map() };
    const pendings = this.#pending.get(key) ?? new Set();
    this.#pending.set(key, pendings.add(pending));
    try {
      const answer = await this.#guard(this.#client.txn({ key, expected, value, ...lease }));
      await this.#reached(answer.revision);
      if (!answer.succeeded) throw new Superseded();
      return pending.seen.get(answer.revision) ?? this.#vanished();
    } finally {
      pendings.delete(pending);
      if (pendings.size === 0) this.#pending.delete(key);
    }
  }

  /** The write is in etcd, but the watch was interrupted and what came after it replaced it. */
  #vanished(): never {
    throw statusError(500, 'InternalError', 'the object was written and changed again before it could be read');
  }

  /** etcd's refusals as the API server words them. */
  async #guard<T>(call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      const fault = kernelFaults.error('etcd-failed', { cause: (error as Error).message });
      const refusal = statusError(500, 'InternalError', fault.message);
      refusal.cause = fault;
      throw refusal;
    }
  }

  #reached(revision: number): Promise<void> {
    if (this.store.revision >= revision) return Promise.resolve();
    return new Promise(resolve => {
      this.#waiters.push({ revision, resolve });
      this.#progress ??= this.#nudge();
    });
  }

  #nudge(): NodeJS.Timeout {
    const ask = (): void => {
      this.#progress = undefined;
      if (this.#waiters.length === 0) return;
      this.#watch?.progress();
      this.#progress = this.#nudge();
    };
    return setTimeout(ask, PROGRESS_MS).unref();
  }

  #take(answer: WatchAnswer): void {
    this.#applied = this.#applied.then(() => this.#apply(answer)).catch((error: unknown) => this.report(error));
  }

  async #apply({ events, revision, created }: WatchAnswer): Promise<void> {
    // The answer that says "created" carries etcd's revision, not how far the watch has come.
    if (events.length === 0 && created) return;
    const changes: Change[] = [];
    for (const { removed, pair } of events) {
      if (pair.modRevision <= this.store.revision) continue;
      const change = removed ? this.#removalOf(pair) : await this.#changeOf(pair);
      if (change) changes.push(change);
    }
    this.#show(changes, events.at(-1)?.pair.modRevision ?? revision);
  }

  #show(changes: readonly Change[], revision: number): void {
    const versions = this.store.follow(changes, revision);
    if (this.#pending.size > 0) {
      for (const [at, { collection, path, revision: written }] of changes.entries()) {
        const pendings = this.#pending.get(this.#keys.keyOf(collection, path));
        if (pendings) for (const { seen } of pendings) seen.set(written, versions[at]!);
      }
    }
    for (const error of this.store.watcherErrors.splice(0)) this.report(error);
    const waiters = this.#waiters;
    this.#waiters = waiters.filter(waiter => waiter.revision > this.store.revision);
    for (const waiter of waiters) if (waiter.revision <= this.store.revision) waiter.resolve();
  }

  #removalOf({ key, modRevision }: EtcdPair): Change | undefined {
    const place = this.#keys.placeOf(key);
    return place && { ...place, revision: modRevision, content: null };
  }

  /** Undefined for keys that are no objects, and for objects that cannot be read: they are reported and left alone. */
  async #changeOf({ key, value, modRevision }: EtcdPair): Promise<Change | undefined> {
    const place = this.#keys.placeOf(key);
    if (!place) return undefined;
    const { collection } = place;
    try {
      const plain = this.#transform?.applies(collection) ? await this.#transform.open(collection, value, key) : value;
      const object = this.#codec.decode(collection, plain, modRevision);
      return { ...place, revision: modRevision, content: { json: JSON.stringify(object), object } };
    } catch (error) {
      this.report(kernelFaults.error('etcd-object', { key, cause: (error as Error).message }, key));
      return undefined;
    }
  }

  async #readAll(): Promise<{ pairs: EtcdPair[]; revision: number }> {
    const end = endOfPrefix(`${this.#prefix}/`);
    const pairs: EtcdPair[] = [];
    let from = encoder.encode(`${this.#prefix}/`);
    let revision = 0;
    for (;;) {
      const page = await this.#client.range(from, end, { limit: PAGE, ...(revision ? { revision } : {}) });
      revision ||= page.revision;
      pairs.push(...page.pairs);
      if (!page.more) break;
      from = encoder.encode(`${page.pairs.at(-1)!.key}\0`);
    }
    pairs.sort((left, right) => left.modRevision - right.modRevision);
    return { pairs, revision };
  }

  /** What was missed while etcd compacted is read as a difference; nobody may ask for the versions in between. */
  async #resync(): Promise<void> {
    await this.#applied;
    const { pairs, revision } = await this.#readAll();
    const there = new Set<string>();
    const changes: Change[] = [];
    for (const pair of pairs) {
      there.add(pair.key);
      if (pair.modRevision <= this.store.revision) continue;
      const change = await this.#changeOf(pair);
      if (change) changes.push(change);
    }
    for (const collection of this.store.collections()) {
      const { items } = this.store.list(collection.name, { prefix: '' }, this.store.revision, '', Infinity);
      for (const { path } of items) {
        if (!there.has(this.#keys.keyOf(collection.name, path)))
          changes.push({ collection: collection.name, path, revision, content: null });
      }
    }
    this.#show(changes, revision);
    this.store.forget(revision);
  }
}
