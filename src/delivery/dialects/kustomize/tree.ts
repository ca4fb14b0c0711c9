/** Values of a document while it is being changed. Maps have no prototype, so that foreign keys stay keys. */
export type Value = string | number | boolean | null | Value[] | Tree;
export interface Tree {
  [key: string]: Value;
}

export const newTree = (): Tree => Object.create(null) as Tree;

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/** A copy that shares nothing. */
export function clone<T extends Value>(value: T): T {
  if (Array.isArray(value)) return value.map(item => clone(item)) as T;
  if (!isTree(value)) return value;
  const copy = newTree();
  for (const key of Object.keys(value)) copy[key] = clone(value[key]!);
  return copy as T;
}

/** The tree at a path of maps, or undefined. */
export function lookup(value: Value | undefined, ...path: readonly string[]): Value | undefined {
  let at: Value | undefined = value;
  for (const key of path) {
    if (!isTree(at)) return undefined;
    at = at[key];
  }
  return at;
}

/** The map at a path, made where it is absent. */
export function ensureTree(value: Tree, ...path: readonly string[]): Tree {
  let at: Tree = value;
  for (const key of path) {
    const next: Value | undefined = at[key];
    if (isTree(next)) at = next;
    else {
      const made = newTree();
      at[key] = made;
      at = made;
    }
  }
  return at;
}

/** Splits `a/b\/c` into `a` and `b/c`. */
export function splitPath(path: string, separator = '/'): string[] {
  const parts: string[] = [];
  let part = '';
  for (let i = 0; i < path.length; i++) {
    const character = path.charAt(i);
    if (character === '\\' && path[i + 1] === separator) {
      part += separator;
      i++;
    } else if (character === separator) {
      parts.push(part);
      part = '';
    } else part += character;
  }
  return [...parts, part];
}

/** Splits a field path on dots; `[a.b]` and `\.` keep theirs. */
export function splitFields(path: string): string[] {
  const parts: string[] = [];
  let [part, bracket] = ['', false];
  for (let i = 0; i < path.length; i++) {
    const character = path.charAt(i);
    if (character === '\\' && path[i + 1] === '.') {
      part += '.';
      i++;
    } else if (character === '.' && !bracket) {
      parts.push(part);
      part = '';
    } else {
      if (character === '[') bracket = true;
      if (character === ']') bracket = false;
      part += character;
    }
  }
  return [...parts, part];
}

/** Equal in content; the order of keys does not matter. */
export function equalValues(left: Value | undefined, right: Value | undefined): boolean {
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => equalValues(item, right[index]));
  }
  if (!isTree(left) || !isTree(right)) return left === right;
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length && keys.every(key => key in right && equalValues(left[key], right[key]))
  );
}

/** JSON as Go writes it: keys sorted by bytes, `<`, `>` and `&` escaped. */
export function goJson(value: Value | undefined): string {
  if (value === undefined) return 'null';
  if (Array.isArray(value)) return `[${value.map(item => goJson(item)).join(',')}]`;
  if (isTree(value)) {
    const keys = Object.keys(value).sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
    return `{${keys.map(key => `${goJson(key)}:${goJson(value[key])}`).join(',')}}`;
  }
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
