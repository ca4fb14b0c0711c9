import type { Json, JsonObject } from '../../../../kernel/index.ts';
import { textAt } from '../model.ts';
import { fields, type FoundKind, type KindFinder, list, listAt } from './model.ts';

/** The first thing about a generate rule's targets and sources that cannot be taken. */
export function generateFaults(
  document: JsonObject,
  rule: JsonObject,
  where: string,
  find: KindFinder,
): string | undefined {
  if (rule.generate === undefined) return undefined;
  const body = fields(rule.generate);
  const parts = list(body.foreach).length > 0 ? listAt(body, 'foreach') : [body];
  const own = document.kind === 'Policy' ? textAt(document, 'metadata', 'namespace') || 'default' : undefined;
  for (const part of parts) {
    const fault =
      part.cloneList === undefined ? oneFault(part, own, find) : listFault(part, fields(part.cloneList), own, find);
    if (fault !== undefined) return `${where}.generate: ${fault}`;
  }
  return undefined;
}

const varies = (value: Json | undefined): boolean => typeof value === 'string' && value.includes('{{');

function kindOf(apiVersion: string, kind: string, find: KindFinder): FoundKind | undefined {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  return find(group, version, kind)[0];
}

function oneFault(part: JsonObject, own: string | undefined, find: KindFinder): string | undefined {
  if (varies(part.kind) || varies(part.apiVersion)) return undefined;
  const namespace = textAt(part, 'namespace');
  const found = kindOf(textAt(part, 'apiVersion'), textAt(part, 'kind'), find);
  if (found?.namespaced === true && namespace === '') return 'the target namespace must be set for a namespaced kind';
  if (found?.namespaced === false && namespace !== '') return 'the target namespace must not be set for a cluster kind';
  if (own === undefined) return undefined;
  if (found?.namespaced === false) return 'a Policy cannot generate cluster-scoped objects';
  if (namespace !== own)
    return `a Policy cannot generate objects in other namespaces, expected: ${own}, received: ${namespace}`;
  const from = part.clone === undefined ? own : textAt(part.clone, 'namespace');
  return from === own
    ? undefined
    : `a Policy cannot clone objects of other namespaces, expected: ${own}, received: ${from}`;
}

function listFault(
  part: JsonObject,
  cloneList: JsonObject,
  own: string | undefined,
  find: KindFinder,
): string | undefined {
  const kinds = list(cloneList.kinds).map(String);
  const scopes = new Set<boolean>();
  for (const text of kinds) {
    const at = text.lastIndexOf('/');
    const found = kindOf(text.slice(0, at), text.slice(at + 1), find);
    if (found !== undefined) scopes.add(found.namespaced);
  }
  if (scopes.size > 1) return 'the kinds of cloneList must all be namespaced or all be of the cluster';
  const [namespaced] = scopes;
  if (own === undefined) return undefined;
  if (namespaced === false) return 'a Policy cannot generate cluster-scoped objects';
  if (textAt(part, 'namespace') !== own || textAt(cloneList, 'namespace') !== own)
    return `a Policy can only clone within its namespace ${own}`;
  return undefined;
}
