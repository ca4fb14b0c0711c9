import { isObject, type Json, type JsonObject } from '../../../kernel/index.ts';
import { matchesWildcard } from '../../engine/patterns/wildcard.ts';
import { evaluateConditions } from './conditions.ts';
import { filterMatches } from './match.ts';
import type { Review } from './model.ts';
import type { Substitution } from './variables.ts';

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
const fields = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** Exceptions (kyverno.io PolicyException) that name a rule of a policy and match the review. */
export function exceptionsFor(
  exceptions: readonly JsonObject[],
  policy: string,
  rule: string,
  review: Review,
  how: Substitution,
): readonly JsonObject[] {
  if (exceptions.length === 0) return exceptions;
  return exceptions.filter(exception => {
    const spec = fields(exception.spec);
    const named = list(spec.exceptions)
      .filter(isObject)
      .some(
        each => each.policyName === policy && list(each.ruleNames).some(name => matchesWildcard(String(name), rule)),
      );
    if (!named) return false;
    const match = fields(spec.match);
    const any = list(match.any).filter(isObject);
    const all = list(match.all).filter(isObject);
    const matched =
      any.length > 0
        ? any.some(filter => filterMatches(filter, review, 'match'))
        : all.length > 0 && all.every(filter => filterMatches(filter, review, 'match'));
    return matched && evaluateConditions(spec.conditions, how).holds;
  });
}
