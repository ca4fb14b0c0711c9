/** One element of DER (ITU-T X.690): its tag, its content, and both with the length as they stand. */
export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  readonly whole: Buffer;
}

const TRUNCATED = 'DER is cut short';

/** Reads the element at `at`; throws when it does not fit. */
export function readElement(bytes: Buffer, at: number): Element {
  if (at + 2 > bytes.length) throw new Error(TRUNCATED);
  const first = bytes[at + 1]!;
  const count = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || count > 4 || at + 2 + count > bytes.length) throw new Error(TRUNCATED);
  const length = count === 0 ? first : bytes.readUIntBE(at + 2, count);
  const start = at + 2 + count;
  if (start + length > bytes.length) throw new Error(TRUNCATED);
  return {
    tag: bytes[at]!,
    content: bytes.subarray(start, start + length),
    whole: bytes.subarray(at, start + length),
  };
}

/** Elements one after the other. */
export function children(bytes: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length; at += found.at(-1)!.whole.length) found.push(readElement(bytes, at));
  return found;
}

/** Dotted form of an object identifier. */
export function objectIdOf({ content }: Element): string {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    if (numbers.length === 0)
      numbers.push(Math.min(2, Math.floor(value / 40)), value - Math.min(2, Math.floor(value / 40)) * 40);
    else numbers.push(value);
    value = 0;
  }
  return numbers.join('.');
}

export const integerOf = ({ content }: Element): number =>
  content.length === 0 || content.length > 6 ? Number.NaN : content.readUIntBE(0, content.length);

/** Strings of names: UTF-8 and the older forms that are subsets of it or of Latin-1. */
export const textOf = ({ tag, content }: Element): string => content.toString(tag === 0x0c ? 'utf8' : 'latin1');
