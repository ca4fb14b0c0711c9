import { builtinCatalog } from '../schema/builtin.ts';
import { collectionOf } from '../registry/collections.ts';

/** Kinds whose folder is not their plural name (kube-apiserver, SpecialDefaultResourcePrefixes). */
const SPECIAL: ReadonlyMap<string, string> = new Map([
  ['replicationcontrollers', 'controllers'],
  ['endpoints', 'services/endpoints'],
  ['services', 'services/specs'],
  ['nodes', 'minions'],
  ['networking.k8s.io/ingresses', 'ingress'],
]);

/** Kinds that other servers of a kube-apiserver store: by group and plural name, as JSON. */
const GROUPED: ReadonlySet<string> = new Set([
  'apiextensions.k8s.io/customresourcedefinitions',
  'apiregistration.k8s.io/apiservices',
]);

/** Where a collection's objects lie in etcd, and whose a key is. */
export interface KeySpace {
  keyOf(collection: string, path: string): string;
  /** Undefined for keys that hold no object of a served kind (address ranges, other programs' keys). */
  placeOf(key: string): { readonly collection: string; readonly path: string } | undefined;
}

/** The key layout of Kubernetes under a prefix such as `/registry`. */
export function keySpace(prefix: string): KeySpace {
  const folders = new Map<string, string>();
  const collections = new Map<string, string>();
  for (const definition of builtinCatalog().all()) {
    const collection = collectionOf(definition);
    const folder = GROUPED.has(collection) ? collection : (SPECIAL.get(collection) ?? definition.resource);
    folders.set(collection, folder);
    collections.set(folder, collection);
  }
  return {
    keyOf: (collection, path) => `${prefix}/${folders.get(collection) ?? collection}/${path}`,
    placeOf: key => {
      if (!key.startsWith(`${prefix}/`)) return undefined;
      const [first = '', second = '', ...rest] = key.slice(prefix.length + 1).split('/');
      const grouped = collections.get(`${first}/${second}`);
      if (grouped !== undefined) return rest.length > 0 ? { collection: grouped, path: rest.join('/') } : undefined;
      const plain = collections.get(first);
      if (plain !== undefined)
        return second === '' ? undefined : { collection: plain, path: [second, ...rest].join('/') };
      // Groups of custom kinds are domain names.
      if (!first.includes('.') || rest.length === 0) return undefined;
      return { collection: `${first}/${second}`, path: rest.join('/') };
    },
  };
}

/** True for kinds kube-apiserver keeps as JSON although they have a protobuf form. */
export const isStoredAsJson = (collection: string): boolean => GROUPED.has(collection);
