import { isObject, type Json, type JsonObject } from '../../../kernel/index.ts';
import { compileJmes, JmesError, type JmesPorts } from '../../engine/jmespath/index.ts';
import { type KyvernoWorld, textAt } from './model.ts';
import { apiPath } from './paths.ts';

const fields = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/**
 * What a GlobalContextEntry holds: the objects of a collection, or the answer of an API path; `projection` names a part
 * that the entry cuts out. Undefined when there is no such entry or part, or its call has no answer.
 */
export function globalEntry(
  entries: readonly JsonObject[],
  name: string,
  projection: string,
  list: KyvernoWorld['list'],
  ports: JmesPorts,
): Json | undefined {
  const entry = entries.find(each => textAt(each, 'metadata', 'name') === name);
  if (entry === undefined) return undefined;
  const spec = fields(entry.spec);
  const data = isObject(spec.kubernetesResource)
    ? collection(spec.kubernetesResource, list)
    : apiPath(textAt(spec.apiCall, 'urlPath'), list);
  if (data === undefined || projection === '') return data;
  const projections: readonly Json[] = Array.isArray(spec.projections) ? spec.projections : [];
  const found = projections.filter(isObject).find(each => each.name === projection);
  if (found === undefined) return undefined;
  try {
    return compileJmes(String(found.jmesPath)).evaluate(data, ports) as Json;
  } catch (error) {
    if (error instanceof JmesError) return undefined;
    throw error;
  }
}

function collection(spec: JsonObject, list: KyvernoWorld['list']): Json {
  const group = textAt(spec, 'group');
  const version = textAt(spec, 'version');
  const apiVersion = group === '' ? version : `${group}/${version}`;
  return [...list(apiVersion, textAt(spec, 'resource'), textAt(spec, 'namespace'))];
}
