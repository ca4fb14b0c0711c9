import type { KubeObject } from '../object.ts';
import type { StoredEvent } from '../registry/registry.ts';
import { CommonParts, type CommonValues, SHARED_FROM } from './common-parts.ts';
import { History, type HistoryLimits } from './history.ts';
import type { Discard, LogRecord } from './log.ts';
import { OrderedKeys } from './ordered.ts';
import type { StoredText, Texts } from './texts.ts';
import { Version } from './version.ts';

/** Which objects of a collection somebody looks at. */
export interface Selection {
  /** `''` for all, `ns/` for one namespace, with `exact` the path of one object. */
  readonly prefix: string;
  readonly exact?: boolean;
  /** Absent when every object in scope is wanted. Must be pure: it is asked about old states, too. */
  readonly matches?: (object: KubeObject) => boolean;
  /** Answers for `matches` from the stored text alone, where that can be told: false, true, or undefined where it cannot. */
  readonly glance?: (stored: StoredText) => boolean | undefined;
  /** A value of a secondary index that narrows lists; `matches` still decides. */
  readonly index?: { readonly name: string; readonly value: string };
}

/** Somebody who follows a collection; events at or below `after` are not for them. */
export interface Watcher {
  readonly selection: Selection;
  readonly after: number;
  readonly deliver: (events: readonly StoredEvent[]) => void;
}

/** A page of one snapshot; `next` is the path the following page starts at. */
export interface Page {
  readonly items: readonly Version[];
  readonly next?: string;
  readonly remaining?: number;
}

/**
 * What a store keeps of its objects: the texts, for servers that send them; or, where all who read are in this process, the
 * objects of what is watched.
 */
export type Keeps = 'texts' | 'objects';

/** A secondary index: reads the indexed value of an object, or undefined when it has none. */
export type IndexReader = (object: KubeObject) => string | undefined;

const inScope = (selection: Selection, path: string): boolean =>
  selection.exact ? path === selection.prefix : selection.prefix === '' || path.startsWith(selection.prefix);

function wanted(selection: Selection, version: Version | undefined): boolean {
  if (version === undefined || version.removed) return false;
  const { matches, glance } = selection;
  if (matches === undefined) return true;
  const parsed = version.parsed;
  if (parsed !== undefined) return matches(parsed);
  return glance?.(version.stored) ?? matches(version.object);
}

/**
 * What a version means to somebody with a selection: an object that starts matching is ADDED, one that stops matching is
 * DELETED with the version that made it stop (apiserver watch cache, "selector transitions").
 */
export function eventFor(selection: Selection, version: Version): StoredEvent | undefined {
  if (!inScope(selection, version.path)) return undefined;
  const is = wanted(selection, version);
  const was = wanted(selection, version.before);
  if (is) return was ? version.modified() : version.added();
  return was ? version.deleted() : undefined;
}

/** All objects of one resource: what is durable, what is on its way, the recent past, and who watches. */
export class Collection {
  readonly name: string;
  readonly history: History;
  readonly watchers = new Set<Watcher>();
  /** Objects that exist now (removals that history still remembers are not counted). */
  live = 0;
  /** What its objects have in common with each other and with those of other collections. */
  readonly #parts: CommonParts;
  readonly #texts: Texts;
  #durable = new Map<string, Version>();
  #staged = new Map<string, Version>();
  #keys = new OrderedKeys();
  #indexes = new Map<string, { read: IndexReader; paths?: Map<string, Set<string>> }>();

  readonly #keeps: Keeps;

  constructor(name: string, limits: HistoryLimits, texts: Texts, values: CommonValues, keeps: Keeps = 'texts') {
    this.name = name;
    this.#keeps = keeps;
    this.#texts = texts;
    this.#parts = new CommonParts(values);
    this.history = new History(limits);
  }

  /** The durable version; a removed object reads as undefined. */
  get(path: string): Version | undefined {
    const version = this.#durable.get(path);
    return version === undefined || version.removed ? undefined : version;
  }

  /** The newest version, durable or not: what the next write of this path builds on. */
  head(path: string): Version | undefined {
    const version = this.#staged.get(path) ?? this.#durable.get(path);
    return version === undefined || version.removed ? undefined : version;
  }

  /** The newest version whatever it is, a removal too; undefined where there is none. */
  newest(path: string): Version | undefined {
    return this.#staged.get(path) ?? this.#durable.get(path);
  }

  /** True while a write of this path is on its way to the log. */
  isStaged(path: string): boolean {
    return this.#staged.has(path);
  }

  /** A new state with the parts it has in common with what is stored, where that is much. */
  shared(path: string, object: KubeObject | undefined): KubeObject | undefined {
    if (object === undefined || this.live < SHARED_FROM) return object;
    return this.#parts.share(object, this.head(path)?.parsed);
  }

  stage(version: Version): void {
    version.previous = this.#staged.get(version.path) ?? this.#durable.get(version.path);
    this.#staged.set(version.path, version);
  }

  /** Forgets every write the log did not keep. */
  abandon(): void {
    this.#staged.clear();
  }

  /** Makes a version the durable one. */
  apply(version: Version): void {
    if (this.#staged.get(version.path) === version) this.#staged.delete(version.path);
    const before = this.#durable.get(version.path);
    if (this.#keeps === 'objects' && this.watchers.size > 0) version.hold(this.#texts);
    else version.pack(this.#texts);
    this.#durable.set(version.path, version);
    if (before === undefined) this.#keys.add(version.path);
    this.live += (version.removed ? 0 : 1) - (before === undefined || before.removed ? 0 : 1);
    this.history.push(version);
    if (this.#indexes.size > 0) this.#reindex(before, version);
  }

  /** Takes in one record of the log while the store opens; records come in revision order. */
  load(record: LogRecord): void {
    const version = new Version(record.path, record.revision, record.value, undefined);
    const before = this.#durable.get(record.path);
    const past = record.revision > this.history.floor;
    if (version.removed && !past) {
      if (before !== undefined) this.#drop(before);
      return;
    }
    if (past) version.previous = before;
    else before?.drop(this.#texts);
    version.pack(this.#texts);
    this.#durable.set(record.path, version);
    if (before === undefined) this.#keys.add(record.path);
    this.live += (version.removed ? 0 : 1) - (before === undefined || before.removed ? 0 : 1);
    if (past) this.history.push(version);
  }

  /** Forgets history beyond the limits; what the log may give back, or undefined when there is nothing. */
  compact(upTo?: number): Discard | undefined {
    const forgotten = this.history.shrink(upTo);
    if (forgotten.length === 0) return undefined;
    const revisions: number[] = [];
    for (const version of forgotten) {
      if (version.before) revisions.push(version.before.resourceVersion);
      version.before?.drop(this.#texts);
      version.previous = undefined;
      if (!version.removed) continue;
      revisions.push(version.resourceVersion);
      if (this.#durable.get(version.path) === version) this.#drop(version);
    }
    return { collection: this.name, floor: this.history.floor, revisions };
  }

  /**
   * Reads a page of the snapshot at a revision that history still knows; a filtered one ends after `scan_max` objects. What
   * is left is counted where no filter and no `scan_max` is given.
   */
  list(selection: Selection, at: number, from: string, limit: number, scan_max = Number.POSITIVE_INFINITY): Page {
    const items: Version[] = [];
    let next: string | undefined;
    let remaining = 0;
    let scanned = 0;
    // Only what was asked for without selectors can be counted without reading every object.
    const counts = selection.matches === undefined && scan_max === Number.POSITIVE_INFINITY;
    // Every key is an object of this snapshot: the rest needs no look at each.
    const whole = at >= this.history.newest && this.#keys.size === this.live;
    const visit = (path: string): boolean => {
      if (selection.matches && ++scanned > scan_max) {
        next = path;
        return false;
      }
      const version = this.#at(path, at);
      if (version === undefined || !wanted(selection, version)) return true;
      if (items.length < limit) items.push(version);
      else {
        next ??= path;
        if (counts && whole) remaining = this.#keys.count(selection.prefix, path);
        if (!counts || whole) return false;
        remaining++;
      }
      return true;
    };
    if (selection.exact) visit(selection.prefix);
    else if (selection.index && at >= this.history.newest) this.#walkIndex(selection, from, visit);
    else this.#keys.walk(selection.prefix, from, visit);
    return {
      items,
      ...(next === undefined ? {} : { next }),
      ...(next !== undefined && counts ? { remaining } : {}),
    };
  }

  /** Declares a secondary index; it is built when a list first asks for it. */
  index(name: string, read: IndexReader): void {
    if (!this.#indexes.has(name)) this.#indexes.set(name, { read });
  }

  hasIndex(name: string): boolean {
    return this.#indexes.has(name);
  }

  #at(path: string, revision: number): Version | undefined {
    let version = this.#durable.get(path);
    while (version !== undefined && version.resourceVersion > revision) version = version.previous;
    return version === undefined || version.removed ? undefined : version;
  }

  #drop(version: Version): void {
    this.#durable.delete(version.path);
    this.#keys.delete(version.path);
    version.drop(this.#texts);
    if (!version.removed) this.live--;
  }

  #walkIndex(selection: Selection, from: string, visit: (path: string) => boolean): void {
    const { name, value } = selection.index!;
    const index = this.#indexes.get(name)!;
    if (!index.paths) {
      index.paths = new Map();
      for (const version of this.#durable.values())
        if (!version.removed) addTo(index.paths, index.read(version.object), version.path);
    }
    const paths = [...(index.paths.get(value) ?? [])].filter(path => path >= from && path.startsWith(selection.prefix));
    for (const path of paths.sort((left, right) => (left < right ? -1 : 1))) if (!visit(path)) return;
  }

  #reindex(before: Version | undefined, version: Version): void {
    for (const { read, paths } of this.#indexes.values()) {
      if (!paths) continue;
      const was = before && !before.removed ? read(before.object) : undefined;
      const is = version.removed ? undefined : read(version.object);
      if (was === is) continue;
      if (was !== undefined) paths.get(was)?.delete(version.path);
      addTo(paths, is, version.path);
    }
  }
}

function addTo(paths: Map<string, Set<string>>, value: string | undefined, path: string): void {
  if (value === undefined) return;
  const known = paths.get(value);
  if (known) known.add(path);
  else paths.set(value, new Set([path]));
}
