import { groundValue } from '../compile-body.ts';
import { isPattern, ownVars } from '../order.ts';
import type { Rule, Term } from '../syntax.ts';
import type { PlacedRule, RuleDocument, TreeNode } from '../tree.ts';
import { base } from '../runtime.ts';
import { entriesOf, equal, isObject, lookup, objectOf, RegoSet, type Value } from '../value.ts';
import { isNondeterministic, supportReference } from './dependence.ts';
import type { Solver } from './solver.ts';
import { type Next, type Reduced, save, type State } from './state.ts';
import {
  type Call,
  condition,
  equation,
  joined,
  pathTerms,
  type Ref,
  reference,
  resolved,
  scalar,
  termOf,
  variable,
} from './terms.ts';

/** A term as far as it is known: constants, rules that depend on unknowns written out, and what is left. */
export function reduce(solver: Solver, given: Term, state: State, next: Reduced): void {
  const term = resolved(given, state.bindings);
  if (term.kind === 'scalar') return next(term, state);
  if (term.kind === 'var' && term.name !== 'data' && term.name !== 'input') return next(term, state);
  if (solver.isKnown(term, state) && solver.isEvaluable(term)) {
    const constant = groundValue(term);
    return constant === undefined ? solver.evaluateTerm(term, state, next) : next(term, state);
  }
  switch (term.kind) {
    case 'array':
    case 'set':
      return reduceAll(solver, term.items, state, (items, now) => next({ ...term, items }, now));
    case 'object':
      return reduceAll(solver, term.entries.flat(), state, (parts, now) => {
        const entries = term.entries.map((_, at) => [parts[at * 2]!, parts[at * 2 + 1]!] as const);
        next({ ...term, entries }, now);
      });
    case 'call':
      return call(solver, term, state, next);
    case 'ref':
      return follow(solver, term, state, next);
    default:
      return next(term, state);
  }
}

export function reduceAll(
  solver: Solver,
  terms: readonly Term[],
  state: State,
  next: (terms: Term[], state: State) => void,
): void {
  const step = (index: number, done: Term[], now: State): void =>
    index === terms.length
      ? next(done, now)
      : reduce(solver, terms[index]!, now, (term, after) => step(index + 1, [...done, term], after));
  step(0, [], state);
}

function call(solver: Solver, term: Call, state: State, next: Reduced): void {
  const document = solver.function(term.name);
  reduceAll(solver, term.args, state, (args, now) => {
    const reduced = { ...term, args };
    const isConstant = args.every(arg => groundValue(arg) !== undefined);
    if (isConstant && !isNondeterministic(term.name) && !(document && solver.dependence.document(document)))
      return solver.evaluateTerm(reduced, now, next);
    if (!document) return next(reduced, now);
    if (!isPlain(document) || isKept(solver, document)) return next(solver.support.call(reduced, document), now);
    for (const placed of document.rules) {
      const rule = solver.use(placed);
      apply(solver, rule, args, now, next);
    }
  });
}

/** One rule of a function applied to arguments that may be unknown. */
function apply(solver: Solver, rule: Rule, args: readonly Term[], state: State, next: Reduced): void {
  const params = rule.head.args ?? [];
  const late: Term[] = [];
  const match = (index: number, now: State): void => {
    const param = params[index];
    if (!param)
      return solver.body([...late.map(condition), ...rule.body], now, after =>
        reduce(solver, rule.head.value ?? scalar(true), after, next),
      );
    if (isPattern(param, new Set(), ownVars(param)))
      return solver.unify(param, args[index]!, now, after => match(index + 1, after));
    late.push({ kind: 'call', name: ['equal'], args: [args[index]!, param], at: param.at });
    match(index + 1, now);
    late.pop();
  };
  match(0, state);
}

/** Else chains and defaults cannot be written in line. */
const isPlain = (document: RuleDocument): boolean =>
  !document.default && document.rules.every(({ rule }) => rule.else === undefined);

function isKept({ inlining }: Solver, { path }: RuleDocument): boolean {
  const own = ['data', ...path];
  return inlining.shallow || inlining.disabled.some(each => each.every((name, index) => own[index] === name));
}

function follow(solver: Solver, term: Ref, state: State, next: Reduced): void {
  const { head, path } = term;
  if (head.kind !== 'var') return reduce(solver, head, state, (value, now) => select(solver, value, path, now, next));
  if (head.name !== 'data' && head.name !== 'input') return left(solver, head, path, state, next);
  if (head.name === 'data') {
    const found = documentAt(solver.source.root, path);
    if (found) return document(solver, found.document, path.slice(found.depth), state, next);
    if (!solver.dependence.isUnknown('data', path) && among(solver, term, state, next)) return;
  }
  if (solver.dependence.isUnknown(head.name, path) || !isStored(solver, term))
    return left(solver, head, path, state, next);
  // Known documents under keys that are not: every entry is a case.
  const names = path.map(key => (groundValue(key) === undefined ? solver.fresh('$key') : undefined));
  const probe = reference(
    head.name,
    path.map((key, index) => (names[index] === undefined ? key : variable(names[index]))),
  );
  solver.evaluateTerm(probe, state, (value, now) => {
    const step = (index: number, after: State): void => {
      if (index === path.length) return next(value, after);
      const name = names[index];
      if (name === undefined) return step(index + 1, after);
      solver.equate(variable(name), path[index]!, after, then => step(index + 1, then));
    };
    step(0, now);
  });
}

/** A key among rules and packages that is only known later: each of them is a case. False when there is no such key. */
function among(solver: Solver, term: Ref, state: State, next: Reduced): boolean {
  let node: TreeNode | undefined = solver.source.root;
  let depth = 0;
  const names: string[] = [];
  for (; node; depth++) {
    const key: Term | undefined = term.path[depth];
    if (!key || node.document) return false;
    if (key.kind !== 'scalar') break;
    if (typeof key.value !== 'string') return false;
    names.push(key.value);
    node = node.children.get(key.value);
  }
  if (!node) return false;
  const [before, key, after] = [term.path.slice(0, depth), term.path[depth]!, term.path.slice(depth + 1)];
  for (const name of node.children.keys())
    solver.unify(key, scalar(name), state, now =>
      follow(solver, reference('data', [...before, scalar(name), ...after]) as Ref, now, next),
    );
  const stored = base(solver.context, names);
  if (!isObject(stored)) return true;
  for (const [name, value] of entriesOf(stored))
    if (typeof name !== 'string' || !node.children.has(name))
      solver.unify(key, termOf(name), state, now => select(solver, termOf(value), after, now, next));
  return true;
}

/** Whether only the keys of a reference wait, not what it leads to. */
const isStored = (solver: Solver, term: Ref): boolean =>
  !solver.dependence.term(
    reference(
      (term.head as { name: string }).name,
      term.path.map(key => (groundValue(key) === undefined ? variable('$') : key)),
    ),
  );

/** A reference that is evaluated later, its keys as far as they are known. */
function left(solver: Solver, head: Term, path: readonly Term[], state: State, next: Reduced): void {
  if (path.length > 0 && head.kind !== 'var' && head.kind !== 'ref') {
    // What is no name cannot stand before a key everywhere.
    const own = variable(solver.fresh('value'));
    const literal = equation(own, head);
    return left(solver, own, path, save(state, literal, ownVars(literal)), next);
  }
  reduceAll(solver, path, state, (keys, now) => next(joined(resolved(head, now.bindings), keys, head.at), now));
}

function documentAt(root: TreeNode, path: readonly Term[]): { document: RuleDocument; depth: number } | undefined {
  let node: TreeNode | undefined = root;
  for (let depth = 0; node; depth++) {
    if (node.document) {
      const isWhole = node.document.kind !== 'function' && [...node.children.values()].every(child => child.isFolded);
      return isWhole ? { document: node.document, depth } : undefined;
    }
    const key: Term | undefined = path[depth];
    node = key?.kind === 'scalar' && typeof key.value === 'string' ? node.children.get(key.value) : undefined;
  }
  return undefined;
}

/** Members of a value that may be written with unknown parts. */
export function select(solver: Solver, value: Term, path: readonly Term[], state: State, next: Reduced): void {
  const [first, ...rest] = path;
  if (!first) return next(value, state);
  const constant = groundValue(value);
  reduce(solver, first, state, (key, now) => {
    const wanted = groundValue(key);
    if (constant !== undefined && wanted !== undefined) {
      const found = lookup(constant, wanted);
      return found === undefined ? undefined : select(solver, termOf(found), rest, now, next);
    }
    const members = membersOf(value, wanted);
    if (members === undefined) return left(solver, value, [key, ...rest], now, next);
    // Every part of what is written has a value, or the whole has none.
    const whole = constant === undefined ? save(now, condition(value), ownVars(value), true) : now;
    for (const [index, member] of members)
      solver.unify(key, index, whole, after => select(solver, member, rest, after, next));
  });
}

/** Keys and members of a written collection; undefined when they are not told. */
function membersOf(value: Term, wanted: Value | undefined): (readonly [Term, Term])[] | undefined {
  const all = entriesOfTerm(value);
  if (!all || wanted === undefined) return all;
  const known = all.filter(([key]) => {
    const own = groundValue(key);
    return own === undefined || equal(own, wanted);
  });
  return known;
}

function entriesOfTerm(value: Term): (readonly [Term, Term])[] | undefined {
  switch (value.kind) {
    case 'array':
      return value.items.map((item, index) => [scalar(index), item] as const);
    case 'set':
      return value.items.map(item => [item, item] as const);
    case 'object':
      return [...value.entries];
    case 'scalar':
      return [];
    default:
      return undefined;
  }
}

/** The value of a rule document under keys. */
function document(solver: Solver, found: RuleDocument, rest: readonly Term[], state: State, next: Reduced): void {
  const asWritten = (): void => left(solver, reference('data', pathTerms(found.path)), rest, state, next);
  const asSupport = (): void =>
    reduceAll(solver, rest, state, (keys, now) => {
      if (solver.support.document(found)) return next(supportReference(found.path, keys), now);
      // Sets and objects without members are still there.
      if (found.kind !== 'complete')
        select(solver, termOf(found.kind === 'set' ? new RegoSet([]) : objectOf([])), keys, now, next);
    });
  if (!solver.dependence.document(found)) {
    const term = reference('data', [...pathTerms(found.path), ...rest]) as Ref;
    return solver.evaluateTerm(reference('data', pathTerms(found.path)), state, (value, now) =>
      select(solver, value, term.path.slice(found.path.length), now, next),
    );
  }
  if (found.rules.some(({ rule, below }) => rule.else !== undefined || below !== undefined)) return asWritten();
  if (found.default || isKept(solver, found)) return asSupport();
  if (found.kind === 'complete') {
    for (const placed of found.rules) complete(solver, placed, rest, state, next);
    return;
  }
  const depth = (placed: PlacedRule): number => placed.keys.length + (placed.rule.head.key ? 1 : 0);
  if (found.rules.some(placed => depth(placed) > rest.length)) return asSupport();
  reduceAll(solver, rest, state, (keys, now) => {
    for (const placed of found.rules) keyed(solver, placed, keys, now, next);
  });
}

function complete(solver: Solver, placed: PlacedRule, rest: readonly Term[], state: State, next: Reduced): void {
  const rule = solver.use(placed);
  solver.body(rule.body, state, after =>
    reduce(solver, rule.head.value ?? scalar(true), after, (value, now) => select(solver, value, rest, now, next)),
  );
}

/** A rule of a set or object: its keys are compared as soon as they can be. */
function keyed(solver: Solver, placed: PlacedRule, path: readonly Term[], state: State, next: Reduced): void {
  const rule = solver.use(placed);
  const own = rule.head.path.slice(rule.head.path.length - placed.keys.length);
  const keys = rule.head.key ? [...own, rule.head.key] : own;
  const isEarly = (key: Term): boolean => key.kind === 'var' || groundValue(key) !== undefined;
  const compare = (early: boolean, now: State, then: Next): void => {
    const step = (index: number, after: State): void => {
      const key = keys[index];
      if (!key) return then(after);
      if (isEarly(key) !== early) return step(index + 1, after);
      const run = early ? solver.unify.bind(solver) : solver.equate.bind(solver);
      run(key, path[index]!, after, last => step(index + 1, last));
    };
    step(0, now);
  };
  compare(true, state, ready =>
    solver.body(rule.body, ready, after =>
      compare(false, after, now => {
        const value = rule.head.key ?? rule.head.value ?? scalar(true);
        reduce(solver, value, now, (term, last) => select(solver, term, path.slice(keys.length), last, next));
      }),
    ),
  );
}

/**
 * `data.p.allow = true` where the default is another constant needs no default: its rules are written in line.
 * False when the terms are of another kind.
 */
export function inlined(solver: Solver, term: Term, other: Term, state: State, next: Next): boolean {
  const wanted = groundValue(resolved(other, state.bindings));
  if (wanted === undefined) return false;
  return withoutDefault(
    solver,
    term,
    fallback => !equal(fallback, wanted),
    state,
    (value, now) => solver.unify(value, other, now, next),
  );
}

/** The values of a rule in line when its default does not matter; false when it does, or the term is of another kind. */
export function withoutDefault(
  solver: Solver,
  term: Term,
  isIdle: (fallback: Value) => boolean,
  state: State,
  next: Reduced,
): boolean {
  if (term.kind !== 'ref' || term.head.kind !== 'var' || term.head.name !== 'data') return false;
  const found = documentAt(solver.source.root, term.path);
  if (!found || found.depth !== term.path.length || found.document.kind !== 'complete' || !found.document.default)
    return false;
  const { document: own } = found;
  const fallback = groundValue(solver.source.resolved(own.default!).head.value!);
  if (fallback === undefined || !isIdle(fallback) || isKept(solver, own) || !solver.dependence.document(own))
    return false;
  if (own.rules.some(({ rule }) => rule.else !== undefined)) return false;
  for (const placed of own.rules) complete(solver, placed, [], state, next);
  return true;
}
