import { groundValue } from '../compile-body.ts';
import { operandsOf } from '../negation.ts';
import { isEvaluable, orderBody, ownVars } from '../order.ts';
import { groundPath } from '../resolve.ts';
import * as runtime from '../runtime.ts';
import type { Body, Literal, Term, With } from '../syntax.ts';
import type { RuleDocument } from '../tree.ts';
import { equal, isArray, isObject, lookup, objectOf, RegoSet, sizeOfObject, type Value } from '../value.ts';
import { followData } from './references.ts';
import type { Tracer, TwinProgram } from './model.ts';

export type Bindings = ReadonlyMap<string, Value>;
/** Called where everything so far holds; true ends the search. */
export type Next = (bindings: Bindings) => boolean;
type Found = (value: Value, bindings: Bindings) => boolean;
type Context = runtime.Context;
type Call = Extract<Term, { kind: 'call' }>;

const SIGNS: Readonly<Record<string, (context: Context, left: Value, right: Value) => Value | undefined>> = {
  equal: (_, left, right) => equal(left, right),
  neq: (_, left, right) => !equal(left, right),
  lt: (_, left, right) => runtime.lt(left, right),
  gt: (_, left, right) => runtime.lt(right, left),
  lte: (_, left, right) => !runtime.lt(right, left),
  gte: (_, left, right) => !runtime.lt(left, right),
  plus: runtime.plus,
  minus: runtime.minus,
  mul: runtime.mul,
  div: runtime.div,
  rem: runtime.rem,
  and: runtime.and,
  or: runtime.or,
};

const with1 = (bindings: Bindings, name: string, value: Value): Bindings => new Map(bindings).set(name, value);

/** Walks bodies as they are written: slow, plain, and the model the compiler is held against. */
export class BodyInterpreter {
  readonly #program: TwinProgram;
  readonly #tracer: Tracer | undefined;
  readonly #orders = new Map<Body, Map<string, Body>>();

  constructor(program: TwinProgram, tracer: Tracer | undefined) {
    this.#program = program;
    this.#tracer = tracer;
  }

  /** Every way a body holds. */
  body(body: Body, bindings: Bindings, context: Context, next: Next): boolean {
    const ordered = this.#ordered(body, bindings);
    const step = (at: number, known: Bindings): boolean => {
      const literal = ordered[at];
      if (!literal) return next(known);
      runtime.spend(context);
      const { file } = this.#program;
      this.#tracer?.eval(literal, known, file);
      let held = false;
      const stopped = this.#literal(literal, known, context, inner => {
        if (held) this.#tracer?.redo(literal, inner, file);
        this.#tracer?.held?.(literal, file, inner);
        held = true;
        return step(at + 1, inner);
      });
      if (!held) this.#tracer?.fail(literal, known, file);
      return stopped;
    };
    return step(0, bindings);
  }

  #ordered(body: Body, bindings: Bindings): Body {
    const names = [...bindings.keys()].sort().join(' ');
    const known = this.#orders.get(body) ?? new Map<string, Body>();
    this.#orders.set(body, known);
    let ordered = known.get(names);
    if (!ordered) {
      ordered = orderBody(
        body,
        new Set(bindings.keys()),
        name => this.#program.arity(name),
        (unsafe, literal) => this.#program.unsafe(unsafe, literal),
      );
      known.set(names, ordered);
    }
    return ordered;
  }

  #literal(literal: Literal, bindings: Bindings, context: Context, next: Next): boolean {
    if (literal.kind === 'some' || literal.kind === 'assign') return next(bindings);
    return this.#with(literal.with, bindings, context, inner => {
      const negated = literal.kind === 'notBody' || (literal.kind !== 'someIn' && literal.negated);
      if (!negated) return this.#positive(literal, bindings, inner, next);
      if (literal.kind !== 'term' && literal.kind !== 'unify')
        return !this.#positive(literal, bindings, inner, () => true) && next(bindings);
      const { operands, rest } = operandsOf(literal);
      const bind = (at: number, known: Bindings): boolean => {
        const operand = operands[at];
        if (!operand) return !this.#positive(rest, known, inner, () => true) && next(bindings);
        return this.term(operand.term, known, inner, (value, after) => bind(at + 1, with1(after, operand.name, value)));
      };
      return bind(0, bindings);
    });
  }

  #positive(
    literal: Exclude<Literal, { kind: 'some' | 'assign' }>,
    bindings: Bindings,
    context: Context,
    next: Next,
  ): boolean {
    switch (literal.kind) {
      case 'term':
        return this.#expression(literal.term, bindings, context, next);
      case 'unify':
        return this.#unify(literal.left, literal.right, bindings, context, next);
      case 'someIn':
        return this.term(literal.domain, bindings, context, (domain, known) =>
          this.each(domain, context, (key, member) => {
            const value: Next = inner => this.match(literal.value, member, inner, context, next);
            return literal.key ? this.match(literal.key, key, known, context, value) : value(known);
          }),
        );
      case 'every':
        return this.term(literal.domain, bindings, context, (domain, known) => {
          if (!runtime.isCollection(domain)) return false;
          const fails = this.each(domain, context, (key, member) => {
            const inside = new Map(known).set(literal.value, member);
            if (literal.key !== undefined) inside.set(literal.key, key);
            return !this.body(literal.body, inside, context, () => true);
          });
          return !fails && next(known);
        });
      case 'notBody':
        return this.body(literal.body, bindings, context, next);
    }
  }

  #expression(term: Term, bindings: Bindings, context: Context, next: Next): boolean {
    if (term.kind === 'call' && term.args.length > 0 && this.#program.arity(term.name) === term.args.length - 1) {
      const call: Term = { ...term, args: term.args.slice(0, -1) };
      return this.#unify(call, term.args.at(-1)!, bindings, context, next);
    }
    return this.term(term, bindings, context, (value, known) => value !== false && next(known));
  }

  /** Members of a collection in Rego's order. */
  each(collection: Value, context: Context, tell: (key: Value, member: Value) => boolean): boolean {
    for (const [key, member] of runtime.pairs(collection)) {
      runtime.spend(context);
      if (tell(key, member)) return true;
    }
    return false;
  }

  #with(list: readonly With[], bindings: Bindings, context: Context, next: (context: Context) => boolean): boolean {
    if (list.length === 0) return next(context);
    const made: runtime.Replacement[] = [];
    const step = (at: number, known: Bindings): boolean => {
      const item = list[at];
      if (!item) return next(runtime.withContext(context, made.slice(0, list.length)));
      const path = groundPath(item.target)!;
      const isFunction = path[0] !== 'input' && (path[0] !== 'data' || this.#program.function(path) !== undefined);
      const stand = isFunction ? this.#standIn(item, context) : undefined;
      if (stand) {
        made[at] = { kind: 'function', path, call: stand };
        return step(at + 1, known);
      }
      return this.term(item.value, known, context, (value, after) => {
        made[at] = isFunction
          ? { kind: 'function', path, value }
          : { kind: path[0] === 'input' ? 'input' : 'data', path: path.slice(1), value };
        return step(at + 1, after);
      });
    };
    return step(0, bindings);
  }

  #standIn(item: With, context: Context): ((args: readonly Value[]) => Value | undefined) | undefined {
    const path = item.replacement ?? groundPath(item.value);
    if (!path) return undefined;
    const document = this.#program.function(path);
    if (document) return args => this.#program.apply(document, runtime.withoutMocks(context), args);
    const builtin = path[0] === 'data' || path[0] === 'input' ? undefined : this.#program.builtin(path.join('.'));
    if (!builtin) return undefined;
    return args => runtime.callBuiltin(context, builtin.name, builtin.call, args.slice(0, builtin.arity));
  }

  #unify(left: Term, right: Term, bindings: Bindings, context: Context, next: Next): boolean {
    const known = new Set(bindings.keys());
    const shared = new Set([...known, ...ownVars(left), ...ownVars(right)]);
    const [source, pattern] = isEvaluable(left, known, shared) ? [left, right] : [right, left];
    return this.term(source, bindings, context, (value, inner) => this.match(pattern, value, inner, context, next));
  }

  /** A value against a pattern; unknown variables are bound. */
  match(pattern: Term, value: Value, bindings: Bindings, context: Context, next: Next): boolean {
    const isName = pattern.kind === 'var' && pattern.name !== 'input' && pattern.name !== 'data';
    if (isName && !bindings.has(pattern.name)) return next(with1(bindings, pattern.name, value));
    const isGround = groundValue(pattern) !== undefined;
    if (pattern.kind === 'array' && !isGround) {
      if (!isArray(value) || value.length !== pattern.items.length) return false;
      const step = (at: number, known: Bindings): boolean =>
        at === pattern.items.length
          ? next(known)
          : this.match(pattern.items[at]!, value[at]!, known, context, inner => step(at + 1, inner));
      return step(0, bindings);
    }
    if (pattern.kind === 'object' && !isGround) {
      if (!isObject(value) || sizeOfObject(value) !== pattern.entries.length) return false;
      const step = (at: number, known: Bindings): boolean => {
        const entry = pattern.entries[at];
        if (!entry) return next(known);
        return this.term(entry[0], known, context, (key, inner) => {
          const found = lookup(value, key);
          return found !== undefined && this.match(entry[1], found, inner, context, after => step(at + 1, after));
        });
      };
      return step(0, bindings);
    }
    return this.term(pattern, bindings, context, (other, inner) => equal(value, other) && next(inner));
  }

  /** Several terms, one after the other. */
  terms(
    list: readonly Term[],
    bindings: Bindings,
    context: Context,
    next: (values: Value[], bindings: Bindings) => boolean,
  ): boolean {
    const step = (at: number, values: Value[], known: Bindings): boolean =>
      at === list.length
        ? next(values, known)
        : this.term(list[at]!, known, context, (value, inner) => step(at + 1, [...values, value], inner));
    return step(0, [], bindings);
  }

  /** The values of a term. */
  term(term: Term, bindings: Bindings, context: Context, next: Found): boolean {
    switch (term.kind) {
      case 'scalar':
        return next(term.value, bindings);
      case 'var':
      case 'ref':
        return this.#reference(term, bindings, context, next);
      case 'array':
        return this.terms(term.items, bindings, context, next);
      case 'set':
        return this.terms(term.items, bindings, context, (values, known) => next(new RegoSet(values), known));
      case 'object':
        return this.terms(term.entries.flat(), bindings, context, (values, known) => {
          const entries = term.entries.map((_, at) => [values[at * 2]!, values[at * 2 + 1]!] as const);
          return next(objectOf(entries), known);
        });
      case 'call':
        return this.#call(term, bindings, context, next);
      case 'comprehension':
        return next(this.#comprehension(term, bindings, context), bindings);
      case 'template':
        return next(this.#template(term, bindings, context), bindings);
    }
  }

  #reference(term: Extract<Term, { kind: 'var' | 'ref' }>, bindings: Bindings, context: Context, next: Found): boolean {
    const head = term.kind === 'ref' ? term.head : term;
    const path = term.kind === 'ref' ? term.path : [];
    if (head.kind === 'var' && !bindings.has(head.name)) {
      if (head.name === 'data') return followData(this, this.#program, path, bindings, context, next);
      if (head.name === 'input')
        return context.i !== undefined && this.steps(context.i, path, bindings, context, runtime.lookup, next);
      return this.#program.unsafe([head.name], { kind: 'term', term, negated: false, with: [], at: term.at });
    }
    if (head.kind === 'var') return this.steps(bindings.get(head.name)!, path, bindings, context, runtime.lookup, next);
    return this.term(head, bindings, context, (value, known) =>
      this.steps(value, path, known, context, runtime.lookup, next),
    );
  }

  /** Keys one after the other; an unknown variable iterates. */
  steps(
    value: Value,
    path: readonly Term[],
    bindings: Bindings,
    context: Context,
    by: (value: Value, key: Value) => Value | undefined,
    next: Found,
  ): boolean {
    const [key, ...rest] = path;
    if (!key) return next(value, bindings);
    const known = new Set(bindings.keys());
    if (isEvaluable(key, known, new Set([...known, ...ownVars(key)])))
      return this.term(key, bindings, context, (index, inner) => {
        const found = by(value, index);
        return found !== undefined && this.steps(found, rest, inner, context, by, next);
      });
    return this.each(value, context, (index, member) =>
      this.match(key, index, bindings, context, inner => this.steps(member, rest, inner, context, by, next)),
    );
  }

  #call(call: Call, bindings: Bindings, context: Context, next: Found): boolean {
    const name = call.name.join('.');
    const metadata = this.#program.metadata(name);
    if (metadata !== undefined) return next(metadata, bindings);
    const document = this.#program.function(call.name);
    if (call.args.length === 0 && call.name[0] === 'data' && !document) {
      const path = call.name.slice(1).map((value): Term => ({ kind: 'scalar', value, at: call.at }));
      return followData(this, this.#program, path, bindings, context, next);
    }
    if (name === 'print') return this.#print(call, bindings, context, next);
    return this.terms(call.args, bindings, context, (args, known) => {
      if (name === 'walk') {
        for (const pair of this.#program.builtin('walk')!.call(args, context.b) as unknown as Iterable<Value>) {
          runtime.spend(context);
          if (next(pair, known)) return true;
        }
        return false;
      }
      const result = this.#apply(name, document, args, context);
      return result !== undefined && next(result, known);
    });
  }

  #apply(
    name: string,
    document: RuleDocument | undefined,
    args: readonly Value[],
    context: Context,
  ): Value | undefined {
    const mock = context.x?.get(name);
    if (mock) return mock(args);
    if (document) return this.#program.apply(document, context, args);
    if (Object.hasOwn(SIGNS, name)) return SIGNS[name]!(context, args[0]!, args[1]!);
    const builtin = this.#program.builtin(name)!;
    return runtime.callBuiltin(context, name, builtin.call, args);
  }

  #first(term: Term, bindings: Bindings, context: Context): Value | undefined {
    let found: Value | undefined;
    this.term(term, bindings, context, value => {
      found = value;
      return true;
    });
    return found;
  }

  #print(call: Call, bindings: Bindings, context: Context, next: Found): boolean {
    runtime.print(
      context,
      call.args.map(arg => this.#first(arg, bindings, context)),
    );
    return next(true, bindings);
  }

  #comprehension(term: Extract<Term, { kind: 'comprehension' }>, bindings: Bindings, context: Context): Value {
    const array: Value[] = [];
    const set = new RegoSet();
    const object = runtime.newObject();
    this.body(term.body, bindings, context, inner =>
      this.terms(term.key ? [term.key, term.value] : [term.value], inner, context, values => {
        if (term.of === 'array') array.push(values[0]!);
        else if (term.of === 'set') set.add(values[0]!);
        else object.put([values[0]!], values[1]!);
        return false;
      }),
    );
    return term.of === 'array' ? array : term.of === 'set' ? set : object.done();
  }

  #template(term: Extract<Term, { kind: 'template' }>, bindings: Bindings, context: Context): Value {
    const texts = term.parts.map(part => {
      if (typeof part === 'string') return part;
      let found: Value | undefined;
      if (part.kind === 'term')
        this.#with(part.with, bindings, context, inner => {
          found = this.#first(part.term, bindings, inner);
          return true;
        });
      return runtime.templateText(found);
    });
    return texts.join('');
  }
}
