import { qualifiedName } from './strategy.ts';
import type { ApplyOptions, Patch, WriteOptions } from '../client.ts';
import type { JsonObject, KubeObject, ObjectKey, ResourceRef } from '../object.ts';
import { apiVersionOf } from '../object.ts';
import { badRequest, isAlreadyExists, statusError } from '../status.ts';
import { goText } from '../merge/json.ts';
import { copyBeside, copyObject } from './copy.ts';
import { change } from './change.ts';
import { pathOf } from './collections.ts';
import { createDecoded } from './create-object.ts';
import { settleKey } from './metadata.ts';
import type { RegistryParts } from './ports.ts';
import type { RequestContext, StoredObject } from './registry.ts';
import { changeScale } from './scale.ts';
import { decodeUpdate } from './update.ts';
import { invalidPatch, type Refusal, strictApply, unregistered } from './strict.ts';
import { checkKind, type Target, targetOf, writerOf } from './write.ts';

function patched(parts: RegistryParts, target: Target, live: KubeObject, patch: Patch): KubeObject {
  switch (patch.type) {
    case 'json':
      return parts.merge.jsonPatch(live, patch.operations);
    case 'merge':
      return parts.merge.mergePatch(live, patch.patch);
    case 'strategic':
      if (target.definition.custom) {
        throw statusError(
          415,
          'UnsupportedMediaType',
          'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, ' +
            'application/merge-patch+json, application/apply-patch+yaml',
        );
      }
      return parts.merge.strategicMerge(target.definition, live, patch.patch);
  }
}

export async function patch(
  parts: RegistryParts,
  context: RequestContext,
  ref: ResourceRef,
  key: ObjectKey,
  body: Patch,
  options: WriteOptions = {},
): Promise<StoredObject> {
  const target = targetOf(parts, context, ref, options);
  if (target.subresource === 'scale') return changeScale(parts, target, key, scale => patchedScale(parts, scale, body));
  target.patched = true;
  return change(parts, target, key, (live, known) => {
    const object = copyBeside(patched(parts, target, live, body), known, target.subresource);
    // Only a patch that names a version is bound to it.
    if (object.metadata?.resourceVersion === live.metadata.resourceVersion && !namesVersion(body))
      delete object.metadata.resourceVersion;
    const refusal = patchRefusal(body, object);
    if (object.kind !== live.kind || object.apiVersion !== live.apiVersion)
      throw refusal(unregistered(object.apiVersion, object.kind));
    checkKind(target.definition, object);
    settleKey(target.definition, object, key);
    return decodeUpdate(parts, target, live, object, known, refusal);
  });
}

/** A Scale has no lists and maps to merge: strategic and merge patches mean the same. */
function patchedScale(parts: RegistryParts, scale: KubeObject, body: Patch): KubeObject {
  const object = copyObject(
    body.type === 'json' ? parts.merge.jsonPatch(scale, body.operations) : parts.merge.mergePatch(scale, body.patch),
  );
  if (!namesVersion(body)) delete object.metadata.resourceVersion;
  return object;
}

/** How a patch whose outcome cannot be read is refused (apiserver `patchResource`): 422, showing what was read. */
const patchRefusal =
  (body: Patch, object: KubeObject): Refusal =>
  why =>
    invalidPatch(body.type === 'strategic' ? goText(body.patch) : JSON.stringify(object), why);

function namesVersion(body: Patch): boolean {
  if (body.type === 'json') return body.operations.some(operation => operation.path === '/metadata/resourceVersion');
  const metadata = body.patch.metadata;
  return metadata !== null && typeof metadata === 'object' && Object.hasOwn(metadata, 'resourceVersion');
}

export async function apply(
  parts: RegistryParts,
  context: RequestContext,
  ref: ResourceRef,
  key: ObjectKey,
  applied: KubeObject,
  options: ApplyOptions,
): Promise<{ stored: StoredObject; created: boolean }> {
  if (!options.fieldManager) {
    throw statusError(
      422,
      'Invalid',
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
  }
  const { force, ...rest } = options;
  const target = targetOf(parts, context, ref, rest);
  if (target.subresource === 'scale')
    return {
      stored: await changeScale(parts, target, key, scale => parts.merge.mergePatch(scale, applied as JsonObject)),
      created: false,
    };
  if (!applied.apiVersion || !applied.kind) throw badRequest('apply configuration must have apiVersion and kind');
  checkApplied(target, applied, key.name);
  parts.merge.check(target.definition, applied);
  settleKey(target.definition, applied, key);
  // Custom kinds are applied as their schema prunes them; of built-in ones every word counts, null and zero too.
  if (target.definition.custom) parts.schema.prune(target.definition, applied);
  const path = pathOf(target.definition, key);
  if (!target.collection.head(path)) {
    if (target.subresource) throw statusError(404, 'NotFound', `${ref.resource} "${key.name}" not found`);
    if (applied.metadata.uid)
      throw statusError(
        409,
        'Conflict',
        `Operation cannot be fulfilled on ${qualifiedName(target.definition)} "${key.name}": uid mismatch: the provided object specified uid ${applied.metadata.uid}, and no existing object was found`,
      );
    const object = merged(parts, target, undefined, applied, force === true);
    strictApply(context, options);
    parts.schema.fill(target.definition, object);
    try {
      return { stored: await createDecoded(parts, target, object, key.namespace), created: true };
    } catch (error) {
      // Somebody else created it meanwhile: applying goes on as a change of theirs.
      if (!isAlreadyExists(error)) throw error;
    }
  }
  target.patched = true;
  const stored = await change(parts, target, key, live => {
    const object = merged(parts, target, live, applied, force === true);
    strictApply(context, options);
    if (applied.metadata.resourceVersion === undefined) delete object.metadata.resourceVersion;
    else object.metadata.resourceVersion = applied.metadata.resourceVersion;
    parts.schema.fill(target.definition, object);
    return object;
  });
  return { stored, created: false };
}

function checkApplied(target: Target, applied: KubeObject, name: string): void {
  if (applied.kind !== target.definition.kind || applied.apiVersion !== apiVersionOf(target.definition)) {
    throw badRequest(
      `apply configuration is of ${applied.apiVersion}, Kind=${applied.kind}, not of ${apiVersionOf(target.definition)}, Kind=${target.definition.kind}`,
    );
  }
  applied.metadata ??= {};
  if (applied.metadata.name === '')
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  // Manifests made by kubectl say so of what was never made.
  if (applied.metadata.creationTimestamp === null) delete applied.metadata.creationTimestamp;
  if (applied.metadata.managedFields?.length) throw badRequest('metadata.managedFields must be nil');
}

function merged(
  parts: RegistryParts,
  target: Target,
  live: KubeObject | undefined,
  applied: KubeObject,
  force: boolean,
): KubeObject {
  return copyObject(parts.merge.apply(target.definition, live, applied, writerOf(parts, target), force));
}
