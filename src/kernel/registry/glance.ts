import { type FieldRequirement, type LabelRequirement, matchLabels } from '../selector.ts';
import type { StoredText } from '../store/texts.ts';

/**
 * What a look at an object's stored text can tell of a selection: false where the object cannot match, true where it does, and
 * undefined where the whole object must be read. Texts are as JSON.stringify writes them, which is how every log keeps them.
 */
export type Glance = (stored: StoredText) => boolean | undefined;

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

// Needles lack their first quotation mark: the search jumps to first characters, and that one is everywhere.

/** The texts of which one must stand in an object whose label meets a requirement; undefined where none has to. */
function labelNeedles({ key, operator, values }: LabelRequirement): readonly Buffer[] | undefined {
  if (operator === 'in') return values.map(value => Buffer.from(`${key}":"${value}"`));
  return operator === 'exists' || operator === '>' || operator === '<' ? [Buffer.from(`${key}":"`)] : undefined;
}

/** A field's value as it stands in the text, in either way that says it; undefined where something else may say it too. */
function fieldNeedles(
  field: FieldRequirement,
  plain: (field: FieldRequirement) => boolean,
): readonly Buffer[] | undefined {
  const { path, value } = field;
  if (value === '' || !PLAIN.test(value) || !plain(field)) return undefined;
  const name = path.slice(path.lastIndexOf('.') + 1);
  const bare = /^(true|false|-?\d+)$/.test(value) ? [Buffer.from(`${name}":${value}`)] : [];
  return [Buffer.from(`${name}":"${value}"`), ...bare];
}

const METADATA = Buffer.from('"metadata":{');
const LABELS = Buffer.from('"labels":{');
const [QUOTE, BACKSLASH, OPEN, CLOSE] = [0x22, 0x5c, 0x7b, 0x7d];

/** The end of a JSON text that begins with its quotation mark at `at`. */
function textEnd(bytes: Buffer, at: number): number {
  for (let next = at + 1; ; next++) {
    const end = bytes.indexOf(QUOTE, next);
    if (end < 0) return bytes.length;
    let slashes = 0;
    while (bytes[end - 1 - slashes] === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return end;
    next = end;
  }
}

/**
 * The labels of a stored object, read without the rest of it; undefined where it has none, and `unknown` where they do not
 * stand where every object has them.
 */
function labelsOf(bytes: Buffer, end: number): Readonly<Record<string, string>> | undefined | 'unknown' {
  const metadata = bytes.indexOf(METADATA);
  if (metadata < 0 || metadata >= end) return 'unknown';
  let depth = 1;
  // Between the start and metadata there must be nothing that could hold a key of that name.
  for (let at = 1; at < metadata; at++) {
    if (bytes[at] === QUOTE) at = textEnd(bytes, at);
    else if (bytes[at] === OPEN) return 'unknown';
  }
  for (let at = metadata + METADATA.length; at < end; at++) {
    const sign = bytes[at];
    if (sign === QUOTE) {
      if (
        depth === 1 &&
        bytes[at + 1] === 0x6c &&
        bytes.compare(LABELS, 0, LABELS.length, at, at + LABELS.length) === 0
      ) {
        const from = at + LABELS.length - 1;
        let to = from + 1;
        while (to < end && bytes[to] !== CLOSE) to = bytes[to] === QUOTE ? textEnd(bytes, to) + 1 : to + 1;
        return JSON.parse(bytes.toString('utf8', from, to + 1)) as Record<string, string>;
      }
      at = textEnd(bytes, at);
    } else if (sign === OPEN) depth++;
    else if (sign === CLOSE && --depth === 0) return undefined;
  }
  return 'unknown';
}

const stands = (bytes: Buffer, needles: readonly Buffer[]): boolean => needles.some(needle => bytes.includes(needle));

/** A look for label and field requirements; undefined where none of them can be told from the text. */
export function glanceFor(
  labels: readonly LabelRequirement[],
  fields: readonly FieldRequirement[],
  plain: (field: FieldRequirement) => boolean,
): Glance | undefined {
  const sought = labels.map(labelNeedles).filter(each => each !== undefined);
  const told = fields.map(field => ({ equal: field.operator === '=', needles: fieldNeedles(field, plain) }));
  if (labels.length === 0 && told.every(({ needles }) => needles === undefined)) return undefined;
  return ({ text, start, size }) => {
    // What is not packed yet is about to be: it was read a moment ago.
    if (typeof text === 'string') return undefined;
    const bytes = text.subarray(start, start + size);
    for (const needles of sought) if (!stands(bytes, needles)) return false;
    let certain = true;
    for (const { equal, needles } of told) {
      const may = needles === undefined || stands(bytes, needles);
      if (!may && equal) return false;
      // A value that does not stand in the text is not the field's; one that does may be another's.
      if (may) certain = false;
    }
    const own = labels.length === 0 ? undefined : labelsOf(bytes, size);
    if (own === 'unknown') return undefined;
    if (!matchLabels(labels, own)) return false;
    return certain ? true : undefined;
  };
}
