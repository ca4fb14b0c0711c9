import type { Json, JsonObject } from '../../../kernel/index.ts';
import type { Location, LocationStep } from './location.ts';
import { isObject, setMember } from './read.ts';

/** A condition on the way to a location: the place after `depth` steps must, or must not, be there. */
export interface PathTest {
  readonly depth: number;
  /** About the list itself where an item of it is at that depth. */
  readonly whole: boolean;
  readonly condition: 'MustExist' | 'MustNotExist';
}

/** Makes the new value of a place; undefined leaves it alone. Throws an Error where the old one does not fit. */
export type Change = (old: Json | undefined) => Json | undefined;

const passes = (tests: readonly PathTest[], depth: number, exists: boolean, whole = false): boolean =>
  tests.every(test => test.depth !== depth || test.whole !== whole || exists === (test.condition === 'MustExist'));

/**
 * Items that were made for a location with an integer as key. Gatekeeper takes the integer for another than that of an
 * object it was given, so it makes an item of its own and finds that one again.
 */
const made = new WeakSet<JsonObject>();

function isItem(item: JsonObject, { key, value }: LocationStep & { type: 'list' }): boolean {
  if (value === undefined) return true;
  const own = Object.hasOwn(item, key) ? item[key] : undefined;
  return own === value && (typeof value === 'string' || made.has(item));
}

/** The same object with one member changed. */
function withMember(object: JsonObject, name: string, value: Json): JsonObject {
  const copy: JsonObject = { ...object };
  setMember(copy, name, value);
  return copy;
}

/**
 * The value with a change made at every place a location names; the same value when nothing changed. Places on the way
 * are made where they are missing, save items that a `*` stands for.
 */
export function changeAt(root: JsonObject, location: Location, tests: readonly PathTest[], change: Change): JsonObject {
  return inObject(root, location, 0, tests, change);
}

function inObject(
  object: JsonObject,
  location: Location,
  depth: number,
  tests: readonly PathTest[],
  change: Change,
): JsonObject {
  const step = location[depth]!;
  const exists = Object.hasOwn(object, step.field);
  const old = exists ? object[step.field] : undefined;
  if (step.type === 'list') {
    if (old !== undefined && old !== null && !Array.isArray(old)) throw mismatch(step, 'a list', old);
    if (!passes(tests, depth, exists, true)) return object;
    const items = inList(old ?? [], step, location, depth, tests, change);
    return items === old || (old === undefined && items.length === 0) ? object : withMember(object, step.field, items);
  }
  if (!passes(tests, depth, exists)) return object;
  if (depth === location.length - 1) {
    const value = change(old);
    return value === undefined ? object : withMember(object, step.field, value);
  }
  if (old !== undefined && old !== null && !isObject(old)) throw mismatch(step, 'an object', old);
  const before: JsonObject = isObject(old) ? old : {};
  const after = inObject(before, location, depth + 1, tests, change);
  return after === before ? object : withMember(object, step.field, after);
}

function inList(
  items: Json[],
  step: LocationStep & { type: 'list' },
  location: Location,
  depth: number,
  tests: readonly PathTest[],
  change: Change,
): Json[] {
  const last = depth === location.length - 1;
  const enter = (item: JsonObject, exists: boolean): JsonObject | undefined => {
    if (!passes(tests, depth, exists)) return undefined;
    if (!last) {
      const after = inObject(item, location, depth + 1, tests, change);
      return after === item ? undefined : after;
    }
    const value = change(exists ? item : undefined);
    if (value === undefined) return undefined;
    if (!isObject(value) || (step.value !== undefined && value[step.key] !== step.value))
      throw new Error(`the value's ${step.key} must be "${step.value ?? '*'}" as the location says`);
    return value;
  };
  let changed = false;
  let found = false;
  const after = items.map(item => {
    if (!isObject(item)) throw mismatch(step, 'a list of objects', item);
    if (!isItem(item, step)) return item;
    found = true;
    const next = enter(item, true);
    if (next === undefined) return item;
    changed = true;
    if (made.has(item)) made.add(next);
    return next;
  });
  if (!found && step.value !== undefined) {
    const item: JsonObject = {};
    setMember(item, step.key, step.value);
    const next = enter(item, false);
    if (next !== undefined) {
      if (typeof step.value === 'number') made.add(next);
      return [...items, next];
    }
  }
  return changed ? after : items;
}

const mismatch = (step: LocationStep, wanted: string, got: Json): Error =>
  new Error(
    `mismatch between path entry (${step.field}) and received object: wanted ${wanted}, got ${JSON.stringify(got)}`,
  );
