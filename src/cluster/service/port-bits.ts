import type { Allocation } from '../../kernel/store/port.ts';

const BYTE = 8;

/** The ports of a range that are taken, in the form the record keeps: one big-endian number, bit n for the range's n-th port. */
export class PortBits {
  readonly #low: number;
  readonly #high: number;
  readonly #bytes: Uint8Array;

  constructor(low: number, high: number) {
    this.#low = low;
    this.#high = high;
    this.#bytes = new Uint8Array(Math.ceil((high - low + 1) / BYTE));
  }

  /** Undefined for a record that is not there or is of another range. */
  static read(held: Allocation | undefined, low: number, high: number): PortBits | undefined {
    const bits = new PortBits(low, high);
    if (held?.range !== bits.#range || held.data.length > bits.#bytes.length) return undefined;
    bits.#bytes.set(held.data, bits.#bytes.length - held.data.length);
    return bits;
  }

  get #range(): string {
    return `${this.#low}-${this.#high}`;
  }

  #place(port: number): { at: number; mask: number } | undefined {
    if (port < this.#low || port > this.#high) return undefined;
    const bit = port - this.#low;
    return { at: this.#bytes.length - 1 - Math.floor(bit / BYTE), mask: 1 << (bit % BYTE) };
  }

  has(port: number): boolean {
    const place = this.#place(port);
    return place !== undefined && (this.#bytes[place.at]! & place.mask) !== 0;
  }

  /** The ports that are taken now, lowest first. */
  ports(): number[] {
    const all: number[] = [];
    for (let port = this.#low; port <= this.#high; port++) if (this.has(port)) all.push(port);
    return all;
  }

  /** Ports outside the range are nobody's. */
  add(port: number): void {
    const place = this.#place(port);
    if (place) this.#bytes[place.at]! |= place.mask;
  }

  delete(port: number): void {
    const place = this.#place(port);
    if (place) this.#bytes[place.at]! &= ~place.mask;
  }

  /** The record; leading zeros are left out, as of any number. */
  written(): Allocation {
    const first = this.#bytes.findIndex(byte => byte !== 0);
    return { range: this.#range, data: first < 0 ? new Uint8Array() : this.#bytes.slice(first) };
  }
}
