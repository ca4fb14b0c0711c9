import { apiVersionOf, formatKey, type KubeObject, type ObjectKey, type ResourceRef } from '../object.ts';
import type { ResourceCatalog, ResourceDefinition } from '../resource.ts';
import { badRequest, statusError } from '../status.ts';
import { Version } from '../store/version.ts';
import type { StoredObject } from './registry.ts';
import type { SchemaPort } from './ports.ts';

/** The store's name of a collection. Both Event APIs are two views of one collection, as in Kubernetes. */
export function collectionOf(ref: { readonly group: string; readonly resource: string }): string {
  if (ref.group === 'events.k8s.io') return ref.resource;
  return ref.group === '' ? ref.resource : `${ref.group}/${ref.resource}`;
}

/** The definition of a served collection; a 404 as the API server answers it otherwise. */
export function definitionOf(catalog: ResourceCatalog, ref: ResourceRef): ResourceDefinition {
  const definition = catalog.resource(ref);
  if (!definition || definition.served === false)
    throw statusError(404, 'NotFound', 'the server could not find the requested resource');
  return definition;
}

/** Refuses subresources a collection does not have. */
export function checkSubresource(definition: ResourceDefinition, subresource: string | undefined): void {
  if (!subresource || definition.subresources.some(({ name }) => name === subresource)) return;
  throw statusError(404, 'NotFound', 'the server could not find the requested resource');
}

/** The definition objects of this collection are stored in. */
export function storageOf(catalog: ResourceCatalog, definition: ResourceDefinition): ResourceDefinition {
  const group = definition.group === 'events.k8s.io' && definition.resource === 'events' ? '' : definition.group;
  if (definition.version === definition.storageVersion && group === definition.group) return definition;
  const storage = catalog.resource({
    group,
    version: group === definition.group ? definition.storageVersion : 'v1',
    resource: definition.resource,
  });
  return storage ?? definition;
}

/** The store's path of an object; refuses keys that cannot name one. */
export function pathOf(definition: ResourceDefinition, key: ObjectKey): string {
  if (!definition.namespaced) return formatKey({ name: key.name });
  if (!key.namespace) throw badRequest('an empty namespace may not be set when a resource name is provided');
  return formatKey(key);
}

/** Objects of another version than the stored one, made once for each stored version and target. */
const views = new WeakMap<Version, Map<ResourceDefinition, StoredObject | Promise<StoredObject>>>();

/** True when stored versions can be handed out as they are: no conversion, and no schema that may have changed since. */
export function isAsStored(schema: SchemaPort, storage: ResourceDefinition, target: ResourceDefinition): boolean {
  return storage === target && (target.custom !== true || schema.complete === undefined);
}

/** A stored version as the asked-for API version sees it. */
export function viewOf(
  schema: SchemaPort,
  version: Version,
  storage: ResourceDefinition,
  target: ResourceDefinition,
): StoredObject | Promise<StoredObject> {
  // Custom objects are defaulted when read: their schema may have changed since they were written.
  if (isAsStored(schema, storage, target)) return version;
  const complete = target.custom === true ? schema.complete : undefined;
  let known = views.get(version);
  if (!known) views.set(version, (known = new Map()));
  let view = known.get(target);
  if (!view) {
    const made = (converted: KubeObject): StoredObject => {
      const object = complete ? complete(target, converted) : converted;
      if (object === version.object) return version;
      return new Version(version.path, version.resourceVersion, JSON.stringify(object), object);
    };
    // A custom object may lie in the version that was stored before the definition changed.
    const isTarget = storage === target && version.object.apiVersion === apiVersionOf(target);
    const converted = isTarget ? version.object : schema.convert(version.object, storage, target);
    view = converted instanceof Promise ? converted.then(made) : made(converted);
    known.set(target, view);
  }
  return view;
}
