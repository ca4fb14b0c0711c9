import { matchesWildcard } from '../../engine/patterns/wildcard.ts';
import { parseKind } from './match.ts';

/** Resources Kyverno passes over (`resourceFilters` of its ConfigMap): patterns of kind, namespace and name. */
export interface ResourceFilter {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

/** Reads `[kind,namespace,name]...`; what is left out is any. */
export function parseFilters(text: string): readonly ResourceFilter[] {
  return [...text.matchAll(/\[([^\]]*)\]/g)].flatMap(([, inner = '']) => {
    const [kind = '', namespace = '*', name = '*'] = inner.split(',').map(each => each.trim());
    return kind === '' ? [] : [{ ...parseKind(kind), namespace: namespace || '*', name: name || '*' }];
  });
}

/** An object as filters see it. */
export interface Filtered {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

/** True where a filter names the object; a namespace is in itself. */
export function isFiltered(filters: readonly ResourceFilter[], object: Filtered): boolean {
  const { group, version, kind, subresource, namespace, name } = object;
  const isNamespace = kind === 'Namespace' && group === '';
  return filters.some(
    each =>
      matchesWildcard(each.group, group) &&
      matchesWildcard(each.version, version) &&
      matchesWildcard(each.kind, kind) &&
      matchesWildcard(each.subresource, subresource) &&
      matchesWildcard(each.namespace, isNamespace ? name : namespace) &&
      matchesWildcard(each.name, name),
  );
}
