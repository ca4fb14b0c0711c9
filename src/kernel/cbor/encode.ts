import type { Json, JsonObject } from '../object.ts';
import type { Schema } from '../schema/schema.ts';

/** Tag 55799 before an object: what follows is CBOR (RFC 8949 §3.4.6); objects of the API always carry it. */
const SELF_DESCRIBED = Buffer.from([0xd9, 0xd9, 0xf7]);
/** Tag 22: bytes that JSON shows as base64. */
const BASE64_LATER = 0xd6;

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Grows by doubling; `take` gives the bytes written so far. */
class Writer {
  #bytes = Buffer.allocUnsafe(1024);
  #at = 0;

  room(count: number): number {
    const from = this.#at;
    if (from + count > this.#bytes.length) {
      const wider = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, from + count));
      this.#bytes.copy(wider, 0, 0, from);
      this.#bytes = wider;
    }
    this.#at += count;
    return from;
  }

  byte(value: number): void {
    const at = this.room(1);
    this.#bytes[at] = value;
  }

  raw(bytes: Uint8Array): void {
    const at = this.room(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** The shortest head of an item (RFC 8949 §4.2.1). */
  head(major: number, argument: number | bigint): void {
    const type = major << 5;
    if (argument < 24) this.byte(type | Number(argument));
    else if (argument < 0x100) {
      this.byte(type | 24);
      this.byte(Number(argument));
    } else if (argument < 0x1_0000) {
      this.byte(type | 25);
      const at = this.room(2);
      this.#bytes.writeUInt16BE(Number(argument), at);
    } else if (argument < 0x1_0000_0000) {
      this.byte(type | 26);
      const at = this.room(4);
      this.#bytes.writeUInt32BE(Number(argument), at);
    } else {
      this.byte(type | 27);
      const at = this.room(8);
      this.#bytes.writeBigUInt64BE(BigInt(argument), at);
    }
  }

  /** Text as a byte string: what Go's strings are. */
  text(value: string): void {
    const bytes = Buffer.from(value, 'utf8');
    this.head(2, bytes.length);
    this.raw(bytes);
  }

  float(value: number): void {
    const half = toHalf(value);
    if (half !== undefined) {
      this.byte(0xf9);
      const at = this.room(2);
      this.#bytes.writeUInt16BE(half, at);
    } else if (Math.fround(value) === value) {
      this.byte(0xfa);
      const at = this.room(4);
      this.#bytes.writeFloatBE(value, at);
    } else {
      this.byte(0xfb);
      const at = this.room(8);
      this.#bytes.writeDoubleBE(value, at);
    }
  }

  take(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }
}

/** The binary16 form of a value it can hold exactly. */
function toHalf(value: number): number | undefined {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size === 0) return sign;
  const exponent = Math.floor(Math.log2(size));
  if (exponent > 15 || exponent < -24) return undefined;
  const unit = 2 ** (Math.max(exponent, -14) - 10);
  const fraction = size / unit;
  if (!Number.isInteger(fraction)) return undefined;
  return sign | (exponent < -14 ? fraction : ((exponent + 15) << 10) | (fraction - 1024));
}

function number(writer: Writer, value: number): void {
  if (!Number.isInteger(value) || Math.abs(value) >= 2 ** 63 || Object.is(value, -0)) writer.float(value);
  else if (value < 0) writer.head(1, Number.isSafeInteger(value) ? -1 - value : -1n - BigInt(value));
  else writer.head(0, value);
}

const fieldSchema = (schema: Schema | undefined, name: string): Schema | undefined =>
  schema === undefined
    ? undefined
    : (schema.fields?.get(name)?.schema ?? (schema.type === 'list' ? undefined : schema.items));

/** Members in the order of their encoded keys: shorter first, then by bytes (RFC 8949 §4.2.1). */
function members(value: JsonObject): (readonly [string, Buffer])[] {
  const keyed = Object.keys(value)
    .filter(name => value[name] !== undefined)
    .map(name => [name, Buffer.from(name, 'utf8')] as const);
  return keyed.sort((left, right) => left[1].length - right[1].length || left[1].compare(right[1]));
}

function write(writer: Writer, value: Json, schema: Schema | undefined): void {
  if (value === null) writer.byte(0xf6);
  else if (typeof value === 'boolean') writer.byte(value ? 0xf5 : 0xf4);
  else if (typeof value === 'number') number(writer, value);
  else if (typeof value === 'string') {
    if (schema?.format !== 'byte' || !BASE64.test(value)) return writer.text(value);
    writer.byte(BASE64_LATER);
    const bytes = Buffer.from(value, 'base64');
    writer.head(2, bytes.length);
    writer.raw(bytes);
  } else if (Array.isArray(value)) {
    writer.head(4, value.length);
    for (const item of value) write(writer, item, schema?.items);
  } else {
    const sorted = members(value);
    writer.head(5, sorted.length);
    for (const [name, key] of sorted) {
      writer.head(2, key.length);
      writer.raw(key);
      write(writer, value[name]!, fieldSchema(schema, name));
    }
  }
  return undefined;
}

/**
 * Writes a value as the API server's deterministic CBOR (KEP-4222): shortest heads and floats, keys in bytewise order, text as
 * byte strings, `[]byte` fields of the schema as bytes under tag 22, and the self-described tag in front.
 */
export function encodeCbor(value: Json, schema?: Schema): Buffer {
  const writer = new Writer();
  writer.raw(SELF_DESCRIBED);
  write(writer, value, schema);
  return writer.take();
}

/** A list in pieces. */
export interface CborList {
  /** One item, as it stands in the list. */
  item(object: JsonObject): Uint8Array;
  /** The whole body around `count` items, which may be put together in slices. */
  seal(slices: readonly Uint8Array[], count: number): readonly Uint8Array[];
}

/** Writes a list item by item: `list` is the list with its `field` empty, `schema` that of an item. */
export function cborList(list: JsonObject, field: string, schema?: Schema): CborList {
  const encode = (value: Json, of: Schema | undefined): Uint8Array => {
    const writer = new Writer();
    write(writer, value, of);
    return writer.take();
  };
  return {
    item: object => encode(object, schema),
    seal: (slices, count) => {
      const sorted = members(list);
      const head = new Writer();
      const tail = new Writer();
      head.raw(SELF_DESCRIBED);
      head.head(5, sorted.length);
      let writer = head;
      for (const [name, key] of sorted) {
        writer.head(2, key.length);
        writer.raw(key);
        if (name !== field) {
          write(writer, list[name]!, undefined);
          continue;
        }
        writer.head(4, count);
        writer = tail;
      }
      return [head.take(), ...slices, tail.take()];
    },
  };
}
