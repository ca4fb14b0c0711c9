import { Bytes, CelError, CelMap, type CelValue, Duration, isPlainMap, NONE, Optional, Timestamp } from '../values.ts';
import { asIndex, asInt, asList, noOverload } from './check.ts';
import { compare, contains, equals, numeric, sizeOf } from './operators.ts';
import { bytesFromBase64 } from './strings.ts';
import { functionTable } from './table.ts';
import { asString } from './check.ts';

const LIST_MAX = 1_000_000;

function isZero(value: CelValue): boolean {
  if (value === null || value === false || value === '') return true;
  const number = numeric(value);
  if (number !== undefined) return Number(number) === 0;
  if (Array.isArray(value) || value instanceof CelMap || value instanceof Bytes || isPlainMap(value))
    return sizeOf(value) === 0;
  if (value instanceof Duration) return value.nanos === 0n;
  if (value instanceof Timestamp) return value.seconds === 0 && value.nanos === 0;
  return value instanceof Optional && value.value === undefined;
}

function optional(value: CelValue): Optional {
  if (value instanceof Optional) return value;
  throw noOverload();
}

function slice(list: CelValue, from: CelValue, to: CelValue): CelValue {
  const items = asList(list);
  const start = asIndex(from);
  const end = asIndex(to);
  if (start < 0 || end < 0) throw new CelError('cannot slice, negative indexes not supported');
  if (start > end) throw new CelError('cannot slice, start index must be less than or equal to end index');
  if (end > items.length) throw new CelError(`cannot slice, list length is ${items.length}`);
  return items.slice(start, end);
}

function flatten(list: readonly CelValue[], depth: number): CelValue[] {
  const flat: CelValue[] = [];
  for (const item of list) {
    if (Array.isArray(item) && depth > 0) flat.push(...flatten(item as CelValue[], depth - 1));
    else flat.push(item);
    if (flat.length > LIST_MAX) throw new CelError('list too large', true);
  }
  return flat;
}

function distinct(list: readonly CelValue[]): CelValue[] {
  const kept: CelValue[] = [];
  const seen = new Set<CelValue>();
  for (const item of list) {
    if (typeof item === 'string' || typeof item === 'boolean') {
      if (seen.has(item)) continue;
      seen.add(item);
      kept.push(item);
    } else if (!kept.some(other => equals(other, item))) kept.push(item);
  }
  return kept;
}

function range(count: CelValue): CelValue {
  const size = asIndex(count);
  if (size < 0 || size > LIST_MAX) throw new CelError('lists.range size out of bounds');
  return Array.from({ length: size }, (_, i) => i);
}

const every = (inner: CelValue, outer: CelValue): boolean => asList(inner).every(item => contains(item, asList(outer)));

/** Optionals, lists and sets (cel-go ext). */
export const LIST_FUNCTIONS = functionTable({
  'optional.of/1': (value: CelValue) => new Optional(value),
  'optional.ofNonZeroValue/1': (value: CelValue) => (isZero(value) ? NONE : new Optional(value)),
  'optional.none/0': () => NONE,
  'optional.unwrap/1': (list: CelValue) =>
    asList(list).flatMap(item => (optional(item).value === undefined ? [] : [optional(item).value!])),
  '.unwrapOpt/1': (list: CelValue) =>
    asList(list).flatMap(item => (optional(item).value === undefined ? [] : [optional(item).value!])),
  '.hasValue/1': (value: CelValue) => optional(value).value !== undefined,
  '.value/1': (value: CelValue) => {
    const held = optional(value).value;
    if (held === undefined) throw new CelError('optional.none() dereference');
    return held;
  },
  '.or/2': (value: CelValue, other: CelValue) => (optional(value).value === undefined ? optional(other) : value),
  '.orValue/2': (value: CelValue, other: CelValue) => optional(value).value ?? other,
  '.first/1': (list: CelValue) => (asList(list).length > 0 ? new Optional(asList(list)[0]!) : NONE),
  '.last/1': (list: CelValue) => (asList(list).length > 0 ? new Optional(asList(list).at(-1)!) : NONE),
  '.slice/3': slice,
  '.flatten/1': (list: CelValue) => flatten(asList(list), 1),
  '.flatten/2': (list: CelValue, depth: CelValue) => {
    if (asInt(depth) < 0) throw new CelError('level must be non-negative');
    return flatten(asList(list), Math.min(asIndex(depth), 100));
  },
  '.distinct/1': (list: CelValue) => distinct(asList(list)),
  '.reverse/1': (value: CelValue) =>
    typeof value === 'string' ? Array.from(value).toReversed().join('') : asList(value).toReversed(),
  '.sort/1': (list: CelValue) => asList(list).toSorted(compare),
  'lists.range/1': range,
  'sets.contains/2': (outer: CelValue, inner: CelValue) => every(inner, outer),
  'sets.equivalent/2': (left: CelValue, right: CelValue) => every(left, right) && every(right, left),
  'sets.intersects/2': (left: CelValue, right: CelValue) => asList(left).some(item => contains(item, asList(right))),
  'base64.decode/1': (text: CelValue) => new Bytes(bytesFromBase64(asString(text))),
});
