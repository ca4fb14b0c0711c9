import type { PartialResult } from '../partial/index.ts';
import { objectOf, type Value } from '../value.ts';
import { type Condition, type FilterFault, FieldValue, FragmentReader } from './fragment.ts';
import { sqlText, type TableNames } from './sql.ts';
import type { FilterTarget } from './targets.ts';

export { FilterError, type TableNames } from './sql.ts';
export { FILTER_TARGETS, type FilterTarget } from './targets.ts';
export type { FilterFault } from './fragment.ts';

/** A filter, or why there is none. `isNever`: no row meets it. No condition: every row does. */
export interface Filter {
  readonly condition?: Condition;
  readonly isNever: boolean;
  readonly faults: readonly FilterFault[];
}

const compound = (operator: 'and' | 'or', value: readonly Condition[]): Condition =>
  value.length === 1 ? value[0]! : { type: 'compound', operator, value };

/** Reads what is left of a query as a filter that every target can say. */
export function filterOf(result: PartialResult, targets: readonly FilterTarget[]): Filter {
  const reader = new FragmentReader(result, targets);
  const ways = result.queries.map(query => query.map(literal => reader.literal(literal)));
  const { faults } = reader;
  const isNever = ways.length === 0;
  if (faults.length > 0 || isNever || ways.some(way => way.length === 0)) return { isNever, faults };
  return {
    condition: compound(
      'or',
      ways.map(way => compound('and', way as Condition[])),
    ),
    isNever,
    faults,
  };
}

function ucastOf(condition: Condition): Value {
  if (condition.type === 'compound')
    return objectOf([
      ['operator', condition.operator],
      ['type', 'compound'],
      ['value', condition.value.map(ucastOf)],
    ]);
  const { field, operator, value } = condition;
  return objectOf([
    ['field', field.join('.')],
    ['operator', operator],
    ['type', 'field'],
    ['value', value instanceof FieldValue ? objectOf([['field', value.field.join('.')]]) : value],
  ]);
}

/** A filter as a target writes it: a `WHERE` clause or UCAST's JSON. Throws FilterError. */
export function filterText({ condition }: Filter, target: FilterTarget, names: TableNames): Value {
  if (target.language === 'sql') return sqlText(condition, target.dialect, names);
  return condition ? ucastOf(condition) : objectOf([]);
}
