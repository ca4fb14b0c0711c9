/** jq's functions (jq 1.7 manual, "Builtin operators and functions"), those without paths, dates in words and input. */
import { RE2JS } from 're2js';
import { type Filter, JqError, type Value } from './ast.ts';
import type { Runner } from './run.ts';
import {
  compare,
  contains,
  type Dict,
  indexed,
  isDict,
  isNumber,
  keysOf,
  membersOf,
  operate,
  record,
  splitText,
  toJson,
  truth,
  typeOf,
} from './values.ts';

/** Functions of values: each argument is a value. */
type Simple = (input: Value, ...args: Value[]) => Value;
/** Functions of filters. */
type Full = (runner: Runner, input: Value, args: readonly Filter[]) => Generator<Value>;

const ITEMS_MAX = 50_000;

const failed = (what: string, value: Value): JqError =>
  new JqError(`${typeOf(value)} (${toJson(value).slice(0, 40)}) ${what}`);

function text(value: Value): string {
  if (typeof value !== 'string') throw failed('is no string', value);
  return value;
}

function list(value: Value): Value[] {
  if (!Array.isArray(value)) throw failed('is no array', value);
  return value;
}

function number(value: Value): number {
  if (!isNumber(value)) throw failed('is no number', value);
  return Number(value);
}

const whole = (value: number): Value => (Number.isSafeInteger(value) ? BigInt(value) : value);

function lengthOf(value: Value): Value {
  if (value === null) return 0n;
  if (typeof value === 'boolean') throw failed('has no length', value);
  if (isNumber(value)) return value < 0 ? -value : value;
  if (typeof value === 'string') return BigInt([...value].length);
  return BigInt(Array.isArray(value) ? value.length : Object.keys(value).length);
}

function keys(value: Value): Value {
  if (Array.isArray(value)) return value.map((_, at) => BigInt(at));
  if (isDict(value)) return keysOf(value);
  throw failed('has no keys', value);
}

function has(value: Value, key: Value): Value {
  if (isDict(value)) return Object.hasOwn(value, text(key));
  return number(key) >= 0 && number(key) < list(value).length;
}

function toNumber(value: Value): Value {
  if (isNumber(value)) return value;
  const found = /^\s*(-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*$/.exec(text(value))?.[1];
  if (found === undefined) throw failed('cannot be parsed as a number', value);
  return /^-?\d{1,15}$/.test(found) ? BigInt(found) : Number(found);
}

function flatten(values: readonly Value[], depth: number): Value[] {
  return values.flatMap(item => (Array.isArray(item) && depth > 0 ? flatten(item, depth - 1) : [item]));
}

function fromEntries(value: Value): Value {
  const entries = list(value).map((entry): [string, Value] => {
    const field = (names: readonly string[]): Value =>
      names.map(name => indexed(entry, name)).find(each => each !== null && each !== false) ?? null;
    const key = field(['key', 'k', 'name', 'Name', 'Key', 'K']);
    return [typeof key === 'string' ? key : toJson(key), field(['value', 'v', 'Value', 'V'])];
  });
  return record(entries);
}

const toEntries = (value: Value): Value[] => {
  if (!isDict(value)) throw failed('has no entries', value);
  return keysOf(value).map(key => ({ key, value: value[key]! }));
};

function expressionOf(pattern: Value, flags: Value): RE2JS {
  try {
    const letters = flags === null ? '' : text(flags);
    return RE2JS.compile(text(pattern), letters.includes('i') ? RE2JS.CASE_INSENSITIVE : 0);
  } catch (error) {
    throw error instanceof JqError ? error : new JqError(`not a regular expression: ${text(pattern)}`);
  }
}

const best = (values: readonly Value[], sign: 1 | -1): Value => {
  if (values.length === 0) return null;
  return values.reduce((found, item) => {
    const order = compare(item, found) * sign;
    // Of equals, the last is the largest and the first the smallest.
    return order > 0 || (order === 0 && sign === 1) ? item : found;
  });
};

const joined = (values: Value[], by: string): Value =>
  values
    .map(item => {
      if (item === null) return '';
      if (typeof item === 'object') throw failed('cannot be joined', item);
      return typeof item === 'string' ? item : toJson(item);
    })
    .join(by);

const byKind = (...types: readonly string[]): Full =>
  function* kindFilter(_, input) {
    if (types.includes(typeOf(input))) yield input;
  };

function seconds(value: Value): Value {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(text(value)) ? Date.parse(text(value)) : Number.NaN;
  if (Number.isNaN(ms)) throw failed('is no time', value);
  return whole(Math.floor(ms / 1000));
}

export const SIMPLE: Readonly<Record<string, Simple>> = {
  'not/0': input => !truth(input),
  'length/0': lengthOf,
  'utf8bytelength/0': input => BigInt(Buffer.byteLength(text(input))),
  'keys/0': keys,
  'keys_unsorted/0': keys,
  'has/1': has,
  'contains/1': contains,
  'inside/1': (input, other) => contains(other!, input),
  'startswith/1': (input, start) => text(input).startsWith(text(start!)),
  'endswith/1': (input, end) => text(input).endsWith(text(end!)),
  'ltrimstr/1': (input, start) =>
    typeof input === 'string' && typeof start === 'string' && input.startsWith(start)
      ? input.slice(start.length)
      : input,
  'rtrimstr/1': (input, end) =>
    typeof input === 'string' && typeof end === 'string' && end !== '' && input.endsWith(end)
      ? input.slice(0, -end.length)
      : input,
  'trim/0': input => text(input).trim(),
  'ltrim/0': input => text(input).trimStart(),
  'rtrim/0': input => text(input).trimEnd(),
  'split/1': (input, by) => splitText(text(input), text(by!)),
  'join/1': (input, by) => joined(list(input), text(by!)),
  'ascii_downcase/0': input => text(input).replace(/[A-Z]/g, letter => letter.toLowerCase()),
  'ascii_upcase/0': input => text(input).replace(/[a-z]/g, letter => letter.toUpperCase()),
  'tostring/0': input => (typeof input === 'string' ? input : toJson(input)),
  'tonumber/0': toNumber,
  'tojson/0': toJson,
  'fromjson/0': input => {
    try {
      return JSON.parse(text(input)) as Value;
    } catch {
      throw failed('is no JSON', input);
    }
  },
  'type/0': typeOf,
  'add/0': input => membersOf(input).reduce<Value>((sum, item) => operate('+', sum, item), null),
  'any/0': input => membersOf(input).some(truth),
  'all/0': input => membersOf(input).every(truth),
  'reverse/0': input =>
    typeof input === 'string' ? [...input].reverse().join('') : input === null ? [] : list(input).toReversed(),
  'sort/0': input => list(input).toSorted(compare),
  'unique/0': input =>
    list(input)
      .toSorted(compare)
      .filter((item, at, all) => at === 0 || compare(all[at - 1]!, item) !== 0),
  'min/0': input => best(list(input), -1),
  'max/0': input => best(list(input), 1),
  'floor/0': input => whole(Math.floor(number(input))),
  'ceil/0': input => whole(Math.ceil(number(input))),
  'round/0': input => whole(Math.sign(number(input)) * Math.round(Math.abs(number(input)))),
  'abs/0': input => (isNumber(input) && input < 0 ? -input : whole(number(input))),
  'sqrt/0': input => Math.sqrt(number(input)),
  'flatten/0': input => flatten(list(input), Number.POSITIVE_INFINITY),
  'flatten/1': (input, depth) => flatten(list(input), number(depth!)),
  'toarray/0': input => (Array.isArray(input) ? input : [input]),
  'to_entries/0': toEntries,
  'from_entries/0': fromEntries,
  'first/0': input => indexed(input, 0n),
  'last/0': input => indexed(input, -1n),
  'nth/1': (input, at) => indexed(input, at!),
  'index/1': (input, part) => {
    const at = text(input).indexOf(text(part!));
    return at < 0 ? null : BigInt(at);
  },
  'test/1': (input, pattern) => expressionOf(pattern!, null).matcher(text(input)).find(),
  'test/2': (input, pattern, flags) => expressionOf(pattern!, flags!).matcher(text(input)).find(),
  'fromdateiso8601/0': seconds,
  'fromdate/0': seconds,
  'todateiso8601/0': input => new Date(Math.floor(number(input)) * 1000).toISOString().replace('.000Z', 'Z'),
  'todate/0': input => new Date(Math.floor(number(input)) * 1000).toISOString().replace('.000Z', 'Z'),
  'error/0': input => {
    throw new JqError(input);
  },
  'error/1': (_, message) => {
    throw new JqError(message!);
  },
};

function* some(runner: Runner, values: Iterable<Value>, test: Filter, wanted: boolean): Generator<Value> {
  for (const value of values)
    for (const found of runner.run(test, value))
      if (truth(found) === wanted) {
        yield wanted;
        return;
      }
  yield !wanted;
}

/** Items with what a filter makes of each, in its order. */
function keyed(runner: Runner, input: Value, by: Filter): { readonly key: Value; readonly item: Value }[] {
  return list(input)
    .map(item => ({ key: [...runner.run(by, item)] as Value, item }))
    .sort((left, right) => compare(left.key, right.key));
}

function grouped(runner: Runner, input: Value, by: Filter): Value[][] {
  const groups: Value[][] = [];
  let last: Value | undefined;
  for (const { key, item } of keyed(runner, input, by)) {
    if (last !== undefined && compare(last, key) === 0) groups.at(-1)!.push(item);
    else groups.push([item]);
    last = key;
  }
  return groups;
}

function* recurse(runner: Runner, value: Value, by: Filter, depth = 0): Generator<Value> {
  if (depth > 1000) throw new RangeError('the filter recurses too deep');
  yield value;
  for (const next of runner.run(by, value)) yield* recurse(runner, next, by, depth + 1);
}

function* range(from: number, to: number): Generator<Value> {
  if (to - from > ITEMS_MAX) throw new RangeError('the range is too long');
  for (let at = from; at < to; at++) yield whole(at);
}

const mapped = (runner: Runner, value: Dict, by: Filter): Value =>
  record(
    Object.entries(value).flatMap(([key, item]): [string, Value][] => {
      const first = runner.run(by, item).next();
      return first.done ? [] : [[key, first.value]];
    }),
  );

export const FUNCTIONS: Readonly<Record<string, Full>> = {
  *'empty/0'() {
    // Nothing at all.
  },
  *'now/0'({ now_ms }) {
    yield now_ms / 1000;
  },
  *'recurse/0'(runner, input) {
    yield* runner.run({ is: 'recurse' }, input);
  },
  *'recurse/1'(runner, input, [by]) {
    yield* recurse(runner, input, by!);
  },
  *'select/1'(runner, input, [test]) {
    for (const found of runner.run(test!, input)) if (truth(found)) yield input;
  },
  *'map/1'(runner, input, [by]) {
    yield membersOf(input).flatMap(item => [...runner.run(by!, item)]);
  },
  *'map_values/1'(runner, input, [by]) {
    if (isDict(input)) yield mapped(runner, input, by!);
    else yield list(input).flatMap(item => [...runner.run(by!, item)].slice(0, 1));
  },
  *'with_entries/1'(runner, input, [by]) {
    yield fromEntries(toEntries(input).flatMap(entry => [...runner.run(by!, entry)]));
  },
  *'any/1'(runner, input, [test]) {
    yield* some(runner, membersOf(input), test!, true);
  },
  *'all/1'(runner, input, [test]) {
    yield* some(runner, membersOf(input), test!, false);
  },
  *'any/2'(runner, input, [of, test]) {
    yield* some(runner, runner.run(of!, input), test!, true);
  },
  *'all/2'(runner, input, [of, test]) {
    yield* some(runner, runner.run(of!, input), test!, false);
  },
  *'isempty/1'(runner, input, [of]) {
    yield runner.run(of!, input).next().done === true;
  },
  *'in/1'(runner, input, [of]) {
    for (const whole of runner.run(of!, input)) yield has(whole, input);
  },
  *'first/1'(runner, input, [of]) {
    const found = runner.run(of!, input).next();
    if (!found.done) yield found.value;
  },
  *'last/1'(runner, input, [of]) {
    const all = [...runner.run(of!, input)];
    if (all.length > 0) yield all.at(-1)!;
  },
  *'limit/2'(runner, input, [count, of]) {
    for (const limit of runner.run(count!, input)) {
      let left = number(limit);
      if (left <= 0) continue;
      for (const value of runner.run(of!, input)) {
        yield value;
        if (--left <= 0) break;
      }
    }
  },
  *'range/1'(runner, input, [to]) {
    for (const end of runner.run(to!, input)) yield* range(0, number(end));
  },
  *'range/2'(runner, input, [from, to]) {
    for (const start of runner.run(from!, input))
      for (const end of runner.run(to!, input)) yield* range(number(start), number(end));
  },
  *'add/1'(runner, input, [of]) {
    let sum: Value = null;
    for (const value of runner.run(of!, input)) sum = operate('+', sum, value);
    yield sum;
  },
  *'sort_by/1'(runner, input, [by]) {
    yield keyed(runner, input, by!).map(({ item }) => item);
  },
  *'group_by/1'(runner, input, [by]) {
    yield grouped(runner, input, by!);
  },
  *'unique_by/1'(runner, input, [by]) {
    yield grouped(runner, input, by!).map(group => group[0]!);
  },
  *'min_by/1'(runner, input, [by]) {
    yield keyed(runner, input, by!)[0]?.item ?? null;
  },
  *'max_by/1'(runner, input, [by]) {
    yield keyed(runner, input, by!).at(-1)?.item ?? null;
  },
  'arrays/0': byKind('array'),
  'objects/0': byKind('object'),
  'iterables/0': byKind('array', 'object'),
  'booleans/0': byKind('boolean'),
  'numbers/0': byKind('number'),
  'strings/0': byKind('string'),
  'nulls/0': byKind('null'),
  'values/0': byKind('boolean', 'number', 'string', 'array', 'object'),
  'scalars/0': byKind('null', 'boolean', 'number', 'string'),
  *'getpath/1'(runner, input, [path]) {
    for (const steps of runner.run(path!, input))
      yield list(steps).reduce<Value>((at, step) => (at === null ? null : indexed(at, step)), input);
  },
};
