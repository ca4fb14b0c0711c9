import {
  entriesOf,
  equal,
  isArray,
  isObject,
  keyOf,
  lookup,
  objectOf,
  type PlainObject,
  type RegoObject,
  RegoSet,
  type Value,
} from '../value.ts';
import { array, type Entry, entry, object, wrong } from './operands.ts';

/** Keys named by an object, array or set. */
function keysOf(value: Value, position: number): readonly Value[] {
  if (isArray(value)) return value;
  if (value instanceof RegoSet) return value.sorted();
  return isObject(value)
    ? entriesOf(value).map(pair => pair[0])
    : wrong(position, 'one of {object, string, array}', value);
}

/** Objects merge key by key; anything else of the right side wins. */
export function unite(left: PlainObject | RegoObject, right: PlainObject | RegoObject): Value {
  const merged = new Map(entriesOf(left).map(pair => [keyOf(pair[0]), pair] as const));
  for (const [key, value] of entriesOf(right)) {
    const before = merged.get(keyOf(key))?.[1];
    merged.set(keyOf(key), [
      key,
      before !== undefined && isObject(before) && isObject(value) ? unite(before, value) : value,
    ]);
  }
  return objectOf(merged.values());
}

/** `object.get` with a key, or a path of keys. */
function get(source: Value, key: Value, otherwise: Value): Value {
  object(source, 1);
  if (!isArray(key)) {
    const found = lookup(source, key);
    return found === undefined ? otherwise : found;
  }
  let value: Value | undefined = source;
  for (const step of key) {
    value = value === undefined ? undefined : lookup(value, step);
    if (value === undefined) return otherwise;
  }
  return value!;
}

function isSubset(whole: Value, part: Value): boolean {
  if (isObject(whole) && isObject(part)) {
    return entriesOf(part).every(([key, value]) => {
      const found = lookup(whole, key);
      return found !== undefined && (equal(found, value) || isSubset(found, value));
    });
  }
  if (whole instanceof RegoSet && part instanceof RegoSet) return part.sorted().every(item => whole.has(item));
  if (isArray(whole) && isArray(part)) {
    return (
      whole.some(
        (_, start) =>
          start + part.length <= whole.length && part.every((item, index) => equal(item, whole[start + index]!)),
      ) || part.length === 0
    );
  }
  if (isArray(whole) && part instanceof RegoSet)
    return part.sorted().every(item => whole.some(other => equal(other, item)));
  return equal(whole, part);
}

function subset(whole: Value, part: Value): boolean {
  const both =
    (isObject(whole) && isObject(part)) ||
    (whole instanceof RegoSet && part instanceof RegoSet) ||
    (isArray(whole) && (isArray(part) || part instanceof RegoSet));
  return both ? isSubset(whole, part) : wrong(1, 'object, set or array of the same kind', whole);
}

/** Objects. */
export const objects: Readonly<Record<string, Entry>> = {
  'object.get': entry(3, ([source, key, otherwise]) => get(source!, key!, otherwise!)),
  'object.keys': entry(1, ([source]) => new RegoSet(entriesOf(object(source!, 1)).map(pair => pair[0]))),
  'object.filter': entry(2, ([source, keys]) => {
    const kept = new RegoSet(keysOf(keys!, 2));
    return objectOf(entriesOf(object(source!, 1)).filter(([key]) => kept.has(key)));
  }),
  'object.remove': entry(2, ([source, keys]) => {
    const gone = new RegoSet(keysOf(keys!, 2));
    return objectOf(entriesOf(object(source!, 1)).filter(([key]) => !gone.has(key)));
  }),
  'object.union': entry(2, ([left, right]) => unite(object(left!, 1), object(right!, 2))),
  'object.union_n': entry(1, ([list]) =>
    array(list!, 1).reduce<Value>((merged, item) => unite(merged as PlainObject, object(item, 1)), objectOf([])),
  ),
  'object.subset': entry(2, ([whole, part]) => subset(whole!, part!)),
};
