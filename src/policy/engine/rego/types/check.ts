import { groundValue } from '../compile-body.ts';
import { orderBody, ownVars } from '../order.ts';
import { groundPath } from '../resolve.ts';
import { type Body, type Literal, type Module, type Place, RegoError, type Rule, type Term } from '../syntax.ts';
import { findNode, type PlacedRule, type RuleDocument } from '../tree.ts';
import { jsonText, type Value } from '../value.ts';
import { comprehensionsIn } from './closures.ts';
import { declarationOf } from './declarations.ts';
import { documentType } from './document.ts';
import { OBJECTS_HINT, operandsText, refText, sharesWithTemplate, undefinedLines, wantOf } from './messages.ts';
import type { TypedProgram } from './typed-program.ts';
import { Scope } from './scope.ts';
import {
  ANY,
  either,
  type FunctionType,
  isAny,
  isScalar,
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

const ERRORS_MAX = 10;
const MEMBERSHIPS: ReadonlySet<string> = new Set(['internal.member_2', 'internal.member_3']);
const STRING: Type = { kind: 'string' };
const EMPTY_SET: Type = { kind: 'set', of: undefined };

/** Finds what can never hold: wrong operands, values that cannot be equal, references to nothing (OPA, "Schema and types"). */
export class TypeChecker {
  readonly errors: RegoError[] = [];
  readonly #program: TypedProgram;
  readonly #types = new Map<number, Type | undefined>();
  readonly #open = new Set<number>();
  #file = '';
  #module: Module | undefined;
  #placed: PlacedRule | undefined;
  /** Variables that have a value where the checker is. */
  #bound: ReadonlySet<string> = new Set();

  constructor(program: TypedProgram) {
    this.#program = program;
  }

  /** Checks every rule, those it uses first. */
  rules(): void {
    for (const document of this.#program.documents) {
      this.#document(document);
      if (this.errors.length >= ERRORS_MAX) return;
    }
  }

  /** Checks a query against rules that are fine. */
  query(body: Body, file: string): void {
    this.#file = file;
    this.#body(body, new Scope(), new Set());
  }

  #document(document: RuleDocument): Type | undefined {
    if (this.#types.has(document.id)) return this.#types.get(document.id);
    // Recursion is refused elsewhere.
    if (this.#open.has(document.id)) return ANY;
    this.#open.add(document.id);
    const [file, module, own, around] = [this.#file, this.#module, this.#placed, this.#bound];
    let type: Type | undefined;
    for (const placed of [...document.rules, ...(document.default ? [document.default] : [])]) {
      this.#file = placed.module.file;
      this.#module = placed.module;
      this.#placed = placed;
      type = either(type, this.#rule(document, placed, this.#program.resolved(placed)));
    }
    [this.#file, this.#module, this.#placed, this.#bound] = [file, module, own, around];
    this.#types.set(document.id, type);
    return type;
  }

  #rule(document: RuleDocument, placed: PlacedRule, rule: Rule): Type | undefined {
    const before = this.errors.length;
    const scope = new Scope();
    const args = rule.head.args ?? [];
    const bound = new Set(args.flatMap(arg => [...ownVars(arg)]));
    this.#body(rule.body, scope, bound);
    for (const part of [...rule.head.path.slice(1), rule.head.key, rule.head.value]) if (part) this.#term(part, scope);
    this.#assume(args, scope);
    const value = rule.head.value ? this.#typeOf(rule.head.value, scope) : typeOfValue(true);
    const other = rule.else ? this.#rule(document, placed, rule.else) : undefined;
    // Who uses a rule that is wrong is not wrong for it.
    if (this.errors.length > before) return ANY;
    switch (document.kind) {
      case 'function':
        return either(this.#function(args, value, scope), other);
      case 'complete':
        return either(value, other);
      case 'set':
        return { kind: 'set', of: rule.head.key ? this.#typeOf(rule.head.key, scope) : ANY };
      case 'object':
        return this.#object(placed, rule, value, scope);
    }
  }

  #function(args: readonly Term[], value: Type | undefined, scope: Scope): FunctionType {
    const types = args.map(arg => this.#typeOf(arg, scope));
    return { kind: 'function', args: types, names: [], variadic: false, ...(value ? { result: value } : {}) };
  }

  #object(placed: PlacedRule, rule: Rule, value: Type | undefined, scope: Scope): Type | undefined {
    if (placed.below && placed.below.length > 0) return objectType([], { key: ANY, value: ANY });
    const typeOf = (term: Term): Type | undefined => this.#typeOf(term, scope);
    const last: Type | undefined = rule.head.key ? { kind: 'set', of: typeOf(rule.head.key) } : value;
    return documentType(rule.head.path.slice(rule.head.path.length - placed.keys.length), last, typeOf);
  }

  #fail(message: string, at: Place, details: readonly string[]): void {
    this.errors.push(new RegoError('rego_type_error', message, at, this.#file, details));
  }

  #body(body: Body, scope: Scope, bound: ReadonlySet<string>): void {
    const ordered = orderBody(
      body,
      bound,
      name => this.#program.arity(name),
      (names, literal) => {
        throw new RegoError('rego_unsafe_var_error', `var ${names[0]} is unsafe`, literal.at, this.#file);
      },
    );
    const known = new Set(bound);
    this.#bound = known;
    for (const literal of ordered) {
      this.#literal(literal, scope);
      this.#bound = known;
      ownVars(literal, known);
    }
  }

  #literal(literal: Literal, scope: Scope): void {
    if (literal.kind === 'some' || literal.kind === 'assign') return;
    for (const { value } of literal.with) {
      this.#term(value, scope);
      if (value.kind === 'var') this.#assume([value], scope);
    }
    switch (literal.kind) {
      case 'term':
        return this.#expression(literal.term, literal.at, scope);
      case 'unify':
        return this.#equality(literal.left, literal.right, literal.at, scope);
      case 'someIn':
        return this.#someIn(literal, scope);
      case 'every':
        return this.#every(literal, scope);
      case 'notBody':
        return this.#body(literal.body, new Scope(scope), this.#bound);
    }
  }

  #expression(term: Term, at: Place, scope: Scope): void {
    if (term.kind !== 'call') return this.#term(term, scope);
    const isEquality = term.name.length === 1 && (term.name[0] === 'equal' || term.name[0] === 'eq');
    if (isEquality && term.args.length === 2) return this.#equality(term.args[0]!, term.args[1]!, at, scope);
    this.#call(term, at, scope, true);
  }

  /** `x in xs` asks for a member that equals `x`, `k, x in xs` for one at `k`. */
  #membership(call: Call, at: Place, scope: Scope): void {
    const before = this.errors.length;
    for (const arg of call.args) this.#term(arg, scope);
    if (this.errors.length > before) return;
    const collection = this.#typeOf(call.args.at(-1)!, scope);
    const [item, key] = call.args.slice(0, -1).reverse();
    this.#member(item!, valuesType(collection), at, scope);
    if (key) this.#member(key, keysType(collection), at, scope);
  }

  #member(term: Term, members: Type | undefined, at: Place, scope: Scope): void {
    const type = this.#typeOf(term, scope);
    if (members === undefined || isUnknown(members)) return this.#assume([term], scope);
    if (isUnknown(type) ? this.#unify(term, members, scope, false) : unifies(type, members)) return;
    this.#fail('match error', at, [`left  : ${shownType(type)}`, `right : ${shownType(members)}`]);
  }

  #equality(left: Term, right: Term, at: Place, scope: Scope): void {
    const before = this.errors.length;
    this.#term(left, scope);
    this.#term(right, scope);
    if (this.errors.length > before) return void this.#assume([left, right], scope);
    const types = [this.#typeOf(left, scope), this.#typeOf(right, scope)] as const;
    if (this.#unifyTerms(left, types[0], right, types[1], scope)) return;
    this.#fail('match error', at, [
      `left  : ${shownType(this.#typeOf(left, scope) ?? types[0])}`,
      `right : ${shownType(this.#typeOf(right, scope) ?? types[1])}`,
      ...(types.every(type => type?.kind === 'object') ? [OBJECTS_HINT] : []),
    ]);
  }

  /** Variables of terms that are wrong may be anything. */
  #assume(terms: readonly Term[], scope: Scope): void {
    for (const term of terms) for (const name of ownVars(term)) if (!scope.get(name)) scope.set(name, ANY);
  }

  #unifyTerms(left: Term, leftType: Type | undefined, right: Term, rightType: Type | undefined, scope: Scope): boolean {
    const [a, b] = [isUnknown(leftType), isUnknown(rightType)];
    if (a && !b) return this.#unify(left, rightType!, scope, false);
    if (b && !a) return this.#unify(right, leftType!, scope, false);
    if (!a && !b) return unifies(leftType, rightType);
    if (left.kind === 'array' && right.kind === 'array') {
      if (left.items.length !== right.items.length) return false;
      return left.items.every((item, index) => {
        const other = right.items[index]!;
        return this.#unifyTerms(item, this.#typeOf(item, scope), other, this.#typeOf(other, scope), scope);
      });
    }
    // Two empty sets have no type to compare (as OPA refuses `set() == set()`).
    if (left.kind === 'set' && right.kind === 'set') return false;
    const pair = [left, right];
    for (const one of pair)
      if (one.kind === 'var' && pair.some(({ kind }) => kind === 'set') && !scope.get(one.name))
        scope.set(one.name, EMPTY_SET);
    this.#assume([left, right], scope);
    return true;
  }

  /** Whether a term may have a type; its unknown variables get theirs. */
  #unify(term: Term, type: Type, scope: Scope, inUnion: boolean): boolean {
    if (term.kind === 'var' && term.name !== 'input' && term.name !== 'data') {
      const own = scope.get(term.name);
      if (own !== undefined) return unifies(own, type);
      // Which member of the union it will be is not known.
      scope.set(term.name, inUnion ? ANY : type);
      return true;
    }
    if (term.kind !== 'array' && term.kind !== 'object' && term.kind !== 'set')
      return unifies(this.#typeOf(term, scope) ?? ANY, type);
    if (type.kind === 'any') {
      if (isAny(type)) {
        const parts = term.kind === 'object' ? term.entries.map(entry => entry[1]) : term.items;
        for (const part of parts) this.#unify(part, ANY, scope, true);
        return true;
      }
      // Only where one member fits is it known what the variables are.
      const fitting = type.of.filter(each => each.kind === term.kind);
      return fitting.map(each => this.#unify(term, each, scope, inUnion || fitting.length > 1)).some(Boolean);
    }
    if (term.kind === 'array' && type.kind === 'array') {
      if (term.items.length !== type.items.length && !type.rest) return false;
      return term.items.every((item, index) => {
        const wanted = selectType(type, index);
        return wanted !== undefined && this.#unify(item, wanted, scope, inUnion);
      });
    }
    if (term.kind === 'set' && type.kind === 'set')
      return term.items.every(item => this.#unify(item, type.of ?? ANY, scope, inUnion));
    return term.kind === 'object' && type.kind === 'object' && this.#unifyObject(term, type, scope, inUnion);
  }

  #unifyObject(
    term: Extract<Term, { kind: 'object' }>,
    type: Extract<Type, { kind: 'object' }>,
    scope: Scope,
    inUnion: boolean,
  ): boolean {
    if (term.entries.length !== type.fields.size && !type.rest) return false;
    return term.entries.every(([key, value]) => {
      const constant = groundValue(key);
      if (constant === undefined) return (this.#unify(value, ANY, scope, inUnion), true);
      const wanted = selectType(type, constant);
      return wanted !== undefined && this.#unify(value, wanted, scope, inUnion);
    });
  }

  #someIn(literal: Extract<Literal, { kind: 'someIn' }>, scope: Scope): void {
    this.#term(literal.domain, scope);
    const domain = this.#typeOf(literal.domain, scope);
    if (domain !== undefined && isScalar(domain)) {
      const key: Term = literal.key ?? { kind: 'var', name: '$', at: literal.at };
      const ref: Ref = { kind: 'ref', head: literal.domain, path: [key], at: literal.at };
      this.#undefined(ref, -1, [`have: ${shownType(domain)}`], true);
      return this.#assume([literal.value, key], scope);
    }
    // Nothing is known of an empty array.
    if (isUnknown(domain)) this.#assume([literal.domain], scope);
    const members = isUnknown(domain) ? undefined : valuesType(domain);
    const values = members ?? ANY;
    const keys = members === undefined ? ANY : (keysType(domain) ?? ANY);
    const bind = (pattern: Term, type: Type): void => {
      this.#term(pattern, scope);
      if (!this.#unify(pattern, type, scope, false))
        this.#fail('match error', literal.at, [
          `left  : ${shownType(type)}`,
          `right : ${shownType(this.#typeOf(pattern, scope))}`,
        ]);
      this.#assume([pattern], scope);
    };
    if (literal.key) bind(literal.key, keys);
    bind(literal.value, values);
  }

  /** As in OPA, what the body says is not judged, but for comprehensions in it. */
  #every(literal: Extract<Literal, { kind: 'every' }>, scope: Scope): void {
    this.#term(literal.domain, scope);
    // A variable that is handed on before anything is known of it may be anything.
    if (literal.domain.kind === 'var') this.#assume([literal.domain], scope);
    const around = this.#bound;
    const bound = new Set(around).add(literal.value).add(literal.key ?? literal.value);
    for (const each of literal.body) ownVars(each, bound);
    this.#bound = bound;
    const inner = new Scope(scope);
    for (const each of literal.body)
      if (each.kind === 'every') this.#every(each, inner);
      else for (const term of comprehensionsIn(each)) this.#term(term, inner);
    this.#bound = around;
  }

  /** Checks everything inside a term. */
  #term(term: Term, scope: Scope): void {
    switch (term.kind) {
      case 'array':
      case 'set':
        return term.items.forEach(item => this.#term(item, scope));
      case 'object':
        return term.entries.flat().forEach(part => this.#term(part, scope));
      case 'call':
        return this.#call(term, term.at, scope, false);
      case 'ref':
        return this.#ref(term, scope);
      case 'comprehension': {
        const inner = this.#inside(term, scope);
        for (const part of [term.key, term.value]) if (part) this.#term(part, inner);
        return;
      }
      case 'template':
        for (const part of term.parts)
          if (typeof part !== 'string' && part.kind === 'term') this.#term(part.term, scope);
    }
  }

  readonly #closures = new Map<Term, Scope>();

  /** The scope inside a comprehension, its body checked once. */
  #inside(term: Extract<Term, { kind: 'comprehension' }>, scope: Scope): Scope {
    let inner = this.#closures.get(term);
    if (inner) return inner;
    inner = new Scope(scope);
    this.#closures.set(term, inner);
    const around = this.#bound;
    this.#body(term.body, inner, around);
    this.#bound = around;
    return inner;
  }

  #functionType(name: readonly string[]): FunctionType | undefined {
    if (name[0] !== 'data') return declarationOf(name.join('.'));
    const document = findNode(this.#program.root, name.slice(1))?.document;
    const type = document?.kind === 'function' ? this.#document(document) : undefined;
    return type?.kind === 'function' ? type : undefined;
  }

  #call(call: Call, at: Place, scope: Scope, isExpression: boolean): void {
    // OPA does not judge these: the variable belongs to a closure of the same expression.
    if (sharesWithTemplate(call)) return this.#assume(call.args, scope);
    if (MEMBERSHIPS.has(call.name.join('.'))) return this.#membership(call, at, scope);
    const before = this.errors.length;
    for (const arg of call.args) this.#term(arg, scope);
    const type = this.#functionType(call.name);
    if (!type || type.variadic) return;
    if (this.errors.length > before) return this.#assume(call.args, scope);
    const wanted = [...type.args, type.result ?? ANY];
    if (call.args.every((arg, index) => this.#unify(arg, wanted[index] ?? ANY, scope, false))) return;
    const have = call.args.map(arg => shownType(this.#typeOf(arg, scope)));
    this.#fail(`${call.name.join('.')}: invalid argument(s)`, at, [
      `have: (${[...have, ...(isExpression ? [] : ['???'])].join(', ')})`,
      `want: (${operandsText(type)})`,
    ]);
    this.#assume(call.args, scope);
  }

  /** The type a reference starts from and how many of its keys that takes. */
  #start(ref: Ref, scope: Scope): { type: Type | undefined; at: number } {
    const { head } = ref;
    if (head.kind !== 'var') return { type: this.#typeOf(head, scope), at: 0 };
    if (head.name === 'input') return this.#schema(ref) ?? { type: ANY, at: 0 };
    if (head.name !== 'data') {
      // What is iterated before anything is known of it stays unknown.
      this.#assume([head], scope);
      return { type: scope.get(head.name), at: 0 };
    }
    let node = this.#program.root;
    for (let at = 0; at < ref.path.length; at++) {
      const key = ref.path[at]!;
      const child = key.kind === 'scalar' && typeof key.value === 'string' ? node.children.get(key.value) : undefined;
      if (!child) return this.#schema(ref) ?? { type: ANY, at };
      node = child;
      if (!node.document) continue;
      const rest = ref.path[at + 1];
      const hasRulesBelow = rest?.kind === 'scalar' && typeof rest.value === 'string' && node.children.has(rest.value);
      if (hasRulesBelow || node.document.kind === 'function') return { type: ANY, at: at + 1 };
      return { type: node.children.size > 0 ? ANY : this.#document(node.document), at: at + 1 };
    }
    return { type: ANY, at: ref.path.length };
  }

  #schema(ref: Ref): { type: Type; at: number } | undefined {
    for (let at = ref.path.length; at >= 0; at--) {
      const path = groundPath(at === 0 ? ref.head : { ...ref, path: ref.path.slice(0, at) });
      const type = path && this.#program.schema?.(path, this.#placed);
      if (type) return { type, at };
    }
    return undefined;
  }

  #ref(ref: Ref, scope: Scope): void {
    this.#term(ref.head, scope);
    for (const key of ref.path) if (key.kind !== 'var') this.#term(key, scope);
    const { type: first, at: from } = this.#start(ref, scope);
    let type = first;
    for (let at = from; at < ref.path.length; at++) {
      if (type === undefined) return;
      const key = ref.path[at]!;
      const keys = keysType(type);
      if (keys === undefined && type.kind !== 'set')
        return this.#undefined(ref, at - 1, [`have: ${shownType(type)}`], true);
      const constant = groundValue(key);
      if (constant !== undefined && typeof constant !== 'object') {
        const child = selectType(type, constant);
        if (child === undefined) return this.#undefined(ref, at, [`have: ${jsonText(constant)}`, wantOf(type)]);
        type = child;
        continue;
      }
      // Which member of the empty set a variable may be is not judged.
      if (keys === undefined) return this.#assume([key], scope);
      if (!this.#unify(key, keys, scope, false))
        return this.#undefined(ref, at, [`have (type): ${shownType(this.#typeOf(key, scope))}`, wantOf(type)]);
      type = valuesType(type);
    }
  }

  #undefined(ref: Ref, at: number, lines: readonly string[], whole = false): void {
    for (const key of ref.path) this.#assume([key], new Scope());
    this.#fail(`undefined ref: ${refText(ref)}`, ref.at, undefinedLines(ref, at, lines, whole));
  }

  #typeOf(term: Term, scope: Scope): Type | undefined {
    switch (term.kind) {
      case 'scalar':
        return typeOfValue(term.value);
      case 'var':
        if (term.name === 'data') return ANY;
        if (term.name === 'input') return this.#program.schema?.(['input'], this.#placed) ?? ANY;
        return scope.get(term.name);
      case 'ref':
        return this.#typeOfRef(term, scope);
      case 'array':
        return { kind: 'array', items: term.items.map(item => this.#typeOf(item, scope)) };
      case 'set':
        if (term.items.length === 0) return EMPTY_SET;
        return { kind: 'set', of: unionOf(term.items.map(item => this.#typeOf(item, scope))) };
      case 'object':
        return this.#typeOfObject(term, scope);
      case 'call':
        return this.#functionType(term.name)?.result ?? ANY;
      case 'comprehension': {
        const inner = this.#inside(term, scope);
        const value = this.#typeOf(term.value, inner) ?? ANY;
        if (term.of === 'array') return { kind: 'array', items: [], rest: value };
        if (term.of === 'set') return { kind: 'set', of: value };
        return objectType([], { key: this.#typeOf(term.key!, inner) ?? ANY, value });
      }
      case 'template':
        return STRING;
    }
  }

  #typeOfRef(ref: Ref, scope: Scope): Type | undefined {
    const { type, at } = this.#start(ref, scope);
    return ref.path.slice(at).reduce<Type | undefined>((from, key) => {
      const constant = groundValue(key);
      return constant !== undefined && typeof constant !== 'object' ? selectType(from, constant) : valuesType(from);
    }, type);
  }

  #typeOfObject(term: Extract<Term, { kind: 'object' }>, scope: Scope): Type {
    const fields: [Value, Type | undefined][] = [];
    let rest: { key: Type | undefined; value: Type | undefined } | undefined;
    for (const [key, value] of term.entries) {
      const constant = groundValue(key);
      const type = this.#typeOf(value, scope);
      if (constant !== undefined) fields.push([constant, type]);
      else rest = { key: either(rest?.key, this.#typeOf(key, scope)), value: either(rest?.value, type) };
    }
    return objectType(fields, rest);
  }
}
