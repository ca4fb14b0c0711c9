import type { JsonObject, KubeObject, OwnerReference } from '../../kernel/object.ts';
import { type Effect, keyOf } from '../effect.ts';
import type { ResourceRef } from '../../kernel/object.ts';

/** A node of the ownership graph. */
export interface GraphNode {
  readonly ref: ResourceRef;
  readonly object: KubeObject;
}

export interface GarbageInput {
  readonly node: GraphNode;
  readonly dependents: readonly GraphNode[];
  /** The owner a reference names: the object, that it is known not to exist, or that this cannot be said. */
  readonly ownerOf: (reference: OwnerReference) => GraphNode | 'absent' | 'unknown';
  /** Objects deleted in the foreground wait for each other in a circle that leads through this one. */
  readonly circular: boolean;
}

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

const has = (object: KubeObject, finalizer: string): boolean =>
  object.metadata.finalizers?.includes(finalizer) ?? false;
const isForeground = (object: KubeObject): boolean =>
  object.metadata.deletionTimestamp !== undefined && has(object, FOREGROUND);

/** What the garbage collector does about one object (Kubernetes, "Garbage Collection": background, foreground, orphan). */
export function stepGarbage(input: GarbageInput): Effect[] {
  const { object } = input.node;
  if (object.metadata.deletionTimestamp) {
    if (has(object, ORPHAN)) return orphanDependents(input);
    if (has(object, FOREGROUND)) return finishForeground(input);
    return [];
  }
  const owners = object.metadata.ownerReferences ?? [];
  if (owners.length === 0) return [];
  const states = owners.map(reference => ({ reference, owner: input.ownerOf(reference) }));
  const dangling = states.filter(({ owner }) => owner === 'absent');
  const waiting = states.filter(
    ({ owner, reference }) =>
      typeof owner === 'object' && isForeground(owner.object) && reference.blockOwnerDeletion === true,
  );
  const solid = states.filter(each => !dangling.includes(each) && !waiting.includes(each));
  if (dangling.length === 0 && waiting.length === 0) return [];
  if (solid.length > 0)
    return [
      keepOwners(
        input.node,
        solid.map(each => each.reference),
      ),
    ];
  const foreground = waiting.length > 0 && input.dependents.length > 0;
  return [removal(input.node, foreground ? 'Foreground' : policyOf(object))];
}

const policyOf = (object: KubeObject): 'Foreground' | 'Background' | 'Orphan' => {
  if (has(object, ORPHAN)) return 'Orphan';
  return has(object, FOREGROUND) ? 'Foreground' : 'Background';
};

/**
 * Waits until no dependent blocks: each decides for itself whether it goes or, where another owner holds it, lets this one go
 * (garbagecollector.go, processDeletingDependentsItem). The others are left to find their owner gone.
 */
function finishForeground({ node, dependents, circular }: GarbageInput): Effect[] {
  const blocking = dependents.filter(({ object }) =>
    object.metadata.ownerReferences?.some(
      reference => reference.uid === node.object.metadata.uid && reference.blockOwnerDeletion === true,
    ),
  );
  if (blocking.length === 0) return [dropFinalizer(node, FOREGROUND)];
  // Nobody of a circle could ever go first: one of them stops waiting (garbagecollector.go, unblockOwnerReferences).
  if (circular) return [dropFinalizer(node, FOREGROUND)];
  return [];
}

/** Whether an object is deleted and waits for its blocking dependents. */
export const waitsForDependents = isForeground;

function orphanDependents({ node, dependents }: GarbageInput): Effect[] {
  const uid = node.object.metadata.uid;
  const releases = dependents.map(each =>
    keepOwners(
      each,
      (each.object.metadata.ownerReferences ?? []).filter(reference => reference.uid !== uid),
    ),
  );
  return [...releases, dropFinalizer(node, ORPHAN)];
}

function keepOwners({ ref, object }: GraphNode, owners: readonly OwnerReference[]): Effect {
  const ownerReferences = owners.length > 0 ? (owners as unknown as JsonObject[]) : null;
  return {
    do: 'patch',
    ref,
    key: keyOf(object),
    patch: { metadata: { uid: object.metadata.uid ?? '', ownerReferences } },
  };
}

function dropFinalizer({ ref, object }: GraphNode, finalizer: string): Effect {
  const finalizers = (object.metadata.finalizers ?? []).filter(each => each !== finalizer);
  const patch = {
    metadata: {
      uid: object.metadata.uid ?? '',
      resourceVersion: object.metadata.resourceVersion ?? '',
      finalizers: finalizers.length > 0 ? finalizers : null,
    },
  };
  return { do: 'patch', ref, key: keyOf(object), patch, last: true };
}

const removal = ({ ref, object }: GraphNode, propagation: 'Foreground' | 'Background' | 'Orphan'): Effect => ({
  do: 'delete',
  ref,
  key: keyOf(object),
  ...(object.metadata.uid ? { uid: object.metadata.uid } : {}),
  propagation,
});
