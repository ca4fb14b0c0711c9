import { isObject, type Json, type JsonObject } from '../../../../kernel/index.ts';
import { runCelPolicy } from '../cel/run.ts';
import { evaluateConditions } from '../conditions.ts';
import { DataContext, JmesError } from '../context.ts';
import { addEntries } from '../entries.ts';
import { plainKind } from '../kinds.ts';
import { ruleMatches } from '../match.ts';
import { type KyvernoWorld, resourceOf, type Review, textAt } from '../model.ts';
import type { Substitution } from '../variables.ts';

const fields = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** True for policies that delete by the clock. */
export const isCleaning = (policy: JsonObject): boolean =>
  /^(?:Cluster)?CleanupPolicy$/.test(String(policy.kind)) || plainKind(String(policy.kind)) === 'DeletingPolicy';

/** Whether a cleanup or deleting policy wants an object gone; what cannot be decided stays. */
export function cleans(
  policy: JsonObject,
  review: Review,
  world: KyvernoWorld,
  exceptions: readonly JsonObject[],
): boolean {
  if (plainKind(String(policy.kind)) === 'DeletingPolicy') {
    const { answers } = runCelPolicy(policy, review, world, exceptions);
    return answers.length > 0 && answers.every(answer => answer.status === 'pass' && !answer.excepted);
  }
  const spec = fields(policy.spec);
  const namespace = policy.kind === 'CleanupPolicy' ? textAt(policy, 'metadata', 'namespace') : undefined;
  if (!ruleMatches({ match: spec.match ?? {}, exclude: spec.exclude ?? {} }, review, namespace)) return false;
  const how: Substitution = {
    context: new DataContext({ target: resourceOf(review), request: {} }, world),
    deleting: false,
  };
  try {
    addEntries(spec.context, how, world, {});
    return evaluateConditions(spec.conditions, how).holds;
  } catch (error) {
    if (error instanceof JmesError) return false;
    throw error;
  }
}
