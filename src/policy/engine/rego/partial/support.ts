import { groundValue } from '../compile-body.ts';
import { groundPath } from '../resolve.ts';
import type { Body, Literal, Rule, Term } from '../syntax.ts';
import { objectOf, RegoSet } from '../value.ts';
import type { PlacedRule, RuleDocument } from '../tree.ts';
import { supportReference } from './dependence.ts';
import { reduce } from './reduce.ts';
import { residue } from './residue.ts';
import type { Solver } from './solver.ts';
import { type Reduced, START, type State } from './state.ts';
import { type Call, equation, NOWHERE, pathTerms, reference, scalar, termOf, variable } from './terms.ts';

/** A rule of a support module. */
export interface SupportRule {
  /** Package without `data`. */
  readonly package: readonly string[];
  readonly rule: Rule;
}

/** Rules that what is left refers to: `data.partial.<path of the document>`. */
export class Support {
  readonly rules: SupportRule[] = [];
  readonly #solver: Solver;
  readonly #made = new Map<number, boolean>();
  #negations = 0;

  constructor(solver: Solver) {
    this.#solver = solver;
  }

  /** Writes what is left of a document, once. False when no rule of it can hold. */
  document(document: RuleDocument): boolean {
    const known = this.#made.get(document.id);
    if (known !== undefined) return known;
    const before = this.rules.length;
    this.#made.set(document.id, true);
    if (document.default) this.#add(document, this.#solver.source.resolved(document.default));
    for (const placed of document.rules) this.#rule(document, placed);
    const some = this.rules.slice(before).some(({ package: path, rule }) => isOf(document, path, rule));
    this.#made.set(document.id, some);
    return some;
  }

  #add({ path }: RuleDocument, rule: Rule): void {
    const name = variable(path.at(-1)!);
    const keys = rule.head.path.slice(1);
    this.rules.push({
      package: ['partial', ...path.slice(0, -1)],
      rule: { ...rule, head: { ...rule.head, path: [name, ...keys] } },
    });
  }

  #rule(document: RuleDocument, placed: PlacedRule): void {
    const solver = this.#solver;
    const rule = solver.use(placed);
    const args = rule.head.args ?? [];
    const names = new Set(args.flatMap(arg => (arg.kind === 'var' ? [arg.name] : [])));
    const keys = rule.head.path.slice(rule.head.path.length - placed.keys.length);
    solver.body(rule.body, { ...START, rigid: names, open: names }, found => {
      const last = rule.head.key ?? rule.head.value ?? scalar(true);
      this.#heads([...keys, last], found, (terms, state) => {
        const value = terms.pop()!;
        const isTrue = groundValue(value) === true;
        this.#add(document, {
          isDefault: false,
          at: NOWHERE,
          body: residue(state),
          head: {
            path: [variable(''), ...terms],
            ...(args.length > 0 ? { args } : {}),
            ...(rule.head.key ? { key: value } : isTrue ? {} : { value }),
            assigned: true,
          },
        });
      });
    });
  }

  /** Head terms: constants and variables stay, the rest becomes a variable that the body sets. */
  #heads(terms: readonly Term[], state: State, next: (terms: Term[], state: State) => void): void {
    const solver = this.#solver;
    const step = (index: number, done: Term[], now: State): void => {
      const term = terms[index];
      if (!term) return next(done, now);
      const found: Reduced = (value, after) => {
        if (groundValue(value) !== undefined || value.kind === 'var') return step(index + 1, [...done, value], after);
        const own = variable(solver.fresh(term.kind === 'var' ? term.name.replace(/%.*/, '') : 'value'));
        const literal = equation(own, value);
        step(index + 1, [...done, own], { ...after, saved: [...after.saved, { literal, isMark: false }] });
      };
      reduce(solver, term, now, found);
    };
    step(0, [], state);
  }

  /** A rule that holds where one of the bodies does; the names it is given are arguments. */
  negated(bodies: readonly Body[], names: readonly string[]): Term {
    const name = `__not${this.#negations++}__`;
    for (const body of bodies)
      this.rules.push({
        package: ['partial'],
        rule: {
          isDefault: false,
          at: NOWHERE,
          body,
          head: {
            path: [variable(name)],
            ...(names.length > 0 ? { args: names.map(variable) } : {}),
            assigned: false,
          },
        },
      });
    const path = ['data', 'partial', name];
    return names.length === 0
      ? reference('data', pathTerms(path.slice(1)))
      : { kind: 'call', name: path, args: names.map(variable), at: NOWHERE };
  }

  /** A call of a function whose rules are left: to the support rule where there is no else and no default. */
  call(term: Call, document: RuleDocument): Term {
    if (!this.#isWritable(document)) return term;
    this.document(document);
    return { ...term, name: ['data', 'partial', ...document.path] };
  }

  #isWritable(document: RuleDocument): boolean {
    return !document.default && document.rules.every(({ rule, below }) => !rule.else && !below);
  }

  /** A literal that is left whole: its references to rules lead to what is left of them. */
  literal(literal: Literal): Literal {
    const { source, dependence } = this.#solver;
    const go = (term: Term): Term => {
      if (term.kind === 'call') {
        const document = this.#solver.function(term.name);
        const args = term.args.map(go);
        return document && dependence.document(document) ? this.call({ ...term, args }, document) : { ...term, args };
      }
      const path = term.kind === 'ref' ? groundPath(term) : undefined;
      if (!path || path[0] !== 'data') return term;
      let node = source.root;
      for (let depth = 1; depth <= path.length; depth++) {
        const { document } = node;
        if (document && document.kind !== 'function' && dependence.document(document)) {
          if (document.rules.some(({ rule, below }) => rule.else || below)) return term;
          if (this.document(document) || document.kind === 'complete')
            return supportReference(document.path, pathTerms(path.slice(depth)));
          return depth === path.length ? termOf(document.kind === 'set' ? new RegoSet([]) : objectOf([])) : term;
        }
        const child = node.children.get(path[depth] ?? '');
        if (!child) return term;
        node = child;
      }
      return term;
    };
    if (literal.kind === 'term') return { ...literal, term: go(literal.term) };
    return literal.kind === 'unify' ? { ...literal, left: go(literal.left), right: go(literal.right) } : literal;
  }
}

const isOf = ({ path }: RuleDocument, place: readonly string[], { head }: Rule): boolean =>
  place.length === path.length &&
  place.slice(1).every((name, index) => name === path[index]) &&
  (head.path[0] as { name: string }).name === path.at(-1);
