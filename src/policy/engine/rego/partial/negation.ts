import { ownVars } from '../order.ts';
import type { Body, Literal, Term } from '../syntax.ts';
import { residue } from './residue.ts';
import type { Solver } from './solver.ts';
import { type Next, save, type State } from './state.ts';
import { condition } from './terms.ts';

const CASES_MAX = 16;

/** `not` over a body that is not known whole: what is left of the body is negated, in line or as rules of its own. */
export function negate(solver: Solver, body: Body, state: State, next: Next): void {
  const rigid = new Set([...state.rigid, ...state.open]);
  const left: Body[] = [];
  solver.body(body, { ...state, saved: [], rigid }, found => void left.push(residue(found)));
  if (left.length === 0) return next(state);
  // One way that holds whatever comes: the negation never does.
  if (left.some(each => each.length === 0)) return;
  const cases = left.reduce((count, each) => count * each.length, 1);
  if (
    cases <= CASES_MAX &&
    left.every(each => each.every(literal => isSimple(literal, rigid, solver.inlining.isFilter === true)))
  ) {
    const step = (index: number, now: State): void => {
      const each = left[index];
      if (!each) return next(now);
      for (const literal of each) step(index + 1, save(now, opposite(literal), []));
    };
    return step(0, state);
  }
  const names = [...new Set(left.flatMap(each => [...ownVars(each)]))].filter(name => rigid.has(name)).sort();
  const call = solver.support.negated(left, names);
  next(save(state, { ...(condition(call) as Extract<Literal, { kind: 'term' }>), negated: true }, []));
}

type Plain = Extract<Literal, { kind: 'term' }>;

/** A comparison of a filter, a bare reference, or the negation of one, whose variables are bound outside (as OPA, nothing nested). */
function isSimple(literal: Literal, rigid: ReadonlySet<string>, isFilter: boolean): boolean {
  if (isFilter && (literal.kind === 'term' || literal.kind === 'unify'))
    return literal.with.length === 0 && [...ownVars(literal)].every(name => rigid.has(name));
  if (literal.kind !== 'term' || literal.with.length > 0) return false;
  const isBare = (term: Term): boolean =>
    term.kind === 'var' || (term.kind === 'ref' && term.path.every(key => key.kind === 'scalar' || key.kind === 'var'));
  return isBare(literal.term) && [...ownVars(literal.term)].every(name => rigid.has(name));
}

const opposite = (literal: Literal): Literal => ({ ...(literal as Plain), negated: !(literal as Plain).negated });
