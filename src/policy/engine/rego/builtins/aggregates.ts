import { add, multiply, type RegoNumber } from '../number.ts';
import { BuiltinError } from '../runtime.ts';
import { compare, isArray, isObject, RegoSet, sizeOfObject, typeName, type Value } from '../value.ts';
import { array, type Entry, entry, members, number, set, small, wideCharacters } from './operands.ts';

const best = (wins: (order: number) => boolean): Entry =>
  entry(1, ([value]) =>
    members(value!, 1).reduce<Value | undefined>(
      (found, item) => (found === undefined || wins(compare(item, found)) ? item : found),
      undefined,
    ),
  );

const fold = (start: RegoNumber, apply: (left: RegoNumber, right: RegoNumber) => RegoNumber): Entry =>
  entry(1, ([value]) => members(value!, 1).reduce<RegoNumber>((total, item) => apply(total, number(item, 1)), start));

function count(value: Value): number {
  if (typeof value === 'string') return wideCharacters(value)?.length ?? value.length;
  if (isArray(value)) return value.length;
  if (value instanceof RegoSet) return value.size;
  if (isObject(value)) return sizeOfObject(value);
  throw new BuiltinError(`operand 1 must be one of {array, object, set, string} but got ${typeName(value)}`, true);
}

const setOfSets = (value: Value): RegoSet[] =>
  set(value, 1)
    .sorted()
    .map(item => (item instanceof RegoSet ? item : set(item, 1)));

/** Aggregates, arrays and sets. */
export const aggregates: Readonly<Record<string, Entry>> = {
  count: entry(1, ([value]) => count(value!)),
  sum: fold(0, add),
  product: fold(1, multiply),
  max: best(order => order > 0),
  min: best(order => order < 0),
  sort: entry(1, ([value]) => [...members(value!, 1)].sort(compare)),
  all: entry(1, ([value]) => members(value!, 1).every(item => item === true)),
  any: entry(1, ([value]) => members(value!, 1).some(item => item === true)),
  'array.concat': entry(2, ([left, right]) => [...array(left!, 1), ...array(right!, 2)]),
  'array.flatten': entry(1, ([value]) => array(value!, 1).flatMap(item => (isArray(item) ? item : [item]))),
  'array.reverse': entry(1, ([value]) => [...array(value!, 1)].reverse()),
  'array.slice': entry(3, ([value, from, to]) => {
    const list = array(value!, 1);
    const start = Math.max(0, small(from!, 2));
    const stop = Math.min(list.length, small(to!, 3));
    return stop <= start ? [] : list.slice(start, stop);
  }),
  intersection: entry(1, ([value]) => {
    const sets = setOfSets(value!);
    if (sets.length === 0) return new RegoSet();
    return new RegoSet([...sets[0]!.members.values()].filter(item => sets.every(other => other.has(item))));
  }),
  union: entry(1, ([value]) => new RegoSet(setOfSets(value!).flatMap(item => [...item.members.values()]))),
};
