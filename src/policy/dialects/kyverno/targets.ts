import { isObject, type Json, type JsonObject } from '../../../kernel/index.ts';
import { matchesWildcard } from '../../engine/patterns/wildcard.ts';
import { evaluateConditions } from './conditions.ts';
import { JmesError } from './context.ts';
import { addEntries } from './entries.ts';
import { selectsWithWildcards } from './match.ts';
import { textAt } from './model.ts';
import { mutateResource } from './mutate.ts';
import type { RuleRun } from './run.ts';
import { substitute, type Substitution } from './variables.ts';

/** Existing resources a rule changes (Kyverno, "Mutate Existing Resources"): each as it becomes. */
export function mutateTargets(body: JsonObject, run: RuleRun): readonly JsonObject[] {
  const changed: JsonObject[] = [];
  for (const target of body.targets as Json[]) {
    if (!isObject(target)) continue;
    for (const resource of findTargets(target, run)) {
      const context = run.how.context.fork();
      context.set('target', resource);
      const next = mutateTarget(body, target, run, { ...run.how, context }, resource);
      if (next !== undefined) changed.push(next);
    }
  }
  return changed;
}

/** One target as it becomes; one whose variables cannot be resolved stays as it is, and the others are changed. */
function mutateTarget(
  body: JsonObject,
  target: JsonObject,
  run: RuleRun,
  how: Substitution,
  resource: JsonObject,
): JsonObject | undefined {
  try {
    addEntries(target.context, how, run.world, {});
    return evaluateConditions(target.preconditions, how).holds ? mutateResource(body, run, how, resource) : undefined;
  } catch (error) {
    if (error instanceof JmesError) return undefined;
    throw error;
  }
}

function findTargets(target: JsonObject, run: RuleRun): readonly JsonObject[] {
  const text = (name: string): string => {
    const value = target[name] === undefined ? '' : substitute(target[name]!, run.how);
    return value === null ? '' : String(value);
  };
  const [name, namespace, selector] = [text('name'), text('namespace'), target.selector];
  return run.world.list(text('apiVersion'), text('kind'), '').filter(resource => {
    if (name !== '' && !matchesWildcard(name, textAt(resource, 'metadata', 'name'))) return false;
    if (namespace !== '' && !matchesWildcard(namespace, textAt(resource, 'metadata', 'namespace'))) return false;
    if (!isObject(selector)) return true;
    const metadata = resource.metadata;
    const labels = isObject(metadata) && isObject(metadata.labels) ? metadata.labels : {};
    return selectsWithWildcards(selector, labels);
  });
}
