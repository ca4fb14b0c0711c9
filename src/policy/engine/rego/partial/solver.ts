import { groundValue } from '../compile-body.ts';
import type { BuiltinDefinition } from '../compile.ts';
import type { Interpreter } from '../interpret/index.ts';
import { allVars, isEvaluable, orderBody, ownVars } from '../order.ts';
import { type Context, spend } from '../runtime.ts';
import { type Body, type Literal, RegoError, type Rule, type Term } from '../syntax.ts';
import { findNode, type PlacedRule, type RuleDocument, type TreeNode } from '../tree.ts';
import { equal } from '../value.ts';
import { Dependence } from './dependence.ts';
import { negate } from './negation.ts';
import { operandsOf } from '../negation.ts';
import { inlined, reduce, reduceAll, select, withoutDefault } from './reduce.ts';
import { bound, type Next, type Reduced, save, type State } from './state.ts';
import { Support } from './support.ts';
import {
  condition,
  equation,
  freshened,
  isGlobal,
  resolved,
  resolvedLiteral,
  type Substitution,
  termOf,
  variable,
} from './terms.ts';

/** What is evaluated and how. */
export interface PartialSource {
  readonly root: TreeNode;
  readonly builtins: ReadonlyMap<string, BuiltinDefinition>;
  readonly interpreter: Interpreter;
  resolved(placed: PlacedRule): Rule;
}

export interface Inlining {
  /** Paths of documents that are left as rules of their own. */
  readonly disabled: readonly (readonly string[])[];
  /** Whether every rule that depends on unknowns is left as one. */
  readonly shallow: boolean;
  /** Whether bodies become a filter: truth passes over defaults that are false, comparisons are negated in line. */
  readonly isFilter?: boolean;
}

/** Evaluates bodies as far as they are known; the interpreter evaluates what is known. */
export class Solver {
  readonly source: PartialSource;
  readonly dependence: Dependence;
  readonly inlining: Inlining;
  readonly support: Support;
  readonly context: Context;
  #uses = 0;

  constructor(source: PartialSource, unknowns: readonly (readonly string[])[], inlining: Inlining, context: Context) {
    this.source = source;
    this.dependence = new Dependence(source.root, placed => source.resolved(placed), unknowns);
    this.inlining = inlining;
    this.context = context;
    this.support = new Support(this);
  }

  arity(name: readonly string[]): number | undefined {
    return this.function(name)?.arity ?? this.source.builtins.get(name.join('.'))?.arity;
  }

  function(name: readonly string[]): RuleDocument | undefined {
    const document = name[0] === 'data' ? findNode(this.source.root, name.slice(1))?.document : undefined;
    return document?.kind === 'function' ? document : undefined;
  }

  /** A rule with variables of its own. */
  use(placed: PlacedRule): Rule {
    return freshened(this.source.resolved(placed), this.#uses++);
  }

  /** A name no other variable has. */
  fresh(prefix = '$'): string {
    return `${prefix}%${this.#uses++}`;
  }

  body(body: Body, state: State, next: Next): void {
    const ordered = orderBody(
      body,
      new Set([...state.bindings.keys(), ...state.open, ...state.rigid]),
      name => this.arity(name),
      (names, { at }) => {
        throw new RegoError('rego_unsafe_var_error', `var ${names.join(', ')} is unsafe`, at, 'query');
      },
    );
    const step = (index: number, now: State): void => {
      const literal = ordered[index];
      if (literal) this.literal(literal, now, after => step(index + 1, after));
      else next(now);
    };
    step(0, state);
  }

  /** Whether nothing of a literal or term has to wait. */
  isKnown(part: Literal | Term, state: State): boolean {
    const depends =
      'with' in part || part.kind === 'some' ? this.dependence.literal(part) : this.dependence.term(part as Term);
    return !depends && [...allVars(part)].every(name => !state.open.has(name) && !state.rigid.has(name));
  }

  literal(literal: Literal, state: State, next: Next): void {
    spend(this.context);
    if (literal.kind === 'some' || literal.kind === 'assign') return next(state);
    if (literal.kind === 'term' && literal.term.kind === 'call' && literal.term.name.join('.') === 'print')
      return next(state);
    const plugged = resolvedLiteral(literal, state.bindings) as Exclude<Literal, { kind: 'some' | 'assign' }>;
    if (this.isKnown(plugged, state)) return this.evaluate(plugged, state, next);
    if (plugged.with.length > 0) return next(this.#replaced(literal, state));
    if (plugged.kind === 'notBody') return negate(this, plugged.body, state, next);
    if (plugged.kind !== 'someIn' && plugged.negated) return this.#negated(plugged, state, next);
    switch (plugged.kind) {
      case 'term':
        return this.#truth(plugged.term, state, next);
      case 'unify':
        return this.equate(plugged.left, plugged.right, state, next);
      case 'someIn':
        return this.#member(plugged, state, next);
      case 'every':
        return reduce(this, plugged.domain, state, (domain, after) =>
          next(save(after, resolvedLiteral({ ...plugged, domain }, after.bindings), ownVars(domain))),
        );
    }
  }

  /** A literal under `with` is left whole; what its variables stand for is evaluated outside of it. */
  #replaced(literal: Exclude<Literal, { kind: 'some' | 'assign' }>, state: State): State {
    const own = new Map(state.bindings);
    let now = state;
    for (const name of allVars({ ...literal, with: [] })) {
      const value = resolved(variable(name), state.bindings);
      if (value.kind === 'var' || groundValue(value) !== undefined) continue;
      const made = this.fresh(name.replace(/%.*/, ''));
      own.set(name, variable(made));
      now = save(now, equation(variable(made), value), [made, ...ownVars(value)]);
    }
    const modifiers = literal.with.map(item => ({ ...item, value: resolved(item.value, state.bindings) }));
    const left = this.support.literal({
      ...resolvedLiteral({ ...literal, with: [] }, own),
      with: modifiers,
    } as Literal);
    return save(now, left, ownVars(left));
  }

  /** References and calls that are operands of what is negated have values outside of the negation. */
  #negated(
    literal: Exclude<Literal, { kind: 'some' | 'assign' | 'someIn' | 'notBody' }>,
    state: State,
    next: Next,
  ): void {
    if (literal.kind === 'every') return negate(this, [{ ...literal, negated: false }], state, next);
    const { operands, rest } = operandsOf(literal);
    const step = (index: number, made: Substitution, now: State): void => {
      const operand = operands[index];
      if (!operand) return negate(this, [resolvedLiteral({ ...rest, negated: false }, made)], now, next);
      reduce(this, resolved(operand.term, made), now, (value, after) => {
        // A field that is not there meets no test of a filter, nor its negation.
        const isQuiet = this.inlining.isFilter || groundValue(value) !== undefined;
        const marked = isQuiet ? after : save(after, condition(value), ownVars(value), true);
        step(index + 1, new Map(made).set(operand.name, value), marked);
      });
    };
    step(0, new Map(), state);
  }

  /** Asks the interpreter: every solution binds what it found. */
  evaluate(literal: Literal, state: State, next: Next): void {
    this.source.interpreter.query([literal], this.context, found => {
      let now = state;
      for (const [name, value] of found) if (!state.bindings.has(name)) now = this.#bind(now, name, termOf(value));
      next(now);
    });
  }

  /** The constant values of a term that is known. */
  evaluateTerm(term: Term, state: State, next: Reduced): void {
    const name = this.fresh('$value');
    this.evaluate(equation(variable(name), term), state, now => next(now.bindings.get(name)!, now));
  }

  isEvaluable(term: Term): boolean {
    return isEvaluable(term, new Set(), ownVars(term));
  }

  #truth(term: Term, state: State, next: Next): void {
    if (term.kind === 'call') {
      const name = term.name.join('.');
      if (name === 'equal' && term.args.length === 2) return this.equate(term.args[0]!, term.args[1]!, state, next);
      // One argument more than the function takes is its result.
      if (term.args.length > 0 && this.arity(term.name) === term.args.length - 1)
        return this.equate({ ...term, args: term.args.slice(0, -1) }, term.args.at(-1)!, state, next);
    }
    const decided = (value: Term, now: State): void => {
      const constant = groundValue(value);
      if (constant === undefined) next(save(now, condition(value), ownVars(value)));
      else if (constant !== false) next(now);
    };
    if (!this.inlining.isFilter || !withoutDefault(this, term, fallback => fallback === false, state, decided))
      reduce(this, term, state, decided);
  }

  #member(literal: Extract<Literal, { kind: 'someIn' }>, state: State, next: Next): void {
    reduce(this, literal.domain, state, (domain, now) => {
      const key = literal.key ?? variable(this.fresh());
      select(this, domain, [resolved(key, now.bindings)], now, (value, after) =>
        this.equate(resolved(literal.value, after.bindings), value, after, next),
      );
    });
  }

  /** Both sides equal: variables are bound, what cannot be decided is saved. */
  equate(left: Term, right: Term, state: State, next: Next): void {
    for (const [one, other] of [
      [left, right],
      [right, left],
    ] as const)
      if (inlined(this, one, other, state, next)) return;
    reduceAll(this, [left, right], state, ([a, b], now) => this.unify(a!, b!, now, next));
  }

  unify(first: Term, second: Term, state: State, next: Next): void {
    const [left, right] = [resolved(first, state.bindings), resolved(second, state.bindings)];
    if (left.kind === 'var' && right.kind === 'var' && left.name === right.name) return next(state);
    if (this.#isFree(left, state) && !(this.#isFree(right, state) && isShown(left.name)))
      return this.#assign(left.name, right, state, next);
    if (this.#isFree(right, state)) return this.#assign(right.name, left, state, next);
    const [a, b] = [groundValue(left), groundValue(right)];
    if (a !== undefined && b !== undefined) return equal(a, b) ? next(state) : undefined;
    if (left.kind === 'array' && right.kind === 'array') {
      if (left.items.length !== right.items.length) return;
      return this.#unifyAll(left.items, right.items, state, next);
    }
    if (left.kind === 'object' && right.kind === 'object' && isKeyed(left) && isKeyed(right)) {
      if (left.entries.length !== right.entries.length) return;
      const others = left.entries.map(([key]) =>
        right.entries.find(([name]) => equal(groundValue(name)!, groundValue(key)!)),
      );
      if (others.some(other => !other)) return;
      return this.#unifyAll(
        left.entries.map(entry => entry[1]),
        others.map(other => other![1]),
        state,
        next,
      );
    }
    if (isComposite(left) && isComposite(right) && left.kind !== right.kind) return;
    const literal = equation(left, right);
    next(save(state, literal, ownVars(literal)));
  }

  #unifyAll(left: readonly Term[], right: readonly Term[], state: State, next: Next): void {
    const step = (index: number, now: State): void =>
      index === left.length ? next(now) : this.unify(left[index]!, right[index]!, now, after => step(index + 1, after));
    step(0, state);
  }

  #isFree(term: Term, { rigid }: State): term is Extract<Term, { kind: 'var' }> {
    return term.kind === 'var' && !isGlobal(term.name) && !rigid.has(term.name);
  }

  /** Gives a variable what it equals: a constant, another variable, or a term that is evaluated later. */
  #assign(name: string, term: Term, state: State, next: Next): void {
    if (ownVars(term).has(name)) {
      const literal = equation(variable(name), term);
      return next(save(state, literal, ownVars(literal)));
    }
    if (term.kind === 'var' && !isGlobal(term.name)) return next(bound(state, name, term));
    if (groundValue(term) !== undefined) return next(this.#bind(state, name, term));
    // What has many values, or is asked for by name, keeps its variable.
    const isRelation = term.kind === 'call' && term.name.join('.') === 'walk';
    if (isShown(name) || isRelation) return next(save(state, equation(variable(name), term), [name, ...ownVars(term)]));
    next(save(bound(state, name, term), condition(term), ownVars(term), true));
  }

  #bind(state: State, name: string, term: Term): State {
    const now = bound(state, name, term);
    return isShown(name) ? save(now, equation({ kind: 'var', name: `${SHOWN}${name}`, at: term.at }, term), []) : now;
  }
}

/** A variable of the query itself: its value is part of the answer. */
const isShown = (name: string): boolean => /^[^$#%]+(?:#\d+)?$/.test(name);

/** Stands before a name that is to be written, not replaced by its value. */
export const SHOWN = '!';

const isComposite = (term: Term): boolean =>
  term.kind === 'array' || term.kind === 'object' || term.kind === 'set' || groundValue(term) !== undefined;
const isKeyed = (term: Extract<Term, { kind: 'object' }>): boolean =>
  term.entries.every(([key]) => groundValue(key) !== undefined);
