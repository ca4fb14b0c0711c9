import { fromBigInt, isNumber, magnitude, parseNumber, round } from '../number.ts';
import { type BuiltinContext, BuiltinError, lt, member, memberAt, templateText } from '../runtime.ts';
import { entriesOf, equal, isArray, isObject, RegoSet, typeName, type Value } from '../value.ts';
import { array, type Entry, entry, integer, number, text } from './operands.ts';

const isType = (holds: (value: Value) => boolean): Entry => entry(1, ([value]) => holds(value!));
/** Signs are compiled in place; these stand for them where one is replaced or passed on. */
const sign = (arity: number): Entry =>
  entry(arity, () => {
    throw new BuiltinError('operator cannot be called by name');
  });

const range = (from: bigint, to: bigint, step: bigint, context: BuiltinContext): Value[] => {
  const out: Value[] = [];
  const up = from <= to;
  for (let at = from; up ? at <= to : at >= to; at += up ? step : -step) {
    if (--context.fuel.left < 0) throw new BuiltinError('range too long');
    out.push(fromBigInt(at));
  }
  return out;
};

/** Every path below a value with its value; sets are walked by member. */
export function* walk(value: Value, context: BuiltinContext, path: readonly Value[] = []): Generator<Value> {
  if (--context.fuel.left < 0) throw new BuiltinError('walk too long');
  yield [path, value];
  if (isArray(value)) for (const [index, item] of value.entries()) yield* walk(item, context, [...path, index]);
  else if (value instanceof RegoSet) for (const item of value.sorted()) yield* walk(item, context, [...path, item]);
  else if (isObject(value)) for (const [key, item] of entriesOf(value)) yield* walk(item, context, [...path, key]);
}

function toNumber(value: Value): Value {
  if (value === null) return 0;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (isNumber(value)) return value;
  if (typeof value !== 'string')
    throw new BuiltinError(`operand 1 must be one of {null, boolean, number, string} but got ${typeName(value)}`, true);
  if (/^[+-]?(?:nan|inf|infinity)$/i.test(value))
    throw new BuiltinError(`operand 1 must be valid number string but got ${value}`, true);
  const parsed = parseNumber(value.replace(/^\+/, ''));
  if (parsed === undefined) throw new BuiltinError('invalid syntax');
  return parsed;
}

/** Types, comparison, arithmetic, membership, conversion. */
export const core: Readonly<Record<string, Entry>> = {
  eq: entry(2, ([left, right]) => equal(left!, right!)),
  assign: sign(2),
  equal: entry(2, ([left, right]) => equal(left!, right!)),
  neq: entry(2, ([left, right]) => !equal(left!, right!)),
  lt: entry(2, ([left, right]) => lt(left!, right!)),
  lte: entry(2, ([left, right]) => !lt(right!, left!)),
  gt: entry(2, ([left, right]) => lt(right!, left!)),
  gte: entry(2, ([left, right]) => !lt(left!, right!)),
  plus: sign(2),
  minus: sign(2),
  mul: sign(2),
  div: sign(2),
  rem: sign(2),
  and: sign(2),
  or: sign(2),
  'internal.member_2': entry(2, ([item, collection]) => member(item!, collection!)),
  'internal.member_3': entry(3, ([key, item, collection]) => memberAt(key!, item!, collection!)),
  abs: entry(1, ([value]) => magnitude(number(value!, 1))),
  round: entry(1, ([value]) => round(number(value!, 1), 'nearest')),
  ceil: entry(1, ([value]) => round(number(value!, 1), 'up')),
  floor: entry(1, ([value]) => round(number(value!, 1), 'down')),
  'numbers.range': entry(2, ([from, to], context) => range(integer(from!, 1), integer(to!, 2), 1n, context)),
  'numbers.range_step': entry(3, ([from, to, step], context) => {
    const by = integer(step!, 3);
    if (by <= 0n) throw new BuiltinError('step must be a positive number above zero');
    return range(integer(from!, 1), integer(to!, 2), by, context);
  }),
  is_null: isType(value => value === null),
  is_boolean: isType(value => typeof value === 'boolean'),
  is_number: isType(isNumber),
  is_string: isType(value => typeof value === 'string'),
  is_array: isType(isArray),
  is_object: isType(isObject),
  is_set: isType(value => value instanceof RegoSet),
  type_name: entry(1, ([value]) => typeName(value!)),
  to_number: entry(1, ([value]) => toNumber(value!)),
  cast_array: entry(1, ([value]) =>
    value instanceof RegoSet ? value.sorted() : isArray(value!) ? value : wrongCast(value!, 'array'),
  ),
  cast_set: entry(1, ([value]) =>
    value instanceof RegoSet ? value : isArray(value!) ? new RegoSet(value) : wrongCast(value!, 'set'),
  ),
  cast_string: entry(1, ([value]) => (typeof value === 'string' ? value : wrongCast(value!, 'string'))),
  cast_boolean: entry(1, ([value]) => (typeof value === 'boolean' ? value : wrongCast(value!, 'boolean'))),
  cast_null: entry(1, ([value]) => (value === null ? value : wrongCast(value!, 'null'))),
  cast_object: entry(1, ([value]) => (isObject(value!) ? value : wrongCast(value!, 'object'))),
  walk: entry(1, (args, context) => walk(args[0]!, context) as unknown as Value),
  set_diff: entry(2, ([left, right]) =>
    left instanceof RegoSet && right instanceof RegoSet
      ? new RegoSet([...left.members.values()].filter(item => !right.has(item)))
      : wrongCast(left!, 'set'),
  ),
  print: sign(-1),
  trace: entry(1, ([note], context) => {
    context.notes.push(text(note!, 1));
    return true;
  }),
  'internal.print': sign(1),
  'internal.test_case': entry(1, () => true),
  'internal.template_string': entry(1, ([parts]) =>
    array(parts!, 1)
      .map(part => templateText(part))
      .join(''),
  ),
};

function wrongCast(value: Value, wanted: string): never {
  throw new BuiltinError(`operand 1 must be ${wanted} but got ${typeName(value)}`, true);
}
