import { parseJson } from '../decode/json.ts';
import type { Json, JsonObject } from '../object.ts';
import type { Schema } from '../schema/schema.ts';
import { formatTime } from '../schema/time.ts';
import { type MessagePlan, planOf } from './plan.ts';
import { BYTES, FIXED64, ProtoError, VARINT, WireReader } from './wire.ts';

/** Nesting of messages; the same bound as for texts. */
const DEPTH_MAX = 100;

const set = (object: JsonObject, key: string, value: Json): void => {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  else object[key] = value;
};

function integer(value: bigint): number {
  return Number(BigInt.asIntN(64, value));
}

function timestamp(reader: WireReader, micro: boolean): string | null {
  let seconds: number | undefined;
  let nanoseconds = 0;
  while (!reader.done) {
    const { tag, wire } = reader.key();
    if (tag === 1 && wire === VARINT) seconds = integer(reader.varint());
    else if (tag === 2 && wire === VARINT) nanoseconds = Number(BigInt.asIntN(32, reader.varint()));
    else reader.skip(wire);
  }
  if (seconds === undefined) return null;
  if (Math.abs(seconds) > 253_402_300_799) throw new ProtoError('time out of range');
  return formatTime({ seconds, nanoseconds }, micro);
}

function intOrString(reader: WireReader): number | string {
  let kind = 0;
  let number = 0;
  let text = '';
  while (!reader.done) {
    const { tag, wire } = reader.key();
    if (tag === 1 && wire === VARINT) kind = integer(reader.varint());
    else if (tag === 2 && wire === VARINT) number = Number(BigInt.asIntN(32, reader.varint()));
    else if (tag === 3 && wire === BYTES) text = reader.block().text();
    else reader.skip(wire);
  }
  return kind === 0 ? number : text;
}

/** The bytes of field 1: Quantity, RawExtension, FieldsV1 and JSON are messages of one field. */
function only(reader: WireReader): WireReader | undefined {
  let found: WireReader | undefined;
  while (!reader.done) {
    const { tag, wire } = reader.key();
    if (tag === 1 && wire === BYTES) found = reader.block();
    else reader.skip(wire);
  }
  return found;
}

function rawJson(reader: WireReader): Json {
  const text = only(reader)?.text() ?? '';
  return text === '' ? null : parseJson(text, { duplicates: false, depth_max: DEPTH_MAX }).value;
}

function schemaOr(schema: Schema, reader: WireReader, depth: number): Json {
  let own: Json | undefined;
  let allows = false;
  const list: Json[] = [];
  const [schemaTag, listTag] = schema.format === 'schemaorbool' ? [2, 0] : [1, 2];
  while (!reader.done) {
    const { tag, wire } = reader.key();
    if (tag === schemaTag && wire === BYTES) own = message(schema.items!, reader.block(), depth);
    else if (tag === listTag && wire === BYTES) {
      const block = reader.block();
      list.push(schema.format === 'schemaorstrings' ? block.text() : message(schema.items!, block, depth));
    } else if (tag === 1 && wire === VARINT) allows = reader.varint() !== 0n;
    else reader.skip(wire);
  }
  return own ?? (schema.format === 'schemaorbool' ? allows : list);
}

function block(schema: Schema, reader: WireReader, depth: number): Json {
  switch (schema.type) {
    case 'string':
      if (schema.format === 'byte') return Buffer.from(reader.take()).toString('base64');
      if (schema.format === 'date-time' || schema.format === 'micro-time')
        return timestamp(reader, schema.format === 'micro-time');
      return reader.text();
    case 'quantity':
      return only(reader)?.text() ?? '0';
    case 'int-or-string':
      return intOrString(reader);
    case 'object':
      return message(schema, reader, depth + 1);
    case 'list': {
      const list: Json[] = [];
      while (!reader.done) {
        const { tag, wire } = reader.key();
        if (tag === 1) list.push(value(schema.items!, wire, reader, depth + 1));
        else reader.skip(wire);
      }
      return list;
    }
    case 'any':
      if (schema.items !== undefined) return schemaOr(schema, reader, depth + 1);
      return rawJson(reader);
    default:
      throw new ProtoError(`proto: wrong wireType = ${BYTES} for ${schema.type}`);
  }
}

function value(schema: Schema, wire: number, reader: WireReader, depth: number): Json {
  if (depth > DEPTH_MAX) throw new ProtoError('exceeded max depth');
  if (wire === BYTES) return block(schema, reader.block(), depth);
  if (wire === VARINT && schema.type === 'integer') {
    const word = reader.varint();
    return schema.format === 'int32' ? Number(BigInt.asIntN(32, word)) : integer(word);
  }
  if (wire === VARINT && schema.type === 'boolean') return reader.varint() !== 0n;
  if (wire === FIXED64 && schema.type === 'number') return reader.double();
  throw new ProtoError(`proto: wrong wireType = ${wire} for ${schema.type}`);
}

/** What a map entry without a value holds. */
function zeroOf(schema: Schema): Json {
  if (schema.type === 'string') return schema.format === 'date-time' ? null : '';
  return schema.type === 'integer' ? 0 : schema.type === 'quantity' ? '0' : null;
}

function mapEntry(schema: Schema, reader: WireReader, into: JsonObject, depth: number): void {
  let key = '';
  let part: Json | undefined;
  while (!reader.done) {
    const { tag, wire } = reader.key();
    if (tag === 1 && wire === BYTES) key = reader.block().text();
    else if (tag === 2) part = value(schema.items!, wire, reader, depth + 1);
    else reader.skip(wire);
  }
  set(into, key, part === undefined ? zeroOf(schema.items!) : part);
}

function fill(plan: MessagePlan, reader: WireReader, into: JsonObject, depth: number): void {
  while (!reader.done) {
    const { tag, wire } = reader.key();
    const slot = plan.slots.get(tag);
    if (slot === undefined) reader.skip(wire);
    else if ('embedded' in slot) fill(slot.embedded, reader.block(), into, depth);
    else {
      const { name, schema } = slot.field;
      if (schema.type === 'list' && !schema.wrapped) {
        const list = (Object.hasOwn(into, name) ? into[name] : []) as Json[];
        list.push(value(schema.items!, wire, reader, depth));
        set(into, name, list);
      } else if (schema.type === 'map') {
        const map = (Object.hasOwn(into, name) ? into[name] : {}) as JsonObject;
        mapEntry(schema, reader.block(), map, depth);
        set(into, name, map);
      } else {
        const part = value(schema, wire, reader, depth);
        if (part !== null) set(into, name, part);
      }
    }
  }
}

/** Reads a message as the JSON of its type. Unknown numbers are skipped. Throws {@link ProtoError}. */
export function message(schema: Schema, reader: WireReader, depth = 0): JsonObject {
  if (depth > DEPTH_MAX) throw new ProtoError('exceeded max depth');
  const object: JsonObject = {};
  fill(planOf(schema), reader, object, depth);
  return object;
}
