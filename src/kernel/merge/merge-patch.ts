import type { Json, JsonObject } from '../object.ts';
import { cloneJson, isObject, ownMember, setOwn } from './json.ts';

/** Applies an RFC 7386 merge patch to a copy; nothing of `object` is changed. */
export function applyMergePatch<T>(object: T, patch: JsonObject): T {
  return mergeInto(object as Json, patch as Json) as T;
}

function mergeInto(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return cloneJson(patch);
  const merged: JsonObject = {};
  const base = isObject(target) ? target : {};
  for (const name of Object.keys(base)) {
    const change = ownMember(patch, name);
    if (change === undefined) setOwn(merged, name, base[name]!);
    else if (change !== null) setOwn(merged, name, mergeInto(base[name], change));
  }
  for (const name of Object.keys(patch)) {
    if (patch[name] !== null && !Object.hasOwn(base, name)) setOwn(merged, name, mergeInto(undefined, patch[name]!));
  }
  return merged;
}
