import { anyText } from './sprig-text.ts';
import type { Call } from './value.ts';
import { TemplateError } from './refuse.ts';
import {
  deepCopy,
  deepEqual,
  type Dict,
  dict,
  float,
  integer,
  isDict,
  isNil,
  kindName,
  list,
  text,
  truth,
  typeName,
} from './value.ts';

function dictOf(...args: unknown[]): Dict {
  const made: Dict = new Map();
  for (let i = 0; i < args.length; i += 2) made.set(anyText(args[i]), i + 1 < args.length ? args[i + 1] : '');
  return made;
}

/** Fills in what `into` has not (mergo without override): an empty value counts as absent, maps are merged. */
function merge(into: Dict, from: Dict, override: boolean): Dict {
  for (const [key, value] of from) {
    const before = into.get(key);
    if (isDict(before) && isDict(value)) merge(before, value, override);
    else if (override || (!truth(before) && !(into.has(key) && isNil(value)))) into.set(key, deepCopy(value));
  }
  return into;
}

const mergeAll =
  (override: boolean): Call =>
  (first, ...others) => {
    const into = dict(first);
    for (const other of others) if (!isNil(other)) merge(into, dict(other), override);
    return into;
  };

function dig(...args: unknown[]): unknown {
  const [from, fallback] = [dict(args.at(-1)), args.at(-2)];
  let at: unknown = from;
  for (const key of args.slice(0, -2)) {
    if (!isDict(at)) throw new TemplateError(`dig: ${anyText(key)} is looked for in ${typeName(at)}`);
    if (!at.has(text(key))) return fallback;
    at = at.get(text(key));
  }
  return at;
}

const items = (value: unknown): unknown[] => {
  if (Array.isArray(value)) return value;
  if (isNil(value)) throw new TemplateError('Cannot work on type nil');
  return list(value);
};

const uniq = (value: unknown): unknown[] => {
  const kept: unknown[] = [];
  for (const item of items(value)) if (!kept.some(other => deepEqual(other, item))) kept.push(item);
  return kept;
};

const two =
  (operation: (left: bigint, right: bigint) => bigint): Call =>
  (...args) => {
    if (args.length !== 2) throw new TemplateError(`wrong number of args: want 2 got ${args.length}`);
    return operation(integer(args[0]), integer(args[1]));
  };

const pair =
  (operation: (left: bigint, right: bigint) => bigint): Call =>
  (...args) =>
    args.map(integer).reduce((left, right) => operation(left, right));

const floats =
  (operation: (left: number, right: number) => number): Call =>
  (...args) =>
    args.map(float).reduce((left, right) => operation(left, right));

function divisor(value: bigint): bigint {
  if (value === 0n) throw new TemplateError('runtime error: integer divide by zero');
  return value;
}

function round(value: unknown, places: unknown, on: unknown = 0.5): number {
  const power = 10 ** Number(integer(places));
  const scaled = float(value) * power;
  const part = scaled - Math.trunc(scaled);
  return (Math.abs(part) >= float(on) ? Math.trunc(scaled) + Math.sign(scaled) : Math.trunc(scaled)) / power;
}

function steps(from: bigint, to: bigint, step: bigint): bigint[] {
  const made: bigint[] = [];
  if (step === 0n) return made;
  for (let at = from; step > 0n ? at < to : at > to; at += step) {
    if (made.push(at) > 1_000_000) throw new TemplateError('until: too many steps');
  }
  return made;
}

const NUMBERS: Readonly<Record<string, Call>> = {
  int: value => integer(value),
  int64: value => integer(value),
  float64: value => float(value),
  atoi: value => integer(value),
  toDecimal: value => BigInt(Number.parseInt(anyText(value), 8) || 0),
  add1: value => integer(value) + 1n,
  add: pair((left, right) => left + right),
  sub: two((left, right) => left - right),
  mul: pair((left, right) => left * right),
  div: two((left, right) => left / divisor(right)),
  mod: two((left, right) => left % divisor(right)),
  max: pair((left, right) => (left > right ? left : right)),
  biggest: pair((left, right) => (left > right ? left : right)),
  min: pair((left, right) => (left < right ? left : right)),
  add1f: value => float(value) + 1,
  addf: floats((left, right) => left + right),
  subf: floats((left, right) => left - right),
  mulf: floats((left, right) => left * right),
  divf: floats((left, right) => left / right),
  maxf: floats(Math.max),
  minf: floats(Math.min),
  ceil: value => Math.ceil(float(value)),
  floor: value => Math.floor(float(value)),
  round,
  until: count => steps(0n, integer(count), integer(count) < 0n ? -1n : 1n),
  untilStep: (from, to, step) => steps(integer(from), integer(to), integer(step)),
  seq: (...args) => {
    const [first = 1n, second, third] = args.map(integer);
    const [from, step, to] =
      third !== undefined
        ? [first, second!, third]
        : second !== undefined
          ? [first, first <= second ? 1n : -1n, second]
          : [1n, first >= 1n ? 1n : -1n, first];
    return steps(from, step > 0n ? to + 1n : to - 1n, step).join(' ');
  },
};

const LISTS: Readonly<Record<string, Call>> = {
  list: (...values) => values,
  tuple: (...values) => values,
  first: value => items(value)[0],
  last: value => items(value).at(-1),
  rest: value => items(value).slice(1),
  initial: value => items(value).slice(0, -1),
  append: (value, item) => [...items(value), item],
  push: (value, item) => [...items(value), item],
  prepend: (value, item) => [item, ...items(value)],
  concat: (...values) => values.flatMap(value => items(value)),
  reverse: value => [...items(value)].reverse(),
  uniq,
  without: (value, ...omitted) => items(value).filter(item => !omitted.some(other => deepEqual(other, item))),
  has: (item, value) => !isNil(value) && items(value).some(other => deepEqual(other, item)),
  compact: value => items(value).filter(truth),
  slice: (value, from = 0n, to) =>
    items(value).slice(Number(integer(from)), to === undefined ? undefined : Number(integer(to))),
  chunk: (size, value) => {
    const [whole, count] = [items(value), Math.max(1, Number(integer(size)))];
    return Array.from({ length: Math.ceil(whole.length / count) }, (_, index) =>
      whole.slice(index * count, (index + 1) * count),
    );
  },
};

const must = (calls: Readonly<Record<string, Call>>, names: readonly string[]): Record<string, Call> =>
  Object.fromEntries(names.map(name => [`must${name[0]!.toUpperCase()}${name.slice(1)}`, calls[name]!]));

/** Sprig's functions over maps, lists, numbers and types. */
export const DATA_FUNCTIONS: Readonly<Record<string, Call>> = {
  ...NUMBERS,
  ...LISTS,
  ...must(LISTS, [
    'first',
    'last',
    'rest',
    'initial',
    'append',
    'push',
    'prepend',
    'reverse',
    'uniq',
    'without',
    'has',
    'compact',
    'slice',
    'chunk',
  ]),
  dict: dictOf,
  get: (from, key) => dict(from).get(text(key)) ?? '',
  set: (into, key, value) => dict(into).set(text(key), value),
  unset: (from, key) => {
    dict(from).delete(text(key));
    return from;
  },
  hasKey: (from, key) => dict(from).has(text(key)),
  pluck: (key, ...from) =>
    from
      .map(dict)
      .filter(one => one.has(text(key)))
      .map(one => one.get(text(key))),
  keys: (...from) => from.flatMap(one => [...dict(one).keys()]),
  values: from => [...dict(from).values()],
  pick: (from, ...keys) =>
    new Map(
      keys
        .map(text)
        .filter(key => dict(from).has(key))
        .map(key => [key, dict(from).get(key)]),
    ),
  omit: (from, ...keys) => new Map([...dict(from)].filter(([key]) => !keys.includes(key))),
  merge: mergeAll(false),
  mustMerge: mergeAll(false),
  mergeOverwrite: mergeAll(true),
  mustMergeOverwrite: mergeAll(true),
  deepCopy,
  mustDeepCopy: deepCopy,
  deepEqual,
  dig,
  default: (fallback, value) => (truth(value) ? value : fallback),
  empty: value => !truth(value),
  coalesce: (...values) => values.find(truth),
  all: (...values) => values.every(truth),
  any: (...values) => values.some(truth),
  ternary: (yes, no, condition) => {
    if (typeof condition !== 'boolean')
      throw new TemplateError(`wrong type for value; expected bool; got ${typeName(condition)}`);
    return condition ? yes : no;
  },
  typeOf: typeName,
  typeIs: (name, value) => typeName(value) === name,
  typeIsLike: (name, value) => typeName(value) === name || `*${typeName(value)}` === name,
  kindOf: kindName,
  kindIs: (name, value) => kindName(value) === name || (name === 'int64' && typeof value === 'bigint'),
};
