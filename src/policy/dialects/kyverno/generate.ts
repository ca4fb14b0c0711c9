import { isObject, type Json, type JsonObject, selects } from '../../../kernel/index.ts';
import { evaluateConditions } from './conditions.ts';
import { addEntries } from './entries.ts';
import { textAt } from './model.ts';
import type { RuleRun } from './run.ts';
import { elementContext, elementsOf } from './validate.ts';
import { substitute, type Substitution } from './variables.ts';

/** What a `generate` rule makes; undefined where a source to clone is missing. */
export function generateResources(body: JsonObject, run: RuleRun): readonly JsonObject[] | undefined {
  if (!Array.isArray(body.foreach)) return generateOnce(body, run, run.how);
  const made: JsonObject[] = [];
  for (const each of body.foreach) {
    if (!isObject(each)) continue;
    for (const [index, element] of elementsOf(each, run.how).entries()) {
      const how = elementContext(run.how, element, index, 0);
      addEntries(each.context, how, run.world, run.given(index));
      if (!evaluateConditions(each.preconditions, how).holds) continue;
      const some = generateOnce(each, run, how);
      if (some === undefined) return undefined;
      made.push(...some);
    }
  }
  return made;
}

function generateOnce(body: JsonObject, run: RuleRun, how: Substitution): readonly JsonObject[] | undefined {
  const spec = substitute(body, how) as JsonObject;
  if (isObject(spec.cloneList)) return cloneList(spec, spec.cloneList, run);
  const target = {
    apiVersion: String(spec.apiVersion ?? ''),
    kind: String(spec.kind ?? ''),
    name: String(spec.name ?? ''),
    namespace: String(spec.namespace ?? ''),
  };
  if (isObject(spec.clone)) {
    const source = run.world.get(
      target.apiVersion,
      target.kind,
      textAt(spec.clone, 'namespace'),
      textAt(spec.clone, 'name'),
    );
    return source === undefined ? undefined : [clone(source, target.name, target.namespace)];
  }
  const data = isObject(spec.data) ? spec.data : {};
  return [named(data, target)];
}

function named(
  data: JsonObject,
  target: { apiVersion: string; kind: string; name: string; namespace: string },
): JsonObject {
  const metadata = isObject(data.metadata) ? data.metadata : {};
  return {
    ...data,
    apiVersion: target.apiVersion,
    kind: target.kind,
    metadata: { ...metadata, name: target.name, ...(target.namespace === '' ? {} : { namespace: target.namespace }) },
  };
}

/** A copy under another name; what the server gave the source stays behind. */
function clone(source: JsonObject, name: string, namespace: string): JsonObject {
  const metadata = isObject(source.metadata) ? source.metadata : {};
  const kept: JsonObject = {};
  for (const field of ['labels', 'annotations']) if (metadata[field] !== undefined) kept[field] = metadata[field]!;
  const { status: _, ...rest } = source;
  return { ...rest, metadata: { ...kept, name, ...(namespace === '' ? {} : { namespace }) } };
}

function cloneList(spec: JsonObject, list: JsonObject, run: RuleRun): readonly JsonObject[] {
  const from = textAt(list, 'namespace');
  const kinds: readonly Json[] = Array.isArray(list.kinds) ? list.kinds : [];
  return kinds.flatMap(text => {
    const at = String(text).lastIndexOf('/');
    const sources = run.world.list(String(text).slice(0, at), String(text).slice(at + 1), from);
    return sources
      .filter(source => {
        const metadata = isObject(source.metadata) ? source.metadata : {};
        return !isObject(list.selector) || selects(list.selector, (metadata.labels ?? {}) as Record<string, string>);
      })
      .map(source => clone(source, textAt(source, 'metadata', 'name'), String(spec.namespace ?? '')));
  });
}
