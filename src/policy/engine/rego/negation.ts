import type { Literal, Term } from './syntax.ts';

/** A part of a negated literal that is evaluated before the negation. */
export interface Operand {
  readonly name: string;
  readonly term: Term;
}

const EQUALITIES = new Set(['equal', 'eq']);

type Negatable = Extract<Literal, { kind: 'term' | 'unify' }>;

/**
 * Takes references and calls that are operands out of a negated literal: `not f(input.x)` asks for `input.x` first, so
 * that the whole is undefined, not true, where that is (OPA rewrites dynamic terms outside of the negation).
 */
export function operandsOf(literal: Negatable): { readonly operands: readonly Operand[]; readonly rest: Negatable } {
  const operands: Operand[] = [];
  const take = (term: Term): Term => {
    const name = `$n${operands.length}`;
    operands.push({ name, term });
    return { kind: 'var', name, at: term.at };
  };
  const inside = (term: Term): Term => {
    switch (term.kind) {
      case 'ref':
        return take(term);
      case 'call':
        return take({ ...term, args: term.args.map(inside) });
      default:
        return composite(term);
    }
  };
  const composite = (term: Term): Term => {
    if (term.kind === 'array' || term.kind === 'set') return { ...term, items: term.items.map(inside) };
    if (term.kind === 'object')
      return { ...term, entries: term.entries.map(([key, value]) => [inside(key), inside(value)] as const) };
    return term;
  };
  /** A whole literal, or a side of an equality: what it is may be missing, what it is made of may not. */
  const whole = (term: Term, side: boolean): Term => {
    if (term.kind === 'ref') return { ...term, path: term.path.map(inside) };
    if (term.kind !== 'call') return composite(term);
    if (side) return inside(term);
    const isEquality = term.name.length === 1 && EQUALITIES.has(term.name[0]!);
    return { ...term, args: term.args.map(arg => (isEquality ? whole(arg, true) : inside(arg))) };
  };
  const rest: Negatable =
    literal.kind === 'term'
      ? { ...literal, term: whole(literal.term, false) }
      : { ...literal, left: whole(literal.left, true), right: whole(literal.right, true) };
  return { operands, rest };
}
