import { BuiltinError } from '../runtime.ts';
import { entriesOf, equal, isArray, isObject, keyOf, lookup, objectOf, RegoSet, type Value } from '../value.ts';
import { array, object } from './operands.ts';

/** A path key as an index of an array: a whole number, or its text. */
function indexOf(key: Value): number | undefined {
  if (typeof key === 'number') return Number.isInteger(key) && key >= 0 ? key : undefined;
  return typeof key === 'string' && /^(?:0|[1-9]\d{0,8})$/.test(key) ? Number(key) : undefined;
}

/** A patch that does not fit makes the whole call undefined, whatever the mode (OPA, json.patch). */
class Misfit extends Error {}

function misfit(): never {
  throw new Misfit();
}

const defined = (value: Value | undefined): Value => (value === undefined ? misfit() : value);

type Change = (value: Value | undefined) => Value | undefined;

/** Applies a change at a path; the change gets undefined where there is nothing and gives undefined to remove. */
function at(value: Value, path: readonly Value[], from: number, change: Change, insert: boolean): Value {
  if (from === path.length) return defined(change(value));
  const key = path[from]!;
  const last = from === path.length - 1;
  if (isObject(value)) {
    const old = lookup(value, key);
    const next = last ? change(old) : at(defined(old), path, from + 1, change, insert);
    const kept = entriesOf(value).filter(([name]) => keyOf(name) !== keyOf(key));
    return objectOf(next === undefined ? kept : [...kept, [key, next] as const]);
  }
  if (value instanceof RegoSet) {
    const old = value.has(key) ? key : undefined;
    const next = last ? change(old) : at(defined(old), path, from + 1, change, insert);
    const kept = value.sorted().filter(item => !equal(item, key));
    if (last && insert && old === undefined && next !== undefined && !equal(next, key)) misfit();
    return new RegoSet(next === undefined ? kept : [...kept, next]);
  }
  if (!isArray(value)) return misfit();
  const index = key === '-' && last && insert ? value.length : (indexOf(key) ?? misfit());
  if (index > value.length || (index === value.length && !(last && insert))) misfit();
  if (last && insert) {
    const next = defined(change(undefined));
    return [...value.slice(0, index), next, ...value.slice(index)];
  }
  const next = last ? change(value[index]) : at(value[index]!, path, from + 1, change, insert);
  return next === undefined
    ? [...value.slice(0, index), ...value.slice(index + 1)]
    : [...value.slice(0, index), next, ...value.slice(index + 1)];
}

function read(value: Value, path: readonly Value[]): Value {
  let here: Value | undefined = value;
  for (const key of path) {
    if (here === undefined) return misfit();
    here = isArray(here) ? here[indexOf(key) ?? -1] : lookup(here, key);
  }
  return defined(here);
}

const remove = (value: Value, path: readonly Value[]): Value =>
  path.length === 0 ? misfit() : at(value, path, 0, old => (old === undefined ? misfit() : undefined), false);
const add = (value: Value, path: readonly Value[], put: Value): Value =>
  path.length === 0 ? put : at(value, path, 0, () => put, true);

function apply(value: Value, operation: Value, split: (path: Value) => Value[]): Value {
  const fields = object(operation, 2);
  const field = (name: string): Value => {
    const found = lookup(fields, name);
    if (found === undefined) throw new BuiltinError(`missing '${name}' attribute`);
    return found;
  };
  const path = split(field('path'));
  switch (field('op')) {
    case 'add':
      return add(value, path, field('value'));
    case 'remove':
      return remove(value, path);
    case 'replace':
      if (path.length === 0) return field('value');
      return at(value, path, 0, old => (old === undefined ? misfit() : field('value')), false);
    case 'move': {
      const from = split(field('from'));
      const moved = read(value, from);
      return add(remove(value, from), path, moved);
    }
    case 'copy':
      return add(value, path, read(value, split(field('from'))));
    case 'test':
      return equal(read(value, path), field('value')) ? value : misfit();
    default:
      return misfit();
  }
}

/** RFC 6902 over Rego values. */
export function patch(target: Value, operations: Value, split: (path: Value) => Value[]): Value | undefined {
  let value = target;
  try {
    for (const operation of array(operations, 2)) value = apply(value, operation, split);
  } catch (error) {
    if (error instanceof Misfit || (error instanceof BuiltinError && !error.isType)) return undefined;
    throw error;
  }
  return value;
}
