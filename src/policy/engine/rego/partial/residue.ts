import { groundValue } from '../compile-body.ts';
import type { Body, Literal, Term } from '../syntax.ts';
import type { State } from './state.ts';
import { equation, resolvedLiteral, variable } from './terms.ts';
import { literalText, termText } from './text.ts';

/** What is left of a body: saved literals with all that is known put in, each once, marks only where nothing else asks. */
export function residue({ bindings, saved }: State): Body {
  const literals = saved.map(({ literal, isMark }) => ({ literal: resolvedLiteral(literal, bindings), isMark }));
  const used = new Set<string>();
  for (const { literal, isMark } of literals) if (!isMark) collect(literal, used);
  const body: Literal[] = [];
  const seen = new Set<string>();
  for (const { literal, isMark } of literals) {
    if (isMark && literal.kind === 'term' && isCovered(literal.term, used)) continue;
    if (literal.kind === 'term' && !literal.negated && isTrue(literal.term)) continue;
    const text = literalText(literal, name => name);
    if (seen.has(text)) continue;
    seen.add(text);
    if (isMark) collect(literal, used);
    // What only has to have a value may be false.
    body.push(isMark && literal.kind === 'term' ? equation(variable(`$mark${body.length}`), literal.term) : literal);
  }
  return body;
}

const isTrue = (term: Term): boolean => groundValue(term) !== undefined && groundValue(term) !== false;
const key = (term: Term): string => termText(term, name => name);

/** Whether something else of the body has no value unless this term has one. */
function isCovered(term: Term, used: ReadonlySet<string>): boolean {
  if (groundValue(term) !== undefined || term.kind === 'var' || used.has(key(term))) return true;
  if (term.kind === 'array' || term.kind === 'set') return term.items.every(item => isCovered(item, used));
  return term.kind === 'object' && term.entries.flat().every(item => isCovered(item, used));
}

/** Terms that are evaluated wherever the literal holds. */
function collect(literal: Literal, used: Set<string>): void {
  if (literal.kind === 'some' || literal.with.length > 0) return;
  const visit = (term: Term): void => {
    if (term.kind === 'ref') {
      for (let length = 0; length <= term.path.length; length++)
        used.add(key(length === 0 ? term.head : { ...term, path: term.path.slice(0, length) }));
      visit(term.head);
      term.path.forEach(visit);
    } else if (term.kind === 'call') {
      used.add(key(term));
      term.args.forEach(visit);
    } else if (term.kind === 'array' || term.kind === 'set') term.items.forEach(visit);
    else if (term.kind === 'object') term.entries.flat().forEach(visit);
  };
  if (literal.kind === 'term' && !literal.negated) visit(literal.term);
  else if (literal.kind === 'unify' && !literal.negated) [literal.left, literal.right].forEach(visit);
  else if (literal.kind === 'someIn' || literal.kind === 'every') visit(literal.domain);
}
