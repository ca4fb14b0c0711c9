import type { WriteOptions } from '../client.ts';
import type { KubeObject, ObjectKey, ResourceRef } from '../object.ts';
import { statusError } from '../status.ts';
import { bindPod } from './binding.ts';
import { createDecoded } from './create-object.ts';
import { evictPod } from './eviction.ts';
import { settleKey } from './metadata.ts';
import type { RegistryParts } from './ports.ts';
import type { RequestContext, StoredObject } from './registry.ts';
import { checkKind, pruneUnknown, type Target, targetOf, writerOf } from './write.ts';

export async function create(
  parts: RegistryParts,
  context: RequestContext,
  ref: ResourceRef,
  object: KubeObject,
  options: WriteOptions & { namespace?: string; name?: string } = {},
): Promise<StoredObject> {
  const { namespace, name, ...rest } = options;
  const target = targetOf(parts, context, ref, rest);
  if (target.subresource)
    return createSubresource(
      parts,
      target,
      { ...(namespace ? { namespace } : {}), name: name ?? object.metadata?.name ?? '' },
      object,
    );
  if (ref.resource === 'bindings' && ref.group === '') return createBinding(parts, context, object, options);
  checkKind(target.definition, object);
  const key = settleKey(target.definition, object, { ...(namespace ? { namespace } : {}), ...(name ? { name } : {}) });
  pruneUnknown(parts, target, object);
  parts.schema.fill(target.definition, object);
  const tracked = parts.merge.track(target.definition, undefined, object, writerOf(parts, target));
  return createDecoded(parts, target, tracked, key.namespace);
}

/** POST to the collection `bindings` means the same as to a pod's binding; the body names the pod. */
async function createBinding(
  parts: RegistryParts,
  context: RequestContext,
  body: KubeObject,
  options: WriteOptions & { namespace?: string },
): Promise<StoredObject> {
  const { namespace = body.metadata?.namespace, ...rest } = options;
  const pods = targetOf(
    parts,
    context,
    { group: '', version: 'v1', resource: 'pods' },
    { ...rest, subresource: 'binding' },
  );
  return createSubresource(parts, pods, { ...(namespace ? { namespace } : {}), name: body.metadata?.name ?? '' }, body);
}

/** Subresources that are acts: their body is an order, not a state. */
async function createSubresource(
  parts: RegistryParts,
  target: Target,
  key: ObjectKey,
  body: KubeObject,
): Promise<StoredObject> {
  body.metadata ??= {};
  if (target.definition.resource === 'pods' && target.subresource === 'binding')
    return bindPod(parts, target, key, body);
  if (target.definition.resource === 'pods' && target.subresource === 'eviction') {
    return (await evictPod(parts, target, key, body)).stored;
  }
  throw statusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
}
