import {
  Bytes,
  CelError,
  CelMap,
  type CelValue,
  Double,
  Duration,
  doubleOf,
  doubleValue,
  INT_MAX,
  INT_MIN,
  intOf,
  isInt,
  isPlainMap,
  type MapKey,
  Opaque,
  Optional,
  Timestamp,
  TypeValue,
  Uint,
  uintOf,
} from '../values.ts';
import { isMap, mapEntries, noOverload } from './check.ts';
import { addTime, durationOf, subtractTime } from './time.ts';

/** The key a map files a value under; undefined when no key can equal it. */
export function mapKey(value: CelValue): MapKey | undefined {
  if (typeof value === 'string' || typeof value === 'boolean' || isInt(value)) return value;
  if (value instanceof Uint) return value.value <= 9007199254740991n ? Number(value.value) : value.value;
  const number = doubleValue(value);
  if (number === undefined || !Number.isInteger(number)) return undefined;
  return Number.isSafeInteger(number) ? number + 0 : BigInt(number);
}

/** CEL equality: numbers across types, lists and maps by content, everything else of unlike type is unequal. */
export function equals(left: CelValue, right: CelValue): boolean {
  if (left === right) return true;
  if (
    typeof left === 'string' ||
    typeof right === 'string' ||
    typeof left === 'boolean' ||
    left === null ||
    right === null
  )
    return false;
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left.length !== right.length) return false;
    for (let i = 0; i < left.length; i++) if (!equals(left[i] as CelValue, right[i] as CelValue)) return false;
    return true;
  }
  const a = numeric(left);
  if (a !== undefined) {
    const b = numeric(right);
    // Order, unlike ===, compares bigint and number by mathematical value; NaN is neither.
    return b !== undefined && a <= b && a >= b;
  }
  return equalObjects(left as object, right);
}

/** The mathematical value of a number of any type. */
export function numeric(value: CelValue): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (value instanceof Double) return value.value;
  return value instanceof Uint ? value.value : undefined;
}

function equalObjects(left: object, right: CelValue): boolean {
  if (left instanceof Bytes) return right instanceof Bytes && compareBytes(left.value, right.value) === 0;
  if (left instanceof Timestamp)
    return right instanceof Timestamp && left.seconds === right.seconds && left.nanos === right.nanos;
  if (left instanceof Duration) return right instanceof Duration && left.nanos === right.nanos;
  if (left instanceof TypeValue) return right instanceof TypeValue && left.name === right.name;
  if (left instanceof Opaque) return left.equals(right);
  if (left instanceof Optional) {
    if (!(right instanceof Optional)) return false;
    if (left.value === undefined || right.value === undefined) return left.value === right.value;
    return equals(left.value, right.value);
  }
  return isMap(left as CelValue) && isMap(right) && equalMaps(left as CelValue, right);
}

function equalMaps(left: CelValue, right: CelValue): boolean {
  let count = 0;
  for (const [key, value] of mapEntries(left)) {
    const other = lookup(right, key);
    if (other === undefined || !equals(value, other)) return false;
    count++;
  }
  return count === sizeOf(right);
}

/** The value under a key; undefined when there is none. */
export function lookup(map: CelValue, key: CelValue): CelValue | undefined {
  const filed = mapKey(key);
  if (filed === undefined) return undefined;
  if (map instanceof CelMap) return map.entries.get(filed)?.[1];
  if (typeof filed !== 'string' || !Object.hasOwn(map as object, filed)) return undefined;
  return (map as { [key: string]: CelValue })[filed];
}

function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) if (left[i] !== right[i]) return left[i]! - right[i]!;
  return left.length - right.length;
}

/** Order by code points; JavaScript orders by UTF-16 units, which differs above U+FFFF. */
function compareText(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  let i = 0;
  while (i < length && left.charCodeAt(i) === right.charCodeAt(i)) i++;
  if (i === length) return left.length - right.length;
  const a = left.charCodeAt(i);
  const b = right.charCodeAt(i);
  const fix = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
  return fix(a) - fix(b);
}

/** Negative, zero or positive; NaN when one of two numbers is. */
export function compare(left: CelValue, right: CelValue): number {
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right);
  const a = numeric(left);
  const b = numeric(right);
  if (a !== undefined && b !== undefined) {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number.NaN;
    // An int beside a double is compared as a double (cel-go), so that beyond 2^53 neighbours are equal.
    if (typeof a !== typeof b && (doubleValue(left) !== undefined || doubleValue(right) !== undefined))
      return Number(a) - Number(b);
    return a < b ? -1 : a > b ? 1 : 0;
  }
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right);
  if (left instanceof Bytes && right instanceof Bytes) return compareBytes(left.value, right.value);
  if (left instanceof Timestamp && right instanceof Timestamp)
    return left.seconds - right.seconds || left.nanos - right.nanos;
  if (left instanceof Duration && right instanceof Duration)
    return left.nanos < right.nanos ? -1 : left.nanos > right.nanos ? 1 : 0;
  if (left instanceof Opaque && 'compareTo' in left)
    return (left as Opaque & { compareTo(other: CelValue): number }).compareTo(right);
  throw noOverload();
}

export const less = (left: CelValue, right: CelValue): boolean => compare(left, right) < 0;
export const lessOrEqual = (left: CelValue, right: CelValue): boolean => compare(left, right) <= 0;
export const greater = (left: CelValue, right: CelValue): boolean => compare(left, right) > 0;
export const greaterOrEqual = (left: CelValue, right: CelValue): boolean => compare(left, right) >= 0;

export function add(left: CelValue, right: CelValue): CelValue {
  if (typeof left === 'string' && typeof right === 'string') return left + right;
  if (isInt(left) && isInt(right)) {
    if (typeof left === 'number' && typeof right === 'number') {
      const sum = left + right;
      // The sum of two safe integers that rounds to a safe integer is exact.
      if (Number.isSafeInteger(sum)) return sum;
    }
    return intOf(BigInt(left) + BigInt(right));
  }
  if (left instanceof Uint && right instanceof Uint) return uintOf(left.value + right.value);
  if (Array.isArray(left) && Array.isArray(right)) return [...(left as CelValue[]), ...(right as CelValue[])];
  if (left instanceof Bytes && right instanceof Bytes) {
    const joined = new Uint8Array(left.value.length + right.value.length);
    joined.set(left.value);
    joined.set(right.value, left.value.length);
    return new Bytes(joined);
  }
  const a = doubleValue(left);
  const b = doubleValue(right);
  if (a !== undefined && b !== undefined) return doubleOf(a + b);
  if (left instanceof Duration && right instanceof Duration) return durationOf(left.nanos + right.nanos);
  if (left instanceof Timestamp && right instanceof Duration) return addTime(left, right.nanos);
  if (left instanceof Duration && right instanceof Timestamp) return addTime(right, left.nanos);
  throw noOverload();
}

export function subtract(left: CelValue, right: CelValue): CelValue {
  if (isInt(left) && isInt(right)) {
    if (typeof left === 'number' && typeof right === 'number') {
      const difference = left - right;
      if (Number.isSafeInteger(difference)) return difference;
    }
    return intOf(BigInt(left) - BigInt(right));
  }
  if (left instanceof Uint && right instanceof Uint) return uintOf(left.value - right.value);
  const a = doubleValue(left);
  const b = doubleValue(right);
  if (a !== undefined && b !== undefined) return doubleOf(a - b);
  if (left instanceof Duration && right instanceof Duration) return durationOf(left.nanos - right.nanos);
  if (left instanceof Timestamp && right instanceof Duration) return addTime(left, -right.nanos);
  if (left instanceof Timestamp && right instanceof Timestamp) return subtractTime(left, right);
  throw noOverload();
}

export function multiply(left: CelValue, right: CelValue): CelValue {
  if (isInt(left) && isInt(right)) {
    if (typeof left === 'number' && typeof right === 'number') {
      const product = left * right;
      if (Number.isSafeInteger(product)) return product + 0;
    }
    return intOf(BigInt(left) * BigInt(right));
  }
  if (left instanceof Uint && right instanceof Uint) return uintOf(left.value * right.value);
  const a = doubleValue(left);
  const b = doubleValue(right);
  if (a !== undefined && b !== undefined) return doubleOf(a * b);
  throw noOverload();
}

export function divide(left: CelValue, right: CelValue): CelValue {
  if (isInt(left) && isInt(right)) {
    if (right === 0) throw new CelError('division by zero');
    if (typeof left === 'number' && typeof right === 'number') return Math.trunc(left / right) + 0;
    return intOf(BigInt(left) / BigInt(right));
  }
  if (left instanceof Uint && right instanceof Uint) {
    if (right.value === 0n) throw new CelError('division by zero');
    return new Uint(left.value / right.value);
  }
  const a = doubleValue(left);
  const b = doubleValue(right);
  if (a !== undefined && b !== undefined) return doubleOf(a / b);
  throw noOverload();
}

export function modulo(left: CelValue, right: CelValue): CelValue {
  if (isInt(left) && isInt(right)) {
    if (right === 0) throw new CelError('modulus by zero');
    if (typeof left === 'number' && typeof right === 'number') return (left % right) + 0;
    return intOf(BigInt(left) % BigInt(right));
  }
  if (left instanceof Uint && right instanceof Uint) {
    if (right.value === 0n) throw new CelError('modulus by zero');
    return new Uint(left.value % right.value);
  }
  throw noOverload();
}

export function negate(value: CelValue): CelValue {
  if (isInt(value)) return typeof value === 'number' ? 0 - value : intOf(-value);
  const number = doubleValue(value);
  if (number !== undefined) return doubleOf(-number);
  throw noOverload();
}

/** Unicode code points, bytes, items or entries. */
export function sizeOf(value: CelValue): number {
  if (typeof value === 'string') {
    let count = value.length;
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      if (unit >= 0xd800 && unit <= 0xdbff) {
        count--;
        i++;
      }
    }
    return count;
  }
  if (Array.isArray(value)) return value.length;
  if (value instanceof Bytes) return value.value.length;
  if (value instanceof CelMap) return value.entries.size;
  if (isPlainMap(value)) {
    let count = 0;
    for (const key of Object.keys(value)) if (value[key] !== undefined) count++;
    return count;
  }
  throw noOverload();
}

/** `x in list` and `key in map`. */
export function contains(item: CelValue, range: CelValue): boolean {
  if (Array.isArray(range)) {
    for (const each of range as CelValue[]) if (each === item || equals(each, item)) return true;
    return false;
  }
  if (isMap(range)) return lookup(range, item) !== undefined;
  throw noOverload();
}

/** True in int64, for literals made by generated code. */
export const inRange = (value: bigint): boolean => value >= INT_MIN && value <= INT_MAX;
