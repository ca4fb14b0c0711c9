import { BuiltinError } from '../runtime.ts';
import { entriesOf, isArray, objectOf, RegoSet, typeName, type Value } from '../value.ts';
import {
  bytesOf,
  fromBase64,
  fromBase64Url,
  fromHex,
  textOfBytes,
  toBase64,
  toBase64Url,
  toBase64UrlNoPad,
  toHex,
  tryBase64,
} from './bytes.ts';
import { type Entry, entry, object, text } from './operands.ts';

const one = (apply: (value: string) => Value): Entry => entry(1, ([value]) => apply(text(value!, 1)));

/** Go's url.QueryEscape. */
export function queryEscape(value: string): string {
  let out = '';
  for (const byte of bytesOf(value)) {
    const character = String.fromCharCode(byte);
    if (/[A-Za-z0-9\-_.~]/.test(character)) out += character;
    else out += byte === 32 ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

/** Go's url.QueryUnescape (`plus`) and PathUnescape. */
export function unescapeUrl(value: string, plus = true): string {
  const bytes: number[] = [];
  const source = bytesOf(value);
  for (let at = 0; at < source.length; at++) {
    const byte = source[at]!;
    if (byte === 37) {
      const hex = String.fromCharCode(...source.subarray(at + 1, at + 3));
      if (!/^[0-9a-fA-F]{2}$/.test(hex)) throw new BuiltinError(`invalid URL escape ${JSON.stringify(`%${hex}`)}`);
      bytes.push(Number.parseInt(hex, 16));
      at += 2;
    } else bytes.push(plus && byte === 43 ? 32 : byte);
  }
  return textOfBytes(Uint8Array.from(bytes));
}

function decodeObject(query: string): Value {
  const found = new Map<string, string[]>();
  for (const part of query.split('&')) {
    if (part === '') continue;
    if (part.includes(';')) throw new BuiltinError('invalid semicolon separator in query');
    const sign = part.indexOf('=');
    const name = unescapeUrl(sign < 0 ? part : part.slice(0, sign));
    const list = found.get(name) ?? [];
    list.push(sign < 0 ? '' : unescapeUrl(part.slice(sign + 1)));
    found.set(name, list);
  }
  return objectOf(found);
}

function encodeObject(value: Value): string {
  const pairs: string[] = [];
  for (const [key, item] of entriesOf(object(value, 1))) {
    const items = isArray(item) ? item : item instanceof RegoSet ? item.sorted() : [item];
    for (const each of items) {
      if (typeof each !== 'string')
        throw new BuiltinError(
          `operand 1 values must be string, array[string], or set[string] but got ${typeName(each)}`,
          true,
        );
      pairs.push(`${queryEscape(text(key, 1))}=${queryEscape(each)}`);
    }
  }
  return pairs.join('&');
}

/** RFC 3986: scheme, authority, path, query and fragment. */
const URI = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;

/** Go's own encoding of a path. */
const escapePath = (path: string): string =>
  encodeURIComponent(path).replace(/%(24|26|2B|2C|2F|3A|3B|3D|40)/g, text => decodeURIComponent(text));

interface Uri {
  readonly [part: string]: string;
}

/** The parts of a URI as Go's net/url tells them; undefined for what it refuses. */
export function parseUri(source: string): Uri | undefined {
  if (/[\u0000-\u0020\u007f]/.test(source.split('#')[0]!.replaceAll(' ', source.includes('?') ? '_' : ' ')))
    return undefined;
  const found = URI.exec(source);
  if (!found || /%(?![0-9A-Fa-f]{2})/.test(source)) return undefined;
  const [, scheme, authority, path = '', query, fragment] = found;
  if (scheme === undefined && /^[^/]*:/.test(path) && authority === undefined) return undefined;
  const parts: Record<string, string> = {};
  if (scheme) parts.scheme = scheme.toLowerCase();
  if (authority !== undefined) {
    const host = authority.slice(authority.lastIndexOf('@') + 1);
    const match = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(host);
    if (!match) return undefined;
    if (match[1]) parts.hostname = unescapeUrl(match[1].replace(/^\[|\]$/g, ''), false);
    if (match[2]) parts.port = match[2];
  }
  const isOpaque = scheme !== undefined && authority === undefined && path !== '' && !path.startsWith('/');
  if (path && !isOpaque) {
    parts.path = unescapeUrl(path, false);
    // Go keeps the written form only where its own encoding would differ.
    parts.raw_path = escapePath(parts.path) === path ? parts.path : path;
  }
  if (query) parts.raw_query = query;
  if (fragment) parts.fragment = unescapeUrl(fragment, false);
  return parts;
}

/** Base64, hex and URL encodings. */
export const encoding: Readonly<Record<string, Entry>> = {
  'base64.encode': one(value => toBase64(bytesOf(value))),
  'base64.decode': one(value => textOfBytes(fromBase64(value))),
  'base64.is_valid': one(value => tryBase64(value) !== undefined),
  'base64url.encode': one(value => toBase64Url(bytesOf(value))),
  'base64url.encode_no_pad': one(value => toBase64UrlNoPad(bytesOf(value))),
  'base64url.decode': one(value => textOfBytes(fromBase64Url(value))),
  'hex.encode': one(value => toHex(bytesOf(value))),
  'hex.decode': one(value => textOfBytes(fromHex(value))),
  'urlquery.encode': one(queryEscape),
  'urlquery.decode': one(value => unescapeUrl(value)),
  'urlquery.encode_object': entry(1, ([value]) => encodeObject(value!)),
  'urlquery.decode_object': one(decodeObject),
  'uri.is_valid': entry(1, ([value]) => typeof value === 'string' && parseUri(value) !== undefined),
  'uri.parse': one(value => {
    const parts = parseUri(value);
    if (!parts) throw new BuiltinError(`parse ${JSON.stringify(value)}: invalid URI`);
    return objectOf(Object.entries(parts));
  }),
};
