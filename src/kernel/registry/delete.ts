import type { DeleteOptions, ListOptions } from '../client.ts';
import type { KubeObject, ObjectKey, ResourceRef } from '../object.ts';
import { conflict, isNotFound, notFound, type StatusError } from '../status.ts';
import type { Version } from '../store/version.ts';
import { copyObject } from './copy.ts';
import { pathOf, viewOf } from './collections.ts';
import { list } from './list.ts';
import { timestamp } from './metadata.ts';
import type { RegistryParts } from './ports.ts';
import type { Deletion, RequestContext, StoredList, StoredObject } from './registry.ts';
import { ATTEMPTS_MAX, isFinished, MODIFIED } from './change.ts';
import { admissionOf, admitAndStore, CHANGED, refuse, settling, type Target, targetOf } from './write.ts';

/** Seconds a pod gets when neither the request nor its spec says otherwise. */
const POD_GRACE_S = 30;

/** How long this object may take to go; 0 for everything but pods that run somewhere (podStrategy.CheckGracefulDelete). */
function gracePeriod(target: Target, object: KubeObject, options: DeleteOptions): number {
  if (target.definition.resource !== 'pods' || target.definition.group !== '') return 0;
  const spec = (object.spec ?? {}) as { nodeName?: string; terminationGracePeriodSeconds?: number };
  const phase = (object.status as { phase?: string } | undefined)?.phase;
  if (!spec.nodeName || phase === 'Failed' || phase === 'Succeeded') return 0;
  const asked = options.gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? POD_GRACE_S;
  return asked < 0 ? 1 : asked;
}

/** The garbage collector's finalizers after a delete with this policy (deletionFinalizersForGarbageCollection). */
function finalizersAfter(finalizers: readonly string[] | undefined, options: DeleteOptions): string[] {
  const policy = options.propagationPolicy;
  const kept = (finalizers ?? []).filter(
    name => policy === undefined || (name !== 'orphan' && name !== 'foregroundDeletion'),
  );
  if (policy === 'Orphan') kept.push('orphan');
  if (policy === 'Foreground') kept.push('foregroundDeletion');
  return kept;
}

/** The object as it waits for its finalizers or its grace period; undefined when it needs no change. */
function marked(
  parts: RegistryParts,
  target: Target,
  live: KubeObject,
  options: DeleteOptions,
): KubeObject | undefined {
  const object = copyObject(live);
  const meta = object.metadata;
  const finalizers = finalizersAfter(meta.finalizers, options);
  const changedFinalizers = finalizers.join(' ') !== (meta.finalizers ?? []).join(' ');
  if (finalizers.length > 0) meta.finalizers = finalizers;
  else delete meta.finalizers;
  const now = parts.clock.now();
  const grace = gracePeriod(target, live, options);
  if (meta.deletionTimestamp) {
    const left = meta.deletionGracePeriodSeconds ?? 0;
    // Only a shorter period may be asked for, counted from the first request.
    const shorter = left > 0 && grace < left && (options.gracePeriodSeconds !== undefined || grace === 0);
    if (!shorter) return changedFinalizers ? object : undefined;
    meta.deletionTimestamp = timestamp(Math.max(now, Date.parse(meta.deletionTimestamp) - (left - grace) * 1_000));
    meta.deletionGracePeriodSeconds = grace;
    return object;
  }
  meta.deletionTimestamp = timestamp(now + grace * 1_000);
  meta.deletionGracePeriodSeconds = grace;
  if (meta.generation !== undefined && meta.generation > 0) meta.generation++;
  if (target.definition.resource === 'namespaces' && target.definition.group === '') {
    object.status = { ...(object.status as object | undefined), phase: 'Terminating' };
  }
  return object;
}

/** The refusal of a delete whose preconditions do not hold (rest.BeforeDelete). */
function unmet(target: Target, key: ObjectKey, head: Version, options: DeleteOptions): StatusError | undefined {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const record = head.object.metadata.uid;
  if (uid !== undefined && uid !== record) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${record}). The object might have been deleted and then recreated`;
    return conflict(target.definition, key, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== String(head.resourceVersion)) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${head.resourceVersion}). The object might have been modified`;
    return conflict(target.definition, key, why);
  }
  return undefined;
}

async function deleteOnce(
  parts: RegistryParts,
  target: Target,
  key: ObjectKey,
  path: string,
  head: Version,
  options: DeleteOptions,
): Promise<Deletion | typeof CHANGED> {
  const refusal = unmet(target, key, head, options);
  if (refusal) return refuse(parts, target, path, refusal);
  const live = (await viewOf(parts.schema, head, target.storage, target.definition)).object;
  const admitted = admissionOf(parts, target, 'DELETE', key, undefined, live);
  const after = marked(parts, target, live, options);
  if (after === undefined && !isFinished(live)) {
    if (target.collection.isStaged(path)) await parts.journal.settled();
    return { removed: false, stored: await viewOf(parts.schema, head, target.storage, target.definition) };
  }
  const gone = after === undefined || isFinished(after);
  const stored = await settling(admitted, () =>
    admitAndStore(parts, target, admitted, path, head, gone ? null : after),
  );
  return stored === CHANGED ? CHANGED : { removed: gone, stored };
}

/** `delete` is a reserved word; the registry's verb of that name. */
export async function remove(
  parts: RegistryParts,
  context: RequestContext,
  ref: ResourceRef,
  key: ObjectKey,
  options: DeleteOptions = {},
): Promise<Deletion> {
  const target = targetOf(parts, context, ref, options.dryRun ? { dryRun: true } : {});
  const path = pathOf(target.definition, key);
  for (let attempt = 1; ; attempt++) {
    await parts.journal.fresh?.();
    const head = target.collection.head(path);
    if (!head) return refuse(parts, target, path, notFound(target.definition, key.name));
    const outcome = await deleteOnce(parts, target, key, path, head, options);
    if (outcome !== CHANGED) return outcome;
    if (attempt >= ATTEMPTS_MAX) return refuse(parts, target, path, conflict(target.definition, key, MODIFIED));
  }
}

/** Objects of a collection that are deleted at a time; they share group commits. */
const DELETES_AT_ONCE = 64;

export async function removeCollection(
  parts: RegistryParts,
  context: RequestContext,
  ref: ResourceRef,
  options: ListOptions & DeleteOptions,
): Promise<StoredList> {
  const { dryRun, gracePeriodSeconds, propagationPolicy, preconditions, ...listing } = options;
  const page = await list(parts, context, ref, listing);
  const each: DeleteOptions = {
    ...(dryRun === undefined ? {} : { dryRun }),
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(preconditions === undefined ? {} : { preconditions }),
  };
  const deleted: StoredObject[] = [];
  for (let at = 0; at < page.items.length; at += DELETES_AT_ONCE) {
    const outcomes = await Promise.all(
      page.items.slice(at, at + DELETES_AT_ONCE).map(item =>
        remove(parts, context, ref, item.key, each).catch((error: unknown) => {
          if (isNotFound(error)) return undefined;
          throw error;
        }),
      ),
    );
    for (const outcome of outcomes) if (outcome) deleted.push(outcome.stored);
  }
  return { ...page, items: deleted };
}
