import { groundValue } from '../compile-body.ts';
import { type Body, type Literal, partsOf, type Place, RegoError, type Term } from '../syntax.ts';
import { jsonText, type Value } from '../value.ts';
import { comprehensionsIn } from './closures.ts';
import { fits, match, type Types } from './fit.ts';
import { differHint, operandsText, refText, undefinedLines, wantOf } from './messages.ts';
import { type Replaced, replacedAt, replacedBy } from './replaced.ts';
import { Scope } from './scope.ts';
import {
  ANY,
  type FunctionType,
  isEmpty,
  isUnknown,
  keysType,
  objectType,
  selectType,
  shownType,
  type Type,
  typeOfValue,
  unifies,
  unionOf,
  valuesType,
} from './type.ts';

type Call = Extract<Term, { kind: 'call' }>;
type Ref = Extract<Term, { kind: 'ref' }>;
type Comprehension = Extract<Term, { kind: 'comprehension' }>;

/** Bodies of comprehensions judged for one rule; beyond that they may be anything. */
const CLOSURES_MAX = 20_000;
const MEMBERSHIPS: ReadonlySet<string> = new Set(['internal.member_2', 'internal.member_3']);

/** What bodies refer to. */
export interface Globals {
  readonly file: string;
  /** The type of `input` or `data` and of what is below, and how many keys of the reference that takes. */
  start(ref: Ref): { readonly type: Type | undefined; readonly at: number };
  input(): Type;
  functionType(name: readonly string[]): FunctionType | undefined;
}

interface Refusal {
  readonly error: RegoError;
  /** Whether it may stand only because something else is wrong. */
  readonly isUnsure: boolean;
}

/** Infers types literal by literal in a body that was taken apart and put in order (OPA, type checking of bodies). */
export class BodyTypes {
  readonly #globals: Globals;
  #closures = 0;
  /** What `with` puts in the place of documents, where the checker is. */
  #replaced: Replaced | undefined;

  constructor(globals: Globals) {
    this.#globals = globals;
  }

  /** What is wrong in a body; types of its variables stand in the scope then. */
  check(body: Body, scope: Scope): RegoError[] {
    const errors: RegoError[] = [];
    for (const literal of body) {
      const around = this.#replaced;
      if ('with' in literal && literal.with.length > 0) this.#replaced = replacedBy(literal.with, around);
      if (literal.kind === 'notBody') errors.push(...this.check(literal.body, new Scope(scope)));
      const inside = [...this.#insideClosures(literal, scope), ...this.#refs(literal, scope)];
      errors.push(...inside);
      const own = this.#literal(literal, scope);
      if (own && !(inside.length > 0 && own.isUnsure)) errors.push(own.error);
      this.#replaced = around;
    }
    return errors;
  }

  typeOf(term: Term, scope: Scope): Type | undefined {
    switch (term.kind) {
      case 'scalar':
        return typeOfValue(term.value);
      case 'var':
        if (term.name !== 'data' && term.name !== 'input') return scope.get(term.name);
        return this.#documents({ kind: 'ref', head: term, path: [], at: term.at }).type;
      case 'ref':
        return this.#typeOfRef(term, scope);
      case 'array':
        return { kind: 'array', items: term.items.map(item => this.typeOf(item, scope)) };
      case 'set':
        if (term.items.length === 0) return { kind: 'set', of: undefined };
        return { kind: 'set', of: unionOf(term.items.map(item => this.typeOf(item, scope))) };
      case 'object':
        return this.#typeOfObject(term, scope);
      case 'comprehension':
        return this.#typeOfComprehension(term, scope);
      case 'call':
      case 'template':
        return undefined;
    }
  }

  #types(scope: Scope): Types {
    return { typeOf: term => this.typeOf(term, scope), set: (name, type) => scope.set(name, type) };
  }

  #error(message: string, at: Place, details: readonly string[]): RegoError {
    return new RegoError('rego_type_error', message, at, this.#globals.file, details);
  }

  /** Comprehensions of a literal, and those in them, also under `every`: each by what is known outside of it. */
  #insideClosures(part: Literal | Term | Body, scope: Scope): RegoError[] {
    let found: RegoError[] = [];
    for (const term of comprehensionsIn(part)) {
      if (++this.#closures > CLOSURES_MAX) break;
      const errors = this.check((term as Comprehension).body, new Scope(scope));
      const below = errors.length > 0 ? errors : this.#insideClosures((term as Comprehension).body, scope);
      if (below.length > 0) found = below;
    }
    return found;
  }

  #literal(literal: Literal, scope: Scope): Refusal | undefined {
    if (literal.kind === 'unify') return this.#equality(literal, scope);
    if (literal.kind !== 'term' || literal.term.kind !== 'call') return undefined;
    const { term } = literal;
    return (
      (MEMBERSHIPS.has(term.name.join('.')) ? this.#membership(term, literal.at, scope) : undefined) ??
      this.#call(term, literal.at, scope)
    );
  }

  #equality({ left, right, at }: Extract<Literal, { kind: 'unify' }>, scope: Scope): Refusal | undefined {
    const sides = [this.typeOf(left, scope), this.typeOf(right, scope)] as const;
    if (match(this.#types(scope), left, right)) return undefined;
    return this.#mismatch(sides, at);
  }

  #mismatch(sides: readonly [Type | undefined, Type | undefined], at: Place): Refusal {
    const lines = [`left  : ${shownType(sides[0])}`, `right : ${shownType(sides[1])}`, ...differHint(...sides)];
    return { error: this.#error('match error', at, lines), isUnsure: sides.some(isUnknown) };
  }

  /** `x in xs` asks for a member that equals `x`, `k, x in xs` for one at `k`. */
  #membership({ name, args }: Call, at: Place, scope: Scope): Refusal | undefined {
    const isKeyed = name.join('.') === 'internal.member_3';
    const [first, second, third] = args;
    const [key, item, collection] = isKeyed ? [first, second!, third!] : [undefined, first!, second!];
    const type = this.typeOf(collection, scope);
    return (
      this.#member(item, valuesType(type), at, scope) ??
      (key ? this.#member(key, keysType(type), at, scope) : undefined)
    );
  }

  #member(term: Term, members: Type | undefined, at: Place, scope: Scope): Refusal | undefined {
    if (members === undefined || isUnknown(members)) return undefined;
    if (fits(this.#types(scope), term, members, false)) return undefined;
    return this.#mismatch([this.typeOf(term, scope), members], at);
  }

  #call(call: Call, at: Place, scope: Scope): Refusal | undefined {
    const type = this.#globals.functionType(call.name);
    if (!type || type.variadic) return undefined;
    const wanted = [...type.args, type.result ?? ANY];
    const types = this.#types(scope);
    const args = call.args.map((arg, index) => [arg, wanted[index] ?? ANY] as const);
    // What is known is judged first: one of several types makes names wider, for what comes after.
    const isWrong = ([arg, want]: readonly [Term, Type]): boolean => {
      const own = this.typeOf(arg, scope);
      return !isUnknown(own) && !unifies(own, want);
    };
    if (!args.some(isWrong) && args.every(([arg, want]) => fits(types, arg, want, false))) return undefined;
    const have = call.args.map(arg => this.typeOf(arg, scope));
    const error = this.#error(`${call.name.join('.')}: invalid argument(s)`, at, [
      `have: (${have.map(shownType).join(', ')})`,
      `want: (${operandsText(type)})`,
    ]);
    return { error, isUnsure: have.some(isUnknown) };
  }

  /** References outside of comprehensions, those in bodies under `every` too. */
  #refs(literal: Literal, scope: Scope): RegoError[] {
    const errors: RegoError[] = [];
    const visit = (term: Term): void => {
      const error = term.kind === 'ref' ? this.#ref(term, scope) : undefined;
      if (error) errors.push(error);
      else partsOf(term).forEach(visit);
    };
    const each = (one: Literal): void => {
      if (one.kind === 'term') visit(one.term);
      else if (one.kind === 'unify') [one.left, one.right].forEach(visit);
      else if (one.kind === 'every') one.body.forEach(each);
    };
    each(literal);
    return errors;
  }

  #start(ref: Ref, scope: Scope): { readonly type: Type | undefined; readonly at: number } {
    const { head } = ref;
    if (head.kind !== 'var') return { type: this.typeOf(head, scope), at: 0 };
    if (head.name === 'input' || head.name === 'data') return this.#documents(ref);
    return { type: scope.get(head.name), at: 0 };
  }

  #documents(ref: Ref): { readonly type: Type | undefined; readonly at: number } {
    const replaced = this.#replaced && replacedAt(this.#replaced, ref);
    if (replaced) return replaced;
    if (ref.path.length > 0) return this.#globals.start(ref);
    return { type: (ref.head as { name: string }).name === 'input' ? this.#globals.input() : ANY, at: 0 };
  }

  #ref(ref: Ref, scope: Scope): RegoError | undefined {
    const { head } = ref;
    // What is iterated before anything is known of it may be anything.
    if (head.kind === 'var' && head.name !== 'input' && head.name !== 'data' && !scope.get(head.name))
      scope.set(head.name, ANY);
    const { type: first, at: from } = this.#start(ref, scope);
    let type = first;
    const types = this.#types(scope);
    for (let at = from; at < ref.path.length; at++) {
      if (type === undefined) return undefined;
      const key = ref.path[at]!;
      const constant = scalarOf(key);
      if (constant !== undefined) {
        if (keysType(type) === undefined && !isEmpty(type)) return this.#undefined(ref, at - 1, type);
        const child: Type | undefined = selectType(type, constant);
        if (child === undefined) return this.#undefined(ref, at, undefined, `have: ${jsonText(constant)}`, type);
        type = child;
        continue;
      }
      // What an empty collection holds is not judged where the key is not known.
      const keys: Type | undefined = isEmpty(type) ? ANY : keysType(type);
      if (keys === undefined) return this.#undefined(ref, at - 1, type);
      if (!fits(types, key, keys, false))
        return this.#undefined(ref, at, undefined, `have (type): ${shownType(this.typeOf(key, scope))}`, type);
      type = isEmpty(type) ? ANY : valuesType(type);
    }
    return undefined;
  }

  /** A key there cannot be, or (`whole`) any key of what has none. */
  #undefined(ref: Ref, at: number, whole: Type | undefined, have?: string, of?: Type): RegoError {
    const lines = whole ? [`have: ${shownType(whole)}`] : [have!, wantOf(of!)];
    return this.#error(`undefined ref: ${refText(ref)}`, ref.at, undefinedLines(ref, at, lines, whole !== undefined));
  }

  #typeOfRef(ref: Ref, scope: Scope): Type | undefined {
    const { type, at } = this.#start(ref, scope);
    return ref.path.slice(at).reduce<Type | undefined>((from, key) => {
      const constant = scalarOf(key);
      if (constant !== undefined) return selectType(from, constant);
      return from && isEmpty(from) ? ANY : valuesType(from);
    }, type);
  }

  #typeOfComprehension(term: Comprehension, scope: Scope): Type | undefined {
    if (++this.#closures > CLOSURES_MAX) return ANY;
    const inner = new Scope(scope);
    if (this.check(term.body, inner).length > 0) return undefined;
    const value = this.typeOf(term.value, inner);
    if (term.of === 'array') return { kind: 'array', items: [], ...(value ? { rest: value } : {}) };
    if (term.of === 'set') return { kind: 'set', of: value };
    return objectType([], { key: this.typeOf(term.key!, inner), value });
  }

  #typeOfObject(term: Extract<Term, { kind: 'object' }>, scope: Scope): Type {
    const fields: [Value, Type | undefined][] = [];
    let rest: { key: Type | undefined; value: Type | undefined } | undefined;
    for (const [key, value] of term.entries) {
      const constant = groundValue(key);
      const type = this.typeOf(value, scope);
      if (constant !== undefined) fields.push([constant, type]);
      // Of several keys that are not known OPA keeps the last.
      else rest = { key: this.typeOf(key, scope), value: type };
    }
    return objectType(fields, rest);
  }
}

function scalarOf(term: Term): Value | undefined {
  return term.kind === 'scalar' ? term.value : undefined;
}
