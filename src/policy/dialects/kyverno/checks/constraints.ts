import type { JsonObject } from '../../../../kernel/index.ts';
import { fields, list } from './model.ts';

/** What a CEL policy that the API server's requests are judged by must say: which resources it is about. */
export function constraintsFault({ spec }: JsonObject): string | undefined {
  const { evaluation, matchConstraints } = fields(spec);
  if ((fields(evaluation).mode ?? 'Kubernetes') !== 'Kubernetes') return undefined;
  return list(fields(matchConstraints).resourceRules).length > 0
    ? undefined
    : 'spec.matchConstraints: Required value: a matchConstraints with at least one resource rule is required';
}
