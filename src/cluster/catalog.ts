import { apiVersionOf, type KindRef, type ResourceRef, splitApiVersion } from '../kernel/object.ts';
import type { ResourceCatalog, ResourceDefinition } from '../kernel/resource.ts';

const NOT_COLLECTED = new Set(['events', 'bindings', 'componentstatuses']);

/** One definition a collection, at its storage version: what can be listed, watched and deleted. */
export function deletableResources(catalog: ResourceCatalog): ResourceDefinition[] {
  const found = new Map<string, ResourceDefinition>();
  for (const definition of catalog.all()) {
    if (
      !['list', 'watch', 'delete'].every(verb => definition.verbs.includes(verb)) ||
      NOT_COLLECTED.has(definition.resource)
    )
      continue;
    const key = `${definition.group}/${definition.resource}`;
    if (!found.has(key) || definition.version === definition.storageVersion) found.set(key, definition);
  }
  return [...found.values()];
}

export const refOf = ({ group, version, resource }: ResourceRef): ResourceRef => ({ group, version, resource });

/** The collection a reference's apiVersion and kind mean; undefined for kinds nobody serves. */
export function resourceOfKind(
  catalog: ResourceCatalog,
  apiVersion: string,
  kind: string,
): ResourceDefinition | undefined {
  const wanted: KindRef = { ...splitApiVersion(apiVersion), kind };
  return catalog.kind(wanted);
}

export const describeResource = (definition: ResourceDefinition): string =>
  `${definition.resource} (${apiVersionOf(definition)})`;
