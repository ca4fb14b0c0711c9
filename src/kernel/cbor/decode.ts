import { setField } from '../decode/json.ts';
import type { Json, JsonObject } from '../object.ts';
import { formatTime } from '../schema/time.ts';

/** Bytes that are no CBOR object of the API: broken, too deep, or of a form JSON has no word for. */
export class CborError extends Error {
  constructor(why: string) {
    super(`cbor: ${why}`);
    this.name = 'CborError';
  }
}

export interface CborBody {
  readonly value: Json;
  /** Keys that occur twice, as their paths; the last one stands. */
  readonly duplicates: readonly string[];
}

/** Nesting of arrays, maps and tags (apimachinery's CBOR decoding mode allows 64 levels). */
const DEPTH_MAX = 64;
const BREAK = Symbol('break');
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Tags of RFC 8949 §3.4 that have a meaning in API objects. */
const TAG = {
  text: 0,
  epoch: 1,
  bignum: 2,
  negativeBignum: 3,
  base64url: 21,
  base64: 22,
  hex: 23,
  selfDescribed: 55_799,
};

/** What an item may be while it is read: bytes are text, unless a tag says how they are to be written. */
type Item = Json | Uint8Array | typeof BREAK;

class Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly duplicates: string[] = [];
  readonly path: string[] = [];
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #need(count: number): number {
    const from = this.at;
    if (count > this.bytes.length - from) throw new CborError('unexpected EOF');
    this.at += count;
    return from;
  }

  /** The argument of an item's head (RFC 8949 §3); undefined for an indefinite length. */
  #argument(information: number): number | bigint | undefined {
    if (information < 24) return information;
    switch (information) {
      case 24:
        return this.bytes[this.#need(1)]!;
      case 25:
        return this.view.getUint16(this.#need(2));
      case 26:
        return this.view.getUint32(this.#need(4));
      case 27: {
        const wide = this.view.getBigUint64(this.#need(8));
        return wide <= Number.MAX_SAFE_INTEGER ? Number(wide) : wide;
      }
      case 31:
        return undefined;
      default:
        throw new CborError(`invalid additional information ${information}`);
    }
  }

  #length(argument: number | bigint | undefined): number | undefined {
    if (typeof argument === 'bigint' || (argument ?? 0) > this.bytes.length) throw new CborError('unexpected EOF');
    return argument;
  }

  item(depth: number): Item {
    if (depth > DEPTH_MAX) throw new CborError(`exceeded max nested level ${DEPTH_MAX}`);
    const head = this.bytes[this.#need(1)]!;
    const major = head >> 5;
    const information = head & 31;
    if (major === 7) return this.#simple(information);
    const argument = this.#argument(information);
    if (argument === undefined && (major < 2 || major === 6)) throw new CborError('invalid indefinite length');
    switch (major) {
      case 0:
        return integer(argument!, false);
      case 1:
        return integer(argument!, true);
      case 2:
        return this.#string(this.#length(argument), 2);
      case 3:
        return text(this.#string(this.#length(argument), 3));
      case 4:
        return this.#array(this.#length(argument), depth);
      case 5:
        return this.#map(this.#length(argument), depth);
      default:
        return this.#tagged(Number(argument), depth);
    }
  }

  #string(length: number | undefined, major: number): Uint8Array {
    if (length !== undefined) {
      const from = this.#need(length);
      return this.bytes.subarray(from, from + length);
    }
    const chunks: Uint8Array[] = [];
    for (;;) {
      const head = this.bytes[this.#need(1)]!;
      if (head === 0xff) return Buffer.concat(chunks);
      if (head >> 5 !== major || (head & 31) === 31) throw new CborError('wrong chunk in an indefinite-length string');
      chunks.push(this.#string(this.#length(this.#argument(head & 31)), major));
    }
  }

  #array(length: number | undefined, depth: number): Json[] {
    const list: Json[] = [];
    for (let i = 0; i < (length ?? Number.POSITIVE_INFINITY); i++) {
      const item = this.item(depth + 1);
      if (item === BREAK) {
        if (length === undefined) return list;
        throw new CborError('unexpected break');
      }
      list.push(json(item));
    }
    return list;
  }

  #map(length: number | undefined, depth: number): JsonObject {
    const object: JsonObject = {};
    for (let i = 0; i < (length ?? Number.POSITIVE_INFINITY); i++) {
      const key = this.item(depth + 1);
      if (key === BREAK) {
        if (length === undefined) return object;
        throw new CborError('unexpected break');
      }
      const name = json(key);
      if (typeof name !== 'string') throw new CborError('map keys must be strings');
      this.path.push(name);
      if (Object.hasOwn(object, name)) this.duplicates.push(this.path.join('.'));
      const item = this.item(depth + 1);
      if (item === BREAK) throw new CborError('unexpected break');
      setField(object, name, json(item));
      this.path.pop();
    }
    return object;
  }

  #tagged(tag: number, depth: number): Item {
    const content = this.item(depth + 1);
    if (content === BREAK) throw new CborError('unexpected break');
    switch (tag) {
      case TAG.text:
        if (typeof json(content) !== 'string') throw new CborError('tag 0 must hold a string');
        return content;
      case TAG.epoch: {
        if (typeof content !== 'number' || Math.abs(content) > 253_402_300_799)
          throw new CborError('tag 1 must hold a time');
        const seconds = Math.floor(content);
        return formatTime({ seconds, nanoseconds: Math.round((content - seconds) * 1e9) }, false);
      }
      case TAG.bignum:
      case TAG.negativeBignum:
        throw new CborError('integers of more than 64 bits cannot be read');
      case TAG.base64:
      case TAG.base64url:
      case TAG.hex:
        if (!(content instanceof Uint8Array)) throw new CborError(`tag ${tag} must hold a byte string`);
        return Buffer.from(content).toString(tag === TAG.base64 ? 'base64' : tag === TAG.hex ? 'hex' : 'base64url');
      default:
        return content;
    }
  }

  #simple(information: number): Item {
    switch (information) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
        return null;
      case 25:
        return finite(half(this.view.getUint16(this.#need(2))));
      case 26:
        return finite(this.view.getFloat32(this.#need(4)));
      case 27:
        return finite(this.view.getFloat64(this.#need(8)));
      case 31:
        return BREAK;
      default:
        throw new CborError('simple values other than false, true and null cannot be read');
    }
  }
}

function text(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new CborError('invalid UTF-8 string');
  }
}

const json = (item: Exclude<Item, typeof BREAK>): Json => (item instanceof Uint8Array ? text(item) : item);

function integer(argument: number | bigint, negative: boolean): number {
  const wide = BigInt(argument);
  if (wide > 0x7fff_ffff_ffff_ffffn) throw new CborError('integers of more than 64 bits cannot be read');
  return negative ? Number(-1n - wide) : Number(wide);
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new CborError('NaN and infinities cannot be read');
  return value;
}

/** IEEE 754 binary16 (RFC 8949 Appendix D). */
function half(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent === 31
        ? fraction === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN
        : (fraction + 1024) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -size : size;
}

/**
 * Reads one CBOR item as the value JSON would have (KEP-4222): byte strings are text, or base64 where tag 22 says so. Never
 * allocates by what a length only claims. Throws {@link CborError}.
 */
export function decodeCbor(bytes: Uint8Array): CborBody {
  const reader = new Reader(bytes);
  const item = reader.item(1);
  if (item === BREAK) throw new CborError('unexpected break');
  if (reader.at < bytes.length) throw new CborError(`${bytes.length - reader.at} bytes of extraneous data`);
  return { value: json(item), duplicates: [...new Set(reader.duplicates)] };
}
