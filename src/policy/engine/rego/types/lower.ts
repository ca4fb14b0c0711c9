import { groundTerm } from '../resolve.ts';
import type { Body, Literal, Place, Rule, Term, With } from '../syntax.ts';

type Comprehension = Extract<Term, { kind: 'comprehension' }>;
type Template = Extract<Term, { kind: 'template' }>;
type Ref = Extract<Term, { kind: 'ref' }>;

/** The builtin that a template string is a call of. */
export const TEMPLATE_CALL = 'internal.template_string';

export const unifyOf = (left: Term, right: Term, at: Place, modifiers: readonly With[] = []): Literal => ({
  kind: 'unify',
  left,
  right,
  negated: false,
  with: modifiers,
  at,
});

/** Whether a term refers to documents or has a body of its own: such heads get a variable in the body. */
function needsEvaluation(term: Term): boolean {
  switch (term.kind) {
    case 'ref':
    case 'comprehension':
      return true;
    case 'array':
    case 'set':
      return term.items.some(needsEvaluation);
    case 'object':
      return term.entries.flat().some(needsEvaluation);
    default:
      return false;
  }
}

/** `p()` of a rule without arguments means its value. */
const isRule = ({ name, args }: Extract<Term, { kind: 'call' }>): boolean => args.length === 0 && name[0] === 'data';

/**
 * Takes bodies apart as OPA does before it checks them: calls inside terms become literals with a variable for what
 * they give, `some … in` becomes a reference, template strings become calls. Types are inferred literal by literal.
 */
export class Lowering {
  #names = 0;

  /** A variable no program can write. */
  fresh(at: Place): Term {
    return { kind: 'var', name: `$t${this.#names++}`, at };
  }

  /** The body of a rule, with what its head computes. */
  rule(rule: Rule): { body: Literal[]; path: Term[]; key?: Term; value?: Term } {
    const body = this.body(rule.body);
    const { head } = rule;
    const [name, ...keys] = head.path;
    const held = (term: Term): Term => {
      if (term.kind === 'var' || term.kind === 'scalar') return term;
      const name = this.fresh(term.at);
      body.push(...this.#literal(unifyOf(name, term, term.at)));
      return name;
    };
    const path = [name!, ...keys.map(held)];
    const take = (term: Term | undefined): Term | undefined => term && this.#held(this.#term(term, body), body);
    const [key, value] = [take(head.key), take(head.value)];
    return { body, path, ...(key ? { key } : {}), ...(value ? { value } : {}) };
  }

  body(body: Body): Literal[] {
    return body.flatMap(literal => this.#literal(literal));
  }

  /** A term under a name, where it has to be evaluated. */
  #held(term: Term, body: Literal[]): Term {
    if (!needsEvaluation(term)) return term;
    const name = this.fresh(term.at);
    body.push(unifyOf(name, term, term.at));
    return name;
  }

  #literal(literal: Literal): Literal[] {
    if (literal.kind === 'some' || literal.kind === 'assign') return [];
    const before: Literal[] = [];
    const modifiers = literal.with.map(each => ({
      ...each,
      value: this.#held(this.#term(each.value, before), before),
    }));
    const calls: Literal[] = [];
    const own = this.#expression({ ...literal, with: modifiers }, calls);
    return [...before, ...calls.map(each => ('with' in each ? { ...each, with: modifiers } : each)), own];
  }

  #expression(literal: Exclude<Literal, { kind: 'some' | 'assign' }>, calls: Literal[]): Literal {
    const { at } = literal;
    switch (literal.kind) {
      case 'someIn': {
        const key = literal.key ?? this.fresh(at);
        const { domain } = literal;
        const ref: Ref =
          domain.kind === 'ref'
            ? { ...domain, path: [...domain.path, key] }
            : { kind: 'ref', head: domain, path: [key], at };
        return unifyOf(this.#term(literal.value, calls), this.#term(ref, calls), at, literal.with);
      }
      case 'every':
        return { ...literal, domain: this.#domain(literal.domain, calls), body: this.body(literal.body) };
      case 'notBody':
        return { ...literal, body: this.body(literal.body) };
      case 'unify':
        return { ...literal, left: this.#term(literal.left, calls), right: this.#term(literal.right, calls) };
      case 'term': {
        const { term } = literal;
        if (term.kind !== 'call' || isRule(term)) return { ...literal, term: this.#term(term, calls) };
        const args = term.args.map(arg => this.#term(arg, calls));
        return { ...literal, term: { ...term, args } };
      }
    }
  }

  #domain(domain: Term, calls: Literal[]): Term {
    const term = this.#term(domain, calls);
    if (domain.kind === 'call' || domain.kind === 'template') return term;
    const name = this.fresh(domain.at);
    calls.push(unifyOf(name, term, domain.at));
    return name;
  }

  #term(term: Term, calls: Literal[]): Term {
    switch (term.kind) {
      case 'scalar':
      case 'var':
        return term;
      case 'array':
      case 'set':
        return { ...term, items: term.items.map(item => this.#term(item, calls)) };
      case 'object':
        return {
          ...term,
          entries: term.entries.map(([key, value]) => [this.#term(key, calls), this.#term(value, calls)] as const),
        };
      case 'call':
        if (isRule(term)) return groundTerm(term.name, term.at);
        return this.#call(term.name, term.args, term.at, calls);
      case 'template':
        return this.#call(TEMPLATE_CALL.split('.'), [this.#parts(term)], term.at, calls);
      case 'comprehension':
        return this.#comprehension(term);
      case 'ref':
        return this.#ref(term, calls);
    }
  }

  #call(name: readonly string[], args: readonly Term[], at: Place, calls: Literal[]): Term {
    const found = args.map(arg => this.#term(arg, calls));
    const out = this.fresh(at);
    const term: Term = { kind: 'call', name, args: [...found, out], at };
    calls.push({ kind: 'term', term, negated: false, with: [], at });
    return out;
  }

  #ref(term: Ref, calls: Literal[]): Term {
    const head = this.#term(term.head, calls);
    const path = term.path.map(key => this.#term(key, calls));
    if (head.kind === 'var') return { ...term, head, path };
    const name = this.fresh(head.at);
    calls.push(unifyOf(name, head, head.at));
    return { ...term, head: name, path };
  }

  #comprehension(term: Comprehension): Term {
    const body = this.body(term.body);
    const key = term.key && this.#term(term.key, body);
    const value = this.#term(term.value, body);
    const heldKey = key && this.#held(key, body);
    return { ...term, ...(heldKey ? { key: heldKey } : {}), value: this.#held(value, body), body };
  }

  /** What a template string shows: texts as they are, anything else as a set of one member or of none. */
  #parts({ parts, at }: Template): Term {
    const items = parts.map((part): Term => {
      if (typeof part === 'string') return { kind: 'scalar', value: part, at };
      const isPlain = part.kind === 'term' && part.with.length === 0;
      if (isPlain && part.term.kind === 'scalar') return part.term;
      if (isPlain && part.term.kind === 'var') return { kind: 'set', items: [part.term], at };
      const value = this.fresh(part.at);
      const body = part.kind === 'term' ? unifyOf(value, part.term, part.at, part.with) : part;
      return { kind: 'comprehension', of: 'set', value, body: [body], at };
    });
    return { kind: 'array', items, at };
  }
}
