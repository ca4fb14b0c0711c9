import { type Clock, type Random, sleep } from '../base/ports.ts';
import type { Client, WatchEvent } from './client.ts';
import { Indexer, type IndexFunction, objectKey } from './indexer.ts';
import type { KubeObject, ResourceRef } from './object.ts';
import { type Status, StatusError } from './status.ts';

/** One change of the cache. `old` is the state before; a `deleted` object is the last one known. */
export interface Change<T extends KubeObject> {
  readonly type: 'added' | 'updated' | 'deleted';
  readonly object: T;
  readonly old?: T;
}

export interface InformerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly ref: ResourceRef;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Told of every failed list or watch; it is tried again in any case. */
  readonly report?: (error: unknown) => void;
}

const BACKOFF_MS_MIN = 200;
const BACKOFF_MS_MAX = 30_000;
const PAGE_SIZE = 1_000;
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

const versionOf = (object: KubeObject): number => Number(object.metadata.resourceVersion ?? 0);

/**
 * A local copy of one collection, kept up to date by WatchList (KEP-3157), or by list and watch where the server refuses
 * it. Resource versions are compared as numbers (KEP-5504), so the cache never goes back, and `observe` can put in what
 * a write returned before the watch tells of it: that is what stands in for the expectations of kube-controller-manager.
 */
export class Informer<T extends KubeObject = KubeObject> implements AsyncDisposable {
  readonly ref: ResourceRef;
  readonly #options: InformerOptions;
  readonly #cache = new Indexer<T>();
  readonly #handlers: ((change: Change<T>) => void)[] = [];
  readonly #stop = new AbortController();
  /** uid of objects this process deleted, by key, until the watch says so. */
  readonly #doomed = new Map<string, string>();
  readonly #syncWaiters: (() => void)[] = [];
  #synced = false;
  #version = '';
  #listed = 0;
  #watchList = true;
  #running: Promise<void> | undefined;

  constructor(options: InformerOptions) {
    this.ref = options.ref;
    this.#options = options;
  }

  get synced(): boolean {
    return this.#synced;
  }
  /** What of the collection it holds. */
  get scope(): Pick<InformerOptions, 'namespace' | 'labelSelector' | 'fieldSelector'> {
    return this.#scope();
  }
  get size(): number {
    return this.#cache.size;
  }
  get(key: string): T | undefined {
    return this.#cache.get(key);
  }
  list(): MapIterator<T> {
    return this.#cache.values();
  }
  index(name: string, places: IndexFunction<T>): this {
    this.#cache.index(name, places);
    return this;
  }
  by(index: string, place: string): T[] {
    return this.#cache.by(index, place);
  }
  /** How many objects `by` would give. */
  count(index: string, place: string): number {
    return this.#cache.count(index, place);
  }
  places(index: string): string[] {
    return this.#cache.places(index);
  }

  /** Handlers hear of every object already known, then of every change, in order. Returns how to stop. */
  onChange(handler: (change: Change<T>) => void): () => void {
    this.#handlers.push(handler);
    for (const object of this.#cache.values().toArray()) handler({ type: 'added', object });
    return () => {
      const at = this.#handlers.indexOf(handler);
      if (at >= 0) this.#handlers.splice(at, 1);
    };
  }

  start(): this {
    this.#running ??= this.#run();
    return this;
  }

  /** Resolves when the cache holds one consistent snapshot. */
  whenSynced(): Promise<void> {
    return this.#synced ? Promise.resolve() : new Promise(resolve => this.#syncWaiters.push(resolve));
  }

  /** Takes in what a write returned, unless something newer is known. */
  observe(object: T): void {
    if (this.#outside(object)) return;
    const key = objectKey(object);
    const known = this.#cache.get(key);
    if (known && versionOf(known) >= versionOf(object)) return;
    if (!known && versionOf(object) <= this.#listed) return;
    if (object.metadata.deletionTimestamp && !object.metadata.finalizers?.length && !known) return;
    this.#put(key, object);
  }

  /** Shows an object as being deleted from the moment its deletion was accepted; another one of its name stays as it is. */
  observeDeletion(key: string, uid: string): void {
    const known = this.#cache.get(key);
    if (!known || known.metadata.uid !== uid || known.metadata.deletionTimestamp) return;
    this.#doomed.set(key, uid);
    this.#put(key, known);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('Informer stopped'));
    await this.#running;
  }

  async #run(): Promise<void> {
    let backoff_ms = BACKOFF_MS_MIN;
    const signal = this.#stop.signal;
    while (!signal.aborted) {
      try {
        if (this.#version === '' && !this.#watchList) await this.#relist();
        const progressed = await this.#follow();
        if (progressed) backoff_ms = BACKOFF_MS_MIN;
        if (signal.aborted) return;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof StatusError && (error.code === 410 || error.reason === 'Expired')) this.#version = '';
        else if (this.#version === '' && this.#watchList && error instanceof StatusError && refusesWatchList(error)) {
          this.#watchList = false;
          continue;
        } else this.#options.report?.(error);
      }
      const jitter = 0.5 + this.#options.random.next();
      await sleep(this.#options.clock, backoff_ms * jitter, signal).catch(() => undefined);
      backoff_ms = Math.min(BACKOFF_MS_MAX, backoff_ms * 2);
    }
  }

  async #relist(): Promise<void> {
    const { client, ref } = this.#options;
    const fresh = new Map<string, T>();
    let next: string | undefined;
    do {
      const page = await client.list<T>(ref, {
        ...this.#scope(),
        limit: PAGE_SIZE,
        ...(next ? { continue: next } : {}),
      });
      for (const item of page.items) fresh.set(objectKey(item), item);
      this.#version = page.metadata.resourceVersion ?? '';
      next = page.metadata.continue;
    } while (next && !this.#stop.signal.aborted);
    this.#replace(fresh);
  }

  /** Watches until the stream ends; true when it brought anything. */
  async #follow(): Promise<boolean> {
    const initial = this.#version === '' ? new Map<string, T>() : undefined;
    let fresh = initial;
    let progressed = false;
    const { client, ref } = this.#options;
    const watch = client.watch<T>(
      ref,
      {
        ...this.#scope(),
        allowWatchBookmarks: true,
        ...(initial
          ? { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' as const }
          : { resourceVersion: this.#version }),
      },
      this.#stop.signal,
    );
    for await (const event of watch) {
      if (event.type === 'ERROR') throw new StatusError(event.object as unknown as Status);
      progressed = true;
      if (fresh) {
        if (event.type !== 'BOOKMARK') gather(fresh, event);
        else if (event.object.metadata.annotations?.[INITIAL_EVENTS_END] === 'true') {
          this.#version = event.object.metadata.resourceVersion ?? '';
          this.#replace(fresh);
          fresh = undefined;
        }
        continue;
      }
      this.#version = event.object.metadata.resourceVersion ?? this.#version;
      if (event.type !== 'BOOKMARK') this.#take(event);
    }
    return progressed;
  }

  #scope(): { namespace?: string; labelSelector?: string; fieldSelector?: string } {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    return {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    };
  }

  /** Selectors are the server's business: a narrowed informer does not take in writes. */
  #outside(object: T): boolean {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    if (labelSelector !== undefined || fieldSelector !== undefined) return true;
    return namespace !== undefined && object.metadata.namespace !== namespace;
  }

  #replace(fresh: Map<string, T>): void {
    this.#listed = Number(this.#version) || 0;
    for (const [key, object] of fresh) {
      const known = this.#cache.get(key);
      if (!known || versionOf(known) < versionOf(object)) this.#put(key, object);
    }
    for (const key of this.#cache.keys().toArray()) {
      if (!fresh.has(key) && versionOf(this.#cache.get(key)!) <= this.#listed) this.#remove(key);
    }
    if (this.#synced) return;
    this.#synced = true;
    for (const waiter of this.#syncWaiters.splice(0)) waiter();
  }

  #take(event: WatchEvent<T>): void {
    const key = objectKey(event.object);
    const known = this.#cache.get(key);
    this.#listed = Math.max(this.#listed, versionOf(event.object));
    if (event.type === 'DELETED') {
      if (known && (known.metadata.uid === event.object.metadata.uid || versionOf(known) < versionOf(event.object)))
        this.#remove(key, event.object);
      return;
    }
    if (!known || versionOf(known) < versionOf(event.object)) this.#put(key, event.object);
  }

  #put(key: string, incoming: T): void {
    const old = this.#cache.get(key);
    const object = this.#overlay(key, incoming);
    this.#cache.set(key, object);
    if (old && old.metadata.uid !== object.metadata.uid) {
      this.#tell({ type: 'deleted', object: old });
      this.#tell({ type: 'added', object });
    } else this.#tell(old ? { type: 'updated', object, old } : { type: 'added', object });
  }

  #overlay(key: string, object: T): T {
    const doomed = this.#doomed.get(key);
    if (doomed === undefined) return object;
    if (doomed !== object.metadata.uid || object.metadata.deletionTimestamp) {
      this.#doomed.delete(key);
      return object;
    }
    const deletionTimestamp = new Date(this.#options.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    return { ...object, metadata: { ...object.metadata, deletionTimestamp } };
  }

  #remove(key: string, last?: T): void {
    this.#doomed.delete(key);
    const old = this.#cache.delete(key);
    if (old) this.#tell({ type: 'deleted', object: last?.metadata.uid === old.metadata.uid ? last! : old, old });
  }

  #tell(change: Change<T>): void {
    for (const handler of this.#handlers) handler(change);
  }
}

function gather<T extends KubeObject>(fresh: Map<string, T>, event: WatchEvent<T>): void {
  const key = objectKey(event.object);
  if (event.type === 'DELETED') fresh.delete(key);
  else fresh.set(key, event.object);
}

/** Old servers answer sendInitialEvents with 422 (forbidden field) or 400. */
const refusesWatchList = (error: StatusError): boolean => error.code === 422 || error.code === 400;
