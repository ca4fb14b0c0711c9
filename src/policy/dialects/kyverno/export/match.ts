import { isObject, type Json, type JsonObject, type ResourceDefinition } from '../../../../kernel/index.ts';
import { celAll, celAny, celNot, celString, celStrings, celWildcard } from '../../../engine/patterns/cel-text.ts';
import { NotInCel } from '../../../engine/patterns/leaf-cel.ts';
import { celSelector } from '../../../engine/patterns/selector-cel.ts';
import { matchesWildcard } from '../../../engine/patterns/wildcard.ts';
import { NotExportable } from '../../cel/exported.ts';
import { parseKind } from '../match.ts';

const fields = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
const texts = (value: Json | undefined): readonly string[] => list(value).map(String);
const text = (of: string, ...path: readonly string[]): string =>
  `string(${of}${path.map(step => `.?${step}`).join('')}.orValue(""))`;

/** A rule's `match` and `exclude` as one CEL condition over the request. */
export function matchCondition(rule: JsonObject, pointer: string, namespace: string | undefined): string {
  const clause = (name: 'match' | 'exclude'): string => {
    const value = fields(rule[name]);
    const at = (field: string) => (filter: Json, i: number) =>
      filterCondition(fields(filter), `${pointer}/${name}/${field}/${i}`);
    const [any, all] = [list(value.any), list(value.all)];
    if (any.length > 0) return celAny(any.map(at('any')));
    if (all.length > 0) return celAll(all.map(at('all')));
    return filterCondition(value, `${pointer}/${name}`);
  };
  const own = namespace === undefined ? 'true' : `${text('o', 'metadata', 'namespace')} == ${celString(namespace)}`;
  return `[object != null ? object : oldObject].exists(o, ${celAll([own, clause('match'), celNot(clause('exclude'))])})`;
}

function filterCondition(filter: JsonObject, pointer: string): string {
  for (const name of ['roles', 'clusterRoles'])
    if (list(filter[name]).length > 0)
      throw new NotExportable(`${pointer}/${name}`, `${name} of the requester are not known to admission policies`);
  const resources = fields(filter.resources);
  const described = Object.keys(resources).length > 0;
  const subjects = list(filter.subjects);
  if (!described && subjects.length === 0) return 'false';
  return celAll([
    described ? resourcesCondition(resources, `${pointer}/resources`) : 'true',
    subjects.length > 0 ? celAny(subjects.map(each => subjectCondition(fields(each)))) : 'true',
  ]);
}

function resourcesCondition(resources: JsonObject, pointer: string): string {
  const conditions: string[] = [];
  const kinds = texts(resources.kinds);
  if (kinds.length > 0) conditions.push(celAny(kinds.map(kindCondition)));
  const name = `(${text('o', 'metadata', 'name')} != "" ? ${text('o', 'metadata', 'name')} : ${text('o', 'metadata', 'generateName')})`;
  const named = (pattern: string): string => celWildcard(name, pattern);
  if (typeof resources.name === 'string' && resources.name !== '') conditions.push(named(resources.name));
  const names = texts(resources.names);
  if (names.length > 0) conditions.push(celAny(names.map(named)));
  const namespaces = texts(resources.namespaces);
  if (namespaces.length > 0) {
    const namespace = `(request.kind.kind == "Namespace" ? ${text('o', 'metadata', 'name')} : ${text('o', 'metadata', 'namespace')})`;
    conditions.push(celAny(namespaces.map(each => celWildcard(namespace, each))));
  }
  const operations = texts(resources.operations);
  if (operations.length > 0) conditions.push(`request.operation in ${celStrings(operations)}`);
  const annotations = 'o.?metadata.?annotations.orValue({})';
  for (const [key, value] of Object.entries(fields(resources.annotations)))
    conditions.push(
      `${annotations}.exists(k, ${celAll([celWildcard('k', key), celWildcard(`string(${annotations}[k])`, String(value))])})`,
    );
  const selector = (field: string, labels: string): string => {
    try {
      return celSelector(labels, fields(resources[field]));
    } catch (error) {
      if (error instanceof NotInCel) throw new NotExportable(`${pointer}/${field}`, error.message);
      throw error;
    }
  };
  if (isObject(resources.selector)) conditions.push(selector('selector', 'o.?metadata.?labels.orValue({})'));
  if (isObject(resources.namespaceSelector)) {
    const labels = '(namespaceObject == null ? {} : namespaceObject.?metadata.?labels.orValue({}))';
    conditions.push('request.kind.kind != "Namespace"', selector('namespaceSelector', labels));
  }
  return celAll(conditions);
}

function kindCondition(pattern: string): string {
  const { group, version, kind, subresource } = parseKind(pattern);
  return celAll([
    celWildcard('request.kind.group', group),
    celWildcard('request.kind.version', version),
    celWildcard('request.kind.kind', kind),
    subresource === '*' ? 'true' : `request.?subResource.orValue("") == ${celString(subresource)}`,
  ]);
}

function subjectCondition(subject: JsonObject): string {
  const name = String(subject.name ?? '');
  if (subject.kind === 'Group') return `request.userInfo.?groups.orValue([]).exists(g, ${celWildcard('g', name)})`;
  const user =
    subject.kind === 'ServiceAccount' ? `system:serviceaccount:${String(subject.namespace ?? '')}:${name}` : name;
  return celWildcard('request.?userInfo.?username.orValue("")', user);
}

/** The collections a rule may be about, as wide as need be: the match condition holds the rest. */
export function resourceRules(rule: JsonObject, kinds: () => Iterable<ResourceDefinition>): readonly JsonObject[] {
  const match = fields(rule.match);
  const filters = [...list(match.any), ...list(match.all), match].map(each => fields(fields(each).resources));
  const named = [...new Set(filters.flatMap(each => texts(each.kinds)))];
  const open = (resources: readonly string[], group = '*'): JsonObject => ({
    apiGroups: [group],
    apiVersions: ['*'],
    operations: ['*'],
    resources: [...resources],
  });
  if (named.length === 0) return [open(['*', '*/*'])];
  const byGroup = new Map<string, Set<string>>();
  for (const pattern of named) {
    const { group, kind, subresource } = parseKind(pattern);
    if (kind.includes('*') || kind.includes('?')) return [open(['*', '*/*'])];
    const found = [...kinds()].filter(each => each.kind === kind && matchesWildcard(group, each.group));
    if (found.length === 0) return [open(['*', '*/*'])];
    for (const { group: of, resource } of found) {
      const set = byGroup.get(of) ?? new Set<string>();
      byGroup.set(of, set.add(subresource === '' ? resource : `${resource}/${subresource}`));
      if (subresource === '*') set.add(resource);
    }
  }
  return [...byGroup].map(([group, resources]) => open([...resources].sort(), group));
}
