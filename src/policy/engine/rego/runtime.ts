import {
  add,
  compareNumbers,
  divide,
  isInteger,
  isNumber,
  multiply,
  negate,
  type RegoNumber,
  subtract,
  toBigInt,
  fromBigInt,
} from './number.ts';
import type { RegoCrypto } from './ports.ts';
import {
  compare,
  compareText,
  entriesOf,
  equal,
  isArray,
  isObject,
  keyOf,
  lookup,
  objectOf,
  type PlainObject,
  RegoObject,
  RegoSet,
  sizeOfObject,
  type Value,
} from './value.ts';

/** Thrown while a policy runs; `code` is OPA's. */
export class EvaluationError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What a builtin throws when its arguments are no good: undefined, or an error under strict errors. */
export class BuiltinError extends Error {
  readonly isType: boolean;
  constructor(message: string, isType = false) {
    super(message);
    this.isType = isType;
  }
}

/** Steps left; one box for a whole evaluation. */
export interface Fuel {
  left: number;
}

/** What builtins may know of the world: all of it fixed for one evaluation. */
export interface BuiltinContext {
  readonly now_ns: bigint;
  readonly random: (seedKey: string) => number;
  readonly environment: Value;
  readonly fuel: Fuel;
  readonly cache: Map<string, unknown>;
  /** Notes of `print`. */
  readonly printed: string[];
  readonly strict: boolean;
  /** First builtin errors, told under strict errors. */
  readonly errors: EvaluationError[];
  /** Answers to effects: key of the call -> value. Missing ones are noted in `needs`. */
  readonly answers: ReadonlyMap<string, Value>;
  readonly needs: Map<string, { readonly name: string; readonly args: readonly Value[] }>;
  /** Cryptography lent by the host. */
  readonly crypto?: RegoCrypto;
  /** Trace notes, newest last. */
  readonly notes: string[];
}

export type Builtin = (args: readonly Value[], context: BuiltinContext) => Value | undefined;

/** One evaluation, or a part of it under `with`. */
export class Context {
  /** Input; undefined when there is none. */
  i: Value | undefined;
  /** Base documents. */
  d: Value;
  /** Memo of documents by id. */
  m: unknown[] = [];
  /** Paths that `with data…` replaced: rules under them are not asked. */
  h: readonly (readonly string[])[] = [];
  /** Functions that `with` replaced. */
  x: ReadonlyMap<string, (args: readonly Value[]) => Value | undefined> | undefined;
  readonly b: BuiltinContext;

  constructor(input: Value | undefined, data: Value, builtins: BuiltinContext) {
    this.i = input;
    this.d = data;
    this.b = builtins;
  }
}

export const NONE = Symbol('undefined');
export const BUSY = Symbol('busy');

/** A document node as compiled programs hold it. */
export interface LinkedNode {
  readonly path: readonly string[];
  readonly children: ReadonlyMap<string, LinkedNode>;
  /** The rules' own value; absent for packages and functions. */
  readonly rules?: (context: Context) => Value | undefined;
  /** Functions have no value of their own. */
  readonly isFunction?: boolean;
}

export function exhausted(): never {
  throw new EvaluationError('eval_cancel_error', 'evaluation used up its fuel');
}

/** One step of the fuel. */
export function spend(context: Context): void {
  if (--context.b.fuel.left < 0) exhausted();
}

export function conflict(what: 'complete' | 'object' | 'function'): never {
  const text = {
    complete: 'complete rules must not produce multiple outputs',
    object: 'object keys must be unique',
    function: 'functions must not produce multiple outputs for same inputs',
  }[what];
  throw new EvaluationError('eval_conflict_error', text);
}

export const recursion = (): never => {
  throw new EvaluationError('rego_recursion_error', 'rule is recursive');
};

/** Key and value pairs of a collection, in Rego's order. */
export function pairs(value: Value): Iterable<readonly [Value, Value]> {
  if (isArray(value)) return value.entries() as Iterable<[Value, Value]>;
  if (value instanceof RegoSet) return value.sorted().map(member => [member, member] as const);
  if (isObject(value)) return entriesOf(value);
  return [];
}

export function values(value: Value): readonly Value[] {
  if (isArray(value)) return value;
  if (value instanceof RegoSet) return value.sorted();
  if (isObject(value)) return entriesOf(value).map(entry => entry[1]);
  return [];
}

const NO_KEYS: readonly Value[] = [];

/** Keys of a collection in Rego's order; undefined for arrays, whose keys are their indexes. */
export function keysOf(value: Value): readonly Value[] | undefined {
  if (Array.isArray(value)) return undefined;
  if (typeof value !== 'object' || value === null) return NO_KEYS;
  if (value instanceof RegoSet) return value.sorted();
  if (value instanceof RegoObject) return entriesOf(value).map(entry => entry[0]);
  if (!isObject(value)) return NO_KEYS;
  const keys = Object.keys(value);
  // Most documents are written in order: looking costs less than sorting.
  for (let at = 1; at < keys.length; at++) if (compareText(keys[at - 1]!, keys[at]!) > 0) return keys.sort(compareText);
  return keys;
}

/** What stands under a key that {@link keysOf} gave. */
export function memberOf(value: Value, key: Value): Value | undefined {
  if (value instanceof RegoSet) return key;
  return value instanceof RegoObject ? value.get(key) : (value as PlainObject)[key as string];
}

/** A constant name that no prototype has: the common step of references. */
export function field(value: Value, name: string): Value | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if (value instanceof RegoSet || value instanceof RegoObject) return lookup(value, name);
  return (value as PlainObject)[name];
}

export const isCollection = (value: Value): boolean => isArray(value) || value instanceof RegoSet || isObject(value);

/** `x in xs`. */
export function member(item: Value, collection: Value): boolean {
  if (collection instanceof RegoSet) return collection.has(item);
  if (isArray(collection)) return collection.some(other => equal(other, item));
  if (isObject(collection)) return entriesOf(collection).some(entry => equal(entry[1], item));
  return false;
}

/** `k, v in xs`. */
export function memberAt(key: Value, item: Value, collection: Value): boolean {
  if (!isCollection(collection)) return false;
  const found = lookup(collection, key);
  return found !== undefined && equal(found, item);
}

const operandError = (context: BuiltinContext, name: string, position: number, wanted: string, got: Value): undefined =>
  failed(
    context,
    name,
    new BuiltinError(`${name}: operand ${position} must be ${wanted} but got ${nameOf(got)}`, true),
  );

function nameOf(value: Value): string {
  if (value === null) return 'null';
  if (isNumber(value)) return 'number';
  if (isArray(value)) return 'array';
  return value instanceof RegoSet ? 'set' : isObject(value) ? 'object' : typeof value;
}

/** A builtin said no: undefined, or noted for strict errors. */
export function failed(context: BuiltinContext, name: string, error: BuiltinError): undefined {
  if (context.strict) {
    const text = error.message.startsWith(`${name}:`) ? error.message : `${name}: ${error.message}`;
    context.errors.push(new EvaluationError(error.isType ? 'eval_type_error' : 'eval_builtin_error', text));
  }
  return undefined;
}

export function callBuiltin(
  context: Context,
  name: string,
  builtin: Builtin,
  args: readonly Value[],
): Value | undefined {
  if (--context.b.fuel.left < 0) exhausted();
  try {
    return builtin(args, context.b);
  } catch (error) {
    if (error instanceof BuiltinError) return failed(context.b, name, error);
    throw error;
  }
}

type Arithmetic = (left: RegoNumber, right: RegoNumber) => RegoNumber | undefined;

function arithmetic(
  name: string,
  apply: Arithmetic,
): (context: Context, left: Value, right: Value) => Value | undefined {
  return (context, left, right) => {
    if (!isNumber(left)) return operandError(context.b, name, 1, 'number', left);
    if (!isNumber(right)) return operandError(context.b, name, 2, 'number', right);
    return apply(left, right);
  };
}

export const plus = arithmetic('plus', add);
export const mul = arithmetic('mul', multiply);
const minusNumbers = arithmetic('minus', subtract);

/** `-`: numbers, or sets without each other's members. */
export function minus(context: Context, left: Value, right: Value): Value | undefined {
  if (left instanceof RegoSet && right instanceof RegoSet)
    return new RegoSet([...left.members.values()].filter(item => !right.has(item)));
  if (left instanceof RegoSet) return operandError(context.b, 'minus', 2, 'set', right);
  if (!isNumber(left))
    return failed(
      context.b,
      'minus',
      new BuiltinError(`minus: operand 1 must be one of {number, set} but got ${nameOf(left)}`, true),
    );
  return minusNumbers(context, left, right);
}

export function div(context: Context, left: Value, right: Value): Value | undefined {
  if (!isNumber(left)) return operandError(context.b, 'div', 1, 'number', left);
  if (!isNumber(right)) return operandError(context.b, 'div', 2, 'number', right);
  return divide(left, right) ?? failed(context.b, 'div', new BuiltinError('divide by zero'));
}

export function rem(context: Context, left: Value, right: Value): Value | undefined {
  if (!isNumber(left)) return operandError(context.b, 'rem', 1, 'number', left);
  if (!isNumber(right)) return operandError(context.b, 'rem', 2, 'number', right);
  if (!isInteger(left) || !isInteger(right))
    return failed(context.b, 'rem', new BuiltinError('modulo on floating-point number'));
  if (right === 0) return failed(context.b, 'rem', new BuiltinError('modulo by zero'));
  return fromBigInt(toBigInt(left)! % toBigInt(right)!);
}

const sets =
  (name: string, apply: (left: RegoSet, right: RegoSet) => RegoSet) =>
  (context: Context, left: Value, right: Value): Value | undefined => {
    if (!(left instanceof RegoSet)) return operandError(context.b, name, 1, 'set', left);
    if (!(right instanceof RegoSet)) return operandError(context.b, name, 2, 'set', right);
    return apply(left, right);
  };

export const and = sets(
  'and',
  (left, right) => new RegoSet([...left.members.values()].filter(item => right.has(item))),
);
export const or = sets('or', (left, right) => new RegoSet([...left.members.values(), ...right.members.values()]));

export function lt(left: Value, right: Value): boolean {
  return (
    (typeof left === 'number' && typeof right === 'number'
      ? left - right
      : isNumber(left) && isNumber(right)
        ? compareNumbers(left, right)
        : compare(left, right)) < 0
  );
}

/** Collects a partial object; a key given twice with different values is a conflict. */
export class ObjectBuilder {
  readonly #entries = new Map<
    string,
    { readonly key: Value; value?: Value; inner?: ObjectBuilder; members?: RegoSet }
  >();

  private entry(key: Value): { key: Value; value?: Value; inner?: ObjectBuilder; members?: RegoSet } {
    const text = keyOf(key);
    let entry = this.#entries.get(text);
    if (!entry) this.#entries.set(text, (entry = { key }));
    return entry;
  }

  #at(path: readonly Value[]): ReturnType<ObjectBuilder['entry']> {
    const [key, ...rest] = path;
    const entry = this.entry(key!);
    if (rest.length === 0) return entry;
    if (entry.value !== undefined || entry.members) conflict('object');
    return (entry.inner ??= new ObjectBuilder()).#at(rest);
  }

  put(path: readonly Value[], value: Value): void {
    const entry = this.#at(path);
    if (entry.inner || entry.members || (entry.value !== undefined && !equal(entry.value, value))) conflict('object');
    entry.value = value;
  }

  /** `p[x] contains y`. */
  addTo(path: readonly Value[], member: Value): void {
    const entry = this.#at(path);
    if (entry.inner || entry.value !== undefined) conflict('object');
    (entry.members ??= new RegoSet()).add(member);
  }

  done(): Value {
    return objectOf(
      [...this.#entries.values()].map(
        ({ key, value, inner, members }) => [key, value !== undefined ? value : (members ?? inner!.done())] as const,
      ),
    );
  }
}

const isHidden = (context: Context, path: readonly string[]): boolean =>
  context.h.some(hidden => hidden.length <= path.length && hidden.every((name, index) => name === path[index]));

const isPartlyHidden = (context: Context, path: readonly string[]): boolean =>
  context.h.some(hidden => hidden.length > path.length && path.every((name, index) => name === hidden[index]));

/** Base document under a path of names. */
export function base(context: Context, path: readonly string[]): Value | undefined {
  let value: Value | undefined = context.d;
  for (const name of path) {
    if (value === undefined) return undefined;
    value = lookup(value, name);
  }
  return value;
}

/** A step into a base document: keys are parts of a path there, so that numbers find names and digits find indexes (OPA's store). */
export function stored(value: Value, key: Value): Value | undefined {
  const found = lookup(value, key);
  if (found !== undefined) return found;
  if (typeof key === 'number' && isObject(value)) return lookup(value, String(key));
  return typeof key === 'string' && isArray(value) && /^(?:0|[1-9]\d*)$/.test(key)
    ? lookup(value, Number(key))
    : undefined;
}

/** What a rule document gives, unless `with` replaced it. */
export function read(context: Context, node: LinkedNode): Value | undefined {
  if (context.h.length > 0) {
    if (isHidden(context, node.path)) return base(context, node.path);
    if (isPartlyHidden(context, node.path)) return overlay(node.rules?.(context), base(context, node.path));
  }
  return node.rules?.(context);
}

function overlay(below: Value | undefined, above: Value | undefined): Value | undefined {
  if (above === undefined) return below;
  if (below === undefined || !isObject(below) || !isObject(above)) return above;
  const merged = new Map(entriesOf(below).map(entry => [keyOf(entry[0]), entry] as const));
  for (const entry of entriesOf(above)) {
    const other = merged.get(keyOf(entry[0]));
    merged.set(keyOf(entry[0]), [entry[0], overlay(other?.[1], entry[1])!]);
  }
  return objectOf(merged.values());
}

/** A node in full: base documents, rules and everything below it. */
export function materialize(context: Context, node: LinkedNode): Value | undefined {
  if (isHidden(context, node.path)) return base(context, node.path);
  const below = base(context, node.path);
  const own = node.rules ? read(context, node) : undefined;
  if (node.children.size === 0 && node.rules) return own === undefined ? below : overlay(own, below);
  const entries: [Value, Value][] = [];
  for (const [name, child] of node.children) {
    const value = child.isFunction ? undefined : materialize(context, child);
    if (value !== undefined) entries.push([name, value]);
  }
  const children = objectOf(entries);
  return overlay(own === undefined ? children : overlay(own, children), below);
}

/** Follows known keys below a node without making more of it than asked for. */
export function descend(context: Context, node: LinkedNode, keys: readonly Value[]): Value | undefined {
  let here: LinkedNode | undefined = node;
  for (let at = 0; at < keys.length; at++) {
    if (here.rules || isHidden(context, here.path)) return steps(materialize(context, here), keys, at);
    const key: Value = keys[at]!;
    const child: LinkedNode | undefined = typeof key === 'string' ? here.children.get(key) : undefined;
    if (!child) return steps(base(context, here.path), keys, at);
    here = child;
  }
  return materialize(context, here);
}

function steps(value: Value | undefined, keys: readonly Value[], from: number): Value | undefined {
  for (let at = from; at < keys.length && value !== undefined; at++) value = lookup(value, keys[at]!);
  return value;
}

/** Names below a node that may have a value: of packages and rules, and of base documents. */
export function childKeys(context: Context, node: LinkedNode): readonly Value[] {
  if (node.rules || isHidden(context, node.path)) {
    const whole = materialize(context, node);
    return whole === undefined ? [] : [...pairs(whole)].map(pair => pair[0]);
  }
  const below = base(context, node.path);
  const names = new Set<Value>(node.children.keys());
  if (below !== undefined && isObject(below)) for (const [key] of entriesOf(below)) names.add(key);
  else if (below !== undefined && names.size === 0) for (const [key] of pairs(below)) names.add(key);
  return [...names].sort(compare);
}

function replaced(value: Value | undefined, path: readonly string[], put: Value): Value {
  if (path.length === 0) return put;
  const [name, ...rest] = path;
  const entries = value !== undefined && isObject(value) ? entriesOf(value).filter(([key]) => key !== name) : [];
  const inner = value !== undefined && isObject(value) ? lookup(value, name!) : undefined;
  return objectOf([...entries, [name!, replaced(inner, rest, put)]]);
}

export interface Replacement {
  readonly kind: 'input' | 'data' | 'function';
  readonly path: readonly string[];
  readonly value?: Value;
  readonly call?: (args: readonly Value[]) => Value | undefined;
}

/** The context in which a function runs that stands in for another: it sees the real functions. */
export function withoutMocks(context: Context): Context {
  if (context.x === undefined) return context;
  const inner = new Context(context.i, context.d, context.b);
  inner.h = context.h;
  return inner;
}

/** The context under `with`. */
export function withContext(context: Context, replacements: readonly Replacement[]): Context {
  const inner = new Context(context.i, context.d, context.b);
  inner.h = context.h;
  inner.x = context.x;
  for (const { kind, path, value, call } of replacements) {
    if (kind === 'input') inner.i = replaced(inner.i, path, value!);
    else if (kind === 'data') {
      inner.d = replaced(inner.d, path, value!);
      inner.h = [...inner.h, path];
    } else {
      const mocks = new Map(inner.x);
      mocks.set(path.join('.'), call ?? (() => value));
      inner.x = mocks;
    }
  }
  return inner;
}

export { print, templateText, textOf } from './text.ts';
export { compare, equal, isArray, isObject, lookup, negate, objectOf, RegoSet, sizeOfObject };
export const newSet = (): RegoSet => new RegoSet();
export const addTo = (set: RegoSet, value: Value): void => set.add(value);
/** Collects an object comprehension: a key twice with different values is a conflict. */
export const newObject = (): ObjectBuilder => new ObjectBuilder();
