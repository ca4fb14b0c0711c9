import { groundPath } from './resolve.ts';
import { type Body, type Literal, RegoError, type Rule, type Term } from './syntax.ts';
import type { RuleDocument } from './tree.ts';

/** Refuses rules that lead back to themselves. */
export function checkRecursion(
  documents: readonly RuleDocument[],
  uses: ReadonlyMap<number, ReadonlySet<number>>,
): void {
  const state = new Map<number, 'open' | 'done'>();
  const visit = (id: number): void => {
    if (state.get(id) === 'done') return;
    if (state.get(id) === 'open') {
      const document = documents[id]!;
      const placed = document.rules[0] ?? document.default!;
      throw new RegoError(
        'rego_recursion_error',
        `rule data.${document.path.join('.')} is recursive: data.${document.path.join('.')} -> data.${document.path.join('.')}`,
        placed.rule.at,
        placed.module.file,
      );
    }
    state.set(id, 'open');
    for (const next of uses.get(id) ?? []) visit(next);
    state.set(id, 'done');
  };
  for (const { id } of documents) visit(id);
}

/** Names of functions that some `with` replaces. */
export function mockedNames(bodies: readonly Body[]): Set<string> {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) return value.forEach(visit);
    const item = value as { target?: Term; value?: Term };
    if (item.target && item.value) {
      const path = groundPath(item.target);
      if (path && path[0] !== 'input') found.add(path.join('.'));
    }
    for (const each of Object.values(value)) visit(each);
  };
  bodies.forEach(visit);
  return found;
}

/** Bodies of a rule and of its else chain, heads as literals. */
export function bodiesOf(rule: Rule): Body[] {
  return [
    rule.body,
    [
      {
        kind: 'term',
        term: rule.head.value ?? { kind: 'scalar', value: true, at: rule.at },
        negated: false,
        with: [],
        at: rule.at,
      },
    ],
    ...(rule.else ? bodiesOf(rule.else) : []),
  ];
}

/** Throws refusals as one, in the order of their places. */
export function throwAll(errors: readonly RegoError[]): void {
  const [first, ...others] = errors.toSorted((a, b) =>
    a.file < b.file ? -1 : a.file > b.file ? 1 : a.at.start - b.at.start,
  );
  if (!first) return;
  first.others = others;
  throw first;
}

/** A term as a value of its own: a query may ask for what is false. Anything else is told as true. */
export function valued(literal: Literal, index: number): Literal {
  const name = `$e${index}`;
  if (literal.kind !== 'term' || literal.negated) return literal;
  const left: Term = { kind: 'var', name, at: literal.at };
  return { kind: 'unify', left, right: literal.term, negated: false, with: literal.with, at: literal.at };
}
