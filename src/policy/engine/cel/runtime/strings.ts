import { CelError, type CelValue, INT_MAX } from '../values.ts';
import { asBytes, asIndex, asList, asString, codePoints } from './check.ts';
import { formatString } from './format.ts';
import { compilePattern } from './regex.ts';
import { functionTable } from './table.ts';

const outOfRange = (at: CelValue): CelError => new CelError(`index out of range: ${String(at)}`);

const join = (points: string | readonly string[]): string => (typeof points === 'string' ? points : points.join(''));

function search(text: CelValue, part: CelValue, from: CelValue | undefined, backward: boolean): number {
  const points = codePoints(asString(text));
  const wanted = codePoints(asString(part));
  const start = from === undefined ? (backward ? points.length - wanted.length : 0) : asIndex(from);
  if (from !== undefined && (start < 0 || start > points.length)) throw outOfRange(from);
  if (wanted.length === 0) return from === undefined && backward ? points.length : start;
  if (typeof points === 'string' && typeof wanted === 'string') {
    return backward ? (start < 0 ? -1 : points.lastIndexOf(wanted, start)) : points.indexOf(wanted, start);
  }
  for (
    let i = backward ? Math.min(start, points.length - wanted.length) : start;
    backward ? i >= 0 : i + wanted.length <= points.length;
    i += backward ? -1 : 1
  ) {
    let same = true;
    for (let j = 0; same && j < wanted.length; j++) same = points[i + j] === wanted[j];
    if (same) return i;
  }
  return -1;
}

function substring(text: CelValue, from: CelValue, to?: CelValue): string {
  const points = codePoints(asString(text));
  const start = asIndex(from);
  const end = to === undefined ? points.length : asIndex(to);
  if (start < 0 || start > points.length) throw outOfRange(from);
  if (end < 0 || end > points.length) throw outOfRange(to!);
  if (start > end) throw new CelError(`invalid substring range. start: ${start}, end: ${end}`);
  return join(points.slice(start, end));
}

function split(text: CelValue, separator: CelValue, count?: CelValue): string[] {
  const limit = count === undefined ? -1 : asIndex(count);
  const by = asString(separator);
  const source = asString(text);
  if (limit === 0) return [];
  if (limit === 1) return [source];
  const parts = by === '' ? Array.from(source) : source.split(by);
  if (limit < 0 || parts.length <= limit) return parts;
  return [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(by)];
}

function replace(text: CelValue, from: CelValue, to: CelValue, count?: CelValue): string {
  const limit = count === undefined ? -1 : asIndex(count);
  const source = asString(text);
  const old = asString(from);
  const fresh = asString(to);
  if (limit < 0 && old !== '') return source.split(old).join(fresh);
  const points = old === '' ? Array.from(source) : [];
  let out = '';
  let done = 0;
  if (old === '') {
    for (let i = 0; i <= points.length; i++) {
      if (limit < 0 || done < limit) {
        out += fresh;
        done++;
      }
      out += points[i] ?? '';
    }
    return out;
  }
  let at = 0;
  for (; done < limit; done++) {
    const next = source.indexOf(old, at);
    if (next < 0) break;
    out += source.slice(at, next) + fresh;
    at = next + old.length;
  }
  return out + source.slice(at);
}

const QUOTES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

const quote = (text: string): string => {
  let out = '"';
  for (const char of text.toWellFormed()) out += QUOTES[char] ?? char;
  return `${out}"`;
};

const lower = (text: string): string => text.replace(/[A-Z]+/g, part => part.toLowerCase());
const upper = (text: string): string => text.replace(/[a-z]+/g, part => part.toUpperCase());

/** Unicode White_Space, as Go's strings.TrimSpace has it (U+FEFF and zero-width characters are none). */
const TRIM =
  /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/g;

function decodeBase64(text: string): Uint8Array {
  const plain = text.replace(/=+$/, '');
  if (/[^A-Za-z0-9+/]/.test(plain) || plain.length % 4 === 1) throw new CelError('illegal base64 data');
  const binary = atob(plain);
  return Uint8Array.from(binary, char => char.charCodeAt(0));
}

export const bytesToBase64 = (bytes: Uint8Array): string =>
  btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''));
export const bytesFromBase64 = decodeBase64;

/** The strings extension and the string functions of the language. */
export const STRING_FUNCTIONS = functionTable({
  '.contains/2': (text: CelValue, part: CelValue) => asString(text).includes(asString(part)),
  '.startsWith/2': (text: CelValue, part: CelValue) => asString(text).startsWith(asString(part)),
  '.endsWith/2': (text: CelValue, part: CelValue) => asString(text).endsWith(asString(part)),
  '.matches/2': (text: CelValue, pattern: CelValue) => compilePattern(asString(pattern)).test(asString(text)),
  'matches/2': (text: CelValue, pattern: CelValue) => compilePattern(asString(pattern)).test(asString(text)),
  '.charAt/2': (text: CelValue, at: CelValue) => {
    const points = codePoints(asString(text));
    const i = asIndex(at);
    if (i < 0 || i > points.length) throw outOfRange(at);
    return points[i] ?? '';
  },
  '.indexOf/2': (text: CelValue, part: CelValue) => search(text, part, undefined, false),
  '.indexOf/3': (text: CelValue, part: CelValue, from: CelValue) => search(text, part, from, false),
  '.lastIndexOf/2': (text: CelValue, part: CelValue) => search(text, part, undefined, true),
  '.lastIndexOf/3': (text: CelValue, part: CelValue, from: CelValue) => search(text, part, from, true),
  '.join/1': (list: CelValue) => asList(list).map(asString).join(''),
  '.join/2': (list: CelValue, by: CelValue) => asList(list).map(asString).join(asString(by)),
  '.lowerAscii/1': (text: CelValue) => lower(asString(text)),
  '.upperAscii/1': (text: CelValue) => upper(asString(text)),
  '.replace/3': (text: CelValue, from: CelValue, to: CelValue) => replace(text, from, to),
  '.replace/4': replace,
  '.split/2': (text: CelValue, by: CelValue) => split(text, by),
  '.split/3': split,
  '.substring/2': (text: CelValue, from: CelValue) => substring(text, from),
  '.substring/3': substring,
  '.trim/1': (text: CelValue) => asString(text).replace(TRIM, ''),
  '.format/2': (text: CelValue, args: CelValue) => formatString(asString(text), asList(args)),
  'strings.quote/1': (text: CelValue) => quote(asString(text)),
  'base64.encode/1': (bytes: CelValue) => bytesToBase64(asBytes(bytes)),
});

export { INT_MAX };
