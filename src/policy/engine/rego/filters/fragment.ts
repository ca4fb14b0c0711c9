import { groundValue } from '../compile-body.ts';
import { isNumber } from '../number.ts';
import type { PartialResult } from '../partial/index.ts';
import { termText } from '../partial/text.ts';
import type { Literal, Place, Term } from '../syntax.ts';
import { RegoSet, type Value } from '../value.ts';
import type { FilterTarget } from './targets.ts';

type Call = Extract<Term, { kind: 'call' }>;

/** What a row has to meet: UCAST's nodes. A field is `table.column`, its value a constant or another field. */
export type Condition =
  | { readonly type: 'compound'; readonly operator: 'and' | 'or' | 'not'; readonly value: readonly Condition[] }
  | {
      readonly type: 'field';
      readonly operator: string;
      readonly field: FieldName;
      readonly value: Value | FieldValue;
    };

/** A column as the policy names it: `input.fruits.colour`. */
export type FieldName = readonly [table: string, column: string];

/** A field that another one is compared with. */
export class FieldValue {
  readonly field: FieldName;
  constructor(field: FieldName) {
    this.field = field;
  }
}

/** Why a query is no filter; `at` is a place of the module it was written in. */
export interface FilterFault {
  readonly message: string;
  readonly at?: Place;
  readonly details?: string;
}

const COMPARISONS: Readonly<Record<string, string>> = {
  equal: 'eq',
  eq: 'eq',
  neq: 'ne',
  lt: 'lt',
  lte: 'lte',
  gt: 'gt',
  gte: 'gte',
};
const TURNED: Readonly<Record<string, string>> = { lt: 'gt', lte: 'gte', gt: 'lt', gte: 'lte' };
const NEEDLES: Readonly<Record<string, string>> = {
  'internal.member_2': 'in',
  startswith: 'startswith',
  endswith: 'endswith',
  contains: 'contains',
};

const textOf = (term: Term): string => termText(term, name => (name.startsWith('$') ? '_' : name));

/** `input.table.column`; undefined for every other term. */
function fieldOf(term: Term): FieldName | undefined {
  if (term.kind !== 'ref' || term.head.kind !== 'var' || term.head.name !== 'input' || term.path.length !== 2)
    return undefined;
  const names = term.path.map(key => (key.kind === 'scalar' && typeof key.value === 'string' ? key.value : undefined));
  return names.includes(undefined) ? undefined : (names as unknown as FieldName);
}

const isScalar = (value: Value | undefined): boolean =>
  value !== undefined && (value === null || typeof value !== 'object' || isNumber(value));

/** Reads what is left of a query as a condition for targets; what they cannot say is a fault each. */
export class FragmentReader {
  readonly faults: FilterFault[] = [];
  readonly #targets: readonly FilterTarget[];
  readonly #defaults: ReadonlySet<string>;

  constructor(result: PartialResult, targets: readonly FilterTarget[]) {
    this.#targets = targets;
    const rules = result.support.flatMap(module => module.rules.map(rule => ({ module, rule })));
    this.#defaults = new Set(
      rules.flatMap(({ module, rule }) =>
        rule.isDefault ? [['data', ...module.package, ...rule.head.path.map(nameOf)].join('.')] : [],
      ),
    );
  }

  /** One literal as a condition; undefined after a fault. */
  literal(literal: Literal): Condition | undefined {
    if (literal.kind === 'every') return this.#fault('"every" not permitted', literal.at);
    if (literal.kind !== 'term' && literal.kind !== 'unify')
      return this.#fault(`"${literal.kind === 'notBody' ? 'not' : 'some'}" not permitted`, literal.at);
    if (literal.with.length > 0) return this.#fault('"with" not permitted', literal.at);
    const isCall = literal.kind === 'unify' || literal.term.kind === 'call';
    if (literal.negated) {
      if (!isCall) return this.#fault('"not" not permitted', literal.at);
      this.#needs('not', '"not" not permitted', literal.at);
    }
    const found = literal.kind === 'unify' ? this.#equation(literal) : this.#statement(literal.term);
    if (!found || !literal.negated) return found;
    return { type: 'compound', operator: 'not', value: [found] };
  }

  #fault(message: string, at?: Place, details?: string): undefined {
    this.faults.push({ message, ...(at ? { at } : {}), ...(details === undefined ? {} : { details }) });
  }

  #needs(feature: 'not' | 'fieldRef' | 'existenceRef', message: string, at: Place): boolean {
    const without = this.#targets.filter(target => !target[feature]);
    if (without.length === 0) return true;
    const name = { not: 'not', fieldRef: 'field-ref', existenceRef: 'existence-ref' }[feature];
    this.#fault(
      `${message}: ${without.map(target => `unsupported feature "${name}" for ${target.title}`).join('\n')}`,
      at,
    );
    return false;
  }

  #statement(term: Term): Condition | undefined {
    if (term.kind !== 'call') return this.#bare(term);
    const name = term.name.join('.');
    const operator = COMPARISONS[name];
    if (operator !== undefined && term.args.length === 2)
      return this.#compared(operator, term.args[0]!, term.args[1]!, term.at);
    if (NEEDLES[name] !== undefined && term.args.length === 2) return this.#searched(term, name);
    return this.#fault(`invalid builtin \`${name}\``, term.at);
  }

  #bare(term: Term): undefined {
    const text = textOf(term);
    if (text.startsWith('data.partial.')) {
      const isDefault = this.#defaults.has(text);
      return this.#fault(isDefault ? `use of default rule in data.${text.slice(13)}` : '', term.at);
    }
    if (text.startsWith('data.'))
      return this.#fault(`invalid data reference "${text}"`, term.at, `has rule "${text}" an \`else\`?`);
    return this.#fault(`invalid statement "${text}"`, term.at, `try \`${text} != false\``);
  }

  #equation(literal: Extract<Literal, { kind: 'unify' }>): Condition | undefined {
    const call = [literal.left, literal.right].find(term => term.kind === 'call') as Call | undefined;
    if (call) return this.#fault(`invalid builtin \`${call.name.join('.')}\``, call.at);
    return this.#compared('eq', literal.left, literal.right, literal.at);
  }

  #compared(operator: string, left: Term, right: Term, at: Place): Condition | undefined {
    const name = operator === 'ne' ? 'neq' : operator;
    for (const side of [left, right]) {
      if (side.kind === 'call') return this.#fault(`${name}: nested call operand: ${textOf(side)}`, at);
      if (side.kind === 'ref' && !fieldOf(side))
        return this.#fault(`${name}: invalid ref operand: ${textOf(side)}`, at);
    }
    const [own, other] = [fieldOf(left), fieldOf(right)];
    if (own && other) {
      if (!this.#needs('fieldRef', 'reference to field', at)) return undefined;
      return { type: 'field', operator, field: own, value: new FieldValue(other) };
    }
    const field = own ?? other;
    const value = own ? right : left;
    const constant = groundValue(value);
    if (field && isScalar(constant))
      return { type: 'field', operator: own ? operator : (TURNED[operator] ?? operator), field, value: constant! };
    if (operator === 'eq' && field && !this.#needs('existenceRef', 'existence of field', at)) return undefined;
    if (operator === 'eq' && field && value.kind === 'var')
      return { type: 'field', operator: 'ne', field, value: null };
    return this.#fault('both rhs and lhs non-scalar/non-ground', at);
  }

  #searched(call: Call, name: string): Condition | undefined {
    const operator = NEEDLES[name]!;
    const without = this.#targets.filter(target => !target.searches.has(operator));
    if (without.length > 0)
      return this.#fault(
        `invalid builtin \`${operator}\`: ${without.map(({ title }) => `unsupported for ${title}`).join('\n')}`,
        call.at,
      );
    const field = fieldOf(call.args[0]!);
    const value = groundValue(call.args[1]!);
    if (!field || value === undefined) return this.#fault(`rhs of ${name} must be known`, call.at);
    return { type: 'field', operator, field, value: value instanceof RegoSet ? value.sorted() : value };
  }
}

const nameOf = (term: Term): string =>
  term.kind === 'var' ? term.name : term.kind === 'scalar' ? String(term.value) : '_';
