import type { Json, JsonObject } from '../object.ts';
import type { Field, Schema } from '../schema/schema.ts';
import { EMPTY_SET, type FieldSet, MEMBER } from './field-set.ts';
import { equalJson, isObject, ownMember, setOwn } from './json.ts';

type Draft = { [element: string]: FieldSet };

/** What nothing is known of: lists and scalars are leaves, maps are open (structured-merge-diff "deduced" type). */
export const ANY: Schema = { type: 'any' };

/** The schema of a member of an object or a map. */
export function memberSchema(schema: Schema, name: string): Schema {
  if (schema.type === 'object') return schema.fields?.get(name)?.schema ?? schema.items ?? ANY;
  if (schema.type === 'map') return schema.items ?? ANY;
  return ANY;
}

/** The schema of an item of a list. */
export const itemSchema = (schema: Schema): Schema => (schema.type === 'list' ? (schema.items ?? ANY) : ANY);

/** True for lists that merge item by item. */
export const isAssociative = (schema: Schema): boolean =>
  schema.type === 'list' && (schema.listType === 'set' || schema.listType === 'map');

const isOpenMap = (schema: Schema): boolean => schema.atomic !== true;

const isNamedField = (schema: Schema, name: string): boolean =>
  schema.type === 'object' && schema.fields !== undefined && schema.fields.has(name);

/** A value that cannot be read by its schema; `path` is as conflicts print paths. */
export class TypingError extends Error {
  readonly path: string;
  readonly why: string;
  constructor(path: string, why: string) {
    super(path === 'errors' ? `errors:${why}` : `${path}: ${why}`);
    this.name = 'TypingError';
    this.path = path;
    this.why = why;
  }
}

/** The path element of an item: its keys (`k:`), or its value (`v:`). Absent keys take the schema's default. */
export function itemElement(schema: Schema, item: Json): string {
  if (schema.listType === 'set') {
    if (item !== null && typeof item === 'object')
      throw new TypingError('', 'associative list without keys has an element that is not a scalar');
    return `v:${JSON.stringify(item)}`;
  }
  if (!isObject(item)) throw new TypingError('', 'associative list with keys may not have non-map elements');
  const names = schema.listMapKeys ?? [];
  if (names.length === 1) {
    const name = names[0]!;
    return `k:{${JSON.stringify(name)}:${keyText(schema, item, name)}}`;
  }
  let text = '';
  for (const name of [...names].sort()) {
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${keyText(schema, item, name)}`;
  }
  return `k:{${text}}`;
}

function keyText(schema: Schema, item: JsonObject, name: string): string {
  const value = ownMember(item, name) ?? fieldOf(schema.items, name)?.default;
  if (value === undefined) {
    throw new TypingError(
      '',
      `associative list with keys has an element that omits key field ${JSON.stringify(name)} (and doesn't have default value)`,
    );
  }
  return JSON.stringify(value);
}

const fieldOf = (schema: Schema | undefined, name: string): Field | undefined => schema?.fields?.get(name);

/** Every path the value sets: leaves, items of associative lists, empty containers, keys of open maps. */
export function fieldSetOf(schema: Schema, value: Json): FieldSet {
  const draft: Draft = {};
  if (isObject(value)) fillMembers(schema, value, draft);
  return draft;
}

/** Fills the paths below `value`; answers whether `value` itself is a leaf. */
function fillPaths(schema: Schema, value: Json, draft: Draft): boolean {
  if (isObject(value)) {
    if (!isOpenMap(schema)) return true;
    fillMembers(schema, value, draft);
    return false;
  }
  if (Array.isArray(value) && isAssociative(schema)) {
    for (const item of value) {
      const child: Draft = {};
      fillPaths(itemSchema(schema), item, child);
      setMember(draft, itemElement(schema, item), child, true);
    }
    return false;
  }
  return true;
}

function fillMembers(schema: Schema, value: JsonObject, draft: Draft): void {
  for (const name of Object.keys(value)) {
    const member = value[name];
    if (member === undefined) continue;
    const child: Draft = {};
    const leaf = fillPaths(memberSchema(schema, name), member, child);
    const own = leaf || member === null || (isObject(member) && isEmptyObject(member)) || !isNamedField(schema, name);
    setMember(draft, `f:${name}`, child, own);
  }
}

function isEmptyObject(value: object): boolean {
  for (const _ in value) return false;
  return true;
}

function setMember(draft: Draft, element: string, child: Draft, own: boolean): void {
  if (isEmptyObject(child)) {
    if (own) draft[element] ??= MEMBER;
    return;
  }
  if (own) child['.'] = MEMBER;
  draft[element] = child;
}

/** What changed between two states, by path. */
export interface Comparison {
  /** Added or modified. */
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

/** Compares two values of one schema; containers that come or go are listed with everything in them. */
export function compareTyped(schema: Schema, left: Json, right: Json): Comparison {
  const changed: Draft = {};
  const removed: Draft = {};
  if (isObject(left) && isObject(right)) compareMembers(schema, left, right, changed, removed);
  return { changed, removed };
}

type Outcome = 'same' | 'modified' | 'descended';

function compareValues(schema: Schema, left: Json, right: Json, changed: Draft, removed: Draft): Outcome {
  if (left === right) return 'same';
  if (isOpenMap(schema)) {
    if (isObject(left) && isObject(right)) {
      compareMembers(schema, left, right, changed, removed);
      return 'descended';
    }
    if (isAssociative(schema) && Array.isArray(left) && Array.isArray(right)) {
      compareItems(schema, left, right, changed, removed);
      return 'descended';
    }
  }
  return equalJson(left, right) ? 'same' : 'modified';
}

function compareMembers(schema: Schema, left: JsonObject, right: JsonObject, changed: Draft, removed: Draft): void {
  for (const name of Object.keys(left)) {
    const before = left[name];
    if (before === undefined) continue;
    const after = ownMember(right, name);
    const element = `f:${name}`;
    if (after === undefined) removed[element] = everyPath(memberSchema(schema, name), before);
    else if (before !== after) compareChild(memberSchema(schema, name), before, after, element, changed, removed);
  }
  for (const name of Object.keys(right)) {
    if (right[name] !== undefined && ownMember(left, name) === undefined) {
      changed[`f:${name}`] = everyPath(memberSchema(schema, name), right[name]!);
    }
  }
}

function compareChild(
  schema: Schema,
  before: Json,
  after: Json,
  element: string,
  changed: Draft,
  removed: Draft,
): void {
  const changedBelow: Draft = {};
  const removedBelow: Draft = {};
  if (compareValues(schema, before, after, changedBelow, removedBelow) === 'modified') {
    changed[element] = MEMBER;
    return;
  }
  if (!isEmptyObject(changedBelow)) changed[element] = changedBelow;
  if (!isEmptyObject(removedBelow)) removed[element] = removedBelow;
}

function compareItems(schema: Schema, left: Json[], right: Json[], changed: Draft, removed: Draft): void {
  const before = groupItems(schema, left);
  const after = groupItems(schema, right);
  const items = itemSchema(schema);
  for (const [element, old] of before) {
    const now = after.get(element);
    if (now === undefined) removed[element] = everyPath(items, old[0]!);
    else if (old.length === 1 && now.length === 1) compareChild(items, old[0]!, now[0]!, element, changed, removed);
    else if (!equalJson(old, now)) changed[element] = MEMBER;
  }
  for (const [element, now] of after) if (!before.has(element)) changed[element] = everyPath(items, now[0]!);
}

/** Items by path element; real objects may hold duplicates, which then stand and fall together. */
export function groupItems(schema: Schema, list: readonly Json[]): Map<string, Json[]> {
  const groups = new Map<string, Json[]>();
  for (const item of list) {
    const element = itemElement(schema, item);
    const group = groups.get(element);
    if (group) group.push(item);
    else groups.set(element, [item]);
  }
  return groups;
}

/** The path itself and every path below, containers included. */
function everyPath(schema: Schema, value: Json): FieldSet {
  if (!isOpenMap(schema)) return MEMBER;
  const draft: Draft = {};
  if (isObject(value)) {
    for (const name of Object.keys(value)) {
      if (value[name] !== undefined) draft[`f:${name}`] = everyPath(memberSchema(schema, name), value[name]!);
    }
  } else if (Array.isArray(value) && isAssociative(schema)) {
    for (const item of value) draft[itemElement(schema, item)] = everyPath(itemSchema(schema), item);
  }
  if (isEmptyObject(draft)) return MEMBER;
  draft['.'] = MEMBER;
  return draft;
}

/** The value without the items and members of `set`; containers that end up empty go too. */
export function removeItems(schema: Schema, value: Json, set: FieldSet): Json | undefined {
  if (isEmptyObject(set) || !isOpenMap(schema)) return value;
  if (isObject(value)) {
    const kept: JsonObject = {};
    let count = 0;
    for (const name of Object.keys(value)) {
      const rest = without(memberSchema(schema, name), value[name]!, set[`f:${name}`]);
      if (rest === undefined) continue;
      setOwn(kept, name, rest);
      count++;
    }
    return count === 0 ? undefined : kept;
  }
  if (Array.isArray(value) && isAssociative(schema)) {
    const kept: Json[] = [];
    for (const item of value) {
      const rest = without(itemSchema(schema), item, set[itemElement(schema, item)]);
      if (rest !== undefined) kept.push(rest);
    }
    return kept.length === 0 ? undefined : kept;
  }
  return value;
}

function without(schema: Schema, value: Json, node: FieldSet | undefined): Json | undefined {
  if (node === undefined) return value;
  if (node['.'] !== undefined || isEmptyObject(node)) return undefined;
  return removeItems(schema, value, node);
}

/** The set with named fields above its members added (structured-merge-diff EnsureNamedFieldsAreMembers). */
export function withNamedFields(schema: Schema, set: FieldSet): FieldSet {
  if (isEmptyObject(set)) return EMPTY_SET;
  const draft: Draft = {};
  for (const element of Object.keys(set)) {
    const node = set[element]!;
    if (element === '.' || isEmptyObject(node)) {
      draft[element] = node;
      continue;
    }
    const named = element.charCodeAt(0) === 102;
    const name = element.slice(2);
    const child: Draft = { ...withNamedFields(named ? memberSchema(schema, name) : itemSchema(schema), node) };
    if (named && isNamedField(schema, name)) child['.'] = MEMBER;
    draft[element] = child;
  }
  return draft;
}
