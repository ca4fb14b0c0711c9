import { runValidation } from '../admission/admission.ts';
import { equalJson } from '../merge/json.ts';
import type { KubeObject, ObjectKey } from '../object.ts';
import { type StatusCause, conflict, notFound } from '../status.ts';
import type { Version } from '../store/version.ts';
import { pathOf, viewOf } from './collections.ts';
import { carryMetadata, refuseInvalid, timestamp } from './metadata.ts';
import type { RegistryParts } from './ports.ts';
import type { StoredObject } from './registry.ts';
import { keepsIdentity, prepareForUpdate } from './strategy.ts';
import {
  admissionOf,
  type Admitted,
  admitAndStore,
  begin,
  CHANGED,
  mutate,
  provisional,
  refuse,
  settling,
  type Target,
} from './write.ts';

/**
 * Attempts of a write that names no version. Each failed one means that another writer got through, so that this only
 * bounds how long one writer can be unlucky (storage GuaranteedUpdate has no bound at all).
 */
export const ATTEMPTS_MAX = 100;

export const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again';

/**
 * Makes the new object from the live one; the result is the registry's own copy and already tracks its fields. `known` is the
 * live object where it is as this registry wrote it, and would write it now (see {@link copyBeside} for what that allows).
 */
export type Compute = (live: KubeObject, known: KubeObject | undefined) => KubeObject;

/** Reads the live object, computes, admits and stores; again when somebody else was faster and no version was named. */
export async function change(
  parts: RegistryParts,
  target: Target,
  key: ObjectKey,
  compute: Compute,
): Promise<StoredObject> {
  const path = pathOf(target.definition, key);
  for (let attempt = 1; ; attempt++) {
    await parts.journal.fresh?.();
    const head = target.collection.head(path);
    if (!head) return refuse(parts, target, path, notFound(target.definition, key.name));
    const live = (await viewOf(parts.schema, head, target.storage, target.definition)).object;
    const object = compute(live, head.canonical && target.storage === target.definition ? live : undefined);
    const asked = object.metadata.resourceVersion === '0' ? undefined : object.metadata.resourceVersion;
    if (asked && asked !== String(head.resourceVersion)) {
      return refuse(parts, target, path, conflict(target.definition, key, MODIFIED));
    }
    const outcome = await changeOnce(parts, target, key, path, head, live, object);
    if (outcome !== CHANGED) return outcome;
    // Once more also where a version was named: the object may be gone by now, which is another answer than a conflict.
    if (attempt >= ATTEMPTS_MAX) return refuse(parts, target, path, conflict(target.definition, key, MODIFIED));
  }
}

async function changeOnce(
  parts: RegistryParts,
  target: Target,
  key: ObjectKey,
  path: string,
  head: Version,
  live: KubeObject,
  computed: KubeObject,
): Promise<StoredObject | typeof CHANGED> {
  const { definition, subresource } = target;
  const now = timestamp(parts.clock.now());
  if (subresource === 'status' && keepsIdentity(definition)) computed.metadata.uid = live.metadata.uid!;
  const causes = carryMetadata(definition, computed.metadata, live.metadata, target.patched);
  prepareForUpdate(definition, computed, live, subresource, now);
  const admitted = admissionOf(parts, target, 'UPDATE', key, computed, live);
  return settling(admitted, () => changeAdmitted(parts, target, admitted, path, head, live, causes, now));
}

async function changeAdmitted(
  parts: RegistryParts,
  target: Target,
  admitted: Admitted,
  path: string,
  head: Version,
  live: KubeObject,
  causes: readonly StatusCause[],
  now: string,
): Promise<StoredObject | typeof CHANGED> {
  const { definition, subresource } = target;
  const { key } = admitted.attributes;
  const object = await mutate(parts, target, admitted);
  await begin(admitted);
  if (admitted.mutated) prepareForUpdate(definition, object, live, subresource, now);
  refuseInvalid(definition, key.name, [...causes, ...parts.schema.validate(definition, object, live, subresource)]);
  object.metadata.resourceVersion = String(head.resourceVersion);
  if (equalJson(object, live)) {
    // What changes nothing is judged all the same (registry.Store.Update validates before the store compares).
    if (admitted.steps.length > 0) await runValidation(admitted.steps, admitted.attributes);
    if (target.options.dryRun) return provisional(path, head, object);
    if (target.collection.isStaged(path)) await parts.journal.settled();
    admitted.stored = true;
    return viewOf(parts.schema, head, target.storage, definition);
  }
  if (!isFinished(object)) return admitAndStore(parts, target, admitted, path, head, object);
  const removed = await admitAndStore(parts, target, admitted, path, head, null);
  // Whoever removes the last finalizer is answered with what was asked for, not with what was there.
  return removed === CHANGED ? CHANGED : provisional(path, head, object);
}

/** True when nothing keeps a deleted object any more (store.ShouldDeleteDuringUpdate). */
export function isFinished(object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  if (!deletionTimestamp || (deletionGracePeriodSeconds ?? 0) > 0 || (finalizers?.length ?? 0) > 0) return false;
  if (object.kind === 'Namespace' && object.apiVersion === 'v1') {
    return ((object.spec as { finalizers?: string[] } | undefined)?.finalizers?.length ?? 0) === 0;
  }
  return true;
}
