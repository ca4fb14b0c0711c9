import { type Body, type Literal, partsOf, type Term } from './syntax.ts';

/** Vars anywhere in a term or literal, inside closures too; `data` and `input` are none. */
export function allVars(part: Term | Literal | Body, found: Set<string> = new Set()): Set<string> {
  visit(part, name => found.add(name), true);
  return found;
}

/** Vars outside of closures (comprehensions, every, not bodies). */
export function ownVars(part: Term | Literal | Body, found: Set<string> = new Set()): Set<string> {
  visit(part, name => found.add(name), false);
  return found;
}

function visit(part: Term | Literal | Body, tell: (name: string) => void, closures: boolean): void {
  if (Array.isArray(part)) {
    for (const literal of part as Body) visit(literal, tell, closures);
    return;
  }
  const item = part as Term | Literal;
  const go = (...parts: (Term | Literal | Body | undefined)[]): void => {
    for (const each of parts) if (each) visit(each, tell, closures);
  };
  switch (item.kind) {
    case 'var':
      if (item.name !== 'data' && item.name !== 'input') tell(item.name);
      return;
    case 'scalar':
    case 'some':
      return;
    case 'ref':
      return go(item.head, ...item.path);
    case 'array':
    case 'set':
      return go(...item.items);
    case 'object':
      return go(...item.entries.flat());
    case 'call':
      return go(...item.args);
    case 'template':
      return go(...item.parts.filter(each => typeof each !== 'string'));
    case 'comprehension':
      return closures ? go(item.key, item.value, item.body) : undefined;
    case 'term':
      return go(item.term, ...item.with.map(each => each.value));
    case 'unify':
    case 'assign':
      return go(item.left, item.right, ...item.with.map(each => each.value));
    case 'someIn':
      return go(item.key, item.value, item.domain, ...item.with.map(each => each.value));
    case 'every':
      if (closures) go(item.body);
      return go(item.domain, ...item.with.map(each => each.value));
    case 'notBody':
      return closures ? go(item.body, ...item.with.map(each => each.value)) : undefined;
  }
}

/** Vars in closures of a literal. */
export function closureVars(literal: Literal, found: Set<string> = new Set()): Set<string> {
  const visit = (term: Term): void => {
    if (term.kind === 'comprehension') allVars(term, found);
    else partsOf(term).forEach(visit);
  };
  if (literal.kind === 'every' || literal.kind === 'notBody') allVars(literal.body, found);
  if (literal.kind === 'unify') [literal.left, literal.right].forEach(visit);
  if (literal.kind === 'term') visit(literal.term);
  if ('with' in literal) for (const { value } of literal.with) visit(value);
  return found;
}

/** Whether a term gives values once `bound` is known; keys of references may be unknown, they are iterated. */
export function isEvaluable(term: Term, bound: ReadonlySet<string>, shared: ReadonlySet<string>): boolean {
  const known = (name: string): boolean => bound.has(name) || name === 'data' || name === 'input';
  switch (term.kind) {
    case 'scalar':
      return true;
    case 'var':
      return known(term.name);
    case 'ref':
      return (
        isEvaluable(term.head, bound, shared) &&
        term.path.every(key => key.kind === 'var' || isPattern(key, bound, shared))
      );
    case 'array':
    case 'set':
      return term.items.every(item => isEvaluable(item, bound, shared));
    case 'object':
      return term.entries.every(([key, value]) => isEvaluable(key, bound, shared) && isEvaluable(value, bound, shared));
    case 'call':
      return term.args.every(arg => isEvaluable(arg, bound, shared));
    case 'template':
      return term.parts.every(
        part => typeof part === 'string' || [...ownVars(part)].every(name => known(name) || !shared.has(name)),
      );
    case 'comprehension':
      return [...allVars(term)].every(name => bound.has(name) || !shared.has(name));
  }
}

/** Whether a term can be matched against a value: unknown vars may stand bare, in arrays and as values of objects. */
export function isPattern(term: Term, bound: ReadonlySet<string>, shared: ReadonlySet<string>): boolean {
  if (term.kind === 'var') return true;
  if (term.kind === 'array') return term.items.every(item => isPattern(item, bound, shared));
  if (term.kind === 'object')
    return term.entries.every(([key, value]) => isEvaluable(key, bound, shared) && isPattern(value, bound, shared));
  return isEvaluable(term, bound, shared);
}

const withReady = (literal: Literal, bound: ReadonlySet<string>, shared: ReadonlySet<string>): boolean =>
  literal.kind === 'some' || literal.with.every(({ value }) => isEvaluable(value, bound, shared));

/** Whether a literal can run now. `arity` tells how many arguments a function takes: one more is its output. */
function isReady(
  literal: Literal,
  bound: ReadonlySet<string>,
  shared: ReadonlySet<string>,
  arity: (name: readonly string[]) => number | undefined,
  outer: ReadonlySet<string>,
): boolean {
  if (!withReady(literal, bound, shared)) return false;
  switch (literal.kind) {
    case 'some':
      return true;
    case 'unify': {
      if (literal.negated && !operandsReady(literal, bound, shared, outer)) return false;
      const { left, right } = literal;
      // Arrays of different lengths bind nothing (OPA, output variables of unification).
      if (left.kind === 'array' && right.kind === 'array' && left.items.length !== right.items.length)
        return isEvaluable(left, bound, shared) && isEvaluable(right, bound, shared);
      return (
        (isEvaluable(left, bound, shared) && isPattern(right, bound, shared)) ||
        (isEvaluable(right, bound, shared) && isPattern(left, bound, shared))
      );
    }
    case 'term': {
      if (literal.negated && !operandsReady(literal, bound, shared, outer)) return false;
      const { term } = literal;
      if (term.kind === 'call' && term.args.length > 0 && arity(term.name) === term.args.length - 1) {
        return (
          term.args.slice(0, -1).every(arg => isEvaluable(arg, bound, shared)) &&
          isPattern(term.args.at(-1)!, bound, shared)
        );
      }
      return isEvaluable(term, bound, shared);
    }
    case 'someIn':
      return (
        isEvaluable(literal.domain, bound, shared) &&
        (!literal.key || isPattern(literal.key, bound, shared)) &&
        isPattern(literal.value, bound, shared)
      );
    case 'every':
      return isEvaluable(literal.domain, bound, shared) && everyReady(literal, bound, shared);
    case 'notBody':
      return closureReady(literal, bound, shared);
    case 'assign':
      return false;
  }
}

/** What is negated binds nothing: vars that others bind must be bound first. */
const negationReady = (literal: Literal, bound: ReadonlySet<string>, shared: ReadonlySet<string>): boolean =>
  [...allVars(literal)].every(name => bound.has(name) || !shared.has(name));
/**
 * What is negated binds nothing; only calls that are operands are evaluated before it, with variables of their own. Where
 * a closure in it uses what the body binds, OPA 1.22 lets keys of references be unknown: they are iterated.
 */
const operandsReady = (
  literal: Extract<Literal, { kind: 'term' | 'unify' }>,
  bound: ReadonlySet<string>,
  shared: ReadonlySet<string>,
  outer: ReadonlySet<string>,
): boolean => {
  if (!negationReady(literal, bound, shared)) return false;
  const closes = [...closureVars(literal)].some(name => bound.has(name) && !outer.has(name));
  const inside = (term: Term): Term[] => {
    if (term.kind === 'call') return [];
    if (term.kind === 'array' || term.kind === 'set') return term.items.flatMap(inside);
    if (term.kind === 'ref' && closes) return [term.head];
    return term.kind === 'object' ? term.entries.flat().flatMap(inside) : [term];
  };
  const whole =
    literal.kind === 'unify'
      ? [literal.left, literal.right]
      : literal.term.kind === 'call'
        ? literal.term.args
        : [literal.term];
  return whole.flatMap(inside).every(term => [...ownVars(term)].every(name => bound.has(name)));
};
const closureReady = negationReady;

/** The body of `every` may use what the domain binds for itself. */
const everyReady = (
  literal: Extract<Literal, { kind: 'every' }>,
  bound: ReadonlySet<string>,
  shared: ReadonlySet<string>,
): boolean => {
  const own = ownVars(literal.domain);
  return [...allVars(literal)].every(name => bound.has(name) || own.has(name) || !shared.has(name));
};

/** `[x, 1] = [2, y]` becomes `x = 2; 1 = y`: then each part can wait for its own vars. */
function spread(literal: Literal): Literal[] {
  if (literal.kind !== 'unify' || literal.negated || literal.with.length > 0) return [literal];
  const { left, right } = literal;
  if (
    left.kind === 'array' &&
    right.kind === 'array' &&
    left.items.length === right.items.length &&
    left.items.length > 0
  ) {
    return left.items.flatMap((item, index) => spread({ ...literal, left: item, right: right.items[index]! }));
  }
  if (left.kind === 'object' && right.kind === 'object' && left.entries.length === right.entries.length) {
    const pairs = left.entries.map(([key, value]) => {
      const other = right.entries.find(
        ([name]) => name.kind === 'scalar' && key.kind === 'scalar' && name.value === key.value,
      );
      return other ? ({ ...literal, left: value, right: other[1] } as Literal) : undefined;
    });
    if (pairs.length > 0 && pairs.every(pair => pair !== undefined)) return pairs.flatMap(spread);
  }
  return [literal];
}

/**
 * `i == xs[i]` becomes `$h = xs[i]; i == $h`: a key that nothing else binds is bound by the reference that uses it.
 * Undefined when there is no such reference.
 */
function hoisted(literal: Literal, bound: ReadonlySet<string>): Literal[] | undefined {
  if ((literal.kind !== 'term' && literal.kind !== 'unify') || literal.negated) return undefined;
  const found: Literal[] = [];
  const pull = (term: Term, inside: boolean): Term => {
    if (term.kind === 'ref') {
      const binds = term.path.some(key => [...ownVars(key)].some(name => !bound.has(name)));
      if (!binds || !inside) return term;
      const name = `$h${term.at.start}_${term.at.end}_${found.length}`;
      const left: Term = { kind: 'var', name, at: term.at };
      found.push({ kind: 'unify', left, right: term, negated: false, with: literal.with, at: literal.at });
      return left;
    }
    if (term.kind === 'call') return { ...term, args: term.args.map(arg => pull(arg, true)) };
    if (term.kind === 'array' || term.kind === 'set')
      return { ...term, items: term.items.map(item => pull(item, true)) };
    if (term.kind === 'object')
      return { ...term, entries: term.entries.map(([key, value]) => [pull(key, true), pull(value, true)] as const) };
    return term;
  };
  const rest: Literal =
    literal.kind === 'term'
      ? { ...literal, term: pull(literal.term, false) }
      : { ...literal, left: pull(literal.left, false), right: pull(literal.right, false) };
  return found.length > 0 ? [...found, rest] : undefined;
}

/** Orders literals so that each finds its vars bound; `unsafe` gets the names that nothing binds. */
export function orderBody(
  body: Body,
  outer: ReadonlySet<string>,
  arity: (name: readonly string[]) => number | undefined,
  unsafe: (names: string[], literal: Literal) => never,
): Body {
  const waiting = body.flatMap(spread);
  // Vars used outside of closures by at least one literal are shared: closures must wait for them.
  const positive = new Set(outer);
  for (const literal of waiting) if (!isNegated(literal)) ownVars(literal, positive);
  const bound = new Set(outer);
  const ordered: Literal[] = [];
  while (waiting.length > 0) {
    const index = waiting.findIndex(literal => isReady(literal, bound, positive, arity, outer));
    if (index < 0) {
      const at = waiting.findIndex(literal => hoisted(literal, bound) !== undefined);
      if (at >= 0) {
        const parts = hoisted(waiting[at]!, bound)!;
        for (const part of parts) if (!isNegated(part)) ownVars(part, positive);
        waiting.splice(at, 1, ...parts);
        continue;
      }
      const literal = waiting[0]!;
      unsafe(
        [...ownVars(literal)].filter(name => !bound.has(name)),
        literal,
      );
    }
    const [literal] = waiting.splice(index, 1);
    ordered.push(literal!);
    if (!isNegated(literal!)) ownVars(literal!, bound);
  }
  return ordered;
}

const isNegated = (literal: Literal): boolean =>
  literal.kind === 'notBody' ||
  ((literal.kind === 'term' || literal.kind === 'unify' || literal.kind === 'every') && literal.negated);
