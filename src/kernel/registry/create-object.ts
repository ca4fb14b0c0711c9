import { formatKey, type KubeObject } from '../object.ts';
import { alreadyExists } from '../status.ts';
import { checkName, fillSystemFields, refuseInvalid, settleKey } from './metadata.ts';
import type { RegistryParts } from './ports.ts';
import type { StoredObject } from './registry.ts';
import { prepareForCreate } from './strategy.ts';
import { admissionOf, admitAndStore, CHANGED, mutate, refuse, type Target } from './write.ts';

/** Names tried for a generateName before the collision is reported (KEP-4420). */
const NAMES_MAX = 8;

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
