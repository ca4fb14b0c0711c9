import { formatKey, type KubeObject } from '../object.ts';
import { alreadyExists, StatusError } from '../status.ts';
import type { Version } from '../store/version.ts';
import { fillSystemFields, refuseInvalid, settleKey } from './metadata.ts';
import type { RegistryParts } from './ports.ts';
import type { StoredObject } from './registry.ts';
import { completeNew, prepareForCreate } from './strategy.ts';
import { admissionOf, admitAndStore, CHANGED, mutate, refuse, type Target } from './write.ts';

/** Names tried for a generateName before the collision is reported (KEP-4420). */
const NAMES_MAX = 8;

/** The 409 of a taken name, with what the API server adds to it. */
function taken(target: Target, name: string, head: Version | undefined, generated: boolean): StatusError {
  const refusal = alreadyExists(target.definition, name);
  if (generated) {
    const message = `${refusal.message}, the server was not able to generate a unique name for the object`;
    return new StatusError({
      ...refusal.status,
      message,
      details: { ...refusal.status.details, retryAfterSeconds: 1 },
    });
  }
  if (head?.object.metadata.deletionTimestamp === undefined) return refusal;
  return new StatusError({ ...refusal.status, message: `object is being deleted: ${refusal.message}` });
}

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
    await parts.journal.fresh?.();
    fillSystemFields(parts, object.metadata);
    const name = object.metadata.name ?? '';
    prepareForCreate(target.definition, object);
    if (object.status !== undefined) parts.schema.fillStatus(target.definition, object);
    refuseInvalid(
      target.definition,
      name,
      parts.schema.validate(target.definition, object, undefined, target.subresource),
    );
    completeNew(target.definition, object);
    const path = formatKey({ ...scope, name });
    const head = target.collection.head(path);
    if (!head) {
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
    if (!generated || attempt >= NAMES_MAX) return refuse(parts, target, path, taken(target, name, head, generated));
    delete object.metadata.name;
  }
}
