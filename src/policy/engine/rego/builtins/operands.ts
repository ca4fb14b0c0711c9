import { isNumber, type RegoNumber, toBigInt } from '../number.ts';
import { type Builtin, BuiltinError } from '../runtime.ts';
import { isArray, isObject, type PlainObject, type RegoObject, RegoSet, typeName, type Value } from '../value.ts';

/** One line of a family's table. */
export interface Entry {
  readonly arity: number;
  readonly call: Builtin;
}

export const entry = (arity: number, call: Builtin): Entry => ({ arity, call });

/** A wrong operand, in OPA's words. */
export function wrong(position: number, wanted: string, got: Value): never {
  throw new BuiltinError(`operand ${position} must be ${wanted} but got ${typeName(got)}`, true);
}

export const text = (value: Value, position: number): string =>
  typeof value === 'string' ? value : wrong(position, 'string', value);
export const number = (value: Value, position: number): RegoNumber =>
  isNumber(value) ? value : wrong(position, 'number', value);
export const boolean = (value: Value, position: number): boolean =>
  typeof value === 'boolean' ? value : wrong(position, 'boolean', value);
export const array = (value: Value, position: number): readonly Value[] =>
  isArray(value) ? value : wrong(position, 'array', value);
export const set = (value: Value, position: number): RegoSet =>
  value instanceof RegoSet ? value : wrong(position, 'set', value);
export const object = (value: Value, position: number): PlainObject | RegoObject =>
  isObject(value) ? value : wrong(position, 'object', value);

/** A whole number as a bigint. */
export function integer(value: Value, position: number): bigint {
  const whole = toBigInt(number(value, position));
  return whole === undefined ? wrong2(position) : whole;
}

function wrong2(position: number): never {
  throw new BuiltinError(`operand ${position} must be integer number but got floating-point number`, true);
}

/** A whole number a JavaScript number holds. */
export function small(value: Value, position: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  const whole = integer(value, position);
  if (whole > 9007199254740991n || whole < -9007199254740991n)
    throw new BuiltinError(`operand ${position} is out of range`);
  return Number(whole);
}

const WIDE = /[\ud800-\udfff]/;

/** Characters as Go's runes; undefined when every UTF-16 unit is one, which is nearly always. */
export const wideCharacters = (value: string): string[] | undefined =>
  WIDE.test(value) ? Array.from(value) : undefined;

/** Members of an array or set. */
export function members(value: Value, position: number): readonly Value[] {
  if (isArray(value)) return value;
  return value instanceof RegoSet ? value.sorted() : wrong(position, 'one of {array, set}', value);
}
