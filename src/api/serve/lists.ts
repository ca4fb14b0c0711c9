import { stringify as yamlText } from 'yaml';
import {
  apiVersionOf,
  cborList,
  type JsonObject,
  type KubeObject,
  protobufList,
  type StoredList,
  type StoredObject,
} from '../../kernel/index.ts';
import { tableParts } from '../tables/table.ts';
import type { Outgoing } from './exchange.ts';
import type { ApiRequest, ResourceRequest } from './request.ts';
import {
  around,
  bytesSchema,
  contentTypeOf,
  headersOf,
  includeObject,
  indented,
  inFormat,
  partialMetadata,
  send,
  shownAs,
  wantsPretty,
} from './respond.ts';
import type { Services } from './services.ts';

/** `metadata` of a list answer. */
interface ListMetadata {
  resourceVersion: string;
  continue?: string;
  remainingItemCount?: number;
}

const listMetadata = (list: StoredList): ListMetadata => ({
  resourceVersion: String(list.resourceVersion),
  ...(list.continue ? { continue: list.continue } : {}),
  ...(list.continue && list.remainingItemCount !== undefined ? { remainingItemCount: list.remainingItemCount } : {}),
});

/** A list in some form of JSON: what stands before the items, each item, and what stands after them. */
interface ListText {
  readonly head: string;
  readonly tail: string;
  item(stored: StoredObject): Uint8Array;
}

/** A list's text up to its first item. */
const listHead = (kind: string, apiVersion: string, metadata: ListMetadata): string =>
  `{"kind":${JSON.stringify(kind)},"apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[`;

function listText(services: Services, request: ResourceRequest, metadata: ListMetadata): ListText {
  const { definition, accepted } = request;
  if (accepted.as === 'Table') {
    const now_ms = services.clock.now();
    const table = tableParts(shownAs(request), accepted.version!, metadata, includeObject(request));
    return { ...table, item: stored => Buffer.from(table.row(stored, now_ms)) };
  }
  if (accepted.as === 'PartialObjectMetadataList') {
    return {
      head: listHead('PartialObjectMetadataList', `meta.k8s.io/${accepted.version}`, metadata),
      tail: ']}',
      item: stored => Buffer.from(partialMetadata(stored.object, accepted.version)),
    };
  }
  const head = listHead(`${definition.kind}List`, apiVersionOf(definition), metadata);
  const names = namesOf(definition);
  return { head, tail: ']}', item: stored => bare(stored.bytes, names) };
}

const COMMA = Buffer.from(',');
const OPENING = Buffer.from('{');
const NOTHING = Buffer.alloc(0);

/**
 * What a stored text of a built-in kind begins with, which a kube-apiserver leaves out of lists: there the list says it.
 * Objects of custom kinds say it themselves.
 */
function namesOf(definition: ResourceRequest['definition']): Buffer {
  if (definition.custom) return NOTHING;
  return Buffer.from(`{"apiVersion":"${apiVersionOf(definition)}","kind":"${definition.kind}",`);
}

const begins = (bytes: Uint8Array, at: number, names: Buffer): boolean =>
  names.length > 0 && names.compare(bytes, at, at + names.length) === 0;

/** A stored text without what it is. */
const bare = (bytes: Uint8Array, names: Buffer): Uint8Array =>
  begins(bytes, 0, names) ? Buffer.concat([OPENING, bytes.subarray(names.length)]) : bytes;

/** Stored texts with commas between them, each without what it is. */
function packed(items: readonly StoredObject[], names: Buffer, lead = ''): Buffer {
  const size = items.reduce((total, stored) => total + stored.size + 1, lead.length);
  const bytes = Buffer.allocUnsafe(size);
  let at = bytes.write(lead);
  for (const stored of items) {
    if (at > lead.length) bytes[at++] = 0x2c;
    stored.copyTo(bytes, at);
    const end = at + stored.size;
    if (begins(bytes, at, names)) {
      bytes.copyWithin(at + 1, at + names.length, end);
      at = end - names.length + 1;
    } else at = end;
  }
  return bytes.subarray(0, at);
}

/** The whole text of a short list. */
function joined({ head, tail, item }: ListText, items: readonly StoredObject[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(head)];
  items.forEach((stored, index) => {
    if (index > 0) parts.push(COMMA);
    parts.push(item(stored));
  });
  parts.push(Buffer.from(tail));
  return Buffer.concat(parts);
}

/** A longer list is written in slices, so that no task holds the main thread for all of it. */
const SHORT_ITEMS_MAX = 500;
/** Where an item costs time (it is parsed and written anew), a slice ends after this long … */
const SLICE_MS = 5;
/** … and after so many in any case. */
const SLICE_ITEMS_MAX = 1000;
const LOOK_EVERY_ITEMS = 16;
const PENDING_BYTES_MAX = 8 * 1024 * 1024;

const turn = (): Promise<void> => new Promise(resolve => void setImmediate(resolve));

/** Visits items in order, slice by slice; `between` runs after each slice but the last. Ends early once `over` says so. */
async function inSlices(
  services: Services,
  items: readonly StoredObject[],
  visit: (stored: StoredObject, index: number) => void,
  between: () => Promise<void> | void,
  over: () => boolean,
): Promise<void> {
  for (let from = 0; from < items.length && !over(); ) {
    const until_ms = services.clock.monotonic() + SLICE_MS;
    const most = Math.min(items.length, from + SLICE_ITEMS_MAX);
    while (from < most) {
      const stop = Math.min(most, from + LOOK_EVERY_ITEMS);
      for (; from < stop; from++) visit(items[from]!, from);
      if (services.clock.monotonic() >= until_ms) break;
    }
    if (from < items.length) await between();
    await turn();
  }
}

/** Waits, where too much is queued, until it has left or nobody waits for it any more. */
function pacer(request: ApiRequest, out: Outgoing): () => Promise<void> {
  const gone = new Promise<void>(resolve => request.exchange.onClosed(resolve));
  return async () => {
    if (out.pending > PENDING_BYTES_MAX)
      await Promise.race([gone, new Promise<void>(resolve => out.whenDrained(resolve))]);
  };
}

/** Writes chunks no faster than the client reads. */
async function writeAll(request: ApiRequest, contentType: string, chunks: readonly Uint8Array[]): Promise<void> {
  const out = request.exchange.open(200, headersOf(request, contentType));
  const paced = pacer(request, out);
  for (const chunk of chunks) {
    if (request.exchange.closed) return;
    out.write(chunk);
    await paced();
  }
  out.end();
}

/** Sends a long list of stored texts, slice by slice. */
async function streamStored(request: ResourceRequest, text: ListText, items: readonly StoredObject[]): Promise<void> {
  const out = request.exchange.open(200, headersOf(request, contentTypeOf(request.accepted)));
  const paced = pacer(request, out);
  const names = namesOf(request.definition);
  out.write(text.head);
  for (let from = 0; from < items.length; from += SLICE_ITEMS_MAX) {
    if (request.exchange.closed) return;
    out.write(packed(items.slice(from, from + SLICE_ITEMS_MAX), names, from === 0 ? '' : ','));
    await paced();
    await turn();
  }
  out.write(text.tail);
  out.end();
}

/** Sends a long list in a form of JSON, slice by slice. */
async function streamText(
  services: Services,
  request: ResourceRequest,
  text: ListText,
  items: readonly StoredObject[],
): Promise<void> {
  const out = request.exchange.open(200, headersOf(request, contentTypeOf(request.accepted)));
  const paced = pacer(request, out);
  out.write(text.head);
  let slice: Uint8Array[] = [];
  const flush = (): void => {
    out.write(Buffer.concat(slice));
    slice = [];
  };
  await inSlices(
    services,
    items,
    (stored, index) => {
      if (index > 0) slice.push(COMMA);
      slice.push(text.item(stored));
    },
    () => {
      flush();
      return paced();
    },
    () => request.exchange.closed,
  );
  if (request.exchange.closed) return;
  flush();
  out.write(text.tail);
  out.end();
}

/** A list of another encoding as chunks: each item is encoded by itself, then what stands around them. */
interface ListEncoding {
  item(object: JsonObject): Uint8Array;
  /** `slices` hold the encoded items, of which there are `count`. */
  seal(slices: readonly Uint8Array[], count: number): readonly Uint8Array[];
}

const indent = (text: string): string => `- ${text.trimEnd().replaceAll('\n', '\n  ')}\n`;

function encodingOf(request: ResourceRequest, { head, tail }: ListText): ListEncoding | undefined {
  const frame = JSON.parse(head + tail) as KubeObject & JsonObject;
  const field = request.accepted.as === 'Table' ? 'rows' : 'items';
  switch (request.accepted.format) {
    case 'protobuf':
      return protobufList(frame);
    case 'cbor':
      return cborList(frame, field, bytesSchema(request));
    case 'yaml': {
      const { [field]: _items, ...rest } = frame;
      const options = { aliasDuplicateObjects: false, lineWidth: 0 };
      return {
        item: object => Buffer.from(indent(yamlText(object, options))),
        seal: slices => [Buffer.from(`${yamlText(rest, options)}${field}:\n`), ...slices],
      };
    }
    default:
      return undefined;
  }
}

/** Sends a long list in another encoding than JSON. */
async function sendEncoded(
  services: Services,
  request: ResourceRequest,
  text: ListText,
  encoding: ListEncoding,
  items: readonly StoredObject[],
): Promise<void> {
  const slices: Uint8Array[] = [];
  let slice: Uint8Array[] = [];
  const encode = (stored: StoredObject): void => {
    slice.push(encoding.item(JSON.parse(Buffer.from(text.item(stored)).toString('utf8')) as JsonObject));
  };
  const flush = async (): Promise<void> => {
    slices.push(Buffer.concat(slice));
    slice = [];
  };
  const over = (): boolean => request.exchange.closed;
  await inSlices(services, items, encode, flush, over);
  if (over()) return;
  await flush();
  await writeAll(request, contentTypeOf(request.accepted), encoding.seal(slices, items.length));
}

/** Sends a list: stored texts one after the other, never parsed when the client reads JSON. */
export async function sendList(services: Services, request: ResourceRequest, list: StoredList): Promise<void> {
  const { accepted } = request;
  const { items } = list;
  const text = listText(services, request, listMetadata(list));
  const plain = accepted.format === 'json';
  const pretty = plain && accepted.as === undefined && wantsPretty(request);
  if (items.length > SHORT_ITEMS_MAX && !pretty && !request.audit?.wantsResponse) {
    if (request.audit) request.audit.code = 200;
    if (plain && accepted.as === undefined) return streamStored(request, text, items);
    if (plain) return streamText(services, request, text, items);
    const encoding = encodingOf(request, text);
    if (encoding) return sendEncoded(services, request, text, encoding, items);
  }
  const bytes = joined(text, items);
  if (plain && !pretty) return send(services, request, 200, contentTypeOf(accepted), bytes);
  const json = bytes.toString('utf8');
  const element = bytesSchema(request);
  const schema = around('items', element && { type: 'list', items: element });
  const body = plain ? indented(json) : inFormat(services, accepted, json, schema);
  return send(services, request, 200, contentTypeOf(accepted), body);
}
