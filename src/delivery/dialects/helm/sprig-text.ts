import { RE2JS } from 're2js';
import { goQuote, goString } from './format.ts';
import type { Call } from './value.ts';
import { TemplateError } from './refuse.ts';
import { integer, isDict, isNil, text } from './value.ts';
import { sha1 } from '../../engine/sha1.ts';
import { sha256 } from '../../engine/sha256.ts';

/** Any value as text, as sprig's `toString` sees it. */
export const anyText = (value: unknown): string => (isNil(value) ? '' : goString(value));

/** A list of anything as texts; absent items are left out. */
export const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter(item => !isNil(item)).map(goString) : isNil(value) ? [] : [goString(value)];

const title = (value: string): string =>
  value.replace(/(^|[^\p{L}\p{Nd}_'])(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase());

const trimSet =
  (set: string, side: 'both' | 'start' | 'end') =>
  (value: string): string => {
    const letters = new Set(set);
    const characters = [...value];
    let [from, to] = [0, characters.length];
    if (side !== 'end') while (from < to && letters.has(characters[from]!)) from++;
    if (side !== 'start') while (to > from && letters.has(characters[to - 1]!)) to--;
    return characters.slice(from, to).join('');
  };

const indent = (count: unknown, value: unknown): string => {
  const pad = ' '.repeat(Math.max(0, Number(integer(count))));
  return pad + text(value).replaceAll('\n', `\n${pad}`);
};

function truncate(count: unknown, value: unknown): string {
  const size = Number(integer(count));
  const bytes = Buffer.from(text(value));
  if (size < 0) return bytes.length + size > 0 ? bytes.subarray(size).toString() : text(value);
  return bytes.length > size ? bytes.subarray(0, size).toString() : text(value);
}

const words = (value: string): string[] =>
  value
    .replace(/([\p{Ll}\p{Nd}])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu}+)(\p{Lu}\p{Ll})/gu, '$1 $2')
    .split(/[^\p{L}\p{Nd}]+/u)
    .filter(Boolean);

function substring(start: unknown, end: unknown, value: unknown): string {
  const [from, to, whole] = [Number(integer(start)), Number(integer(end)), text(value)];
  if (from < 0) return whole.slice(0, Math.max(0, to));
  return to < 0 || to > whole.length ? whole.slice(from) : whole.slice(from, to);
}

function wrap(width: number, separator: string, value: string): string {
  let column = 0;
  return value
    .split(' ')
    .map((word, at) => {
      if (at > 0 && column + 1 + word.length > width) {
        column = word.length;
        return separator + word;
      }
      column += word.length + (at > 0 ? 1 : 0);
      return (at > 0 ? ' ' : '') + word;
    })
    .join('');
}

const regex = (pattern: unknown): RE2JS => {
  try {
    return RE2JS.compile(text(pattern));
  } catch (error) {
    throw new TemplateError(`error parsing regexp: ${(error as Error).message}`);
  }
};

function findAll(pattern: unknown, value: unknown, count: unknown): string[] {
  const matcher = regex(pattern).matcher(text(value));
  const limit = Number(integer(count));
  const found: string[] = [];
  while ((limit < 0 || found.length < limit) && matcher.find()) found.push(matcher.group(0) ?? '');
  return found;
}

/** Go's replacement text: `$1` and `${1}`; `$1x` names a group that is not there. */
function replaceAll(pattern: unknown, value: unknown, by: unknown, literal: boolean): string {
  const source = text(value);
  const matcher = regex(pattern).matcher(source);
  let [result, last] = ['', 0];
  while (matcher.find()) {
    const [start, end] = [matcher.start(0), matcher.end(0)];
    const replaced = literal
      ? text(by)
      : text(by).replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) => {
          const name = braced ?? bare;
          if (name === undefined) return whole === '$$' ? '$' : whole;
          if (!/^\d+$/.test(name)) {
            try {
              return matcher.group(name) ?? '';
            } catch {
              return '';
            }
          }
          return Number(name) <= matcher.groupCount() ? (matcher.group(Number(name)) ?? '') : '';
        });
    result += source.slice(last, start) + replaced;
    last = end;
  }
  return result + source.slice(last);
}

function split(pattern: unknown, value: unknown, count: unknown): string[] {
  const [source, limit] = [text(value), Number(integer(count))];
  const matcher = regex(pattern).matcher(source);
  const parts: string[] = [];
  let last = 0;
  while ((limit < 0 || parts.length < limit - 1) && matcher.find()) {
    if (matcher.end(0) === 0) continue;
    parts.push(source.slice(last, matcher.start(0)));
    last = matcher.end(0);
  }
  return [...parts, source.slice(last)];
}

const base64 = (value: unknown): string => Buffer.from(text(value)).toString('base64');

/** FNV-free checksums sprig has. */
function adler32(value: string): string {
  let [a, b] = [1, 0];
  for (const byte of Buffer.from(value)) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return String(b * 65536 + a);
}

const REGEX: Readonly<Record<string, Call>> = {
  regexMatch: (pattern, value) => regex(pattern).matcher(text(value)).find(),
  regexFind: (pattern, value) => findAll(pattern, value, 1n)[0] ?? '',
  regexFindAll: findAll,
  regexReplaceAll: (pattern, value, by) => replaceAll(pattern, value, by, false),
  regexReplaceAllLiteral: (pattern, value, by) => replaceAll(pattern, value, by, true),
  regexSplit: split,
  regexQuoteMeta: value => text(value).replace(/[\\.+*?()|[\]{}^$]/g, '\\$&'),
};

/** Sprig's functions over text. */
export const TEXT_FUNCTIONS: Readonly<Record<string, Call>> = {
  ...REGEX,
  ...Object.fromEntries(
    Object.entries(REGEX).map(([name, call]) => [`must${name[0]!.toUpperCase()}${name.slice(1)}`, call]),
  ),
  trim: value => text(value).trim(),
  trimAll: (set, value) => trimSet(text(set), 'both')(text(value)),
  trimSuffix: (suffix, value) =>
    text(suffix) !== '' && text(value).endsWith(text(suffix))
      ? text(value).slice(0, -text(suffix).length)
      : text(value),
  trimPrefix: (prefix, value) =>
    text(value).startsWith(text(prefix)) ? text(value).slice(text(prefix).length) : text(value),
  upper: value => text(value).toUpperCase(),
  lower: value => text(value).toLowerCase(),
  title: value => title(text(value)),
  untitle: value =>
    text(value).replace(/(^|\s)(\S)/g, (_, before: string, letter: string) => before + letter.toLowerCase()),
  repeat: (count, value) => text(value).repeat(Math.min(1_000_000, Math.max(0, Number(integer(count))))),
  substr: substring,
  nospace: value => text(value).replace(/\s+/g, ''),
  trunc: truncate,
  abbrev: (width, value) =>
    text(value).length <= Number(integer(width))
      ? text(value)
      : `${text(value).slice(0, Number(integer(width)) - 3)}...`,
  initials: value =>
    text(value)
      .split(/\s+/)
      .filter(Boolean)
      .map(word => word[0]!)
      .join(''),
  wrap: (width, value) => wrap(Number(integer(width)), '\n', text(value)),
  wrapWith: (width, separator, value) => wrap(Number(integer(width)), text(separator), text(value)),
  contains: (part, value) => text(value).includes(text(part)),
  hasPrefix: (prefix, value) => text(value).startsWith(text(prefix)),
  hasSuffix: (suffix, value) => text(value).endsWith(text(suffix)),
  quote: (...values) =>
    values
      .filter(value => !isNil(value))
      .map(value => goQuote(goString(value)))
      .join(' '),
  squote: (...values) =>
    values
      .filter(value => !isNil(value))
      .map(value => `'${goString(value)}'`)
      .join(' '),
  cat: (...values) =>
    values
      .filter(value => !isNil(value))
      .map(goString)
      .join(' '),
  indent,
  nindent: (count, value) => `\n${indent(count, value)}`,
  replace: (old, by, value) => text(value).replaceAll(text(old), () => text(by)),
  plural: (one, many, count) => (integer(count) === 1n ? one : many),
  snakecase: value => words(text(value)).join('_').toLowerCase(),
  camelcase: value =>
    words(text(value).replace(/^_+/, ''))
      .map(word => word[0]!.toUpperCase() + word.slice(1))
      .join(''),
  kebabcase: value => words(text(value)).join('-').toLowerCase(),
  swapcase: value =>
    [...text(value)].map(one => (one === one.toUpperCase() ? one.toLowerCase() : one.toUpperCase())).join(''),
  toString: goString,
  toStrings: value => texts(value),
  join: (separator, value) => texts(value).join(text(separator)),
  split: (separator, value) =>
    new Map(
      text(value)
        .split(text(separator))
        .map((part, index) => [`_${index}`, part]),
    ),
  splitn: (separator, count, value) => {
    const parts = text(value).split(text(separator));
    const limit = Number(integer(count));
    const kept =
      parts.length > limit ? [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(text(separator))] : parts;
    return new Map(kept.map((part, index) => [`_${index}`, part]));
  },
  splitList: (separator, value) => text(value).split(text(separator)),
  sortAlpha: value => (Array.isArray(value) ? texts(value).sort() : [anyText(value)]),
  b64enc: base64,
  b64dec: value => {
    const decoded = Buffer.from(text(value), 'base64');
    return decoded.toString('base64').replace(/=+$/, '') === text(value).replace(/\s/g, '').replace(/=+$/, '')
      ? decoded.toString()
      : 'illegal base64 data at input byte 0';
  },
  b32enc: value => base32(Buffer.from(text(value))),
  sha1sum: value => sha1(text(value)),
  sha256sum: value => sha256(text(value)),
  adler32sum: value => adler32(text(value)),
  isString: value => typeof value === 'string',
  isMap: isDict,
};

function base32(bytes: Buffer): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  let [bits, held, result] = [0, 0, ''];
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) result += letters[(held >> (bits - 5)) & 31];
  }
  if (bits > 0) result += letters[(held << (5 - bits)) & 31];
  return result.padEnd(Math.ceil(result.length / 8) * 8, '=');
}
