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

interface Follow {
  readonly watching: Watching;
  readonly wants: Wants;
  /** Place in the collection's commits that is looked at next; undefined until the state is complete. */
  at: number | undefined;
  last: number;
  readonly state: Map<string, number>;
  over: boolean;
}

function wantsOf({ namespace, labelSelector, fieldSelector }: Watching): Wants {
  const labels = parseLabelSelector(labelSelector ?? '');
  const fields = parseFieldSelector(fieldSelector ?? '');
  return (path, object) =>
    object !== undefined &&
    (!namespace || path.startsWith(`${namespace}/`)) &&
    matchLabels(labels, object.metadata.labels) &&
    matchFields(fields, object, fieldText);
}

/** First commit after a revision. */
function placeAfter(list: readonly Commit[], revision: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]!.revision <= revision) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What a change means to somebody who wants only some objects. */
function typeFor(wants: Wants, { path, object, before }: Commit): Delivery['type'] | undefined {
  const is = wants(path, object);
  const was = wants(path, before);
  if (is) return was ? 'MODIFIED' : 'ADDED';
  return was ? 'DELETED' : undefined;
}

class WatchInvariant implements Invariant {
  readonly name = 'watch';
  readonly #dog: Watchdog;
  readonly #commits = new Map<string, Commit[]>();
  readonly #follows = new Map<number, Follow>();

  constructor(dog: Watchdog) {
    this.#dog = dog;
  }

  commit(commit: Commit): void {
    this.#of(commit.collection).push(commit);
  }

  watching(watching: Watching): void {
    const { after, collection } = watching;
    this.#follows.set(watching.watch, {
      watching,
      wants: wantsOf(watching),
      at: after === undefined ? undefined : placeAfter(this.#of(collection), after),
      last: after ?? 0,
      state: new Map(),
      over: false,
    });
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

  #of(collection: string): Commit[] {
    let known = this.#commits.get(collection);
    if (!known) this.#commits.set(collection, (known = []));
    return known;
  }

  #tell(follow: Follow, message: string): void {
    follow.over = true;
    const { by, collection, watch } = follow.watching;
    this.#dog.violated(this.name, `${by} ${collection}`, `watch ${watch}: ${message}`);
  }

  /** The next change the watch must tell, up to a revision. */
  #next(follow: Follow, upTo: number): Commit | undefined {
    const list = this.#of(follow.watching.collection);
    for (; follow.at! < list.length && list[follow.at!]!.revision <= upTo; follow.at!++)
      if (typeFor(follow.wants, list[follow.at!]!)) return list[follow.at!];
    return undefined;
  }

  #event(follow: Follow, { type, path, revision }: Delivery): void {
    const wanted = this.#next(follow, Number.POSITIVE_INFINITY);
    const due = wanted && typeFor(follow.wants, wanted);
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
    const list = this.#of(follow.watching.collection);
    const state = new Map<string, number>();
    for (const { revision: each, path, object } of list) {
      if (each > revision) break;
      if (follow.wants(path, object)) state.set(path, each);
      else state.delete(path);
    }
    follow.at = placeAfter(list, revision);
    follow.last = revision;
    for (const [path, version] of state)
      if (follow.state.get(path) !== version) {
        const told = follow.state.get(path) ?? 'none';
        return this.#tell(follow, `the state at ${revision} has version ${told} of ${path} instead of ${version}`);
      }
    if (follow.state.size !== state.size)
      this.#tell(follow, `the state at ${revision} has ${follow.state.size - state.size} too many`);
  }
}

export const watchInvariant = (dog: Watchdog): Invariant => new WatchInvariant(dog);
