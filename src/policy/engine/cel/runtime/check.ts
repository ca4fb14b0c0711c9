import {
  Bytes,
  CelError,
  CelMap,
  type CelValue,
  Duration,
  doubleValue,
  isInt,
  isPlainMap,
  Timestamp,
  Uint,
} from '../values.ts';

/** The error of a call whose arguments no signature takes. */
export function noOverload(): CelError {
  return new CelError('no such overload');
}

export function asString(value: CelValue): string {
  if (typeof value === 'string') return value;
  throw noOverload();
}

export function asBool(value: CelValue): boolean {
  if (typeof value === 'boolean') return value;
  throw noOverload();
}

export function asInt(value: CelValue): number | bigint {
  if (isInt(value)) return value;
  throw noOverload();
}

/** An int as a plain number, for positions and counts; beyond the safe range it is out of any range. */
export function asIndex(value: CelValue): number {
  return Number(asInt(value));
}

export function asDouble(value: CelValue): number {
  const number = doubleValue(value);
  if (number === undefined) throw noOverload();
  return number;
}

export function asUint(value: CelValue): Uint {
  if (value instanceof Uint) return value;
  throw noOverload();
}

export function asBytes(value: CelValue): Uint8Array {
  if (value instanceof Bytes) return value.value;
  throw noOverload();
}

export function asList(value: CelValue): readonly CelValue[] {
  if (Array.isArray(value)) return value as readonly CelValue[];
  throw noOverload();
}

export function asTimestamp(value: CelValue): Timestamp {
  if (value instanceof Timestamp) return value;
  throw noOverload();
}

export function asDuration(value: CelValue): Duration {
  if (value instanceof Duration) return value;
  throw noOverload();
}

export const isMap = (value: CelValue): boolean => value instanceof CelMap || isPlainMap(value);

/** Key and value pairs of a map. */
export function mapEntries(value: CelValue): Iterable<readonly [CelValue, CelValue]> {
  if (value instanceof CelMap) return value.entries.values();
  if (isPlainMap(value)) return Object.entries(value).filter(([, member]) => member !== undefined);
  throw noOverload();
}

const SURROGATE = /[\ud800-\udfff]/;

/** The code points of a string; a plain string where every one is one unit. */
export function codePoints(text: string): string | readonly string[] {
  return SURROGATE.test(text) ? Array.from(text) : text;
}
