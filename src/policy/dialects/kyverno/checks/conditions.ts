import { isObject, type Json, type JsonObject } from '../../../../kernel/index.ts';
import { fields, list, listAt } from './model.ts';

const OPERATORS = [
  'Equal',
  'Equals',
  'NotEqual',
  'NotEquals',
  'In',
  'AnyIn',
  'AllIn',
  'NotIn',
  'AnyNotIn',
  'AllNotIn',
  'GreaterThanOrEquals',
  'GreaterThan',
  'LessThanOrEquals',
  'LessThan',
  'DurationGreaterThanOrEquals',
  'DurationGreaterThan',
  'DurationLessThanOrEquals',
  'DurationLessThan',
];
/** What a request does, as a policy may compare it. */
const OPERATIONS = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'];

/** Conditions of a rule, each with where it stands as Kyverno tells it. */
function* conditionsOf(conditions: Json | undefined, where: string): Generator<readonly [string, Json]> {
  if (Array.isArray(conditions)) {
    for (const [i, each] of conditions.entries())
      if (isObject(each) && ('any' in each || 'all' in each)) yield* conditionsOf(each, `${where}[${i}]`);
      else yield [`${where}[${i}]`, each];
    return;
  }
  for (const name of ['any', 'all'] as const)
    for (const [i, each] of list(fields(conditions)[name]).entries()) yield [`${where}.${name}[${i}]`, each];
}

/** The first condition of a rule that cannot be taken. */
export function conditionsFault(rule: JsonObject, where: string): string | undefined {
  const validate = fields(rule.validate);
  const places: (readonly [Json | undefined, string])[] = [
    [rule.preconditions, `${where}.validate.preconditions`],
    [fields(validate.deny).conditions, `${where}.validate.deny.conditions`],
  ];
  for (const [i, each] of listAt(validate, 'foreach').entries()) {
    places.push([each.preconditions, `${where}.validate.foreach[${i}].preconditions`]);
    places.push([fields(each.deny).conditions, `${where}.validate.foreach[${i}].deny.conditions`]);
  }
  for (const [conditions, at] of places)
    for (const [path, condition] of conditionsOf(conditions, at)) {
      const fault = conditionFault(fields(condition));
      if (fault !== undefined) return `path: ${path}.${fault}`;
    }
  return undefined;
}

function conditionFault({ key, operator, value }: JsonObject): string | undefined {
  const isMissing = (part: Json | undefined): boolean => part === undefined || part === null;
  if (isMissing(key) || isMissing(value) || isMissing(operator) || operator === '')
    return ': entered value of `key`, `value` or `operator` is missing or misspelled';
  if (!OPERATORS.includes(String(operator)))
    return `: entered value of \`operator\` is invalid. valid values: [${OPERATORS.map(each => JSON.stringify(each)).join(' ')}]`;
  if (typeof key !== 'string' || key.replaceAll(' ', '') !== '{{request.operation}}') return undefined;
  const isKnown = (each: Json): boolean => typeof each !== 'string' || each.includes('{{') || OPERATIONS.includes(each);
  const unknown = (each: Json): string =>
    `unknown value '${String(each)}' found under the 'value' field. Only the following values are allowed: [${OPERATIONS.join(', ')}]`;
  if (!Array.isArray(value)) return isKnown(value!) ? undefined : `value: ${String(value)}: ${unknown(value!)}`;
  const at = value.findIndex(each => !isKnown(each));
  return at < 0 ? undefined : `value[${at}]: ${unknown(value[at]!)}`;
}
