/** wasi:http 0.2 `fields`: headers and trailers. */
import { Refused } from './wasm-world-io.ts';

export type FieldEntry = readonly [name: string, value: Uint8Array];

/** RFC 9110 §5.6.2 (token) and §5.5 (field values without control characters). */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}$/;
/** What the connection owns (RFC 9110 §7.6.1): a component must not write it. */
const FORBIDDEN = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'host',
  'http2-settings',
]);
const ENTRIES_MAX = 256;

const isValue = (value: Uint8Array): boolean => value.every(byte => (byte >= 32 && byte !== 127) || byte === 9);

export class Fields {
  #entries: FieldEntry[] = [];
  #frozen = false;

  /** Fields that came from outside: they may hold every name, and cannot be changed. */
  static received(entries: readonly FieldEntry[]): Fields {
    const fields = new Fields();
    fields.#entries = [...entries];
    fields.#frozen = true;
    return fields;
  }

  static fromList(entries: readonly FieldEntry[]): Fields {
    const fields = new Fields();
    for (const [name, value] of entries) fields.append(name, value);
    return fields;
  }

  freeze(): this {
    this.#frozen = true;
    return this;
  }

  #check(name: string, values: readonly Uint8Array[]): string {
    if (this.#frozen) throw new Refused({ tag: 'immutable' });
    if (!NAME.test(name) || !values.every(isValue)) throw new Refused({ tag: 'invalid-syntax' });
    const lower = name.toLowerCase();
    if (FORBIDDEN.has(lower) || this.#entries.length + values.length > ENTRIES_MAX)
      throw new Refused({ tag: 'forbidden' });
    return lower;
  }

  get(name: string): Uint8Array[] {
    const lower = name.toLowerCase();
    return this.#entries.flatMap(([known, value]) => (known === lower ? [value] : []));
  }

  has(name: string): boolean {
    return this.get(name).length > 0;
  }

  set(name: string, values: readonly Uint8Array[]): void {
    const lower = this.#check(name, values);
    this.#entries = [
      ...this.#entries.filter(([known]) => known !== lower),
      ...values.map((value): FieldEntry => [lower, value.slice()]),
    ];
  }

  delete(name: string): void {
    const lower = this.#check(name, []);
    this.#entries = this.#entries.filter(([known]) => known !== lower);
  }

  append(name: string, value: Uint8Array): void {
    this.#entries.push([this.#check(name, [value]), value.slice()]);
  }

  entries(): FieldEntry[] {
    return [...this.#entries];
  }

  clone(): Fields {
    const fields = new Fields();
    fields.#entries = [...this.#entries];
    return fields;
  }
}

/** Fields as Node's HTTP wants them. */
export const flatten = (fields: Fields): string[] =>
  fields.entries().flatMap(([name, value]) => [name, Buffer.from(value).toString('latin1')]);

/** Node's raw headers as fields. */
export function received(raw: readonly string[]): Fields {
  const entries: FieldEntry[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2)
    entries.push([raw[at]!.toLowerCase(), new Uint8Array(Buffer.from(raw[at + 1]!, 'latin1'))]);
  return Fields.received(entries);
}
