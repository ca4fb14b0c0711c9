import type { Json, JsonObject } from '../object.ts';
import type { Schema } from '../schema/schema.ts';
import { parseTime } from '../schema/time.ts';
import { type MessagePlan, planOf } from './plan.ts';
import { WireWriter } from './wire.ts';

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function timestamp(text: string): Uint8Array {
  const writer = new WireWriter();
  const time = parseTime(text);
  if (time !== undefined) {
    writer.integer(1, time.seconds);
    writer.integer(2, time.nanoseconds);
  }
  return writer.finish();
}

function intOrString(value: Json): Uint8Array {
  const writer = new WireWriter();
  const isText = typeof value === 'string';
  writer.integer(1, isText ? 1 : 0);
  writer.integer(2, typeof value === 'number' ? Math.trunc(value) : 0);
  writer.text(3, isText ? value : '');
  return writer.finish();
}

function only(text: string): Uint8Array {
  const writer = new WireWriter();
  writer.text(1, text);
  return writer.finish();
}

function schemaOr(schema: Schema, value: Json): Uint8Array {
  const writer = new WireWriter();
  if (schema.format === 'schemaorbool') {
    writer.integer(1, value === false ? 0 : 1);
    if (isObject(value)) writer.bytes(2, encodeMessage(schema.items!, value));
  } else if (isObject(value)) writer.bytes(1, encodeMessage(schema.items!, value));
  else if (Array.isArray(value)) {
    for (const one of value) {
      if (typeof one === 'string') writer.text(2, one);
      else if (isObject(one)) writer.bytes(2, encodeMessage(schema.items!, one));
    }
  }
  return writer.finish();
}

function one(writer: WireWriter, tag: number, schema: Schema, value: Json): void {
  switch (schema.type) {
    case 'string':
      if (schema.format === 'byte') writer.bytes(tag, Buffer.from(String(value ?? ''), 'base64'));
      else if (schema.format === 'date-time' || schema.format === 'micro-time')
        writer.bytes(tag, timestamp(String(value ?? '')));
      else writer.text(tag, String(value ?? ''));
      return;
    case 'integer':
      writer.integer(tag, typeof value === 'number' && Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0);
      return;
    case 'number':
      writer.double(tag, Number(value));
      return;
    case 'boolean':
      writer.integer(tag, value === true ? 1 : 0);
      return;
    case 'quantity':
      writer.bytes(tag, only(String(value)));
      return;
    case 'int-or-string':
      writer.bytes(tag, intOrString(value));
      return;
    case 'object':
      writer.bytes(tag, isObject(value) ? encodeMessage(schema, value) : new Uint8Array());
      return;
    case 'list': {
      const inner = new WireWriter();
      if (Array.isArray(value)) for (const item of value) one(inner, 1, schema.items!, item);
      writer.bytes(tag, inner.finish());
      return;
    }
    default:
      writer.bytes(tag, schema.items === undefined ? only(JSON.stringify(value)) : schemaOr(schema, value));
  }
}

function map(writer: WireWriter, tag: number, schema: Schema, value: JsonObject): void {
  for (const key of Object.keys(value).sort()) {
    const entry = new WireWriter();
    entry.text(1, key);
    one(entry, 2, schema.items!, value[key]!);
    writer.bytes(tag, entry.finish());
  }
}

function write(writer: WireWriter, plan: MessagePlan, object: JsonObject): void {
  for (const [tag, slot] of plan.slots) {
    if ('embedded' in slot) {
      const inner = new WireWriter();
      write(inner, slot.embedded, object);
      writer.bytes(tag, inner.finish());
      continue;
    }
    const { name, schema } = slot.field;
    if (!Object.hasOwn(object, name)) continue;
    const value = object[name]!;
    if (value === null) continue;
    if (schema.type === 'list' && !schema.wrapped) {
      if (Array.isArray(value)) for (const item of value) one(writer, tag, schema.items!, item);
    } else if (schema.type === 'map') {
      if (isObject(value)) map(writer, tag, schema, value);
    } else one(writer, tag, schema, value);
  }
}

/** Writes an object as the message of its type, numbers ascending and map keys sorted, as the API server does. */
export function encodeMessage(schema: Schema, object: JsonObject): Uint8Array {
  const writer = new WireWriter();
  write(writer, planOf(schema), object);
  return writer.finish();
}
