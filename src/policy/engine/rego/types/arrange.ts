import { closureVars, ownVars } from '../order.ts';
import { type Body, type Literal, partsOf, type Term } from '../syntax.ts';
import { isRefSafe, madeOf, Unification } from './unification.ts';

type Names = ReadonlySet<string>;
export type Arity = (name: readonly string[]) => number | undefined;

/** Keys of references to what is known: iterating binds them. */
function keysOf(term: Term, safe: Names, found: Set<string>): void {
  if (term.kind !== 'ref') return partsOf(term).forEach(part => keysOf(part, safe, found));
  if (isRefSafe(term, safe)) for (const key of term.path) ownVars(key, found);
}

/** Vars a literal binds when `safe` are bound (OPA, output variables). */
function outputs(literal: Literal, safe: Names, arity: Arity): Set<string> {
  const found = new Set<string>();
  if ((literal.kind !== 'term' && literal.kind !== 'unify') || literal.negated) return found;
  for (const { value } of literal.with) for (const name of madeOf(value)) if (!safe.has(name)) return found;
  if (literal.kind === 'unify') {
    for (const side of [literal.left, literal.right]) keysOf(side, safe, found);
    for (const name of new Unification(new Set([...safe, ...found])).of(literal.left, literal.right)) found.add(name);
    return found;
  }
  const { term } = literal;
  keysOf(term, safe, found);
  if (term.kind !== 'call') return found;
  const inputs = arity(term.name) ?? term.args.length;
  if (inputs >= term.args.length) return found;
  const wanted = new Set<string>();
  for (const arg of term.args.slice(0, inputs)) madeOf(arg, wanted);
  for (const name of wanted) if (!safe.has(name) && !found.has(name)) return found;
  for (const arg of term.args.slice(inputs)) madeOf(arg, found);
  return found;
}

const same = (left: Names, right: Names): boolean =>
  left.size === right.size && [...left].every(name => right.has(name));

/** Passes over the literals, taking each as soon as what it needs is bound (OPA, reordering for safety). */
export function arrangeBody(
  body: Body,
  outer: Names,
  arity: Arity,
  unsafe: (names: string[], literal: Literal) => never,
): Literal[] {
  const missing = new Map<Literal, Set<string>>();
  const safe = new Set<string>();
  const inBody = new Set<string>();
  for (const literal of body) {
    const own = ownVars(literal);
    for (const name of own) inBody.add(name);
    for (const name of own) if (outer.has(name)) safe.add(name);
    missing.set(literal, new Set([...own].filter(name => !outer.has(name))));
  }
  const taken: Literal[] = [];
  let waiting = [...body];
  while (waiting.length > 0) {
    const left: Literal[] = [];
    for (const literal of waiting) {
      const bound = outputs(literal, safe, arity);
      const open = [...closureVars(literal)].filter(name => inBody.has(name) && !outer.has(name));
      if (open.length > 0) {
        // As in OPA 1.22, what a closure needs then stands for all the literal needs.
        if (same(new Set(open), bound)) {
          left.push(literal);
          continue;
        }
        missing.set(literal, new Set(open));
      }
      const needs = missing.get(literal)!;
      for (const name of needs) if (bound.has(name) || safe.has(name)) needs.delete(name);
      if (needs.size > 0) left.push(literal);
      else {
        taken.push(literal);
        for (const name of bound) safe.add(name);
      }
    }
    if (left.length === waiting.length) unsafe([...missing.get(left[0]!)!], left[0]!);
    waiting = left;
  }
  return closures(taken, outer, arity, unsafe);
}

/** Puts the bodies inside of each literal in order too. */
function closures(
  body: Literal[],
  outer: Names,
  arity: Arity,
  unsafe: (names: string[], literal: Literal) => never,
): Literal[] {
  const known = new Set(outer);
  return body.map(literal => {
    const inner = (of: Body, more: readonly string[] = []): Literal[] =>
      arrangeBody(of, new Set([...known, ...more]), arity, unsafe);
    const visit = (term: Term): Term => {
      switch (term.kind) {
        case 'comprehension':
          return { ...term, body: inner(term.body) };
        case 'ref':
          return { ...term, head: visit(term.head), path: term.path.map(visit) };
        case 'array':
        case 'set':
          return { ...term, items: term.items.map(visit) };
        case 'object':
          return { ...term, entries: term.entries.map(([key, value]) => [visit(key), visit(value)] as const) };
        case 'call':
          return { ...term, args: term.args.map(visit) };
        default:
          return term;
      }
    };
    const own = ownVars(literal);
    let made: Literal = literal;
    if ('with' in literal && literal.with.length > 0)
      made = { ...made, with: literal.with.map(each => ({ ...each, value: visit(each.value) })) } as Literal;
    if (made.kind === 'unify') made = { ...made, left: visit(made.left), right: visit(made.right) };
    else if (made.kind === 'term') made = { ...made, term: visit(made.term) };
    else if (made.kind === 'every')
      made = { ...made, body: inner(made.body, made.key === undefined ? [made.value] : [made.key, made.value]) };
    else if (made.kind === 'notBody') made = { ...made, body: inner(made.body) };
    for (const name of own) known.add(name);
    return made;
  });
}
