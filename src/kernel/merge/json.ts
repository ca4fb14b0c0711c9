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
  if (Array.isArray(value)) {
    const list = value.slice();
    for (let at = 0; at < list.length; at++) {
      const item = list[at]!;
      if (item !== null && typeof item === 'object') list[at] = cloneJson(item);
    }
    return list as T;
  }
  // A spread copy keeps the layout of its original; only what is nested must still be replaced.
  const copy: JsonObject = { ...(value as JsonObject) };
  for (const name in copy) {
    const member = copy[name]!;
    if (member !== null && typeof member === 'object') setOwn(copy, name, cloneJson(member));
  }
  return copy as T;
}

/** A deep copy as JSON text would carry it: members without a value are dropped, what knows its JSON form is asked for it. */
export function cloneAsJson<T>(value: T): T {
  if (value === null || typeof value !== 'object') return plainJson(value) as T;
  if (Array.isArray(value)) return value.map(item => cloneAsJson<unknown>(item) ?? null) as T;
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return JSON.parse(JSON.stringify(value)) as T;
  const copy = { ...value } as JsonObject;
  let holes = false;
  for (const name in copy) {
    const member = copy[name]!;
    if (typeof member === 'string' || typeof member === 'boolean' || member === null) continue;
    const plain = cloneAsJson<Json | undefined>(member);
    if (plain === undefined) holes = true;
    if (plain !== member) setOwn(copy, name, plain as Json);
  }
  return (holes ? withoutHoles(copy) : copy) as T;
}

/** Members set to undefined are left out by making the object anew: one that something was deleted from is slow to use. */
function withoutHoles(object: JsonObject): JsonObject {
  const dense: JsonObject = {};
  for (const name of Object.keys(object)) if (object[name] !== undefined) setOwn(dense, name, object[name]!);
  return dense;
}

/** What a value that is neither list nor object is in JSON; undefined where it is nothing. */
function plainJson(value: unknown): unknown {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? value : null;
    case 'bigint':
      throw new TypeError('A BigInt has no JSON form');
    case 'undefined':
    case 'function':
    case 'symbol':
      return undefined;
    default:
      return value;
  }
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

/** A value as Go prints it with `%+v`: how the API server shows a strategic merge patch. */
export function goText(value: Json): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (typeof value !== 'object') return String(value);
  const members = value;
  const names = Object.keys(members).sort();
  return `map[${names.map(name => `${name}:${goText(members[name]!)}`).join(' ')}]`;
}
