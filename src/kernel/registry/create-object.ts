import { formatKey, type KubeObject } from '../object.ts';
import { runValidation } from '../admission/admission.ts';
import { alreadyExists, StatusError, statusError } from '../status.ts';
import type { Version } from '../store/version.ts';
import { fillSystemFields, refuseInvalid, settleKey } from './metadata.ts';
import type { RegistryParts } from './ports.ts';
import type { StoredObject } from './registry.ts';
import { completeNew, prepareForCreate } from './strategy.ts';
import {
  admissionOf,
  type Admitted,
  admitAndStore,
  begin,
  CHANGED,
  mutate,
  refuse,
  settling,
  type Target,
} from './write.ts';

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
  for (let attempt = 1; ; attempt++) {
    const key = { ...scope, name: body.metadata.name ?? '' };
    const admitted = admissionOf(parts, target, 'CREATE', key, body, undefined);
    const retry = generated && attempt < NAMES_MAX;
    const stored = await settling(admitted, () => createOnce(parts, target, admitted, scope, generated, retry));
    if (stored !== CHANGED) return stored;
    delete admitted.attributes.object!.metadata.name;
    body = admitted.attributes.object!;
  }
}

async function refuseVersion({ steps, attributes }: Admitted): Promise<never> {
  if (steps.length > 0) await runValidation(steps, attributes);
  throw statusError(500, '', 'resourceVersion should not be set on objects to be created');
}

/** One attempt; CHANGED where the generated name is taken and another may be tried. */
async function createOnce(
  parts: RegistryParts,
  target: Target,
  admitted: Admitted,
  scope: { readonly namespace?: string },
  generated: boolean,
  retry: boolean,
): Promise<StoredObject | typeof CHANGED> {
  const { definition, collection, subresource } = target;
  const object = await mutate(parts, target, admitted);
  settleKey(definition, object, scope);
  await parts.journal.fresh?.();
  const { resourceVersion } = object.metadata;
  fillSystemFields(parts, object.metadata);
  await begin(admitted);
  prepareForCreate(definition, object);
  const name = object.metadata.name ?? '';
  if (object.status !== undefined) parts.schema.fillStatus(definition, object);
  refuseInvalid(definition, name, parts.schema.validate(definition, object, undefined, subresource));
  completeNew(definition, object);
  const path = formatKey({ ...scope, name });
  admitted.attributes.key = { ...scope, name };
  // The store is the last to see it, and refuses a version before it looks at the name.
  if (/^0*[1-9]\d*$/.test(resourceVersion ?? '')) await refuseVersion(admitted);
  const head = collection.head(path);
  if (!head) {
    const stored = await admitAndStore(parts, target, admitted, path, undefined, object);
    if (stored !== CHANGED) return stored;
  }
  return retry ? CHANGED : refuse(parts, target, path, taken(target, name, head, generated));
}
