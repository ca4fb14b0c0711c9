import type { ListOptions } from '../client.ts';
import type { KubeObject } from '../object.ts';
import type { ResourceDefinition } from '../resource.ts';
import type { Page, Selection } from '../store/collection.ts';
import type { Version } from '../store/version.ts';
import { isAsStored, viewOf } from './collections.ts';
import type { SchemaPort } from './ports.ts';
import type { StoredEvent, StoredObject } from './registry.ts';
import { selectionOf } from './selection.ts';

/** How one version of a kind is read from what is stored. */
export interface ViewTerms {
  readonly schema: SchemaPort;
  readonly storage: ResourceDefinition;
  readonly target: ResourceDefinition;
}

/** What the store selects, and what is left to decide on objects as the asked version shows them. */
export interface ViewSelection {
  readonly stored: Selection;
  readonly view?: (object: KubeObject) => boolean;
}

const isMetadata = (path: string): boolean => path.startsWith('metadata.');

/** Selectable fields of custom kinds are those of the asked version: stored objects may lie in another one, or lack its defaults. */
export function viewSelection(terms: ViewTerms, options: ListOptions): ViewSelection {
  const { target } = terms;
  if (!target.custom || !options.fieldSelector || isAsStored(terms.schema, terms.storage, target))
    return { stored: selectionOf(target, options) };
  const stored = selectionOf(target, options, isMetadata);
  const view = selectionOf(target, { fieldSelector: options.fieldSelector }, path => !isMetadata(path)).matches;
  return view ? { stored, view } : { stored };
}

/** Reads pages until `limit` objects pass the view, or the collection ends. */
export async function listViews(
  terms: ViewTerms,
  view: (object: KubeObject) => boolean,
  start: string,
  limit: number,
  page: (start: string, limit: number) => Promise<Page>,
): Promise<{ readonly items: StoredObject[]; readonly next?: string }> {
  const items: StoredObject[] = [];
  let from = start;
  for (;;) {
    const { items: versions, next } = await page(from, limit - items.length);
    const seen = await Promise.all(versions.map(version => viewOf(terms.schema, version, terms.storage, terms.target)));
    items.push(...seen.filter(({ object }) => view(object)));
    if (next === undefined) return { items };
    if (items.length >= limit) return { items, next };
    from = next;
  }
}

const UNCONVERTED: StoredEvent = {
  type: 'ERROR',
  code: 410,
  message: 'an object could not be converted to the requested version',
};

/** What a change means to somebody who selects by fields of another version than the stored one; as `eventFor` of the store. */
async function eventOf(
  terms: ViewTerms,
  view: (object: KubeObject) => boolean,
  event: StoredEvent,
): Promise<StoredEvent | undefined> {
  if (event.type === 'BOOKMARK' || event.type === 'ERROR') return event;
  const version = event.stored as Version;
  const see = (one: Version): StoredObject | Promise<StoredObject> =>
    viewOf(terms.schema, one, terms.storage, terms.target);
  const before = event.type === 'MODIFIED' ? version.before : undefined;
  const last = before ? (version.lastState() as Version) : undefined;
  try {
    const now = await see(version);
    const is = view(now.object);
    if (event.type !== 'MODIFIED') return is ? { type: event.type, stored: now } : undefined;
    const was = last ? await see(last) : undefined;
    if (was && view(was.object)) return is ? { type: 'MODIFIED', stored: now } : { type: 'DELETED', stored: was };
    return is ? { type: 'ADDED', stored: now } : undefined;
  } catch {
    return UNCONVERTED;
  }
}

/** Delivers what passes the view, in order. */
export function filterViews(
  terms: ViewTerms,
  view: (object: KubeObject) => boolean,
  deliver: (events: readonly StoredEvent[]) => void,
): (events: readonly StoredEvent[]) => void {
  let tail: Promise<void> = Promise.resolve();
  return events => {
    const ready = events.map(event => eventOf(terms, view, event));
    tail = tail.then(async () => {
      const passed = (await Promise.all(ready)).filter(event => event !== undefined);
      if (passed.length > 0) deliver(passed);
    });
  };
}
