import { JsonSyntaxError, parseJson } from '../decode/json.ts';
import { apiVersionOf, type JsonObject, type KindRef, splitApiVersion } from '../object.ts';
import { codecSchemaOf } from '../schema/builtin.ts';
import type { Schema } from '../schema/schema.ts';
import { message } from './decode.ts';
import { encodeMessage } from './encode.ts';
import { BYTES, ProtoError, WireReader, WireWriter } from './wire.ts';

/** The media type of Kubernetes protobuf bodies. */
export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

const MAGIC = Uint8Array.of(0x6b, 0x38, 0x73, 0x00);

/** `runtime.Unknown`: the kind, and the message or another encoding of it. */
export interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Uint8Array;
  readonly contentEncoding: string;
  readonly contentType: string;
}

/** Opens the `k8s\0` envelope; throws {@link ProtoError}. */
export function openEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.length < 4 || !MAGIC.every((byte, i) => bytes[i] === byte)) {
    throw new ProtoError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  }
  const envelope = { apiVersion: '', kind: '', raw: new Uint8Array(), contentEncoding: '', contentType: '' };
  const reader = new WireReader(bytes, 4);
  while (!reader.done) {
    const { tag, wire } = reader.key();
    if (wire !== BYTES) {
      reader.skip(wire);
      continue;
    }
    const block = reader.block();
    if (tag === 1) readTypeMeta(block, envelope);
    else if (tag === 2) envelope.raw = new Uint8Array(block.take());
    else if (tag === 3) envelope.contentEncoding = block.text();
    else if (tag === 4) envelope.contentType = block.text();
  }
  return envelope;
}

function readTypeMeta(reader: WireReader, into: { apiVersion: string; kind: string }): void {
  while (!reader.done) {
    const { tag, wire } = reader.key();
    if (tag === 1 && wire === BYTES) into.apiVersion = reader.block().text();
    else if (tag === 2 && wire === BYTES) into.kind = reader.block().text();
    else reader.skip(wire);
  }
}

/** Puts a message into the envelope. */
export function sealEnvelope(apiVersion: string, kind: string, raw: Uint8Array): Uint8Array {
  const typeMeta = new WireWriter();
  typeMeta.text(1, apiVersion);
  typeMeta.text(2, kind);
  const writer = new WireWriter();
  writer.raw(MAGIC);
  writer.bytes(1, typeMeta.finish());
  writer.bytes(2, raw);
  writer.text(3, '');
  writer.text(4, '');
  return writer.finish();
}

/** Metadata alone, as `as=PartialObjectMetadata` answers. */
const PARTIAL: ReadonlyMap<string, (meta: { object: Schema; list: Schema }) => Schema> = new Map([
  ['PartialObjectMetadata', ({ object }) => partial(object)],
  [
    'PartialObjectMetadataList',
    ({ object, list }) => ({
      type: 'object',
      fields: new Map([
        ['metadata', { name: 'metadata', schema: list, tag: 1 }],
        ['items', { name: 'items', schema: { type: 'list', items: partial(object) }, tag: 2 }],
      ]),
    }),
  ],
]);

const partial = (object: Schema): Schema => ({
  type: 'object',
  fields: new Map([['metadata', { name: 'metadata', schema: object, tag: 1 }]]),
});

/** The type a kind is encoded by; undefined for kinds that have no protobuf form (custom kinds). */
export function protoSchemaOf(kind: KindRef): Schema | undefined {
  const make = kind.group === 'meta.k8s.io' ? PARTIAL.get(kind.kind) : undefined;
  if (make === undefined) return codecSchemaOf(kind);
  const config = codecSchemaOf({ group: '', version: 'v1', kind: 'ConfigMapList' })!.fields!;
  const object = codecSchemaOf({ group: '', version: 'v1', kind: 'ConfigMap' })!.fields!.get('metadata')!.schema;
  return make({ object, list: config.get('metadata')!.schema });
}

/** True where a kind can be sent as protobuf. */
export const hasProtobuf = (kind: KindRef): boolean => protoSchemaOf(kind) !== undefined;

/**
 * Reads a protobuf body as the object's JSON. `expected` names the kind where the envelope leaves it out (options kinds
 * carry their own). Throws {@link ProtoError} for bytes that are no such message.
 */
export function decodeProtobuf(bytes: Uint8Array, expected?: KindRef): JsonObject {
  const envelope = openEnvelope(bytes);
  const apiVersion = envelope.apiVersion || (expected ? apiVersionOf(expected) : '');
  const kind = envelope.kind || (expected?.kind ?? '');
  if (envelope.contentType !== '' && !envelope.contentType.startsWith(PROTOBUF)) {
    try {
      return parseJson(new TextDecoder().decode(envelope.raw), { duplicates: false, depth_max: 100 })
        .value as JsonObject;
    } catch (error) {
      if (error instanceof JsonSyntaxError) throw new ProtoError(error.message);
      throw error;
    }
  }
  const schema = protoSchemaOf({ ...splitApiVersion(apiVersion), kind });
  if (schema === undefined) throw new ProtoError(`no kind "${kind}" is registered for version "${apiVersion}"`);
  try {
    const named: JsonObject = envelope.kind === '' ? {} : { apiVersion, kind };
    return { ...named, ...message(schema, new WireReader(envelope.raw)) };
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new ProtoError(error.message);
    throw error;
  }
}

/** Writes an object, list, Status or option as a protobuf body; undefined for kinds without a protobuf form. `expected` names the type of bodies that do not say their kind. */
export function encodeProtobuf(object: object, expected?: KindRef): Uint8Array | undefined {
  const { apiVersion = '', kind = '' } = object as { apiVersion?: string; kind?: string };
  const schema = protoSchemaOf(kind === '' && expected ? expected : { ...splitApiVersion(apiVersion), kind });
  if (schema === undefined) return undefined;
  return sealEnvelope(apiVersion, kind, encodeMessage(schema, object as unknown as JsonObject));
}

/** A list in pieces. */
export interface ListPieces {
  /** One item, as it stands in the list. */
  item(object: JsonObject): Uint8Array;
  /** The whole body around the items, which may be put together in slices. */
  seal(slices: readonly Uint8Array[]): readonly Uint8Array[];
}

/**
 * Writes a list item by item: a message is the concatenation of its fields, so that each item may be encoded by itself
 * (Protocol Buffers encoding, "Last one wins" and repeated fields). `list` is the list without items. Undefined for kinds
 * without a protobuf form.
 */
export function protobufList(list: object): ListPieces | undefined {
  const { apiVersion = '', kind = '', ...rest } = list as { apiVersion?: string; kind?: string };
  const schema = protoSchemaOf({ ...splitApiVersion(apiVersion), kind });
  if (schema === undefined) return undefined;
  return {
    item: object => encodeMessage(schema, { items: [object] }),
    seal: slices => {
      const frame = encodeMessage(schema, { ...(rest as JsonObject), items: [] });
      const size = slices.reduce((total, slice) => total + slice.length, frame.length);
      const typeMeta = new WireWriter();
      typeMeta.text(1, apiVersion);
      typeMeta.text(2, kind);
      const head = new WireWriter();
      head.raw(MAGIC);
      head.bytes(1, typeMeta.finish());
      head.key(2, BYTES);
      head.varint(size);
      head.raw(frame);
      const tail = new WireWriter();
      tail.text(3, '');
      tail.text(4, '');
      return [head.finish(), ...slices, tail.finish()];
    },
  };
}

/** One frame of a protobuf watch: a big-endian length and a WatchEvent whose object is an enveloped body. */
export function encodeWatchFrame(type: string, object: Uint8Array): Uint8Array {
  const raw = new WireWriter();
  raw.bytes(1, object);
  const event = new WireWriter();
  event.text(1, type);
  event.bytes(2, raw.finish());
  const body = event.finish();
  const frame = new Uint8Array(4 + body.length);
  new DataView(frame.buffer).setUint32(0, body.length);
  frame.set(body, 4);
  return frame;
}

/** Reads the WatchEvent of one frame's body (without its length). */
export function decodeWatchEvent(body: Uint8Array): { type: string; object: Uint8Array } {
  const event = { type: '', object: new Uint8Array() };
  const reader = new WireReader(body);
  while (!reader.done) {
    const { tag, wire } = reader.key();
    if (tag === 1 && wire === BYTES) event.type = reader.block().text();
    else if (tag === 2 && wire === BYTES) {
      const raw = reader.block();
      while (!raw.done) {
        const inner = raw.key();
        if (inner.tag === 1 && inner.wire === BYTES) event.object = new Uint8Array(raw.block().take());
        else raw.skip(inner.wire);
      }
    } else reader.skip(wire);
  }
  return event;
}
