import type { Json, JsonObject } from '../object.ts';

/** True for JSON objects: not null, not a list. */
export function isObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** Sets a member whatever its name; `__proto__` becomes an own property, never the prototype. */
export function setOwn(object: JsonObject, name: string, value: Json): void {
  if (name === '__proto__')
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  else object[name] = value;
}

/** The own member of that name, never one of Object.prototype. */
export function ownMember(object: JsonObject, name: string): Json | undefined {
  const value = object[name];
  return value !== undefined && Object.hasOwn(object, name) ? value : undefined;
}

/** A deep copy that shares nothing. */
export function cloneJson<T extends Json>(value: T): T {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(item => cloneJson(item)) as T;
  const copy: JsonObject = {};
  for (const name of Object.keys(value)) setOwn(copy, name, cloneJson((value as JsonObject)[name]!));
  return copy as T;
}

/** A copy of one level. */
export function shallowCopy(object: JsonObject): JsonObject {
  const copy: JsonObject = {};
  for (const name of Object.keys(object)) setOwn(copy, name, object[name]!);
  return copy;
}

/** Deep equality; the order of members does not count, members that are undefined count as absent. */
export function equalJson(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (left === null || right === null || typeof left !== 'object' || typeof right !== 'object') return false;
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left.length !== right.length) return false;
    for (let i = 0; i < left.length; i++) if (!equalJson(left[i], right[i])) return false;
    return true;
  }
  if (Array.isArray(right)) return false;
  return equalMembers(left as JsonObject, right as JsonObject);
}

function equalMembers(left: JsonObject, right: JsonObject): boolean {
  let count = 0;
  for (const name of Object.keys(left)) {
    const value = left[name];
    if (value === undefined) continue;
    count++;
    const other = ownMember(right, name);
    if (other === undefined || !equalJson(value, other)) return false;
  }
  for (const name of Object.keys(right)) if (right[name] !== undefined) count--;
  return count === 0;
}
