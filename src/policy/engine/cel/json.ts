import type { Json, JsonObject } from '../../../kernel/index.ts';
import { isMap, mapEntries } from './runtime/check.ts';
import { bytesToBase64 } from './runtime/strings.ts';
import { formatDuration, formatTimestamp } from './runtime/time.ts';
import { Bytes, CelError, type CelValue, Double, Duration, Optional, Timestamp, Uint } from './values.ts';

/** A CEL value as JSON; optionals that hold nothing are left out. */
export function toJson(value: CelValue): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'string' || typeof value === 'number')
    return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint) return Number(value.value);
  if (value instanceof Double) return value.value;
  if (value instanceof Bytes) return bytesToBase64(value.value);
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatDuration(value);
  if (Array.isArray(value)) return (value as CelValue[]).map(toJson);
  if (value instanceof Optional) return value.value === undefined ? null : toJson(value.value);
  if (!isMap(value)) throw new CelError('value has no JSON form');
  const object: JsonObject = {};
  for (const [key, member] of mapEntries(value)) {
    if (typeof key === 'object') throw new CelError('map key has no JSON form');
    Object.defineProperty(object, String(key), {
      value: toJson(member),
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return object;
}
