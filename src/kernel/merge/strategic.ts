import type { Json, JsonObject } from '../object.ts';
import type { Schema } from '../schema/schema.ts';
import { badRequest, statusError } from '../status.ts';
import { cloneJson, equalJson, goText, isObject, ownMember, setOwn, shallowCopy } from './json.ts';
import { ANY, itemSchema, memberSchema } from './typed.ts';

const PATCH = '$patch';
const RETAIN_KEYS = '$retainKeys';
const DELETE_FROM = '$deleteFromPrimitiveList/';
const SET_ORDER = '$setElementOrder/';

/**
 * Applies a strategic merge patch (apimachinery strategicpatch) to a copy; nothing of `object` is changed. Knows `$patch`
 * (replace, delete, merge), `$retainKeys`, `$deleteFromPrimitiveList` and `$setElementOrder`. Bad patches are 400s.
 */
export function applyStrategicMerge<T>(schema: Schema, object: T, patch: JsonObject): T {
  if (!isObject(patch)) throw badRequest('Invalid JSON patch: expected an object');
  return mergeMap(schema, object as JsonObject, patch) as T;
}

const merges = (schema: Schema): boolean => schema.patchStrategy?.includes('merge') === true;
const replaces = (schema: Schema): boolean => schema.patchStrategy?.includes('replace') === true;

function mergeMap(schema: Schema, original: JsonObject, patch: JsonObject): JsonObject {
  const directive = ownMember(patch, PATCH);
  if (directive !== undefined) {
    if (directive === 'delete') return {};
    if (directive === 'replace') return withoutDirectives(schema, patch, false);
    if (directive !== 'merge') throw badRequest(`unknown patch type: ${JSON.stringify(directive)} in map`);
  }
  const merged = retained(original, patch);
  const ordered = new Set<string>();
  for (const key of Object.keys(patch)) {
    if (!key.startsWith(SET_ORDER)) continue;
    const name = key.slice(SET_ORDER.length);
    mergeOrdered(memberSchema(schema, name), merged, patch, name, listOf(patch[key], key));
    ordered.add(name);
  }
  for (const key of Object.keys(patch)) {
    if (key === PATCH || key === RETAIN_KEYS || key.startsWith(SET_ORDER) || ordered.has(key)) continue;
    if (key.startsWith(DELETE_FROM)) {
      const name = key.slice(DELETE_FROM.length);
      if (ordered.has(name)) continue;
      const list = ownMember(merged, name);
      const gone = listOf(patch[key], key);
      if (Array.isArray(list))
        setOwn(
          merged,
          name,
          list.filter(item => !gone.some(other => equalJson(item, other))),
        );
      continue;
    }
    mergeKeyed(memberSchema(schema, key), merged, key, patch[key]!);
  }
  return merged;
}

function mergeKeyed(schema: Schema, merged: JsonObject, key: string, change: Json): void {
  if (change === null) {
    delete merged[key];
    return;
  }
  const before = ownMember(merged, key);
  if (isObject(change)) {
    const replaced = replaces(schema) || !isObject(before);
    setOwn(
      merged,
      key,
      replaced ? withoutDirectives(schema, change, !replaces(schema)) : mergeMap(schema, before, change),
    );
  } else if (Array.isArray(change)) {
    const list = Array.isArray(before) && merges(schema) ? mergeList(schema, before, change) : newList(schema, change);
    setOwn(merged, key, list);
  } else setOwn(merged, key, change);
}

/** `$retainKeys`: drops members of the original that are not listed (patchStrategy retainKeys, unions). */
function retained(original: JsonObject, patch: JsonObject): JsonObject {
  const keep = ownMember(patch, RETAIN_KEYS);
  if (keep === undefined) return shallowCopy(original);
  const names = new Set(listOf(keep, RETAIN_KEYS));
  for (const name of Object.keys(patch)) {
    if (name.startsWith('$') || patch[name] === null || names.has(name)) continue;
    throw badRequest(
      `the $retainKeys directive ${JSON.stringify(keep)} does not contain the field ${JSON.stringify(name)}`,
    );
  }
  const kept: JsonObject = {};
  for (const name of Object.keys(original)) if (names.has(name)) setOwn(kept, name, original[name]!);
  return kept;
}

/** What a patch value becomes where the original has nothing: directives and nulls are dropped. */
function withoutDirectives(schema: Schema, patch: JsonObject, dropNulls: boolean): JsonObject {
  if (dropNulls) return mergeMap(schema, {}, patch);
  const plain: JsonObject = {};
  for (const name of Object.keys(patch)) {
    if (name === PATCH || name === RETAIN_KEYS || name.startsWith(SET_ORDER) || name.startsWith(DELETE_FROM)) continue;
    if (patch[name] !== null) setOwn(plain, name, cloneJson(patch[name]!));
  }
  return plain;
}

function newList(schema: Schema, list: readonly Json[]): Json[] {
  if (!merges(schema)) return list.map(item => cloneJson(item));
  return mergeList(schema, [], list);
}

/** Merges one list whose strategy is merge. What the patch adds stands before what only the server has (see `inOrder`). */
function mergeList(schema: Schema, original: readonly Json[], patch: readonly Json[]): Json[] {
  if (patch.length === 0) return [...original];
  if (!isObject(patch[0]) && !(patch.length === 0)) return mergeScalars(original, patch);
  const key = schema.patchMergeKey;
  if (!key) throw badRequest('unable to find merge key for a list of objects');
  let merged = [...original];
  const rest: JsonObject[] = [];
  let replace = false;
  for (const item of patch) {
    if (!isObject(item))
      throw statusError(
        500,
        '',
        `list element types are not identical: [${goText([...original])} ${goText([...patch])}]`,
      );
    const directive = ownMember(item, PATCH);
    if (directive === undefined) rest.push(item);
    else if (directive === 'replace') replace = true;
    else if (directive === 'delete') {
      const value = ownMember(item, key);
      if (value === undefined) throw badRequest(`delete patch type with no merge key ${JSON.stringify(key)} defined`);
      merged = merged.filter(other => !hasKey(other, key, value));
    } else if (directive === 'merge') rest.push(item);
    else throw badRequest(`unknown patch type: ${JSON.stringify(directive)} in list`);
  }
  const items = itemSchema(schema);
  if (replace)
    return patch
      .filter(item => ownMember(item as JsonObject, PATCH) !== 'replace')
      .map(item => mergeMap(items, {}, item as JsonObject));
  for (const item of rest) {
    const value = ownMember(item, key);
    if (value === undefined)
      throw statusError(500, '', `map: ${goText(item)} does not contain declared merge key: ${key}`);
    const at = merged.findIndex(other => hasKey(other, key, value));
    if (at < 0) merged.push(mergeMap(items, {}, item));
    else merged[at] = mergeMap(items, merged[at] as JsonObject, item);
  }
  return inOrder(merged, rest, original, key);
}

const hasKey = (item: Json, key: string, value: Json): boolean => {
  const own = isObject(item) ? ownMember(item, key) : undefined;
  return own !== undefined && equalJson(own, value);
};

function mergeScalars(original: readonly Json[], patch: readonly Json[]): Json[] {
  const seen = new Set<Json>();
  const merged: Json[] = [];
  for (const item of [...original, ...patch]) {
    if (seen.has(item)) continue;
    seen.add(item);
    merged.push(item);
  }
  return inOrder(merged, patch, original, '');
}

/** Merges a list and puts it into the order of `$setElementOrder`; items only the server has stay where they stood. */
function mergeOrdered(
  schema: Schema,
  merged: JsonObject,
  patch: JsonObject,
  name: string,
  order: readonly Json[],
): void {
  const before = ownMember(merged, name);
  const original = Array.isArray(before) ? before : [];
  const gone = ownMember(patch, `${DELETE_FROM}${name}`);
  const kept = Array.isArray(gone) ? original.filter(item => !gone.some(other => equalJson(item, other))) : original;
  const change = ownMember(patch, name);
  if (change === null) {
    delete merged[name];
    return;
  }
  const key = schema.patchMergeKey ?? '';
  const list = Array.isArray(change)
    ? merges(schema)
      ? mergeList(schema, kept, change)
      : newList(schema, change)
    : [...kept];
  if (before === undefined && !Array.isArray(change)) return;
  setOwn(merged, name, inOrder(list, order, original, key));
}

/**
 * Puts items of a patch into its order and items only the server has into theirs, then merges the two: a server's item
 * goes first only where both stood in the server's list and it stood before (strategic merge patch, list ordering; the
 * documentation's own example shows the added container first).
 */
function inOrder(list: readonly Json[], order: readonly Json[], original: readonly Json[], key: string): Json[] {
  const place = (among: readonly Json[], item: Json): number => {
    if (key === '') return among.findIndex(other => equalJson(other, item));
    const value = isObject(item) ? ownMember(item, key) : undefined;
    return value === undefined ? -1 : among.findIndex(other => hasKey(other, key, value));
  };
  const patched = list.filter(item => place(order, item) >= 0).sort((a, b) => place(order, a) - place(order, b));
  const serverOnly = list
    .filter(item => place(order, item) < 0)
    .sort((a, b) => {
      const left = place(original, a);
      const right = place(original, b);
      return left >= 0 && right >= 0 ? left - right : 0;
    });
  const result: Json[] = [];
  let s = 0;
  let p = 0;
  while (s < serverOnly.length || p < patched.length) {
    if (s >= serverOnly.length) result.push(patched[p++]!);
    else if (p >= patched.length) result.push(serverOnly[s++]!);
    else {
      const left = place(original, serverOnly[s]!);
      const right = place(original, patched[p]!);
      if (left >= 0 && right >= 0 && left < right) result.push(serverOnly[s++]!);
      else result.push(patched[p++]!);
    }
  }
  return result;
}

function listOf(value: Json | undefined, name: string): Json[] {
  if (!Array.isArray(value)) throw badRequest(`${name} must be a list`);
  return value;
}

/**
 * Three-way merge as `kubectl apply` and Helm do it: what `original` had and `modified` has not goes, what `modified`
 * says wins, what only `current` has stays. Lists follow their merge keys. Nothing of the inputs is changed.
 */
export function threeWayStrategicMerge<T>(
  schema: Schema,
  original: JsonObject | undefined,
  modified: JsonObject,
  current: T,
): T {
  return threeWayMap(schema, original ?? {}, modified, current as JsonObject) as T;
}

function threeWayMap(schema: Schema, original: JsonObject, modified: JsonObject, current: JsonObject): JsonObject {
  const merged: JsonObject = {};
  for (const name of Object.keys(current)) {
    const wanted = ownMember(modified, name);
    if (wanted === null || (wanted === undefined && Object.hasOwn(original, name))) continue;
    if (wanted === undefined) setOwn(merged, name, current[name]!);
    else
      setOwn(
        merged,
        name,
        threeWayValue(memberSchema(schema, name), ownMember(original, name), wanted, current[name]!),
      );
  }
  for (const name of Object.keys(modified)) {
    if (modified[name] !== null && !Object.hasOwn(current, name)) setOwn(merged, name, cloneJson(modified[name]!));
  }
  if (schema.patchStrategy?.includes('retainKeys')) {
    for (const name of Object.keys(merged)) if (!Object.hasOwn(modified, name)) delete merged[name];
  }
  return merged;
}

function threeWayValue(schema: Schema, original: Json | undefined, modified: Json, current: Json): Json {
  if (isObject(modified) && isObject(current) && !replaces(schema)) {
    return threeWayMap(schema, isObject(original) ? original : {}, modified, current);
  }
  if (Array.isArray(modified) && Array.isArray(current) && merges(schema)) {
    return threeWayList(schema, Array.isArray(original) ? original : [], modified, current);
  }
  return cloneJson(modified);
}

function threeWayList(
  schema: Schema,
  original: readonly Json[],
  modified: readonly Json[],
  current: readonly Json[],
): Json[] {
  const key = schema.patchMergeKey ?? '';
  const same = (a: Json, b: Json): boolean => {
    if (key === '' || !isObject(a)) return equalJson(a, b);
    const value = ownMember(a, key);
    return value !== undefined && hasKey(b, key, value);
  };
  const kept = current.filter(item => modified.some(m => same(m, item)) || !original.some(o => same(o, item)));
  const merged = kept.map(item => {
    const wanted = modified.find(m => same(m, item));
    if (wanted === undefined || !isObject(wanted) || !isObject(item)) return item;
    const old = original.find(o => same(o, item));
    return threeWayMap(itemSchema(schema) ?? ANY, isObject(old) ? old : {}, wanted, item);
  });
  for (const item of modified) if (!merged.some(other => same(item, other))) merged.push(cloneJson(item));
  return inOrder(merged, modified, current, isObject(modified[0]) ? key : '');
}
