import {
  compareNumbers,
  Decimal,
  isNumber,
  numberText,
  parseNumber as parseDecimal,
  type RegoNumber,
} from './number.ts';

/**
 * Values as compiled policies see them. JSON documents are used as JSON.parse made them, without a copy. Objects with
 * string keys are plain objects (own keys only, whatever their prototype); objects with other keys and sets are the two
 * classes below. Values are never changed after they were handed on.
 */
export type Value = null | boolean | string | RegoNumber | readonly Value[] | PlainObject | RegoObject | RegoSet;
export type PlainObject = { readonly [key: string]: Value };

/** A text that is equal exactly for equal values: keys of maps. */
export function keyOf(value: Value): string {
  switch (typeof value) {
    case 'string':
      return `s${value}`;
    case 'number':
      return `n${value}`;
    case 'boolean':
      return value ? 't' : 'f';
    default:
      return compositeKey(value);
  }
}

function compositeKey(value: Value): string {
  if (value === null) return '0';
  if (value instanceof Decimal) return `n${numberText(value)}`;
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(item => quoted(keyOf(item))).join(',')}]`;
  if (value instanceof RegoSet) return value.key();
  if (value instanceof RegoObject) return value.key();
  const object = value as PlainObject;
  return objectKey(Object.keys(object).map(name => [`s${name}`, object[name]!]));
}

/** Lengths keep `["a","b"]` and `["a,sb"]` apart. */
const quoted = (key: string): string => `${key.length}:${key}`;

function objectKey(entries: [string, Value][]): string {
  entries.sort((left, right) => (left[0] < right[0] ? -1 : left[0] > right[0] ? 1 : 0));
  return `{${entries.map(([key, value]) => `${quoted(key)}=${quoted(keyOf(value))}`).join(',')}}`;
}

/** A set: members by key, in the order they came; sorted only when someone looks. */
export class RegoSet {
  readonly members: Map<string, Value>;
  #sorted: readonly Value[] | undefined;
  #key: string | undefined;

  constructor(items?: Iterable<Value>) {
    this.members = new Map();
    if (items) for (const item of items) this.members.set(keyOf(item), item);
  }

  /** Only whoever builds the set may call this. */
  add(value: Value): void {
    this.members.set(keyOf(value), value);
  }

  has(value: Value): boolean {
    return this.members.has(keyOf(value));
  }

  get size(): number {
    return this.members.size;
  }

  /** In Rego's order of values. */
  sorted(): readonly Value[] {
    return (this.#sorted ??= [...this.members.values()].sort(compare));
  }

  key(): string {
    return (this.#key ??= `<${[...this.members.keys()].sort().map(quoted).join(',')}>`);
  }
}

/** An object with at least one key that is no string. */
export class RegoObject {
  readonly entries: Map<string, readonly [Value, Value]>;
  #key: string | undefined;

  constructor(entries?: Iterable<readonly [Value, Value]>) {
    this.entries = new Map();
    if (entries) for (const entry of entries) this.entries.set(keyOf(entry[0]), entry);
  }

  get(key: Value): Value | undefined {
    return this.entries.get(keyOf(key))?.[1];
  }

  key(): string {
    return (this.#key ??= objectKey([...this.entries].map(([key, entry]) => [key, entry[1]])));
  }
}

export const isObject = (value: Value | undefined): value is PlainObject | RegoObject =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof RegoSet) &&
  !(value instanceof Decimal);
export const isArray = (value: Value | undefined): value is readonly Value[] => Array.isArray(value);

/** Builds an object: plain as long as every key is a string. */
export function objectOf(entries: Iterable<readonly [Value, Value]>): PlainObject | RegoObject {
  const list = [...entries];
  if (!list.every(([key]) => typeof key === 'string')) return new RegoObject(list);
  const plain = Object.create(null) as { [key: string]: Value };
  for (const [key, value] of list) plain[key as string] = value;
  return plain;
}

/** Entries in Rego's order of keys. */
export function entriesOf(object: PlainObject | RegoObject): (readonly [Value, Value])[] {
  if (object instanceof RegoObject)
    return [...object.entries.values()].sort((left, right) => compare(left[0], right[0]));
  return Object.keys(object)
    .sort(compareText)
    .map(key => [key, object[key]!] as const);
}

export function sizeOfObject(object: PlainObject | RegoObject): number {
  return object instanceof RegoObject ? object.entries.size : Object.keys(object).length;
}

/** The value under a key of any composite; a set has its members under themselves. Undefined when there is none. */
export function lookup(value: Value, key: Value): Value | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return typeof key === 'number' ? (value as readonly Value[])[key] : undefined;
  if (value instanceof RegoSet) return value.members.get(keyOf(key));
  if (value instanceof RegoObject) return value.get(key);
  if (value instanceof Decimal || typeof key !== 'string') return undefined;
  return Object.hasOwn(value, key) ? (value as PlainObject)[key] : undefined;
}

/** Code point order, which is what Go's byte order of UTF-8 is; `<` compares UTF-16 units and differs above U+FFFF. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) {
    const a = left.charCodeAt(i);
    const b = right.charCodeAt(i);
    if (a === b) continue;
    const surrogateA = a >= 0xd800 && a <= 0xdfff;
    const surrogateB = b >= 0xd800 && b <= 0xdfff;
    if (surrogateA !== surrogateB) return surrogateA ? 1 : -1;
    return a - b;
  }
  return left.length - right.length;
}

/** Order between types: null, boolean, number, string, array, object, set (OPA, "Comparison"). */
function rankOf(value: Value): number {
  if (value === null) return 0;
  switch (typeof value) {
    case 'boolean':
      return 1;
    case 'number':
      return 2;
    case 'string':
      return 3;
    default:
      if (value instanceof Decimal) return 2;
      return Array.isArray(value) ? 4 : value instanceof RegoSet ? 6 : 5;
  }
}

function compareLists(left: readonly Value[], right: readonly Value[]): number {
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) {
    const order = compare(left[i]!, right[i]!);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** Total order of values. */
export function compare(left: Value, right: Value): number {
  if (left === right) return 0;
  const rank = rankOf(left);
  const other = rankOf(right);
  if (rank !== other) return rank - other;
  switch (rank) {
    case 1:
      return left === false ? -1 : 1;
    case 2:
      return compareNumbers(left as RegoNumber, right as RegoNumber);
    case 3:
      return compareText(left as string, right as string);
    case 4:
      return compareLists(left as readonly Value[], right as readonly Value[]);
    case 5:
      return compareObjects(left as PlainObject | RegoObject, right as PlainObject | RegoObject);
    default:
      return compareLists((left as RegoSet).sorted(), (right as RegoSet).sorted());
  }
}

function compareObjects(left: PlainObject | RegoObject, right: PlainObject | RegoObject): number {
  const a = entriesOf(left);
  const b = entriesOf(right);
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const order = compare(a[i]![0], b[i]![0]) || compare(a[i]![1], b[i]![1]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Equality of values. */
export function equal(left: Value, right: Value): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  return compare(left, right) === 0;
}

/** As OPA's type_name. */
export function typeName(value: Value): string {
  return ['null', 'boolean', 'number', 'string', 'array', 'object', 'set'][rankOf(value)]!;
}

/** Text that JSON.stringify writes as it stands (ECMA-262, JSON.rawJSON; not yet in TypeScript's library). */
const rawJson = (JSON as unknown as { rawJSON(text: string): object }).rawJSON;

/** As JSON: sets become sorted arrays, keys that are no strings become their JSON text. */
export function toJson(value: Value): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Decimal) return rawJson(numberText(value));
  if (Array.isArray(value)) return (value as readonly Value[]).map(toJson);
  if (value instanceof RegoSet) return value.sorted().map(toJson);
  const plain = Object.create(null) as Record<string, unknown>;
  for (const [key, item] of entriesOf(value as PlainObject | RegoObject)) plain[nameOf(key)] = toJson(item);
  return plain;
}

/** JSON text in which `<`, `>`, `&` and the two line separators are escaped, as Go's encoder does. */
export const escapeHtml = (json: string): string =>
  json.replace(/[<>&\u2028\u2029]/g, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** The name of a key in JSON: a key that is no string is its own JSON text. */
const nameOf = (key: Value): string => (typeof key === 'string' ? key : escapeHtml(jsonText(key)));

/** JSON text with names in the order of their code points, as Go's encoder writes it without HTML escapes. */
export function jsonText(value: Value): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (value instanceof Decimal) return numberText(value);
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(jsonText).join(',')}]`;
  if (value instanceof RegoSet) return `[${value.sorted().map(jsonText).join(',')}]`;
  const named = new Map<string, Value>();
  for (const [key, item] of entriesOf(value as PlainObject | RegoObject))
    if (item !== undefined) named.set(nameOf(key), item);
  const names = [...named.keys()];
  if (value instanceof RegoObject) names.sort(compareText);
  return `{${names.map(name => `${JSON.stringify(name)}:${jsonText(named.get(name)!)}`).join(',')}}`;
}

/** Reads JSON and keeps numbers a double cannot hold. */
export function fromJsonText(text: string): Value {
  if (!/\d{16}|\d[eE]|\d\.\d{15}/.test(text)) return JSON.parse(text) as Value;
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) => {
    if (typeof value !== 'number' || context?.source === undefined) return value;
    return exactNumber(value, context.source);
  }) as Value;
}

function exactNumber(value: number, source: string): RegoNumber {
  return /^-?\d{1,15}$/.test(source) ? value : (parseDecimal(source) ?? value);
}

export { isNumber };
