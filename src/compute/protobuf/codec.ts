/** A message as it is written: anything may be left out, and 64-bit numbers may be exact. */
export type Written<T> = T extends Uint8Array | string | boolean
  ? T
  : T extends number
    ? number | bigint
    : T extends readonly (infer Item)[]
      ? readonly Written<Item>[]
      : { readonly [Key in keyof T]?: Written<T[Key]> | undefined };

interface Field {
  readonly name: string;
  readonly number: number;
  readonly type: string;
  readonly form: 'one' | 'many' | 'map';
}

type Types = ReadonlyMap<string, MessageType>;

interface MessageType {
  readonly fields: readonly Field[];
  readonly byNumber: ReadonlyMap<number, Field>;
}

type Loose = Record<string, unknown>;

/** Messages nest at most a few levels; deeper input is hostile. */
const DEPTH_MAX = 16;
const INTEGERS: ReadonlySet<string> = new Set(['int32', 'uint32', 'int64', 'uint64', 'bool']);
const SCALARS: ReadonlySet<string> = new Set([...INTEGERS, 'string', 'bytes', 'double']);

function readType(line: string): [string, MessageType] {
  const [name = '', ...words] = line.split(' ');
  const fields = words.map((word): Field => {
    const [field = '', number = '', type = ''] = word.split(':');
    const form = type.startsWith('*') ? 'many' : type.startsWith('%') ? 'map' : 'one';
    return { name: field, number: Number(number), type: type.replace(/^[*%]/, ''), form };
  });
  return [name, { fields, byNumber: new Map(fields.map(field => [field.number, field])) }];
}

function typeOf(types: Types, name: string): MessageType {
  const type = types.get(name);
  if (!type) throw new Error(`No message "${name}"`);
  return type;
}

/** Collects bytes of one message. */
class Writer {
  readonly #parts: Uint8Array[] = [];
  #size = 0;

  varint(value: bigint): void {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, value);
    while (rest > 127n) {
      bytes.push(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    this.raw(Uint8Array.from(bytes));
  }

  raw(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#size += bytes.length;
  }

  tag(number: number, wire: number): void {
    this.varint(BigInt(number * 8 + wire));
  }

  sized(number: number, bytes: Uint8Array): void {
    this.tag(number, 2);
    this.varint(BigInt(bytes.length));
    this.raw(bytes);
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts, this.#size);
  }
}

const bigOf = (value: unknown): bigint =>
  typeof value === 'bigint' ? value : typeof value === 'boolean' ? BigInt(value) : BigInt(Math.trunc(Number(value)));

function isDefault(value: unknown): boolean {
  return value === undefined || value === '' || value === 0 || value === 0n || value === false;
}

function writeOne(types: Types, writer: Writer, field: Field, value: unknown): void {
  if (INTEGERS.has(field.type)) {
    writer.tag(field.number, 0);
    writer.varint(bigOf(value));
  } else if (field.type === 'double') {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, Number(value), true);
    writer.tag(field.number, 1);
    writer.raw(bytes);
  } else if (field.type === 'string') writer.sized(field.number, Buffer.from(value as string));
  else if (field.type === 'bytes') writer.sized(field.number, value as Uint8Array);
  else writer.sized(field.number, encode(types, field.type, value as object));
}

function writePacked(writer: Writer, field: Field, values: readonly unknown[]): void {
  const inner = new Writer();
  for (const value of values) inner.varint(bigOf(value));
  if (values.length > 0) writer.sized(field.number, inner.finish());
}

function encode(types: Types, name: string, message: object): Buffer {
  const writer = new Writer();
  for (const field of typeOf(types, name).fields) {
    const value = (message as Loose)[field.name];
    if (value === undefined) continue;
    if (field.form === 'map') {
      for (const [key, text] of Object.entries(value as Record<string, string>)) {
        const entry = new Writer();
        entry.sized(1, Buffer.from(key));
        entry.sized(2, Buffer.from(text));
        writer.sized(field.number, entry.finish());
      }
    } else if (field.form === 'many') {
      if (INTEGERS.has(field.type)) writePacked(writer, field, value as unknown[]);
      else for (const item of value as unknown[]) writeOne(types, writer, field, item);
    } else if (!isDefault(value) && !(value instanceof Uint8Array && value.length === 0))
      writeOne(types, writer, field, value);
  }
  return writer.finish();
}

/** Reads wire values; throws on input that ends too early. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw new Error('protobuf: bad number');
  }

  take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw new Error('protobuf: ends too early');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  sized(): Buffer {
    return this.take(Number(this.varint()));
  }

  skip(wire: number): void {
    if (wire === 0) this.varint();
    else if (wire === 1) this.take(8);
    else if (wire === 2) this.sized();
    else if (wire === 5) this.take(4);
    else throw new Error(`protobuf: wire type ${wire}`);
  }
}

function integer(type: string, value: bigint): number | boolean {
  if (type === 'bool') return value !== 0n;
  if (type === 'uint64') return Number(value);
  if (type === 'uint32') return Number(BigInt.asUintN(32, value));
  return Number(type === 'int32' ? BigInt.asIntN(32, value) : BigInt.asIntN(64, value));
}

function readOne(types: Types, reader: Reader, field: Field, wire: number, depth: number): unknown {
  if (INTEGERS.has(field.type) && wire === 0) return integer(field.type, reader.varint());
  if (field.type === 'double' && wire === 1) return reader.take(8).readDoubleLE(0);
  if (wire !== 2) throw new Error(`protobuf: field ${field.name} has wire type ${wire}`);
  const bytes = reader.sized();
  if (field.type === 'string') return bytes.toString('utf8');
  if (field.type === 'bytes') return new Uint8Array(bytes);
  return decode(types, field.type, bytes, depth + 1);
}

function readEntry(bytes: Buffer): [string, string] {
  const reader = new Reader(bytes);
  const entry: [string, string] = ['', ''];
  while (!reader.done) {
    const tag = Number(reader.varint());
    const index = (tag >> 3) - 1;
    if ((tag & 7) === 2 && (index === 0 || index === 1)) entry[index] = reader.sized().toString('utf8');
    else reader.skip(tag & 7);
  }
  return entry;
}

const EMPTY: Readonly<Record<string, unknown>> = { string: '', bool: false, bytes: new Uint8Array(0) };

function emptyMessage(type: MessageType): Loose {
  const message: Loose = {};
  for (const { name, form, type: of } of type.fields) {
    if (form === 'many') message[name] = [];
    else if (form === 'map') message[name] = Object.create(null);
    else if (SCALARS.has(of)) message[name] = EMPTY[of] ?? 0;
  }
  return message;
}

function decode(types: Types, name: string, bytes: Buffer, depth: number): object {
  if (depth > DEPTH_MAX) throw new Error('protobuf: nested too deep');
  const type = typeOf(types, name);
  const message = emptyMessage(type);
  const reader = new Reader(bytes);
  while (!reader.done) {
    const tag = Number(reader.varint());
    const field = type.byNumber.get(Math.floor(tag / 8));
    const wire = tag & 7;
    if (!field) reader.skip(wire);
    else if (field.form === 'map') {
      const [key, value] = readEntry(reader.sized());
      (message[field.name] as Record<string, string>)[key] = value;
    } else if (field.form === 'one') message[field.name] = readOne(types, reader, field, wire, depth);
    else if (INTEGERS.has(field.type) && wire === 2) {
      const packed = new Reader(reader.sized());
      while (!packed.done) (message[field.name] as unknown[]).push(integer(field.type, packed.varint()));
    } else (message[field.name] as unknown[]).push(readOne(types, reader, field, wire, depth));
  }
  return message;
}

/**
 * Messages of proto3 by a table: a line a message, its name, then `field:number:type`, `*` before the type for lists and
 * `%` for maps of strings.
 */
export class Codec {
  readonly #types: Types;

  constructor(table: string) {
    this.#types = new Map(table.trim().split('\n').map(readType));
  }

  /** Bytes of a message; what has its default value is left out. */
  encode(name: string, message: object): Buffer {
    return encode(this.#types, name, message);
  }

  /** Reads a message; scalars, lists and maps that were not sent have their empty value. Throws on malformed bytes. */
  decode(name: string, bytes: Buffer): object {
    return decode(this.#types, name, bytes, 0);
  }
}
