import { type Json, type JsonObject, ownMember, setOwn } from '../../../../kernel/index.ts';
import { imageText, parseImageReference } from '../../image-reference.ts';
import { JmesError } from '../value.ts';
import { defineFunctions } from './define.ts';
import { NO_VERSION, parseSemver, semverRange, withinBound } from './semver.ts';
import { decodeX509 } from './x509.ts';

const decoder = new TextDecoder();

function base64Decode(text: string): string {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0)
    throw new JmesError('illegal base64 data at input byte 0');
  return decoder.decode(Uint8Array.from(atob(text), sign => sign.charCodeAt(0)));
}

function base64Encode(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Private, loopback and link-local hosts are not external. */
function isExternal(text: string): boolean {
  const host = /^[a-z][a-z0-9+.-]*:\/\/(?:[^@/]*@)?(\[[^\]]+\]|[^:/?#]*)/i.exec(text)?.[1];
  if (host === undefined || host === '') throw new JmesError(`URL does not contain host: ${text}`);
  const name = host.toLowerCase();
  if (name === 'localhost' || name.endsWith('.local') || name.endsWith('.internal')) return false;
  if (name.startsWith('[')) return !/^\[(?:::1|::|f[cd]|fe[89ab])/.test(name);
  const parts = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(name)?.slice(1).map(Number);
  if (parts === undefined) return true;
  const [a, b] = parts as [number, number];
  return !(
    a === 10 ||
    a === 127 ||
    a === 0 ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 169 && b === 254)
  );
}

function items(of: Json, key: string, value: string): Json {
  const entries: (readonly [Json, Json])[] = Array.isArray(of)
    ? of.map((each, i) => [i, each] as const)
    : Object.keys(of as JsonObject)
        .sort()
        .map(name => [name, (of as JsonObject)[name]!] as const);
  return entries.map(([name, member]) => {
    const item: JsonObject = {};
    setOwn(item, key, name);
    setOwn(item, value, member);
    return item;
  });
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new JmesError(error instanceof Error ? error.message : String(error));
  }
}

/** A scalar as a key; numbers without an exponent. */
function keyText(key: Json): string {
  if (key === null || typeof key === 'object')
    throw new JmesError("JMESPath function 'object_from_lists': argument #1 is not of type StringArray");
  return typeof key === 'number' && Math.abs(key) >= 1e21 ? BigInt(key).toString() : String(key);
}

/** Kyverno's functions on structured values. */
export const DATA = defineFunctions({
  'base64_decode(string)': ([text]: [string]) => base64Decode(text),
  'base64_encode(string)': ([text]: [string]) => base64Encode(text),
  'parse_json(string)': ([text]: [string]) => parseJson(text),
  'parse_yaml(string)': ([text]: [string], ports) => ports.parseYaml(text),
  'items(object|array,string,string)': ([of, key, value]: [Json, string, string]) => items(of, key, value),
  'object_from_lists(array,array)': ([keys, values]: [Json[], Json[]]) => {
    const object: JsonObject = {};
    for (const [i, key] of keys.entries()) setOwn(object, keyText(key), values[i] ?? null);
    return object;
  },
  'lookup(object|array,string|number)': ([of, key]: [Json, string | number]) => {
    if (Array.isArray(of)) {
      if (typeof key !== 'number') throw new JmesError('argument #2 must be a number');
      if (!Number.isInteger(key))
        throw new JmesError(`JMESPath function 'lookup': argument #2: expected an integer number but got: ${key}`);
      return of[key] ?? null;
    }
    if (typeof key !== 'string') throw new JmesError('argument #2 must be a string');
    return ownMember(of as JsonObject, key) ?? null;
  },
  'label_match(object,object)': ([wanted, labels]: [JsonObject, JsonObject]) =>
    Object.entries(wanted).every(([name, value]) => ownMember(labels, name) === value),
  'image_normalize(string)': ([text]: [string], ports) => {
    const image = parseImageReference(text, ports.defaultRegistry);
    if (image === undefined) throw new JmesError(`bad image: ${text}`);
    return imageText(image);
  },
  'is_external_url(string)': ([text]: [string]) => isExternal(text),
  'semver_compare(string,string)': ([version, range]: [string, string]) => {
    // What is no version counts as 0.0.0: Kyverno does not look at the error.
    const parsed = parseSemver(version) ?? NO_VERSION;
    return semverRange(range).some(all => all.every(bound => withinBound(parsed, bound)));
  },
  'md5(string)': ([text]: [string], ports) => ports.digest('md5', text),
  'sha1(string)': ([text]: [string], ports) => ports.digest('sha1', text),
  'sha256(string)': ([text]: [string], ports) => ports.digest('sha256', text),
  'x509_decode(string)': ([pem]: [string]) => decodeX509(pem),
});
