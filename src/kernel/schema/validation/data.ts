import { isDeepStrictEqual } from 'node:util';
import { JsonSyntaxError, parseJson } from '../../decode/json.ts';
import { type Draft, isDraft, part } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { IMMUTABLE, text } from './common.ts';
import { configKey } from './names.ts';

/** Bytes of all values of a ConfigMap or Secret. */
const DATA_BYTES_MAX = 1024 * 1024;

function keysAndSize(object: Draft, fields: readonly string[], causes: Causes): void {
  let size = 0;
  const seen = new Set<string>();
  for (const field of fields) {
    for (const [key, value] of Object.entries(part(object, field) ?? {})) {
      causes.invalidAll(`${field}[${key}]`, key, configKey(key));
      if (seen.has(key)) causes.invalid(`${field}[${key}]`, key, 'duplicate of key present in binaryData');
      seen.add(key);
      size +=
        field === 'binaryData' || fields.length === 1
          ? Math.floor((text(value).length * 3) / 4)
          : Buffer.byteLength(text(value));
    }
  }
  if (size > DATA_BYTES_MAX) causes.tooLong(fields.length === 1 ? 'data' : '', DATA_BYTES_MAX);
}

export const configMap = (object: Draft, causes: Causes): void => keysAndSize(object, ['data', 'binaryData'], causes);

const SECRET_KEYS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    'kubernetes.io/dockercfg': ['.dockercfg'],
    'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
    'kubernetes.io/ssh-auth': ['ssh-privatekey'],
    'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  }),
);

export function secret(object: Draft, causes: Causes): void {
  keysAndSize(object, ['data'], causes);
  const data = { ...part(object, 'data'), ...part(object, 'stringData') };
  for (const key of SECRET_KEYS.get(text(object.type)) ?? [])
    if (!Object.hasOwn(data, key)) causes.required(`data[${key}]`);
  if (object.type === 'kubernetes.io/dockercfg' || object.type === 'kubernetes.io/dockerconfigjson')
    for (const key of SECRET_KEYS.get(object.type)!) configurationOf(part(object, 'data')?.[key], key, causes);
  if (
    object.type === 'kubernetes.io/basic-auth' &&
    !Object.hasOwn(data, 'username') &&
    !Object.hasOwn(data, 'password')
  ) {
    causes.required('data[username]');
    causes.required('data[password]');
  }
  if (object.type === 'kubernetes.io/service-account-token') {
    const name = text(part(part(object, 'metadata'), 'annotations')?.['kubernetes.io/service-account.name']);
    if (name === '') causes.required('metadata.annotations[kubernetes.io/service-account.name]');
  }
}

/** A registry's configuration must read as JSON; the value is not shown. */
function configurationOf(value: unknown, key: string, causes: Causes): void {
  if (typeof value !== 'string') return;
  try {
    const read = parseJson(Buffer.from(value, 'base64').toString('utf8'), { duplicates: false, depth_max: 100 }).value;
    if (read === null || isDraft(read)) return;
    const kind = Array.isArray(read) ? 'array' : typeof read === 'boolean' ? 'bool' : typeof read;
    const why = `json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`;
    causes.invalid(`data[${key}]`, '<secret contents redacted>', why);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    causes.invalid(`data[${key}]`, '<secret contents redacted>', error.message);
  }
}

/** `immutable: true` holds for the flag and the data. */
export function immutableData(object: Draft, old: Draft, causes: Causes): void {
  if (old.kind === 'Secret' && object.type !== old.type) causes.invalid('type', object.type, IMMUTABLE);
  if (old.immutable !== true) return;
  if (object.immutable !== true) causes.forbidden('immutable', 'field is immutable when `immutable` is set');
  for (const field of ['data', 'binaryData']) {
    if (!isDeepStrictEqual(object[field], old[field]))
      causes.forbidden(field, 'field is immutable when `immutable` is set');
  }
}
