import { equalJson, isObject, type Json, type JsonObject, splitApiVersion } from '../../../kernel/index.ts';
import { applyLenientJsonPatch } from '../../engine/patterns/json-patch.ts';
import { applyOverlay } from '../../engine/patterns/overlay.ts';
import { evaluateConditions } from './conditions.ts';
import { addEntries } from './entries.ts';
import type { KyvernoWorld } from './model.ts';
import type { RuleRun } from './run.ts';
import { elementContext, elementsOf } from './validate.ts';
import { substitute, type Substitution } from './variables.ts';

/** Changes a resource as a `mutate` body says. Undefined when nothing applied. */
export function mutateResource(
  body: JsonObject,
  run: RuleRun,
  how: Substitution,
  resource: JsonObject,
): JsonObject | undefined {
  if (Array.isArray(body.foreach)) return mutateEach(body.foreach, run, how, resource, 0);
  return applyBody(body, run.world, how, resource);
}

function applyBody(
  body: JsonObject,
  world: KyvernoWorld,
  how: Substitution,
  resource: JsonObject,
): JsonObject | undefined {
  let next: JsonObject | undefined;
  if (body.patchStrategicMerge !== undefined) {
    const overlay = substitute(body.patchStrategicMerge, how);
    if (!isObject(overlay)) return undefined;
    const schema = world.schemaOf({
      ...splitApiVersion(String(resource.apiVersion ?? '')),
      kind: String(resource.kind ?? ''),
    });
    next = applyOverlay(resource, overlay, schema ?? { type: 'any' });
  } else if (body.patchesJson6902 !== undefined) {
    let patch: Json = substitute(body.patchesJson6902, how);
    if (typeof patch === 'string') patch = world.parseYaml(patch);
    if (!Array.isArray(patch)) throw new Error('patchesJson6902 is no list');
    next = applyLenientJsonPatch(resource, patch);
  }
  return next === undefined || equalJson(next, resource) ? undefined : next;
}

function mutateEach(
  list: readonly Json[],
  run: RuleRun,
  how: Substitution,
  resource: JsonObject,
  depth: number,
): JsonObject | undefined {
  let current = resource;
  for (const each of list) {
    if (!isObject(each)) continue;
    const elements = [...elementsOf(each, how, 'error').entries()];
    // JSON patches that remove by position must start at the end.
    if (each.order === 'Descending') elements.reverse();
    for (const [index, element] of elements) {
      if (element === null) continue;
      const inner = elementContext(how, element, index, depth);
      inner.context.setPath('request.object', current);
      addEntries(each.context, inner, run.world, run.given(index));
      if (!evaluateConditions(each.preconditions, inner).holds) continue;
      const next = Array.isArray(each.foreach)
        ? mutateEach(each.foreach, run, inner, current, depth + 1)
        : applyBody(each, run.world, inner, current);
      if (next !== undefined) current = next;
    }
  }
  return equalJson(current, resource) ? undefined : current;
}
