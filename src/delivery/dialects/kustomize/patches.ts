import { describeId } from './kinds.ts';
import { applyJsonPatch, type PatchOperation } from './json-patch.ts';
import { mergeTypeOf, type MergeTypes, strategicMerge } from './merge.ts';
import { refuse } from './refuse.ts';
import type { Resource, ResourceMap } from './resource.ts';
import { select, type Selector } from './select.ts';
import { isTree, lookup, newTree } from './tree.ts';

/** Lays a patch over some resources; those it deletes leave the map. */
export function patchResources(
  map: ResourceMap,
  targets: readonly Resource[],
  patch: Resource,
  types: MergeTypes,
): void {
  for (const target of targets) patchOne(target, patch, types);
  map.items = map.items.filter(resource => !resource.empty);
}

function patchOne(target: Resource, patch: Resource, types: MergeTypes): void {
  const { name, namespace, kind } = target.id;
  if (patch.allowNameChange || patch.allowKindChange) target.rememberId();
  const merged = strategicMerge(target.object, patch.object, mergeTypeOf(patch.object, types));
  if (merged === undefined || Object.keys(merged).length === 0) {
    target.object = newTree();
    return;
  }
  target.object = merged;
  if (!patch.allowKindChange) target.object.kind = kind;
  if (!patch.allowNameChange && name !== '') target.name = name;
  if (namespace !== '' || lookup(target.object, 'metadata', 'namespace') !== undefined) target.namespace = namespace;
}

/** A strategic merge patch that names its own target. */
export function patchByName(map: ResourceMap, patch: Resource, types: MergeTypes): void {
  let target: Resource;
  try {
    target = map.only(patch.originalId);
  } catch (error) {
    throw refuse(
      `no resource matches strategic merge patch "${describeId(patch.id)}": ${(error as Error).message}`,
      patch.origin.span,
    );
  }
  patchResources(map, [target], patch, types);
}

/** A JSON patch for everything the selector matches. */
export function patchByOperations(map: ResourceMap, selector: Selector, operations: readonly PatchOperation[]): void {
  for (const target of select(map, selector)) applyOperations(target, operations);
}

/** A JSON patch for one resource; its references follow a changed name. */
export function applyOperations(target: Resource, operations: readonly PatchOperation[]): void {
  target.rememberId();
  const patched = applyJsonPatch(target.object, operations);
  if (!isTree(patched)) throw refuse('a JSON patch must leave an object');
  target.object = patched;
}
