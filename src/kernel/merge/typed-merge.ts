import type { Json, JsonObject } from '../object.ts';
import type { Schema } from '../schema/schema.ts';
import { isObject, ownMember, setOwn } from './json.ts';
import { groupItems, isAssociative, itemElement, itemSchema, memberSchema, TypingError } from './typed.ts';

/** Lays `applied` over `live`: maps and associative lists merge, everything else is replaced. Shares unchanged parts. */
export function mergeTyped(schema: Schema, live: Json | undefined, applied: Json | undefined): Json | undefined {
  if (applied === undefined) return live;
  if (live === undefined || schema.atomic === true) return applied;
  // A list without keys is one value, which null replaces.
  if (applied === null) return isEmptyContainer(live) || (Array.isArray(live) && !isAssociative(schema)) ? null : live;
  if (isObject(live) && isObject(applied)) return mergeMembers(schema, live, applied);
  if (isAssociative(schema) && Array.isArray(live) && Array.isArray(applied)) return mergeItems(schema, live, applied);
  return applied;
}

/** `null` over a container with content keeps it; over a scalar or nothing it wins. */
const isEmptyContainer = (value: Json): boolean =>
  value === null || typeof value !== 'object' || Object.keys(value).length === 0;

function mergeMembers(schema: Schema, live: JsonObject, applied: JsonObject): JsonObject {
  const merged: JsonObject = {};
  for (const name of Object.keys(live)) {
    setOwn(merged, name, mergeTyped(memberSchema(schema, name), live[name], ownMember(applied, name))!);
  }
  for (const name of Object.keys(applied)) {
    if (!Object.hasOwn(live, name)) setOwn(merged, name, applied[name]!);
  }
  return merged;
}

/**
 * Merges two associative lists. Items of `applied` keep its order; items only in `live` keep their place relative to
 * the shared items around them (structured-merge-diff v4.4 list order rules).
 */
function mergeItems(schema: Schema, live: readonly Json[], applied: readonly Json[]): Json[] {
  const items = itemSchema(schema);
  const liveElements = live.map(item => itemElement(schema, item));
  const appliedElements = applied.map(item => itemElement(schema, item));
  const liveItems = groupItems(schema, live);
  const wanted = new Map<string, Json>();
  for (let i = 0; i < applied.length; i++) wanted.set(appliedElements[i]!, applied[i]!);
  const shared = appliedElements.filter(element => liveItems.has(element));
  const taken = new Set<string>();
  const merged: Json[] = [];
  const take = (element: string): void => {
    taken.add(element);
    const old = liveItems.get(element);
    merged.push(mergeTyped(items, old?.length === 1 ? old[0] : undefined, wanted.get(element))!);
  };
  let nextShared = 0;
  for (let l = 0, r = 0; l < live.length || r < applied.length; ) {
    const left = liveElements[l];
    const right = appliedElements[r];
    if (left !== undefined && right !== undefined) {
      if (left === right) {
        take(left);
        l++;
        r++;
        nextShared++;
        continue;
      }
      if (wanted.has(left) && nextShared < shared.length && shared[nextShared] !== left) {
        l++;
        continue;
      }
    }
    if (left !== undefined) {
      if (!wanted.has(left)) {
        merged.push(live[l]!);
        l++;
        continue;
      }
      if (taken.has(left)) l++;
    }
    if (right !== undefined) {
      take(right);
      r++;
      if (shared[nextShared] === right) nextShared++;
    }
  }
  return merged;
}

const SCALARS: Readonly<Record<string, readonly string[]>> = {
  string: ['string'],
  boolean: ['boolean'],
  integer: ['number'],
  number: ['number'],
  'int-or-string': ['string', 'number'],
  quantity: ['string', 'number'],
};

/** How duplicates are taken, and where errors go. */
interface Checking {
  readonly duplicates: boolean;
  readonly errors: TypingError[];
}

/**
 * Refuses values their schema cannot describe: unknown fields, wrong shapes, missing or doubled keys. One error is thrown as it
 * is, several as one that lists them (structured-merge-diff `ValidationErrors`).
 */
export function checkTyped(schema: Schema, value: Json, options: { duplicates?: boolean } = {}): void {
  const checking: Checking = { duplicates: options.duplicates === true, errors: [] };
  checkValue(schema, value, checking, '');
  const [first] = checking.errors;
  if (first === undefined) return;
  if (checking.errors.length === 1) throw first;
  throw new TypingError('errors', `\n${checking.errors.map(error => `  ${error.message}`).join('\n')}`);
}

const TYPING_ERRORS_MAX = 100;

function checkValue(schema: Schema, value: Json, checking: Checking, path: string): void {
  if (value === null || schema.type === 'any') return;
  const wrong = (expected: string): void =>
    void checking.errors.push(new TypingError(path, `expected ${expected}, got ${describe(value)}`));
  if (checking.errors.length >= TYPING_ERRORS_MAX) return;
  if (schema.type === 'object' || schema.type === 'map') {
    if (!isObject(value)) return wrong('map');
    for (const name of Object.keys(value)) checkMember(schema, name, value[name]!, checking, path);
  } else if (schema.type === 'list') {
    if (!Array.isArray(value)) return wrong('list');
    checkItems(schema, value, checking, path);
  } else if (!SCALARS[schema.type]!.includes(typeof value)) {
    const number = schema.type === 'integer' || schema.type === 'number';
    if (!number) return wrong(schema.type);
    checking.errors.push(new TypingError(path, `expected numeric (int or float), got ${goType(value)}`));
  }
}

function checkMember(schema: Schema, name: string, value: Json, checking: Checking, path: string): void {
  const field = schema.fields?.get(name);
  const under = `${path}.${name}`;
  if (
    schema.type === 'object' &&
    field === undefined &&
    schema.items === undefined &&
    schema.preserveUnknown !== true
  ) {
    // Objects that name no field at all are open (RawExtension, JSON).
    if (schema.fields === undefined || schema.fields.size === 0) return;
    checking.errors.push(new TypingError(under, 'field not declared in schema'));
    return;
  }
  checkValue(field?.schema ?? memberSchema(schema, name), value, checking, under);
}

function checkItems(schema: Schema, list: readonly Json[], checking: Checking, path: string): void {
  const seen = new Set<string>();
  for (let i = 0; i < list.length; i++) {
    let element = `i:${i}`;
    if (isAssociative(schema)) {
      try {
        element = itemElement(schema, list[i]!);
      } catch (error) {
        if (!(error instanceof TypingError)) throw error;
        checking.errors.push(new TypingError(path, `element ${i}: ${error.why}`));
        continue;
      }
      if (seen.has(element) && !checking.duplicates)
        checking.errors.push(new TypingError(path, `duplicate entries for key ${keyText(element)}`));
      seen.add(element);
    }
    checkValue(itemSchema(schema), list[i]!, checking, `${path}${bracket(element)}`);
  }
}

const keyText = (element: string): string => bracket(element);

function bracket(element: string): string {
  const body = element.slice(2);
  if (element[0] === 'i') return `[${body}]`;
  if (element[0] === 'v') return `[=${body}]`;
  const key = JSON.parse(body) as JsonObject;
  return `[${Object.keys(key)
    .map(name => `${name}=${JSON.stringify(key[name])}`)
    .join(',')}]`;
}

/** A value as Go writes one it cannot name (`%#v`). */
const describe = (value: Json): string => `&value.valueUnstructured{Value:${goText(value)}}`;

const GO_TYPES: Readonly<Record<string, string>> = { string: 'string', boolean: 'bool' };

/** The type Go names a value by. */
const goType = (value: Json): string =>
  value === null
    ? '<nil>'
    : Array.isArray(value)
      ? '[]interface {}'
      : (GO_TYPES[typeof value] ?? 'map[string]interface {}');

function goText(value: Json): string {
  if (value === null) return 'interface {}(nil)';
  if (Array.isArray(value)) return `[]interface {}{${value.map(goText).join(', ')}}`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `map[string]interface {}{${members.map(name => `${JSON.stringify(name)}:${goText(value[name]!)}`).join(', ')}}`;
}
