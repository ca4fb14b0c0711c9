import type { ListOptions } from '../client.ts';
import { checkVersionOptions } from '../list-options.ts';
import type { ResourceRef } from '../object.ts';
import { badRequest, statusError, StatusError } from '../status.ts';
import type { Page, Selection } from '../store/collection.ts';
import type { Version } from '../store/version.ts';
import { collectionOf, definitionOf, isAsStored, storageOf, viewOf } from './collections.ts';
import { checkReached, parseRevision } from './get.ts';
import type { RegistryParts } from './ports.ts';
import type { RequestContext, StoredList, StoredObject } from './registry.ts';
import { listViews, viewSelection } from './views.ts';

/** Revision in a continue token that says: the snapshot is gone, go on with what there is now. */
const INCONSISTENT = -1;

interface Token {
  readonly revision: number;
  readonly start: string;
}

/** Opaque to clients; the field names are those of the API server's own tokens. */
function encodeToken({ revision, start }: Token): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start })).toString('base64url');
}

/** Go's words for a token that is no JSON, as far as its first character tells. */
function notJson(text: string): string {
  const first = text.trimStart()[0];
  if (first === undefined) return 'unexpected end of JSON input';
  return /[[{"\-0-9tfn]/.test(first)
    ? 'unexpected end of JSON input'
    : `invalid character '${first}' looking for beginning of value`;
}

function decodeToken(text: string): Token {
  const bad = (why: string): StatusError => badRequest(`invalid continue token: continue key is not valid: ${why}`);
  const stray = text.search(/[^A-Za-z0-9_-]/);
  if (stray >= 0) throw bad(`illegal base64 data at input byte ${stray}`);
  const json = Buffer.from(text, 'base64url').toString('utf8');
  let token: { v?: unknown; rv?: unknown; start?: unknown };
  try {
    token = JSON.parse(json) as typeof token;
  } catch {
    throw bad(notJson(json));
  }
  const { v = '', rv, start } = token ?? {};
  if (v !== 'meta.k8s.io/v1') throw bad(`server does not recognize this encoded version ${String(v)}`);
  if (!Number.isSafeInteger(rv) || rv === 0) throw bad(`incorrect encoded start resourceVersion (version ${v})`);
  if (typeof start !== 'string' || start === '') throw bad(`encoded start key empty (version ${v})`);
  return { revision: rv as number, start };
}

/** The snapshot a list is to be read from. */
function snapshotOf(parts: RegistryParts, options: ListOptions, floor: number): Token {
  const current = parts.journal.store.revision;
  if (options.continue) {
    const token = decodeToken(options.continue);
    if (options.resourceVersion && options.resourceVersion !== '0')
      throw badRequest('specifying resource version is not allowed when using continue');
    if (token.revision === INCONSISTENT || token.revision > current) return { revision: current, start: token.start };
    if (token.revision < floor) throw expiredToken(token.start);
    return token;
  }
  const asked = parseRevision(options.resourceVersion, 'invalid resource version: resourceVersion: ');
  checkReached(parts, asked);
  const exact =
    options.resourceVersionMatch === 'Exact' ||
    (options.resourceVersionMatch === undefined && (options.limit ?? 0) > 0);
  if (asked && exact) {
    if (asked < floor)
      throw statusError(410, 'Expired', `The resourceVersion for the provided list is too old: ${asked} (${floor})`);
    return { revision: asked, start: '' };
  }
  return { revision: current, start: '' };
}

function expiredToken(start: string): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: { continue: encodeToken({ revision: INCONSISTENT, start }) },
    status: 'Failure',
    message:
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
      'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
      'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
      'deleted between the time the first chunk was returned and now may show up in the list.',
    reason: 'Expired',
    code: 410,
  });
}

/** Objects a filter reads in one turn of the event loop: about 10 ms where their text must be parsed. */
const SCAN_MAX = 1_000;

/** Reads a page; a filter over many objects lets other work run in between. The snapshot may expire meanwhile. */
async function readPage(
  parts: RegistryParts,
  name: string,
  selection: Selection,
  snapshot: Token,
  limit: number,
): Promise<Page> {
  const { store } = parts.journal;
  const collection = store.collection(name);
  if (!parts.breathe || !selection.matches || selection.index || collection.live <= SCAN_MAX) {
    return store.list(name, selection, snapshot.revision, snapshot.start, limit);
  }
  const items: Version[] = [];
  let from = snapshot.start;
  for (;;) {
    const part = store.list(name, selection, snapshot.revision, from, limit - items.length, SCAN_MAX);
    items.push(...part.items);
    if (part.next === undefined || items.length >= limit) return { ...part, items };
    from = part.next;
    await parts.breathe();
    if (snapshot.revision < collection.history.floor) throw expiredToken(from);
  }
}

export async function list(
  parts: RegistryParts,
  _context: RequestContext,
  ref: ResourceRef,
  options: ListOptions,
): Promise<StoredList> {
  const definition = definitionOf(parts.catalog, ref);
  checkVersionOptions(options);
  await parts.journal.fresh?.();
  const { store } = parts.journal;
  const name = collectionOf(ref);
  const oldest = Math.max(store.collection(name).history.floor, store.snapshotFloor);
  const snapshot = snapshotOf(parts, options, oldest);
  const limit = options.limit && options.limit > 0 ? options.limit : Number.POSITIVE_INFINITY;
  const terms = { schema: parts.schema, storage: storageOf(parts.catalog, definition), target: definition };
  const { stored, view } = viewSelection(terms, options);
  if (view) {
    const { items, next } = await listViews(terms, view, snapshot.start, limit, (start, most) =>
      readPage(parts, name, stored, { ...snapshot, start }, most),
    );
    return {
      items,
      resourceVersion: snapshot.revision,
      ...(next === undefined ? {} : { continue: encodeToken({ revision: snapshot.revision, start: next }) }),
    };
  }
  const page = await readPage(parts, name, stored, snapshot, limit);
  const items: readonly StoredObject[] = isAsStored(parts.schema, terms.storage, definition)
    ? page.items
    : await Promise.all(page.items.map(version => viewOf(parts.schema, version, terms.storage, definition)));
  return {
    items,
    resourceVersion: snapshot.revision,
    ...(page.next === undefined ? {} : { continue: encodeToken({ revision: snapshot.revision, start: page.next }) }),
    ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
  };
}
