/**
 * A watch tells every change it asked for, once, in order, as the log has it; bookmarks do not run ahead (etcd watch API
 * guarantees; Kubernetes API concepts, "Efficient detection of changes").
 */
import {
  fieldText,
  INITIAL_EVENTS_END,
  type KubeObject,
  matchFields,
  matchLabels,
  parseFieldSelector,
  parseLabelSelector,
} from '../../../kernel/index.ts';
import type { Commit, Delivery, Watching } from '../model.ts';
import type { Invariant, Watchdog } from './report.ts';

type Wants = (path: string, object: KubeObject | undefined) => boolean;

/** Commits of a collection that are kept with their objects though no watch asks for some objects alone. */
const WHOLE_MAX = 1_000;

/** One commit of a collection: was there an object before, is there one now. */
interface Entry {
  readonly revision: number;
  readonly path: string;
  readonly is: boolean;
  readonly was: boolean;
  /** With the objects themselves, as long as a selector may be asked about them. */
  whole: Commit | undefined;
}

/** The commits of one collection. Objects are let go of: a run makes far more versions than it has objects. */
class Commits {
  readonly entries: Entry[] = [];
  /** Entries before this place have no objects any more. */
  wholeFrom = 0;
  /** Set with the first watch that has a selector: from then on all objects are kept. */
  selective = false;

  push(commit: Commit): void {
    const { revision, path, object, before } = commit;
    this.entries.push({ revision, path, is: object !== undefined, was: before !== undefined, whole: commit });
    if (this.selective) return;
    while (this.wholeFrom < this.entries.length - WHOLE_MAX) this.entries[this.wholeFrom++]!.whole = undefined;
  }

  /** Place of the first commit after a revision. */
  after(revision: number): number {
    const { entries } = this;
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (entries[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

interface Follow {
  readonly watching: Watching;
  /** Which objects it asked for; undefined where it is told of all of its scope. */
  readonly wants: Wants | undefined;
  /** Place in the collection's commits that is looked at next; undefined until the state is complete. */
  at: number | undefined;
  last: number;
  readonly state: Map<string, number>;
  over: boolean;
}

function wantsOf({ labelSelector, fieldSelector }: Watching): Wants | undefined {
  if (!labelSelector && !fieldSelector) return undefined;
  const labels = parseLabelSelector(labelSelector ?? '');
  const fields = parseFieldSelector(fieldSelector ?? '');
  return (_path, object) =>
    object !== undefined && matchLabels(labels, object.metadata.labels) && matchFields(fields, object, fieldText);
}

const inScope = ({ namespace }: Watching, path: string): boolean => !namespace || path.startsWith(`${namespace}/`);

/** What a change means to somebody who wants only some objects. */
function typeFor({ watching, wants }: Follow, { path, is, was, whole }: Entry): Delivery['type'] | undefined {
  if (!inScope(watching, path)) return undefined;
  const now = wants ? wants(path, whole?.object) : is;
  const then = wants ? wants(path, whole?.before) : was;
  if (now) return then ? 'MODIFIED' : 'ADDED';
  return then ? 'DELETED' : undefined;
}

class WatchInvariant implements Invariant {
  readonly name = 'watch';
  readonly #dog: Watchdog;
  readonly #commits = new Map<string, Commits>();
  readonly #follows = new Map<number, Follow>();

  constructor(dog: Watchdog) {
    this.#dog = dog;
  }

  commit(commit: Commit): void {
    this.#of(commit.collection).push(commit);
  }

  watching(watching: Watching): void {
    const { after, collection } = watching;
    const commits = this.#of(collection);
    const wants = wantsOf(watching);
    const at = after === undefined ? undefined : commits.after(after);
    if (wants) commits.selective = true;
    // What a selector said of objects that are not kept any more cannot be told.
    const over = wants !== undefined && at !== undefined && at < commits.wholeFrom;
    this.#follows.set(watching.watch, { watching, wants, at, last: after ?? 0, state: new Map(), over });
  }

  deliver(delivery: Delivery): void {
    const follow = this.#follows.get(delivery.watch);
    if (!follow || follow.over) return;
    const { type, path, revision } = delivery;
    if (type === 'ERROR') follow.over = true;
    else if (type === 'BOOKMARK') this.#bookmark(follow, delivery);
    else if (follow.at === undefined) {
      if (type !== 'ADDED') this.#tell(follow, `${type} ${path}@${revision} within the initial state`);
      follow.state.set(path, revision);
    } else this.#event(follow, delivery);
  }

  #of(collection: string): Commits {
    let known = this.#commits.get(collection);
    if (!known) this.#commits.set(collection, (known = new Commits()));
    return known;
  }

  #tell(follow: Follow, message: string): void {
    follow.over = true;
    const { by, collection, watch } = follow.watching;
    this.#dog.violated(this.name, `${by} ${collection}`, `watch ${watch}: ${message}`);
  }

  /** The next change the watch must tell, up to a revision. */
  #next(follow: Follow, upTo: number): Entry | undefined {
    const list = this.#of(follow.watching.collection).entries;
    for (; follow.at! < list.length && list[follow.at!]!.revision <= upTo; follow.at!++)
      if (typeFor(follow, list[follow.at!]!)) return list[follow.at!];
    return undefined;
  }

  #event(follow: Follow, { type, path, revision }: Delivery): void {
    const wanted = this.#next(follow, Number.POSITIVE_INFINITY);
    const due = wanted && typeFor(follow, wanted);
    if (!wanted || wanted.revision !== revision || wanted.path !== path || due !== type) {
      const text = wanted ? `${due} ${wanted.path}@${wanted.revision}` : 'none';
      return this.#tell(follow, `${type} ${path}@${revision} instead of ${text} (after ${follow.last})`);
    }
    follow.at!++;
    follow.last = revision;
  }

  #bookmark(follow: Follow, { revision, object }: Delivery): void {
    const end = object.metadata.annotations?.[INITIAL_EVENTS_END] === 'true';
    const { revision: newest } = this.#dog.view;
    if (revision > newest) return this.#tell(follow, `bookmark ${revision} is ahead of the log at ${newest}`);
    if (end && follow.at === undefined) return this.#stateEnds(follow, revision);
    if (follow.at === undefined) return;
    if (revision < follow.last) return this.#tell(follow, `bookmark ${revision} is behind ${follow.last}`);
    const missed = this.#next(follow, revision);
    if (missed) return this.#tell(follow, `bookmark ${revision} came before ${missed.path}@${missed.revision}`);
    follow.last = revision;
  }

  #stateEnds(follow: Follow, revision: number): void {
    const state = follow.wants ? this.#selected(follow, follow.wants, revision) : this.#everything(follow, revision);
    follow.at = this.#of(follow.watching.collection).after(revision);
    follow.last = revision;
    if (!state) return;
    for (const [path, version] of state)
      if (follow.state.get(path) !== version) {
        const told = follow.state.get(path) ?? 'none';
        return this.#tell(follow, `the state at ${revision} has version ${told} of ${path} instead of ${version}`);
      }
    if (follow.state.size !== state.size)
      this.#tell(follow, `the state at ${revision} has ${follow.state.size - state.size} too many`);
  }

  /** Versions of all objects in a watch's scope at a revision. */
  #everything({ watching }: Follow, revision: number): Map<string, number> {
    const state = new Map<string, number>();
    for (const { revision: each, path, is } of this.#of(watching.collection).entries) {
      if (each > revision) break;
      if (!inScope(watching, path)) continue;
      if (is) state.set(path, each);
      else state.delete(path);
    }
    return state;
  }

  /** The same of those a selector chooses, found by going back from now; undefined where too much has happened since. */
  #selected({ watching }: Follow, wants: Wants, revision: number): Map<string, number> | undefined {
    const { entries, wholeFrom } = this.#of(watching.collection);
    const state = new Map<string, number>();
    const past = new Map<string, KubeObject | undefined>();
    let at = entries.length;
    for (; at > 0 && entries[at - 1]!.revision > revision; at--) {
      if (at <= wholeFrom) return undefined;
      past.set(entries[at - 1]!.path, entries[at - 1]!.whole?.before);
    }
    const take = (path: string, object: KubeObject | undefined): void => {
      if (object && inScope(watching, path) && wants(path, object))
        state.set(path, Number(object.metadata.resourceVersion));
    };
    for (const [path, object] of this.#dog.view.all(watching.collection)) if (!past.has(path)) take(path, object);
    for (const [path, object] of past) take(path, object);
    return state;
  }
}

export const watchInvariant = (dog: Watchdog): Invariant => new WatchInvariant(dog);
