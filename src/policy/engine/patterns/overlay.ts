import {
  equalJson,
  isObject,
  type Json,
  type JsonObject,
  ownMember,
  type Schema,
  setOwn,
} from '../../../kernel/index.ts';
import { anchorOf } from './anchors.ts';
import { matchPattern } from './match.ts';

/** Thrown inside this module: a condition of the overlay does not hold. */
class Unmet {
  readonly global: boolean;
  constructor(global: boolean) {
    this.global = global;
  }
}

/**
 * Lays a strategic merge patch with anchors over a resource: conditions choose where, `+(key)` adds only what is absent.
 * Undefined when a condition does not hold, so that there is nothing to do.
 */
export function applyOverlay(resource: JsonObject, overlay: JsonObject, schema: Schema): JsonObject | undefined {
  let patch: JsonObject;
  try {
    patch = resolveMap(overlay, resource, schema);
  } catch (error) {
    if (error instanceof Unmet) return undefined;
    throw error;
  }
  return mergeMap(schema, resource, patch);
}

const ANY: Schema = { type: 'any' };
const member = (schema: Schema, name: string): Schema =>
  schema.fields?.get(name)?.schema ?? (schema.type === 'map' ? schema.items : undefined) ?? ANY;
const NAME_KEYS = ['name', 'containerPort', 'mountPath', 'topologyKey', 'ip', 'devicePath', 'port'];

function hasAnchors(pattern: Json): boolean {
  if (Array.isArray(pattern)) return pattern.some(hasAnchors);
  return isObject(pattern) && Object.entries(pattern).some(([key, value]) => anchorOf(key) || hasAnchors(value));
}

function hasAdditions(pattern: Json): boolean {
  if (Array.isArray(pattern)) return pattern.some(hasAdditions);
  if (!isObject(pattern)) return false;
  return Object.entries(pattern).some(([key, value]) => anchorOf(key)?.kind === 'add' || hasAdditions(value));
}

function withoutAdditions(pattern: Json): Json {
  if (Array.isArray(pattern)) return pattern.map(withoutAdditions);
  if (!isObject(pattern)) return pattern;
  const out: JsonObject = {};
  for (const [key, value] of Object.entries(pattern))
    if (anchorOf(key)?.kind !== 'add') setOwn(out, key, withoutAdditions(value));
  return out;
}

const isGlobal = (pattern: JsonObject): boolean => Object.keys(pattern).some(key => anchorOf(key)?.kind === 'global');

/** A patch without anchors, for one object of the resource. */
function resolveMap(pattern: JsonObject, resource: JsonObject | undefined, schema: Schema): JsonObject {
  for (const [key, wanted] of Object.entries(pattern)) {
    const anchor = anchorOf(key);
    if (anchor?.kind !== 'condition' && anchor?.kind !== 'global') continue;
    const value = resource && ownMember(resource, anchor.key);
    // A global condition on what is absent does not stand in the way of creating it.
    if (value === undefined || matchPattern(value, withoutAdditions(wanted)) !== undefined)
      throw new Unmet(anchor.kind === 'global');
  }
  const patch: JsonObject = {};
  for (const [key, value] of Object.entries(pattern)) {
    const anchor = anchorOf(key);
    // A condition may hold additions: what it looks at is then also changed.
    if (anchor !== undefined && anchor.kind !== 'add' && !hasAdditions(value)) continue;
    const name = anchor?.key ?? key;
    const current = resource && ownMember(resource, name);
    if (anchor?.kind === 'add' && current !== undefined) continue;
    const resolved = resolveValue(value, current, member(schema, name));
    if (resolved !== undefined) setOwn(patch, name, resolved);
  }
  return patch;
}

function resolveValue(value: Json, current: Json | undefined, schema: Schema): Json | undefined {
  if (isObject(value)) {
    const resolved = resolveMap(value, isObject(current) ? current : undefined, schema);
    // Nothing is left of a member whose every key was conditional: it must not create an empty one.
    return Object.keys(resolved).length === 0 && Object.keys(value).length > 0 ? undefined : resolved;
  }
  if (!Array.isArray(value) || !hasAnchors(value)) return value;
  const list = Array.isArray(current) ? current : [];
  const out: Json[] = [];
  for (const item of value) {
    if (isObject(item) && hasAnchors(item)) out.push(...resolveItems(item, list, schema));
    else out.push(item);
  }
  return out.length === 0 ? undefined : out;
}

const mergeKeyOf = (schema: Schema, item: JsonObject): string | undefined =>
  schema.patchMergeKey ?? NAME_KEYS.find(key => Object.hasOwn(item, key));

/** A pattern as Kyverno has it once it was held against one element: its additions are made, or gone. */
function settled(pattern: JsonObject, item: JsonObject | undefined): JsonObject {
  const out: JsonObject = {};
  for (const [key, value] of Object.entries(pattern)) {
    const anchor = anchorOf(key);
    const name = anchor?.key ?? key;
    const current = item && ownMember(item, name);
    if (anchor?.kind === 'add' && current !== undefined) continue;
    const kept = anchor?.kind === 'add' ? name : key;
    setOwn(out, kept, isObject(value) ? settled(value, isObject(current) ? current : undefined) : value);
  }
  return out;
}

/**
 * One patch element for each element of the resource that an anchored pattern element speaks of, whatever name the pattern
 * gives. Kyverno holds one copy of the pattern against all of them in turn: an addition that the first one needed is made
 * to all, one that it had already is made to none.
 */
function resolveItems(pattern: JsonObject, list: readonly Json[], schema: Schema): JsonObject[] {
  const out: JsonObject[] = [];
  let unmet: Unmet | undefined;
  let met = 0;
  let current = pattern;
  for (const item of list) {
    if (!isObject(item)) continue;
    try {
      const patch = resolveMap(current, item, schema.items ?? ANY);
      met++;
      const key = mergeKeyOf(schema, item);
      const id = key === undefined ? undefined : ownMember(item, key);
      if (key !== undefined && id !== undefined && Object.keys(patch).length > 0) out.push({ ...patch, [key]: id });
      current = settled(current, item);
    } catch (error) {
      if (!(error instanceof Unmet)) throw error;
      unmet = error;
    }
  }
  if (met === 0 && (unmet?.global || isGlobal(pattern))) throw new Unmet(true);
  return out;
}

/** Strategic merge as kustomize does it: null removes, lists merge by key, new elements come first. */
function mergeMap(schema: Schema, into: JsonObject, patch: JsonObject): JsonObject {
  if (ownMember(patch, '$patch') === 'replace') {
    const { $patch: _, ...rest } = patch;
    return rest;
  }
  const merged: JsonObject = { ...into };
  for (const [name, value] of Object.entries(patch)) {
    if (name === '$patch') continue;
    if (value === null || (isObject(value) && ownMember(value, '$patch') === 'delete')) {
      delete merged[name];
      continue;
    }
    const before = ownMember(into, name);
    // Empty maps are not worth adding.
    if (before === undefined && isObject(value) && Object.keys(value).length === 0) continue;
    const next = mergeValue(member(schema, name), before, value);
    if (next === undefined) delete merged[name];
    else setOwn(merged, name, next);
  }
  return merged;
}

function mergeValue(schema: Schema, before: Json | undefined, value: Json): Json | undefined {
  if (isObject(value)) return mergeMap(schema, isObject(before) ? before : {}, value);
  if (!Array.isArray(value)) return value;
  if (!schema.patchStrategy?.includes('merge')) return value;
  const list = Array.isArray(before) ? before : [];
  const key = schema.patchMergeKey;
  if (key !== undefined) return mergeList(schema, key, list, value);
  return [...list, ...value.filter(item => !list.some(other => equalJson(other, item)))];
}

function mergeList(schema: Schema, key: string, list: readonly Json[], patch: readonly Json[]): Json[] {
  const merged: (Json | undefined)[] = [...list];
  const added: Json[] = [];
  for (const item of patch) {
    if (!isObject(item)) {
      added.push(item);
      continue;
    }
    const at = merged.findIndex(
      other => isObject(other) && equalJson(ownMember(other, key), ownMember(item, key)) && Object.hasOwn(item, key),
    );
    if (ownMember(item, '$patch') === 'delete') {
      if (at >= 0) merged[at] = undefined;
    } else if (at < 0) added.push(mergeMap(schema.items ?? ANY, {}, item));
    else merged[at] = mergeMap(schema.items ?? ANY, merged[at] as JsonObject, item);
  }
  return [...added, ...merged.filter(item => item !== undefined)];
}
