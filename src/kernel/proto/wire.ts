/** Wire types of protobuf encoding; groups are not used by Kubernetes. */
export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

/** Bytes that are no message of the expected type. */
export class ProtoError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ProtoError';
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: false });

/** Reads a message front to back; every length is checked against what is left. */
export class WireReader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  varint(): bigint {
    let low = 0;
    let shift = 0;
    while (shift < 28) {
      const byte = this.#byte();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt(low >>> 0);
      shift += 7;
    }
    let value = BigInt(low >>> 0);
    for (let wide = 28n; wide < 70n; wide += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << wide;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new ProtoError('proto: integer overflow');
  }

  #byte(): number {
    if (this.at >= this.end) throw new ProtoError('unexpected EOF');
    return this.bytes[this.at++]!;
  }

  key(): { tag: number; wire: number } {
    const key = this.varint();
    const tag = Number(key >> 3n);
    if (tag < 1 || tag > 0x1fffffff) throw new ProtoError(`proto: illegal tag ${tag}`);
    return { tag, wire: Number(key & 7n) };
  }

  /** A reader over the next length-delimited value, which it steps over. */
  block(): WireReader {
    const length = Number(this.varint());
    if (length > this.end - this.at) throw new ProtoError('unexpected EOF');
    const block = new WireReader(this.bytes, this.at, this.at + length);
    this.at += length;
    return block;
  }

  take(): Uint8Array {
    return this.bytes.subarray(this.at, this.end);
  }

  text(): string {
    return utf8.decode(this.take());
  }

  double(): number {
    if (this.end - this.at < 8) throw new ProtoError('unexpected EOF');
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset + this.at, 8);
    this.at += 8;
    return view.getFloat64(0, true);
  }

  skip(wire: number): void {
    if (wire === VARINT) this.varint();
    else if (wire === BYTES) this.block();
    else if (wire === FIXED64 || wire === FIXED32) {
      const size = wire === FIXED64 ? 8 : 4;
      if (this.end - this.at < size) throw new ProtoError('unexpected EOF');
      this.at += size;
    } else throw new ProtoError(`proto: illegal wireType ${wire}`);
  }
}

/** Writes a message; nested messages are written first and copied in with their length. */
export class WireWriter {
  #buffer = new Uint8Array(256);
  #length = 0;

  #grow(size: number): void {
    if (this.#length + size <= this.#buffer.length) return;
    const next = new Uint8Array(Math.max(this.#buffer.length * 2, this.#length + size));
    next.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = next;
  }

  varint(value: number | bigint): void {
    this.#grow(10);
    if (typeof value === 'number' && value >= 0 && value < 0x80) {
      this.#buffer[this.#length++] = value;
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 0x7fn) {
      this.#buffer[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#buffer[this.#length++] = Number(rest);
  }

  key(tag: number, wire: number): void {
    this.varint(tag * 8 + wire);
  }

  bytes(tag: number, value: Uint8Array): void {
    this.key(tag, BYTES);
    this.varint(value.length);
    this.raw(value);
  }

  text(tag: number, value: string): void {
    this.bytes(tag, Buffer.from(value, 'utf8'));
  }

  integer(tag: number, value: number | bigint): void {
    this.key(tag, VARINT);
    this.varint(value);
  }

  double(tag: number, value: number): void {
    this.key(tag, FIXED64);
    this.#grow(8);
    new DataView(this.#buffer.buffer).setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  raw(value: Uint8Array): void {
    this.#grow(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }
}
