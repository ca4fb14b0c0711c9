import { TemplateError } from './refuse.ts';

/** Values of templates: `bigint` is Go's int, `number` its float64, `Map` a map, an absent value is undefined or null. */
export type Dict = Map<string, unknown>;

/** A function of templates. */
export type Call = (...args: unknown[]) => unknown;

/** A Go struct: fields by name, and methods. */
export class Struct {
  readonly fields: ReadonlyMap<string, unknown>;
  readonly methods: Readonly<Record<string, (...args: unknown[]) => unknown>>;
  constructor(fields: Readonly<Record<string, unknown>>, methods: Struct['methods'] = {}) {
    this.fields = new Map(Object.entries(fields));
    this.methods = methods;
  }
}

export const isDict = (value: unknown): value is Dict => value instanceof Map;
export const isNil = (value: unknown): value is null | undefined => value === null || value === undefined;

/** Reads JSON-like values into template values. */
export function fromJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromJson);
  if (typeof value === 'object' && value !== null) {
    return new Map(Object.keys(value).map(key => [key, fromJson((value as Record<string, unknown>)[key])]));
  }
  return value;
}

export function deepCopy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(deepCopy);
  if (isDict(value)) return new Map([...value].map(([key, item]) => [key, deepCopy(item)]));
  return value;
}

/** Go's notion of truth: zero and empty are false. */
export function truth(value: unknown): boolean {
  if (isNil(value)) return false;
  if (Array.isArray(value) || typeof value === 'string') return value.length > 0;
  if (isDict(value)) return value.size > 0;
  return Boolean(value) || typeof value === 'object';
}

export function typeName(value: unknown): string {
  if (isNil(value)) return '<nil>';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'float64';
  if (Array.isArray(value)) return '[]interface {}';
  return isDict(value) ? 'map[string]interface {}' : 'struct';
}

export function kindName(value: unknown): string {
  if (isNil(value)) return 'invalid';
  if (Array.isArray(value)) return 'slice';
  if (isDict(value)) return 'map';
  return typeof value === 'bigint' ? 'int' : typeName(value);
}

/** Keys of a map in the order templates walk them. */
export const sortedKeys = (dict: Dict): string[] =>
  [...dict.keys()].sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));

/** An argument that must be a string. */
export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (isNil(value)) throw new TemplateError('invalid value; expected string');
  throw new TemplateError(`wrong type for value; expected string; got ${typeName(value)}`);
}

export function dict(value: unknown): Dict {
  if (isDict(value)) return value;
  throw new TemplateError(
    `wrong type for value; expected map[string]interface {}; got ${isNil(value) ? 'interface {}' : typeName(value)}`,
  );
}

export function list(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw new TemplateError(`wrong type for value; expected list; got ${typeName(value)}`);
}

/** A whole number out of anything, as sprig's casts do: what is none is 0. */
export function integer(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'string') {
    // Go reads texts by their prefix: `012` is octal; a fraction of zeros is let go, any other is no whole number.
    const digits = value.replaceAll('_', '').replace(/\.0+$/, '');
    const [, sign = '', bare = ''] = /^([-+]?)(.*)$/.exec(digits) ?? [];
    const octal = /^0[0-7]+$/.test(bare) ? `0o${bare.slice(1)}` : bare;
    if (!/^(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0|[1-9]\d*)$/.test(octal)) return 0n;
    return sign === '-' ? -BigInt(octal) : BigInt(octal);
  }
  return 0n;
}

export function float(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : 0;
  return Number.isNaN(number) ? 0 : number;
}

/** Same kind and content. */
export function deepEqual(left: unknown, right: unknown): boolean {
  if (isNil(left) || isNil(right)) return isNil(left) && isNil(right);
  if (Array.isArray(left)) {
    return Array.isArray(right) && left.length === right.length && left.every((item, i) => deepEqual(item, right[i]));
  }
  if (isDict(left)) {
    if (!isDict(right) || left.size !== right.size) return false;
    return [...left].every(([key, item]) => right.has(key) && deepEqual(item, right.get(key)));
  }
  return left === right;
}
