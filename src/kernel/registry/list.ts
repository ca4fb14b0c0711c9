import type { ListOptions } from '../client.ts';
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

function decodeToken(text: string): Token {
  try {
    const { v, rv, start } = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as {
      v: unknown;
      rv: unknown;
      start: unknown;
    };
    if (v === 'meta.k8s.io/v1' && Number.isSafeInteger(rv) && typeof start === 'string')
      return { revision: rv as number, start };
  } catch {
    // Falls through to the refusal below: whatever is wrong with the token, the answer is the same.
  }
  throw badRequest('continue key is not valid: it was not issued by this server');
}

/** `resourceVersionMatch` rules of the list call (Kubernetes API concepts, "Semantics for get and list"). */
function checkOptions(options: ListOptions): void {
  const problem = (message: string): StatusError =>
    statusError(422, 'Invalid', `ListOptions.meta.k8s.io "" is invalid: ${message}`, {
      group: 'meta.k8s.io',
      kind: 'ListOptions',
      causes: [
        {
          reason: 'FieldValueForbidden',
          message: message.slice(message.indexOf(':') + 2),
          field: 'resourceVersionMatch',
        },
      ],
    });
  const { resourceVersionMatch: match, resourceVersion, continue: token } = options;
  if (match !== undefined && !resourceVersion) {
    throw problem(
      'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    );
  }
  if (match !== undefined && token) {
    throw problem('resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided');
  }
  if (match !== undefined && match !== 'Exact' && match !== 'NotOlderThan') {
    throw problem(
      `resourceVersionMatch: Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan", ""`,
    );
  }
  if (match === 'Exact' && resourceVersion === '0') {
    throw problem('resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  }
  if (token && resourceVersion && resourceVersion !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
}

/** The snapshot a list is to be read from. */
function snapshotOf(parts: RegistryParts, options: ListOptions, floor: number): Token {
  const current = parts.journal.store.revision;
  if (options.continue) {
    const token = decodeToken(options.continue);
    if (token.revision === INCONSISTENT || token.revision > current) return { revision: current, start: token.start };
    if (token.revision < floor) throw expiredToken(token.start);
    return token;
  }
  const asked = parseRevision(options.resourceVersion);
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
  checkOptions(options);
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
