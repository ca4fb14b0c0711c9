import { type Filter, JqError, type Value } from './ast.ts';
import { FUNCTIONS, SIMPLE } from './functions.ts';
import { parseJq } from './parse.ts';
import { indexed, isNumber, membersOf, operate, put, sliced, toJson, truth, type Dict } from './values.ts';

/** Steps of one run: a filter of a stage looks at one object and is done. */
const STEPS_MAX = 50_000;

interface Variables {
  readonly name: string;
  readonly value: Value;
  readonly next: Variables | undefined;
}

/** What a function needs of the run it is called in. */
export interface Runner {
  /** Everything a filter makes of an input, one after the other. */
  run(filter: Filter, input: Value): Generator<Value>;
  readonly now_ms: number;
}

class Run {
  #steps = 0;
  readonly now_ms: number;

  constructor(now_ms: number) {
    this.now_ms = now_ms;
  }

  *run(filter: Filter, input: Value, variables?: Variables): Generator<Value> {
    if (++this.#steps > STEPS_MAX) throw new RangeError('the filter does too much');
    switch (filter.is) {
      case 'identity':
        yield input;
        return;
      case 'literal':
        yield filter.value;
        return;
      case 'variable':
        yield variableOf(filter.name, variables);
        return;
      case 'recurse':
        yield* this.recurse(input);
        return;
      case 'pipe':
        for (const value of this.run(filter.left, input, variables)) yield* this.run(filter.right, value, variables);
        return;
      case 'comma':
        yield* this.run(filter.left, input, variables);
        yield* this.run(filter.right, input, variables);
        return;
      case 'index':
        for (const of of this.run(filter.of, input, variables))
          for (const at of this.run(filter.at, input, variables)) yield indexed(of, at);
        return;
      case 'each':
        for (const of of this.run(filter.of, input, variables)) yield* this.#counted(membersOf(of));
        return;
      case 'try':
        yield* this.#try(filter, input, variables);
        return;
      case 'call':
        yield* this.#call(filter, input, variables);
        return;
      default:
        yield* this.#compound(filter, input, variables);
    }
  }

  *#counted(values: Iterable<Value>): Generator<Value> {
    for (const value of values) {
      if (++this.#steps > STEPS_MAX) throw new RangeError('the filter does too much');
      yield value;
    }
  }

  *recurse(value: Value): Generator<Value> {
    yield value;
    if (typeof value !== 'object' || value === null) return;
    for (const member of this.#counted(membersOf(value))) yield* this.recurse(member);
  }

  *#compound(filter: Filter, input: Value, variables: Variables | undefined): Generator<Value> {
    switch (filter.is) {
      case 'slice':
        for (const of of this.run(filter.of, input, variables))
          for (const to of this.#maybe(filter.to, input, variables))
            for (const from of this.#maybe(filter.from, input, variables)) yield sliced(of, from, to);
        return;
      case 'operator':
        for (const right of this.run(filter.right, input, variables))
          for (const left of this.run(filter.left, input, variables)) yield operate(filter.sign, left, right);
        return;
      case 'negative':
        for (const value of this.run(filter.of, input, variables)) {
          if (!isNumber(value)) throw new JqError('what is negated is no number');
          yield -value;
        }
        return;
      case 'and':
      case 'or':
        for (const left of this.run(filter.left, input, variables)) {
          if (truth(left) === (filter.is === 'or')) yield filter.is === 'or';
          else for (const right of this.run(filter.right, input, variables)) yield truth(right);
        }
        return;
      case 'alternative':
        yield* this.#alternative(filter, input, variables);
        return;
      case 'if':
        for (const test of this.run(filter.test, input, variables)) {
          const branch = truth(test) ? filter.yes : filter.otherwise;
          if (branch) yield* this.run(branch, input, variables);
          else yield input;
        }
        return;
      case 'array':
        yield filter.of ? [...this.run(filter.of, input, variables)] : [];
        return;
      case 'object':
        yield* this.#object(filter.fields, 0, {}, input, variables);
        return;
      case 'text':
        yield* this.#text(filter.parts, 0, '', input, variables);
        return;
      case 'bind':
        for (const value of this.run(filter.of, input, variables))
          yield* this.run(filter.body, input, { name: filter.name, value, next: variables });
        return;
      case 'reduce':
        yield* this.#reduce(filter, input, variables);
        return;
      default:
        throw new JqError(`cannot do "${filter.is}"`);
    }
  }

  *#maybe(filter: Filter | undefined, input: Value, variables: Variables | undefined): Generator<Value> {
    if (filter) yield* this.run(filter, input, variables);
    else yield null;
  }

  *#try(
    { of, otherwise }: Extract<Filter, { is: 'try' }>,
    input: Value,
    variables: Variables | undefined,
  ): Generator<Value> {
    try {
      yield* this.run(of, input, variables);
    } catch (error) {
      if (!(error instanceof JqError)) throw error;
      if (otherwise) yield* this.run(otherwise, error.value, variables);
    }
  }

  /** What the left gives that is neither null nor false; the right where there is none. */
  *#alternative(
    { left, right }: { left: Filter; right: Filter },
    input: Value,
    variables: Variables | undefined,
  ): Generator<Value> {
    let any = false;
    try {
      for (const value of this.run(left, input, variables)) {
        if (!truth(value)) continue;
        any = true;
        yield value;
      }
    } catch (error) {
      if (!(error instanceof JqError)) throw error;
    }
    if (!any) yield* this.run(right, input, variables);
  }

  *#object(
    fields: readonly { key: Filter; value: Filter }[],
    at: number,
    made: Dict,
    input: Value,
    variables: Variables | undefined,
  ): Generator<Value> {
    const field = fields[at];
    if (!field) {
      yield made;
      return;
    }
    for (const key of this.run(field.key, input, variables)) {
      if (typeof key !== 'string') throw new JqError('object keys must be strings');
      for (const value of this.run(field.value, input, variables)) {
        const next = { ...made };
        put(next, key, value);
        yield* this.#object(fields, at + 1, next, input, variables);
      }
    }
  }

  *#text(
    parts: readonly (string | Filter)[],
    at: number,
    made: string,
    input: Value,
    variables: Variables | undefined,
  ): Generator<Value> {
    const part = parts[at];
    if (part === undefined) yield made;
    else if (typeof part === 'string') yield* this.#text(parts, at + 1, made + part, input, variables);
    else
      for (const value of this.run(part, input, variables))
        yield* this.#text(parts, at + 1, made + (typeof value === 'string' ? value : toJson(value)), input, variables);
  }

  *#reduce(
    filter: Extract<Filter, { is: 'reduce' }>,
    input: Value,
    variables: Variables | undefined,
  ): Generator<Value> {
    for (let state of this.run(filter.from, input, variables)) {
      for (const value of this.run(filter.of, input, variables)) {
        let last: Value = null;
        for (const next of this.run(filter.update, state, { name: filter.name, value, next: variables })) last = next;
        state = last;
      }
      yield state;
    }
  }

  *#call(
    { name, args }: Extract<Filter, { is: 'call' }>,
    input: Value,
    variables: Variables | undefined,
  ): Generator<Value> {
    const key = `${name}/${args.length}`;
    const simple = SIMPLE[key];
    if (simple && Object.hasOwn(SIMPLE, key)) {
      for (const given of this.#product(args, args.length - 1, input, variables)) yield simple(input, ...given);
      return;
    }
    const full = Object.hasOwn(FUNCTIONS, key) ? FUNCTIONS[key] : undefined;
    if (!full) throw new JqError(`function not defined: ${key}`);
    const runner: Runner = {
      now_ms: this.now_ms,
      run: (filter, value) => this.run(filter, value, variables),
    };
    yield* this.#counted(full(runner, input, args));
  }

  /** Every choice of arguments; the last one changes slowest. */
  *#product(args: readonly Filter[], at: number, input: Value, variables: Variables | undefined): Generator<Value[]> {
    const arg = args[at];
    if (!arg) {
      yield [];
      return;
    }
    for (const value of this.run(arg, input, variables))
      for (const rest of this.#product(args, at - 1, input, variables)) yield [...rest, value];
  }
}

function variableOf(name: string, variables: Variables | undefined): Value {
  for (let at = variables; at; at = at.next) if (at.name === name) return at.value;
  throw new JqError(`variable not defined: $${name}`);
}

/** Functions and variables that a filter names and nobody knows. */
function checkNames(filter: Filter, known: ReadonlySet<string>): void {
  if (filter.is === 'variable' && !known.has(filter.name)) throw new JqError(`variable not defined: $${filter.name}`);
  if (filter.is === 'call') {
    const key = `${filter.name}/${filter.args.length}`;
    if (!Object.hasOwn(SIMPLE, key) && !Object.hasOwn(FUNCTIONS, key))
      throw new JqError(`function not defined: ${key}`);
  }
  const inner = filter.is === 'bind' || filter.is === 'reduce' ? new Set([...known, filter.name]) : known;
  for (const [field, part] of Object.entries(filter)) {
    const names = field === 'of' || field === 'from' ? known : inner;
    for (const each of Array.isArray(part) ? part.flatMap(partsOf) : partsOf(part)) checkNames(each, names);
  }
}

const partsOf = (part: unknown): Filter[] => {
  if (typeof part !== 'object' || part === null) return [];
  if ('is' in part) return [part as Filter];
  return 'key' in part && 'value' in part ? [part.key as Filter, part.value as Filter] : [];
};

/** A filter ready to run. */
export interface Query {
  /** Everything it makes of the input, or nothing at all where it fails on it (as kwok takes a query). */
  all(input: unknown, now_ms: number): Value[] | undefined;
}

/** Reads and checks a filter. Throws JqError. */
export function compileJq(source: string): Query {
  const filter = parseJq(source);
  checkNames(filter, new Set());
  return {
    all: (input, now_ms) => {
      try {
        return [...new Run(now_ms).run(filter, input as Value)];
      } catch (error) {
        if (error instanceof JqError || error instanceof RangeError) return undefined;
        throw error;
      }
    },
  };
}
