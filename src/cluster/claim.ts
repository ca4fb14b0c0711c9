import type { JsonObject, KubeObject, OwnerReference, ResourceRef } from '../kernel/object.ts';
import { type Effect, keyOf } from './effect.ts';
import { controllerOf, controllerReference } from './pods.ts';
import { matchesSelector } from './selector.ts';
import type { LabelSelector, ReadMeta } from './types.ts';

type Owner = KubeObject & { metadata: ReadMeta };

/** Objects a workload has after adoption and release, and the effects that make it so. */
export interface Claim<T> {
  readonly owned: readonly T[];
  readonly effects: readonly Effect[];
}

/**
 * Adopts matching orphans and releases owned objects that stopped matching, as the ControllerRefManager of
 * kube-controller-manager does: an owner that is being deleted adopts nothing, an object being deleted is left alone.
 */
export function claim<T extends KubeObject>(
  ref: ResourceRef,
  owner: Owner,
  selector: LabelSelector | undefined,
  objects: readonly T[],
): Claim<T> {
  const owned: T[] = [];
  const effects: Effect[] = [];
  for (const object of objects) {
    const controller = controllerOf(object);
    const matches = matchesSelector(selector, object.metadata.labels);
    if (controller) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (matches || owner.metadata.deletionTimestamp) owned.push(object);
      else if (!object.metadata.deletionTimestamp) effects.push(release(ref, owner, object));
      continue;
    }
    if (!matches || owner.metadata.deletionTimestamp || object.metadata.deletionTimestamp) continue;
    effects.push(adopt(ref, owner, object));
    owned.push(object);
  }
  return { owned, effects };
}

const references = (list: readonly OwnerReference[]): JsonObject[] =>
  list.map(each => ({ ...each }) as unknown as JsonObject);

function adopt(ref: ResourceRef, owner: Owner, object: KubeObject): Effect {
  const others = object.metadata.ownerReferences ?? [];
  return {
    do: 'patch',
    ref,
    key: keyOf(object),
    patch: {
      metadata: {
        uid: object.metadata.uid ?? '',
        ownerReferences: references([...others, controllerReference(owner)]),
      },
    },
  };
}

function release(ref: ResourceRef, owner: Owner, object: KubeObject): Effect {
  const others = (object.metadata.ownerReferences ?? []).filter(each => each.uid !== owner.metadata.uid);
  return {
    do: 'patch',
    ref,
    key: keyOf(object),
    patch: {
      metadata: { uid: object.metadata.uid ?? '', ownerReferences: others.length > 0 ? references(others) : null },
    },
  };
}
