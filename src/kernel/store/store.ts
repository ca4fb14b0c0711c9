import type { KubeObject } from '../object.ts';
import type { StoredEvent } from '../registry/registry.ts';
import { CommonValues } from './common-parts.ts';
import {
  Collection,
  eventFor,
  type IndexReader,
  type Keeps,
  type Page,
  type Selection,
  type Watcher,
} from './collection.ts';
import type { HistoryLimits } from './history.ts';
import type { Discard, LogRecord } from './log.ts';
import { Texts } from './texts.ts';
import { Version } from './version.ts';

/** How much past each collection keeps, by collection name; `default` for the others. */
export type StoreLimits = Readonly<Record<string, HistoryLimits>> & { readonly default: HistoryLimits };

/** Leases and events are the churn that fills other stores: they keep only what a watcher needs to reconnect. */
export const STORE_LIMITS: StoreLimits = {
  default: { events_max: 20_000, bytes_max: 16 * 1024 * 1024 },
  events: { events_max: 4_000, bytes_max: 2 * 1024 * 1024 },
  'coordination.k8s.io/leases': { events_max: 1_000, bytes_max: 512 * 1024 },
};

/** The text and, where the writer has it at hand, the parsed form of what is written; null removes the object. */
export type Content = {
  readonly json: string;
  readonly object?: KubeObject;
  /** See {@link Version.canonical}. */
  readonly canonical?: boolean;
} | null;

/** A write that already has its place in the order of revisions. */
export interface Change {
  readonly collection: string;
  readonly path: string;
  readonly revision: number;
  readonly content: Content;
}

/**
 * The multi-version store as a pure state machine: `stage` takes a write and gives it its place in the one order of
 * revisions, `commit` makes everything up to a revision visible once the log has it. Reads and watches see only what is
 * durable; writers build on what is staged, so writes of one object need not wait for each other's disk.
 */
export class Store {
  /** Revision of the last durable write. */
  revision = 0;
  /** Lists of older snapshots are refused, whether or not history still holds them; see {@link age}. */
  snapshotFloor = 0;
  #aged = 0;
  /** What watchers threw while they were told; whoever drives the store reports it. */
  readonly watcherErrors: unknown[] = [];
  #last = 0;
  /** History of collections that are not known yet starts here. */
  #base = 0;
  #limits: StoreLimits;
  readonly #texts = new Texts();
  readonly #values = new CommonValues();
  #collections = new Map<string, Collection>();
  #queue: { collection: Collection; version: Version }[] = [];

  readonly #keeps: Keeps;

  constructor(limits: StoreLimits = STORE_LIMITS, keeps: Keeps = 'texts') {
    this.#limits = limits;
    this.#keeps = keeps;
  }

  /** Revision of the last staged write. */
  get staged(): number {
    return this.#last;
  }

  collection(name: string): Collection {
    let collection = this.#collections.get(name);
    if (!collection) {
      const limits = Object.hasOwn(this.#limits, name) ? this.#limits[name]! : this.#limits.default;
      collection = new Collection(name, limits, this.#texts, this.#values, this.#keeps);
      collection.history.floor = this.#base;
      this.#collections.set(name, collection);
    }
    return collection;
  }

  collections(): Iterable<Collection> {
    return this.#collections.values();
  }

  /** Takes in the log's contents; call before anything else, floors first, records in revision order. */
  open(floors: ReadonlyMap<string, number>): void {
    for (const [name, floor] of floors) {
      this.collection(name).history.floor = floor;
      this.#reach(floor);
    }
  }

  /** Nothing before this revision can be asked for: for stores that are opened from a snapshot. */
  begin(revision: number): void {
    this.#base = revision;
    for (const { history } of this.#collections.values()) history.floor = Math.max(history.floor, revision);
    this.#reach(revision);
  }

  /** Forgets all history up to a revision: watchers that lag behind it must start again. */
  forget(revision: number): void {
    this.#base = revision;
    for (const collection of this.#collections.values()) {
      collection.compact(revision);
      collection.history.floor = Math.max(collection.history.floor, revision);
    }
  }

  /**
   * Called once a period: snapshots older than one to two periods can no longer be listed, as where etcd is compacted
   * (kube-apiserver, --etcd-compaction-interval). Watchers go by what history holds.
   */
  age(): void {
    this.snapshotFloor = this.#aged;
    this.#aged = this.revision;
  }

  /** Takes in what others wrote, in the order they gave it, and makes everything up to a revision visible. */
  follow(changes: readonly Change[], upTo: number): readonly Version[] {
    const versions = changes.map(({ collection: name, path, revision, content }) => {
      const collection = this.collection(name);
      const version = new Version(path, revision, content?.json ?? null, content?.object);
      collection.stage(version);
      this.#queue.push({ collection, version });
      return version;
    });
    this.#last = Math.max(this.#last, upTo);
    this.commit(upTo);
    return versions;
  }

  load(records: readonly LogRecord[]): void {
    for (const record of records) {
      this.collection(record.collection).load(record);
      this.#reach(record.revision);
    }
  }

  /** Gives a write the next revision. The caller has checked `head`; the record goes to the log in the order of stage calls. */
  stage(name: string, path: string, build: (revision: number) => Content): { version: Version; record: LogRecord } {
    const collection = this.collection(name);
    const revision = this.#last + 1;
    const content = build(revision);
    const object = collection.shared(path, content?.object);
    const version = new Version(path, revision, content?.json ?? null, object, true);
    version.canonical = content?.canonical === true;
    this.#last = revision;
    collection.stage(version);
    this.#queue.push({ collection, version });
    return { version, record: { revision, collection: name, path, value: content?.json ?? null } };
  }

  /** The log has everything up to `upTo`: makes it visible, tells watchers, returns what the log may forget. */
  commit(upTo: number): Discard[] {
    const changed = new Map<Collection, Version[]>();
    let taken = 0;
    for (const { collection, version } of this.#queue) {
      if (version.resourceVersion > upTo) break;
      taken++;
      collection.apply(version);
      const versions = changed.get(collection);
      if (versions) versions.push(version);
      else changed.set(collection, [version]);
    }
    this.#queue.splice(0, taken);
    this.revision = Math.max(this.revision, upTo);
    this.#publish(changed);
    const discards: Discard[] = [];
    for (const collection of changed.keys()) {
      const discard = collection.compact();
      if (discard) discards.push(discard);
    }
    return discards;
  }

  /** The log did not keep what is staged: forgets it. Its revisions are not used again. */
  abandon(): void {
    for (const { collection } of this.#queue) collection.abandon();
    this.#queue = [];
  }

  list(name: string, selection: Selection, at: number, from: string, limit: number, scan_max?: number): Page {
    return this.collection(name).list(selection, at, from, limit, scan_max);
  }

  index(name: string, field: string, read: IndexReader): void {
    this.collection(name).index(field, read);
  }

  /**
   * Follows a collection from a revision (exclusive) that history still knows: what happened since is delivered before
   * the call returns, the rest as it becomes durable, each change once and in order.
   */
  watch(
    name: string,
    selection: Selection,
    after: number,
    deliver: (events: readonly StoredEvent[]) => void,
  ): { close(): void } {
    const collection = this.collection(name);
    const missed: StoredEvent[] = [];
    collection.history.since(after, version => {
      const event = eventFor(selection, version);
      if (event) missed.push(event);
      version.settle();
    });
    const watcher: Watcher = { selection, after, deliver };
    collection.watchers.add(watcher);
    if (missed.length > 0) deliver(missed);
    return { close: () => void collection.watchers.delete(watcher) };
  }

  #publish(changed: ReadonlyMap<Collection, readonly Version[]>): void {
    // A watcher that is opened while another one is being told already saw these changes in history.
    const audience = [...changed].map(([collection, versions]) => ({
      versions,
      watchers: [...collection.watchers],
      collection,
    }));
    for (const { versions, watchers, collection } of audience) {
      for (const watcher of watchers) {
        if (!collection.watchers.has(watcher)) continue;
        const events: StoredEvent[] = [];
        for (const version of versions) {
          if (version.resourceVersion <= watcher.after) continue;
          const event = eventFor(watcher.selection, version);
          if (event) events.push(event);
        }
        if (events.length > 0) this.#tell(collection, watcher, events);
      }
      for (const version of versions) version.settle();
    }
  }

  /** A watcher that throws is a programmer's error; it must not keep a durable write from the others. */
  #tell(collection: Collection, watcher: Watcher, events: readonly StoredEvent[]): void {
    try {
      watcher.deliver(events);
    } catch (error) {
      collection.watchers.delete(watcher);
      this.watcherErrors.push(error);
    }
  }

  #reach(revision: number): void {
    if (revision > this.#last) this.#last = revision;
    this.revision = this.#last;
  }
}
