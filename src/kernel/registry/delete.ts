import type { DeleteOptions, ListOptions } from '../client.ts';
import type { KubeObject, ObjectKey, ResourceRef } from '../object.ts';
import { conflict, isNotFound, notFound, type StatusError } from '../status.ts';
import type { Version } from '../store/version.ts';
import { copyObject } from './copy.ts';
import { pathOf, viewOf } from './collections.ts';
import { list } from './list.ts';
import { timestamp } from './metadata.ts';
import type { RegistryParts } from './ports.ts';
import type { Deletion, RequestContext, StoredList } from './registry.ts';
import { qualifiedName } from './strategy.ts';
import { ATTEMPTS_MAX, isFinished, MODIFIED } from './change.ts';
import { admissionOf, admitAndStore, CHANGED, provisional, refuse, settling, type Target, targetOf } from './write.ts';

/** Seconds a pod gets when neither the request nor its spec says otherwise. */
const POD_GRACE_S = 30;

const isPod = ({ definition }: Target): boolean => definition.resource === 'pods' && definition.group === '';

/** How long this object may take to go; 0 for everything but pods that run somewhere (podStrategy.CheckGracefulDelete). */
function gracePeriod(target: Target, object: KubeObject, options: DeleteOptions): number {
  if (!isPod(target)) return 0;
  const spec = (object.spec ?? {}) as { nodeName?: string; terminationGracePeriodSeconds?: number };
  const phase = (object.status as { phase?: string } | undefined)?.phase;
  if (!spec.nodeName || phase === 'Failed' || phase === 'Succeeded') return 0;
  const asked = options.gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? POD_GRACE_S;
  return asked < 0 ? 1 : asked;
}

/** Kinds whose dependents are left alone where nobody says otherwise (each strategy's DefaultGarbageCollectionPolicy). */
const ORPHANING: ReadonlySet<string> = new Set(['replicationcontrollers', 'jobs.batch']);

/** What becomes of dependents: as asked, as a finalizer says that is there already, or as the kind has it. */
function policyOf({ definition }: Target, finalizers: readonly string[] = [], options: DeleteOptions) {
  // Nothing belongs to an Event, and nothing is made to wait for it.
  if (definition.resource === 'events') return 'Background';
  if (options.propagationPolicy !== undefined) return options.propagationPolicy;
  const settled = finalizers.includes('orphan') || finalizers.includes('foregroundDeletion');
  return !settled && ORPHANING.has(qualifiedName(definition)) ? 'Orphan' : undefined;
}

/** The garbage collector's finalizers after a delete with this policy (deletionFinalizersForGarbageCollection). */
function finalizersAfter(
  finalizers: readonly string[] | undefined,
  policy: DeleteOptions['propagationPolicy'],
): string[] {
  const kept = (finalizers ?? []).filter(
    name => policy === undefined || (name !== 'orphan' && name !== 'foregroundDeletion'),
  );
  if (policy === 'Orphan') kept.push('orphan');
  if (policy === 'Foreground') kept.push('foregroundDeletion');
  return kept;
}

const isNamespace = ({ definition }: Target): boolean =>
  definition.resource === 'namespaces' && definition.group === '';

/** The object as it waits for its finalizers or its grace period; undefined when it needs no change. */
function marked(
  parts: RegistryParts,
  target: Target,
  live: KubeObject,
  options: DeleteOptions,
): KubeObject | undefined {
  // What was decided when a namespace was first deleted stays.
  if (isNamespace(target) && live.metadata.deletionTimestamp) return undefined;
  const object = copyObject(live);
  const meta = object.metadata;
  const finalizers = finalizersAfter(meta.finalizers, policyOf(target, meta.finalizers, options));
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
  if (!isNamespace(target)) meta.deletionGracePeriodSeconds = grace;
  if (meta.generation !== undefined && meta.generation > 0) meta.generation++;
  if (isNamespace(target)) {
    object.status = { ...(object.status as object | undefined), phase: 'Terminating' };
  }
  return object;
}

/** The refusal of a delete whose preconditions do not hold (rest.BeforeDelete; namespaces are compared by their storage). */
function unmet(target: Target, key: ObjectKey, head: Version, options: DeleteOptions): StatusError | undefined {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const { definition } = target;
  const own = [
    ['UID', uid, head.object.metadata.uid, 'deleted and then recreated'],
    ['ResourceVersion', resourceVersion, String(head.resourceVersion), 'modified'],
  ] as const;
  const wrong = own.find(([, asked, is]) => asked !== undefined && asked !== is);
  if (!wrong) return undefined;
  const [what, asked, is, happened] = wrong;
  if (isNamespace(target)) {
    const why = `Precondition failed: ${what} in precondition: ${asked}, ${what} in object meta: ${is}`;
    return conflict(definition, key, why);
  }
  // Of all conflicts these name the kind, and Events are those of the group without a name.
  const group = definition.group === 'events.k8s.io' ? '' : definition.group;
  const why = `the ${what} in the precondition (${asked}) does not match the ${what} in record (${is}). The object might have been ${happened}`;
  return conflict({ group, resource: definition.kind }, key, why);
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
  if (stored === CHANGED) return CHANGED;
  // A pod that had no time to go is answered as it went.
  const shown = gone && after && isPod(target) ? provisional(path, head, after) : stored;
  return { removed: gone, stored: shown };
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
  for (let at = 0; at < page.items.length; at += DELETES_AT_ONCE) {
    await Promise.all(
      page.items.slice(at, at + DELETES_AT_ONCE).map(item =>
        remove(parts, context, ref, item.key, each).catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        }),
      ),
    );
  }
  // The answer is what was found, as it was.
  return page;
}
