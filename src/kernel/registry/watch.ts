import type { WatchOptions } from '../client.ts';
import { checkVersionOptions } from '../list-options.ts';
import type { ResourceRef } from '../object.ts';
import type { ResourceDefinition } from '../resource.ts';
import { Version } from '../store/version.ts';
import { collectionOf, definitionOf, isAsStored, storageOf, viewOf } from './collections.ts';
import { checkReached, parseRevision } from './get.ts';
import type { RegistryParts, SchemaPort } from './ports.ts';
import type { RequestContext, StoredEvent, StoredWatch } from './registry.ts';
import type { Selection } from '../store/collection.ts';
import { filterViews, viewSelection } from './views.ts';

/** How often an idle watcher learns how far the store is (apiserver watch cache: about once a minute). */
const BOOKMARK_PERIOD_MS = 60_000;

type Deliver = (events: readonly StoredEvent[]) => void;

/** Initial events of a watch that starts at the current state. */
interface Start {
  /** Revision after which changes are delivered. */
  readonly after: number;
  /** Deliver what exists now as ADDED first. */
  readonly state: boolean;
  /** End the state with the marked bookmark (WatchList, KEP-3157). */
  readonly marked: boolean;
}

function startOf(parts: RegistryParts, options: WatchOptions): Start {
  checkVersionOptions({ ...options, watch: true });
  const asked = parseRevision(options.resourceVersion, 'resourceVersion: ', 500);
  const current = parts.journal.store.revision;
  if (options.sendInitialEvents) {
    checkReached(parts, asked);
    return { after: current, state: true, marked: options.allowWatchBookmarks === true };
  }
  if (!asked) return { after: current, state: options.sendInitialEvents === undefined, marked: false };
  return { after: asked, state: false, marked: false };
}

/** Events as other versions see them: one for all watchers of that version. */
const translations = new WeakMap<StoredEvent, Map<ResourceDefinition, StoredEvent | Promise<StoredEvent>>>();

const UNCONVERTED: StoredEvent = {
  type: 'ERROR',
  code: 410,
  message: 'an object could not be converted to the requested version',
};

function translate(
  schema: SchemaPort,
  storage: ResourceDefinition,
  target: ResourceDefinition,
  event: StoredEvent,
): StoredEvent | Promise<StoredEvent> {
  if (event.type === 'BOOKMARK' || event.type === 'ERROR') return event;
  let known = translations.get(event);
  if (!known) translations.set(event, (known = new Map()));
  const made = known.get(target);
  if (made) return made;
  const { type } = event;
  let seen: StoredEvent | Promise<StoredEvent>;
  try {
    const view = viewOf(schema, event.stored as Version, storage, target);
    seen =
      view instanceof Promise
        ? view.then(
            stored => ({ type, stored }),
            () => UNCONVERTED,
          )
        : { type, stored: view };
  } catch {
    seen = UNCONVERTED;
  }
  known.set(target, seen);
  return seen;
}

/** Delivers events in another API version than the stored one, never out of order. */
function translated(
  schema: SchemaPort,
  storage: ResourceDefinition,
  target: ResourceDefinition,
  deliver: Deliver,
): Deliver {
  let tail: Promise<void> | undefined;
  return events => {
    const ready = events.map(event => translate(schema, storage, target, event));
    if (!tail && !ready.some(event => event instanceof Promise)) return deliver(ready as StoredEvent[]);
    const mine: Promise<void> = (tail ?? Promise.resolve()).then(async () => {
      deliver(await Promise.all(ready));
      if (tail === mine) tail = undefined;
    });
    tail = mine;
    return undefined;
  };
}

/** Objects of the initial state that are read, and told, in one turn of the event loop. */
const STATE_SLICE = 500;

/**
 * Delivers the state at a revision as ADDED events. A long state comes in slices, and other work runs in between: what is
 * written meanwhile is later than the revision and left to the watch. False when history forgot the revision on the way,
 * or `wanted` says that nobody listens any more.
 */
async function deliverState(
  parts: RegistryParts,
  name: string,
  selection: Selection,
  at: number,
  deliver: Deliver,
  wanted: () => boolean,
): Promise<boolean> {
  const { store } = parts.journal;
  const collection = store.collection(name);
  const slices = parts.breathe !== undefined && collection.live > STATE_SLICE && !selection.index;
  const most = slices ? STATE_SLICE : Number.POSITIVE_INFINITY;
  let from = '';
  for (;;) {
    const { items, next } = store.list(name, selection, at, from, most, most);
    if (items.length > 0) deliver(items.map(version => ({ type: 'ADDED', stored: version })));
    if (next === undefined) return true;
    from = next;
    await parts.breathe?.();
    if (!wanted() || at < collection.history.floor) return false;
  }
}

export async function watch(
  parts: RegistryParts,
  _context: RequestContext,
  ref: ResourceRef,
  options: WatchOptions,
  deliver: Deliver,
  ended: () => void,
): Promise<StoredWatch> {
  const definition = definitionOf(parts.catalog, ref);
  const name = collectionOf(ref);
  await parts.journal.fresh?.();
  const { store } = parts.journal;
  const start = startOf(parts, options);
  const storage = storageOf(parts.catalog, definition);
  let open = true;
  const tell: Deliver = events => {
    if (open) deliver(events);
  };
  const terms = { schema: parts.schema, storage, target: definition };
  const { stored: selection, view } = viewSelection(terms, options);
  const push = view
    ? filterViews(terms, view, tell)
    : isAsStored(parts.schema, storage, definition)
      ? tell
      : translated(parts.schema, storage, definition, tell);
  const { floor } = store.collection(name).history;
  const refuse = (oldest: number): StoredWatch => {
    tell([{ type: 'ERROR', code: 410, message: `too old resource version: ${start.after} (${oldest})` }]);
    open = false;
    queueMicrotask(ended);
    return { close: () => undefined };
  };
  if (start.after < floor) return refuse(floor);
  if (start.state && !(await deliverState(parts, name, selection, start.after, push, () => open)))
    return refuse(store.collection(name).history.floor);
  if (start.marked) push([{ type: 'BOOKMARK', resourceVersion: start.after, initialEventsEnd: true }]);
  const stream = store.watch(name, selection, start.after, push);
  const bookmark = (): void => {
    // Everything up to the store's revision has been delivered: commits tell their watchers before they return.
    push([{ type: 'BOOKMARK', resourceVersion: Math.max(store.revision, start.after) }]);
    timer = parts.clock.after(BOOKMARK_PERIOD_MS, bookmark);
  };
  let timer = options.allowWatchBookmarks ? parts.clock.after(BOOKMARK_PERIOD_MS, bookmark) : undefined;
  const close = (): void => {
    open = false;
    stream.close();
    timer?.cancel();
    limit?.cancel();
  };
  const limit = options.timeoutSeconds
    ? parts.clock.after(options.timeoutSeconds * 1_000, () => {
        close();
        ended();
      })
    : undefined;
  return { close };
}
