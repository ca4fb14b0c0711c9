import { BuiltinError } from '../runtime.ts';

/** One DER element (X.690). */
export interface Element {
  readonly tag: number;
  readonly raw: Uint8Array;
  readonly body: Uint8Array;
}

export function malformed(what = 'x509: malformed certificate'): never {
  throw new BuiltinError(what);
}

/** Reads the element at an offset. */
export function elementAt(bytes: Uint8Array, at = 0): Element {
  const tag = bytes[at];
  let length = bytes[at + 1];
  if (tag === undefined || length === undefined) malformed();
  let from = at + 2;
  if (length & 0x80) {
    const count = length & 0x7f;
    if (count === 0 || count > 4) malformed();
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + (bytes[from + i] ?? malformed());
    from += count;
  }
  if (from + length > bytes.length) malformed();
  return { tag, raw: bytes.subarray(at, from + length), body: bytes.subarray(from, from + length) };
}

/** The elements inside a constructed one. */
export function children(element: Element): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < element.body.length; ) {
    const child = elementAt(element.body, at);
    found.push(child);
    at += child.raw.length;
  }
  return found;
}

/** Elements that follow each other in a buffer. */
export function elements(bytes: Uint8Array): Element[] {
  return children({ tag: 0x30, raw: bytes, body: bytes });
}

export function objectId(element: Element): number[] {
  const parts: number[] = [];
  let value = 0;
  for (const byte of element.body) {
    value = value * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    if (parts.length === 0) {
      const first = Math.min(2, Math.floor(value / 40));
      parts.push(first, value - first * 40);
    } else parts.push(value);
    value = 0;
  }
  return parts;
}

export function integerOf(element: Element): bigint {
  let value = 0n;
  for (const byte of element.body) value = (value << 8n) | BigInt(byte);
  return element.body.length > 0 && element.body[0]! & 0x80 ? value - (1n << BigInt(element.body.length * 8)) : value;
}

/** A bit string's bytes (whole bytes only). */
export const bitsOf = (element: Element): Uint8Array => element.body.subarray(1);

/** Text of the string types; BMPString is UTF-16. */
export function stringOf(element: Element): string {
  if (element.tag !== 0x1e) return new TextDecoder(element.tag === 0x0c ? 'utf-8' : 'latin1').decode(element.body);
  let out = '';
  for (let at = 0; at + 1 < element.body.length; at += 2)
    out += String.fromCharCode(element.body[at]! * 256 + element.body[at + 1]!);
  return out;
}

/** UTCTime and GeneralizedTime as RFC 3339. */
export function timeOf(element: Element): string {
  const text = stringOf(element);
  const found = /^(\d{2}|\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? malformed('x509: malformed time');
  const [, year, month, day, hour, minute, second] = found;
  const full = year!.length === 4 ? year! : `${Number(year) >= 50 ? '19' : '20'}${year}`;
  return `${full}-${month}-${day}T${hour}:${minute}:${second}Z`;
}
