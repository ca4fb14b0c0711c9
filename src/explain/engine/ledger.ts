import type { KubeObject, ResourceCatalog } from '../../kernel/index.ts';
import type { AdmissionLedger } from '../../kernel/admission/reads.ts';
import { podFrom, replicasOf, templateOf } from './workload.ts';

/** Pods counted for one workload; nobody writes quotas for more. */
const REPLICAS_MAX = 1000;

/** The namespace of a write, with the label every namespace carries. */
export function namespaceOf(kinds: (kind: string) => readonly KubeObject[], name: string): KubeObject {
  const found = kinds('Namespace').find(({ metadata }) => metadata.name === name);
  const labels = { ...found?.metadata.labels, 'kubernetes.io/metadata.name': name };
  return { ...(found ?? { apiVersion: 'v1', kind: 'Namespace' }), metadata: { ...found?.metadata, name, labels } };
}

/** Pods that documents ask for in a namespace, those of controllers among them. */
export function wantedPods(objects: readonly KubeObject[], namespace: string): KubeObject[] {
  return objects.flatMap(object => {
    if ((object.metadata.namespace ?? 'default') !== namespace) return [];
    // What a controller made is counted with the controller.
    if (object.metadata.ownerReferences?.some(owner => owner.controller)) return [];
    if (object.kind !== 'Pod' && !templateOf(object)) return [];
    const pod = podFrom(object);
    return pod ? Array.from({ length: Math.min(replicasOf(object), REPLICAS_MAX) }, () => pod) : [];
  });
}

/**
 * Documents as admission looks things up. In a folder what is absent may be in the cluster already: accounts and classes
 * that pods name are taken as there.
 */
export function documentLedger(
  kinds: (kind: string) => readonly KubeObject[],
  catalog: ResourceCatalog,
  live: boolean,
  podsOf: (namespace: string) => readonly KubeObject[],
): AdmissionLedger {
  const kindNames = new Map<string, string>();
  const kindOf = (collection: string): string => {
    if (kindNames.size === 0)
      for (const { group, resource, kind } of catalog.all())
        kindNames.set(group ? `${group}/${resource}` : resource, kind);
    return kindNames.get(collection) ?? '';
  };
  const pathOf = ({ metadata }: KubeObject, withNamespace: boolean): string =>
    withNamespace ? `${metadata.namespace ?? 'default'}/${metadata.name}` : (metadata.name ?? '');
  const get = (collection: string, path: string): KubeObject | undefined => {
    const kind = kindOf(collection);
    const slash = path.indexOf('/');
    const found = kinds(kind).find(object => pathOf(object, slash >= 0) === path);
    if (found || live || (kind !== 'ServiceAccount' && kind !== 'PriorityClass')) return found;
    return { apiVersion: '', kind, metadata: { name: path.slice(slash + 1) } };
  };
  const list = (collection: string, prefix: string): readonly KubeObject[] => {
    if (collection === 'pods') return podsOf(prefix.slice(0, -1));
    return kinds(kindOf(collection)).filter(object => prefix === '' || pathOf(object, true).startsWith(prefix));
  };
  return { get, head: get, list, amend: () => undefined };
}
