import type { Body, Literal, Place, Rule, Term } from '../syntax.ts';
import { entriesOf, isArray, isObject, isNumber, RegoSet, type Value } from '../value.ts';

/** Terms that variables stand for. A term may hold variables that are bound themselves. */
export type Substitution = ReadonlyMap<string, Term>;
export type Ref = Extract<Term, { kind: 'ref' }>;
export type Call = Extract<Term, { kind: 'call' }>;

export const NOWHERE: Place = { start: 0, end: 0 };

export const isGlobal = (name: string): boolean => name === 'input' || name === 'data';
export const variable = (name: string): Term => ({ kind: 'var', name, at: NOWHERE });
export const scalar = (value: null | boolean | string | number): Term => ({ kind: 'scalar', value, at: NOWHERE });
export const condition = (term: Term): Literal => ({ kind: 'term', term, negated: false, with: [], at: term.at });
export const equation = (left: Term, right: Term): Literal => ({
  kind: 'unify',
  left,
  right,
  negated: false,
  with: [],
  at: left.at,
});
export const pathTerms = (path: readonly string[]): Term[] => path.map(scalar);
export const reference = (head: string, path: readonly Term[]): Term =>
  path.length === 0 ? variable(head) : { kind: 'ref', head: variable(head), path, at: NOWHERE };

/** A value as the term that writes it. */
export function termOf(value: Value): Term {
  if (isArray(value)) return { kind: 'array', items: value.map(termOf), at: NOWHERE };
  if (value instanceof RegoSet) return { kind: 'set', items: value.sorted().map(termOf), at: NOWHERE };
  if (isObject(value))
    return {
      kind: 'object',
      entries: entriesOf(value).map(([key, item]) => [termOf(key), termOf(item)] as const),
      at: NOWHERE,
    };
  if (value === null || typeof value !== 'object' || isNumber(value)) return { kind: 'scalar', value, at: NOWHERE };
  throw new TypeError('no term for this value');
}

/** A reference on a reference is one reference. */
export function joined(head: Term, path: readonly Term[], at: Place): Term {
  if (path.length === 0) return head;
  return head.kind === 'ref' ? { ...head, path: [...head.path, ...path] } : { kind: 'ref', head, path, at };
}

/** A term with every variable replaced, those of closures too. */
export function mapTerm(term: Term, of: (name: string) => Term): Term {
  const go = (part: Term): Term => mapTerm(part, of);
  switch (term.kind) {
    case 'scalar':
      return term;
    case 'var':
      return isGlobal(term.name) ? term : of(term.name);
    case 'ref':
      return joined(go(term.head), term.path.map(go), term.at);
    case 'array':
    case 'set':
      return { ...term, items: term.items.map(go) };
    case 'object':
      return { ...term, entries: term.entries.map(([key, value]) => [go(key), go(value)] as const) };
    case 'call':
      return { ...term, args: term.args.map(go) };
    case 'template':
      return { ...term, parts: term.parts.map(part => (typeof part === 'string' ? part : mapLiteral(part, of))) };
    case 'comprehension':
      return {
        ...term,
        ...(term.key ? { key: go(term.key) } : {}),
        value: go(term.value),
        body: mapBody(term.body, of),
      };
  }
}

const nameOf = (name: string, of: (name: string) => Term): string => {
  const made = of(name);
  return made.kind === 'var' ? made.name : name;
};

export function mapLiteral(literal: Literal, of: (name: string) => Term): Literal {
  const go = (part: Term): Term => mapTerm(part, of);
  if (literal.kind === 'some') return { ...literal, names: literal.names.map(name => nameOf(name, of)) };
  const modifiers = literal.with.map(item => ({ ...item, value: go(item.value) }));
  switch (literal.kind) {
    case 'term':
      return { ...literal, term: go(literal.term), with: modifiers };
    case 'unify':
    case 'assign':
      return { ...literal, left: go(literal.left), right: go(literal.right), with: modifiers };
    case 'someIn':
      return {
        ...literal,
        ...(literal.key ? { key: go(literal.key) } : {}),
        value: go(literal.value),
        domain: go(literal.domain),
        with: modifiers,
      };
    case 'every':
      return {
        ...literal,
        ...(literal.key === undefined ? {} : { key: nameOf(literal.key, of) }),
        value: nameOf(literal.value, of),
        domain: go(literal.domain),
        body: mapBody(literal.body, of),
        with: modifiers,
      };
    case 'notBody':
      return { ...literal, body: mapBody(literal.body, of), with: modifiers };
  }
}

export const mapBody = (body: Body, of: (name: string) => Term): Body => body.map(each => mapLiteral(each, of));

/** What a term is once everything known of its variables is put in. */
export const resolved = (term: Term, bindings: Substitution): Term => mapTerm(term, ofBindings(bindings));
export const resolvedLiteral = (literal: Literal, bindings: Substitution): Literal =>
  mapLiteral(literal, ofBindings(bindings));

function ofBindings(bindings: Substitution): (name: string) => Term {
  const of = (name: string): Term => {
    const bound = bindings.get(name);
    return bound ? mapTerm(bound, of) : variable(name);
  };
  return of;
}

/** A rule whose variables are those of one use of it: `x#0` becomes `x#0%7`. */
export function freshened(rule: Rule, use: number): Rule {
  const of = (name: string): Term => variable(`${name}%${use}`);
  const go = (term: Term): Term => mapTerm(term, of);
  const { head } = rule;
  const [name, ...keys] = head.path;
  return {
    ...rule,
    head: {
      ...head,
      path: [name!, ...keys.map(go)],
      ...(head.args ? { args: head.args.map(go) } : {}),
      ...(head.key ? { key: go(head.key) } : {}),
      ...(head.value ? { value: go(head.value) } : {}),
    },
    body: mapBody(rule.body, of),
  };
}
