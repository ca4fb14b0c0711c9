import {
  CelError,
  CelMap,
  type CelValue,
  Double,
  isInt,
  isPlainMap,
  type MapKey,
  NONE,
  Opaque,
  Optional,
  Uint,
} from '../values.ts';
import { asInt, asList, asString, isMap, mapEntries, noOverload } from './check.ts';
import { equals, lookup, mapKey } from './operators.ts';

const noSuchKey = (key: CelValue): CelError =>
  new CelError(`no such key: ${typeof key === 'string' ? key : String(key)}`);

/** `operand.field` where the fast path of generated code did not apply. */
export function select(operand: CelValue, field: string): CelValue {
  if (operand instanceof Optional) {
    // An optional that holds null has a value, and that value has no members (cel-spec, optionals).
    if (operand.value === null) throw noSuchKey(field);
    return optionalSelect(operand, field);
  }
  if (isMap(operand)) {
    const found = lookup(operand, field);
    if (found === undefined) throw noSuchKey(field);
    return found;
  }
  if (operand instanceof Opaque && 'select' in operand)
    return (operand as Opaque & { select(field: string): CelValue }).select(field);
  throw operand === null ? noSuchKey(field) : noOverload();
}

/** `has(operand.field)`. */
export function has(operand: CelValue, field: string): boolean {
  if (operand instanceof Optional) return operand.value !== undefined && has(operand.value, field);
  if (isMap(operand)) return lookup(operand, field) !== undefined;
  throw operand === null ? noSuchKey(field) : noOverload();
}

/** `operand.?field`. */
export function optionalSelect(operand: CelValue, field: string): CelValue {
  if (operand instanceof Optional) return operand.value === undefined ? NONE : optionalSelect(operand.value, field);
  // cel-go: a null has no members, it is not of the wrong type.
  if (operand === null) return NONE;
  if (!isMap(operand)) throw noOverload();
  const found = lookup(operand, field);
  return found === undefined ? NONE : new Optional(found);
}

/** `operand[key]`. */
export function index(operand: CelValue, key: CelValue): CelValue {
  if (Array.isArray(operand)) {
    const list = operand as readonly CelValue[];
    const at = listIndex(key);
    if (at === undefined || at < 0 || at >= list.length)
      throw new CelError(`index out of bounds: ${String(at ?? key)}`);
    return list[at]!;
  }
  if (isMap(operand)) {
    if (mapKey(key) === undefined && typeof key === 'object') throw noOverload();
    const found = lookup(operand, key);
    if (found === undefined) throw noSuchKey(key);
    return found;
  }
  if (operand instanceof Optional) return operand.value === undefined ? NONE : optionalIndex(operand.value, key);
  throw noOverload();
}

/** `operand[?key]`. */
export function optionalIndex(operand: CelValue, key: CelValue): CelValue {
  if (operand instanceof Optional) return operand.value === undefined ? NONE : optionalIndex(operand.value, key);
  if (Array.isArray(operand)) {
    const at = listIndex(key);
    const found = at === undefined ? undefined : (operand as readonly CelValue[])[at];
    return found === undefined ? NONE : new Optional(found);
  }
  if (operand === null) return NONE;
  if (!isMap(operand)) throw noOverload();
  const found = lookup(operand, key);
  return found === undefined ? NONE : new Optional(found);
}

/** Lists may be indexed by any number that is a whole one. */
function listIndex(key: CelValue): number | undefined {
  if (isInt(key)) return Number(key);
  if (key instanceof Uint) return Number(key.value);
  if (key instanceof Double) return key.value;
  if (typeof key === 'number') return undefined;
  throw noOverload();
}

/** What a comprehension walks: items of a list, keys of a map. */
export function rangeItems(range: CelValue): readonly CelValue[] {
  if (Array.isArray(range)) return range as readonly CelValue[];
  if (range instanceof CelMap) return Array.from(range.entries.values(), entry => entry[0]);
  if (isPlainMap(range)) return Object.keys(range).filter(key => range[key] !== undefined);
  throw noOverload();
}

/** What a comprehension of two variables walks: index and item, or key and value. */
export function rangePairs(range: CelValue): readonly (readonly [CelValue, CelValue])[] {
  if (Array.isArray(range)) return (range as readonly CelValue[]).map((item, at) => [at, item] as const);
  return [...mapEntries(range)];
}

/** Builds a map literal. */
export function makeMap(pairs: readonly CelValue[]): CelMap {
  const entries = new Map<MapKey, readonly [CelValue, CelValue]>();
  for (let i = 0; i < pairs.length; i += 2) addEntry(entries, pairs[i]!, pairs[i + 1]!);
  return new CelMap(entries);
}

/** Adds an entry; a repeated key is an error. */
export function addEntry(entries: Map<MapKey, readonly [CelValue, CelValue]>, key: CelValue, value: CelValue): void {
  const filed = mapKey(key);
  // Doubles and null are no key types.
  if (filed === undefined || key instanceof Double) throw new CelError(`unsupported key type`);
  if (entries.has(filed)) throw new CelError(`Failed with repeated key: ${String(filed)}`);
  entries.set(filed, [key, value]);
}

/** `{?key: optional}` and `[?optional]`: the value, or undefined to leave it out. */
export function optionalEntry(value: CelValue): CelValue | undefined {
  if (!(value instanceof Optional)) throw noOverload();
  return value.value;
}

/** Entries of a transformMapEntry step, added to what is there. */
export function mergeEntry(entries: Map<MapKey, readonly [CelValue, CelValue]>, step: CelValue): void {
  for (const [key, value] of mapEntries(step)) addEntry(entries, key, value);
}

/** Items ordered by their keys, for `sortBy`. */
export function sortByKeys(
  items: readonly CelValue[],
  keys: readonly CelValue[],
  compare: (a: CelValue, b: CelValue) => number,
): CelValue[] {
  const order = items.map((_, i) => i).sort((a, b) => compare(keys[a]!, keys[b]!) || a - b);
  return order.map(i => items[i]!);
}

export { asInt, asList, asString, equals };
