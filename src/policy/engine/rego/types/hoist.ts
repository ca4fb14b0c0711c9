import type { Literal, Term } from '../syntax.ts';
import { type Lowering, unifyOf } from './lower.ts';

/**
 * Binds references and comprehensions that are operands to variables, just before the literal that uses them (OPA
 * evaluates them eagerly). Comes after literals are in order.
 */
export class Hoisting {
  readonly #lowering: Lowering;
  readonly #equalities: ReadonlySet<string>;

  /** `isQuery`: there `==` is a function of two values, in rules it is `=` with nothing left to bind. */
  constructor(lowering: Lowering, isQuery: boolean) {
    this.#lowering = lowering;
    this.#equalities = new Set(isQuery ? ['eq'] : ['eq', 'equal']);
  }

  body(body: readonly Literal[]): Literal[] {
    const result: Literal[] = [];
    for (const literal of body) this.#literal(literal, result);
    return result;
  }

  #literal(literal: Literal, result: Literal[]): void {
    switch (literal.kind) {
      case 'unify': {
        const left = this.#whole(literal.left, literal, result);
        const right = this.#whole(literal.right, literal, result);
        result.push({ ...literal, left, right });
        return;
      }
      case 'term': {
        const { term } = literal;
        if (term.kind !== 'call') {
          result.push({ ...literal, term: this.#whole(term, literal, result) });
          return;
        }
        if (term.args.length === 2 && term.name.length === 1 && this.#equalities.has(term.name[0]!)) {
          const [left, right] = term.args as [Term, Term];
          this.#literal({ ...literal, kind: 'unify', left, right }, result);
          return;
        }
        const args = term.args.map(arg => this.#one(arg, literal, result));
        result.push({ ...literal, term: { ...term, args } });
        return;
      }
      case 'every':
        result.push({
          ...literal,
          domain: this.#one(literal.domain, literal, result),
          body: this.body(literal.body),
        });
        return;
      case 'notBody':
        result.push({ ...literal, body: this.body(literal.body) });
        return;
      default:
        result.push(literal);
    }
  }

  /** A side of an equality stays where it is; what it is made of does not. */
  #whole(term: Term, literal: Literal, result: Literal[]): Term {
    if (term.kind === 'ref') return { ...term, path: term.path.map(key => this.#one(key, literal, result)) };
    if (term.kind === 'comprehension') return { ...term, body: this.body(term.body) };
    return this.#one(term, literal, result);
  }

  #one(term: Term, literal: Literal, result: Literal[]): Term {
    switch (term.kind) {
      case 'ref':
        return this.#bound({ ...term, path: term.path.map(key => this.#one(key, literal, result)) }, literal, result);
      case 'comprehension':
        return this.#bound({ ...term, body: this.body(term.body) }, literal, result);
      case 'array':
      case 'set':
        return { ...term, items: term.items.map(item => this.#one(item, literal, result)) };
      case 'object':
        return {
          ...term,
          entries: term.entries.map(
            ([key, value]) => [this.#one(key, literal, result), this.#one(value, literal, result)] as const,
          ),
        };
      default:
        return term;
    }
  }

  #bound(term: Term, literal: Literal, result: Literal[]): Term {
    const name = this.#lowering.fresh(term.at);
    result.push(unifyOf(name, term, literal.at, 'with' in literal ? literal.with : []));
    return name;
  }
}
