/** jq's values: order, equality, arithmetic (jq 1.7 manual, "Sorting and comparisons", "Builtin operators"). */
import { JqError, type Operator, type Value } from './ast.ts';

export type Dict = { [key: string]: Value };

export const isDict = (value: Value): value is Dict =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const isNumber = (value: Value): value is number | bigint =>
  typeof value === 'number' || typeof value === 'bigint';

export function typeOf(value: Value): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (isNumber(value)) return 'number';
  return typeof value;
}

/** Only null and false are false. */
export const truth = (value: Value): boolean => value !== null && value !== false;

const RANKS = ['null', 'false', 'true', 'number', 'string', 'array', 'object'];
const rank = (value: Value): number => RANKS.indexOf(typeof value === 'boolean' ? String(value) : typeOf(value));

/** Names by their code points. */
export const byText = (left: string, right: string): number => {
  const [a, b] = [[...left], [...right]];
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const difference = a[at]!.codePointAt(0)! - b[at]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
};

export const keysOf = (value: Dict): string[] => Object.keys(value).sort(byText);

export function compare(left: Value, right: Value): number {
  const difference = rank(left) - rank(right);
  if (difference !== 0) return difference;
  if (isNumber(left) && isNumber(right)) return left < right ? -1 : left > right ? 1 : 0;
  if (typeof left === 'string') return byText(left, right as string);
  if (Array.isArray(left)) return compareLists(left, right as Value[]);
  if (!isDict(left)) return 0;
  const other = right as Dict;
  const keys = keysOf(left);
  const difference2 = compareLists(keys, keysOf(other));
  if (difference2 !== 0) return difference2;
  for (const key of keys) {
    const each = compare(left[key]!, other[key]!);
    if (each !== 0) return each;
  }
  return 0;
}

function compareLists(left: readonly Value[], right: readonly Value[]): number {
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const each = compare(left[at]!, right[at]!);
    if (each !== 0) return each;
  }
  return left.length - right.length;
}

const COMPARISONS: Readonly<Record<string, (order: number) => boolean>> = {
  '==': order => order === 0,
  '!=': order => order !== 0,
  '<': order => order < 0,
  '<=': order => order <= 0,
  '>': order => order > 0,
  '>=': order => order >= 0,
};

/** Characters or items of one value that a filter makes. */
const SIZE_MAX = 10_000;

function bounded(size: number, make: () => Value): Value {
  if (!(size <= SIZE_MAX)) throw new RangeError('the filter makes too much');
  return make();
}

const shown = (value: Value): string => `${typeOf(value)} (${toJson(value).slice(0, 40)})`;

export function operate(sign: Operator, left: Value, right: Value): Value {
  const comparison = COMPARISONS[sign];
  if (comparison) return comparison(compare(left, right));
  if (sign === '+') {
    if (left === null) return right;
    if (right === null) return left;
    if (typeof left === 'string' && typeof right === 'string')
      return bounded(left.length + right.length, () => left + right);
    if (Array.isArray(left) && Array.isArray(right))
      return bounded(left.length + right.length, () => [...left, ...right]);
    if (isDict(left) && isDict(right)) return record([...Object.entries(left), ...Object.entries(right)]);
  }
  if (sign === '-' && Array.isArray(left) && Array.isArray(right))
    return left.filter(item => !right.some(other => compare(item, other) === 0));
  if (sign === '*' && isDict(left) && isDict(right)) return merged(left, right);
  if (sign === '*' && typeof left === 'string' && isNumber(right))
    return Number(right) <= 0
      ? null
      : bounded(left.length * Number(right), () => left.repeat(Math.ceil(Number(right))));
  if (sign === '/' && typeof left === 'string' && typeof right === 'string') return splitText(left, right);
  if (isNumber(left) && isNumber(right)) return calculate(sign, left, right);
  throw new JqError(`${shown(left)} and ${shown(right)} cannot be used with "${sign}"`);
}

function calculate(sign: Operator, left: number | bigint, right: number | bigint): Value {
  if ((sign === '/' || sign === '%') && Number(right) === 0)
    throw new JqError(`${shown(left)} and ${shown(right)} cannot be divided because the divisor is zero`);
  if (sign === '%') return BigInt(Math.trunc(Number(left))) % BigInt(Math.trunc(Number(right)) || 1);
  if (typeof left === 'bigint' && typeof right === 'bigint') {
    if (sign === '+') return left + right;
    if (sign === '-') return left - right;
    if (sign === '*') return left * right;
    return left % right === 0n ? left / right : Number(left) / Number(right);
  }
  const [a, b] = [Number(left), Number(right)];
  return sign === '+' ? a + b : sign === '-' ? a - b : sign === '*' ? a * b : a / b;
}

function merged(left: Dict, right: Dict): Dict {
  const result = record(Object.entries(left));
  for (const [key, value] of Object.entries(right)) {
    const known = result[key];
    put(result, key, known !== undefined && isDict(known) && isDict(value) ? merged(known, value) : value);
  }
  return result;
}

export const splitText = (text: string, by: string): string[] =>
  text === '' ? [] : by === '' ? [...text] : text.split(by);

/** Sets a field whatever its name: `__proto__` is a name like any other. */
export function put(into: Dict, key: string, value: Value): void {
  Object.defineProperty(into, key, { value, enumerable: true, writable: true, configurable: true });
}

export function record(entries: readonly (readonly [string, Value])[]): Dict {
  const result: Dict = {};
  for (const [key, value] of entries) put(result, key, value);
  return result;
}

/** JSON with keys in order. */
export function toJson(value: Value): string {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map(toJson).join(',')}]`;
  if (isDict(value))
    return `{${keysOf(value)
      .map(key => `${JSON.stringify(key)}:${toJson(value[key]!)}`)
      .join(',')}}`;
  return JSON.stringify(value);
}

export function contains(whole: Value, part: Value): boolean {
  if (isDict(whole) && isDict(part))
    return Object.entries(part).every(([key, value]) => Object.hasOwn(whole, key) && contains(whole[key]!, value));
  if (Array.isArray(whole) && Array.isArray(part)) return part.every(item => whole.some(each => contains(each, item)));
  if (typeof whole === 'string' && typeof part === 'string') return whole.includes(part);
  if (typeOf(whole) !== typeOf(part))
    throw new JqError(`${shown(whole)} and ${shown(part)} cannot have their containment checked`);
  return compare(whole, part) === 0;
}

export function indexed(value: Value, at: Value): Value {
  if (value === null) return null;
  if (isDict(value) && typeof at === 'string') return Object.hasOwn(value, at) ? value[at]! : null;
  if (Array.isArray(value) && isNumber(at)) {
    const place = Math.floor(Number(at));
    return value[place < 0 ? place + value.length : place] ?? null;
  }
  throw new JqError(`expected an object but got: ${shown(value)}`);
}

export function sliced(value: Value, from: Value, to: Value): Value {
  if (value === null) return null;
  if (!Array.isArray(value) && typeof value !== 'string')
    throw new JqError(`expected an array but got: ${shown(value)}`);
  const items = typeof value === 'string' ? [...value] : value;
  const place = (bound: Value, fallback: number): number => (isNumber(bound) ? Number(bound) : fallback);
  const part = items.slice(Math.floor(place(from, 0)), Math.ceil(place(to, items.length)));
  return typeof value === 'string' ? (part as string[]).join('') : part;
}

export function membersOf(value: Value): Value[] {
  if (Array.isArray(value)) return value;
  if (isDict(value)) return keysOf(value).map(key => value[key]!);
  throw new JqError(`cannot iterate over: ${shown(value)}`);
}
