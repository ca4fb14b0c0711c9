import type { WriteOptions } from '../client.ts';
import { formatKey, type KubeObject, type ResourceRef } from '../object.ts';
import { alreadyExists, statusError, type StatusError } from '../status.ts';
import { checkName, fillSystemFields, refuseInvalid, settleKey } from './metadata.ts';
import type { RegistryParts } from './ports.ts';
import type { RequestContext, StoredObject } from './registry.ts';
import { prepareForCreate } from './strategy.ts';
import {
  admissionOf,
  admitAndStore,
  CHANGED,
  checkKind,
  mutate,
  pruneUnknown,
  refuse,
  type Target,
  targetOf,
  writerOf,
} from './write.ts';

/** Names tried for a generateName before the collision is reported (KEP-4420). */
const NAMES_MAX = 8;

export async function create(
  parts: RegistryParts,
  context: RequestContext,
  ref: ResourceRef,
  object: KubeObject,
  options: WriteOptions & { namespace?: string; name?: string } = {},
): Promise<StoredObject> {
  const { namespace, name, ...rest } = options;
  const target = targetOf(parts, context, ref, rest);
  checkKind(target.definition, object);
  const key = settleKey(target.definition, object, { ...(namespace ? { namespace } : {}), ...(name ? { name } : {}) });
  if (object.metadata.resourceVersion) throw resourceVersionSet();
  pruneUnknown(parts, target, object);
  parts.schema.fill(target.definition, object);
  const tracked = parts.merge.track(target.definition, undefined, object, writerOf(parts, target));
  return createDecoded(parts, target, tracked, key.namespace);
}

const resourceVersionSet = (): StatusError =>
  statusError(500, 'InternalError', 'resourceVersion should not be set on objects to be created');

/** The part of a create that update and apply share when the object does not exist yet: from admission on. */
export async function createDecoded(
  parts: RegistryParts,
  target: Target,
  body: KubeObject,
  namespace: string | undefined,
): Promise<StoredObject> {
  const scope = namespace ? { namespace } : {};
  const generated = !body.metadata.name && !!body.metadata.generateName;
  const admitted = admissionOf(parts, target, 'CREATE', { ...scope, name: body.metadata.name ?? '' }, body, undefined);
  const object = await mutate(parts, target, admitted);
  settleKey(target.definition, object, scope);
  for (let attempt = 1; ; attempt++) {
    fillSystemFields(parts, object.metadata);
    const name = object.metadata.name ?? '';
    refuseInvalid(target.definition, name, checkName(target.definition, object.metadata));
    prepareForCreate(target.definition, object);
    refuseInvalid(
      target.definition,
      name,
      parts.schema.validate(target.definition, object, undefined, target.subresource),
    );
    const path = formatKey({ ...scope, name });
    const exists = (): Promise<never> => refuse(parts, target, path, alreadyExists(target.definition, name));
    if (!target.collection.head(path)) {
      const stored = await admitAndStore(
        parts,
        target,
        { ...admitted, attributes: { ...admitted.attributes, key: { ...scope, name }, object } },
        path,
        undefined,
        object,
      );
      if (stored !== CHANGED) return stored;
    }
    if (!generated || attempt >= NAMES_MAX) return exists();
    delete object.metadata.name;
  }
}
