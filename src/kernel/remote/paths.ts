import type { ApplyOptions, DeleteOptions, ListOptions, WatchOptions, WriteOptions } from '../client.ts';
import type { JsonObject, ResourceRef } from '../object.ts';

const segment = encodeURIComponent;

/** The path of a collection or an object; `namespace` is left out for cluster-scoped kinds and for all namespaces. */
export function pathOf(ref: ResourceRef, namespace: string | undefined, name?: string, subresource?: string): string {
  const root =
    ref.group === '' ? `/api/${segment(ref.version)}` : `/apis/${segment(ref.group)}/${segment(ref.version)}`;
  const scope = namespace ? `/namespaces/${segment(namespace)}` : '';
  const tail = [ref.resource, ...(name ? [name] : []), ...(subresource ? [subresource] : [])].map(part =>
    segment(part),
  );
  return `${root}${scope}/${tail.join('/')}`;
}

function withQuery(path: string, values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    if (value !== undefined && value !== false && value !== '') query.set(name, String(value));
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

export const listPath = (ref: ResourceRef, options: ListOptions): string =>
  withQuery(pathOf(ref, options.namespace), {
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    limit: options.limit,
    continue: options.continue,
    resourceVersion: options.resourceVersion,
    resourceVersionMatch: options.resourceVersionMatch,
  });

export const watchPath = (ref: ResourceRef, options: WatchOptions): string =>
  withQuery(pathOf(ref, options.namespace), {
    watch: true,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    resourceVersion: options.resourceVersion,
    // Initial events are only sent to those who also say how new they must be (KEP-3157).
    resourceVersionMatch: options.resourceVersionMatch ?? (options.sendInitialEvents ? 'NotOlderThan' : undefined),
    sendInitialEvents: options.sendInitialEvents,
    allowWatchBookmarks: options.allowWatchBookmarks,
    timeoutSeconds: options.timeoutSeconds,
  });

export const writePath = (path: string, options: WriteOptions & Partial<ApplyOptions>): string =>
  withQuery(path, {
    dryRun: options.dryRun ? 'All' : undefined,
    fieldManager: options.fieldManager,
    fieldValidation: options.fieldValidation,
    force: options.force,
  });

/** meta/v1 DeleteOptions. */
export const deleteBody = (options: DeleteOptions): JsonObject => ({
  kind: 'DeleteOptions',
  apiVersion: 'v1',
  ...(options.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: options.gracePeriodSeconds }),
  ...(options.propagationPolicy ? { propagationPolicy: options.propagationPolicy } : {}),
  ...(options.preconditions ? { preconditions: { ...options.preconditions } } : {}),
  ...(options.dryRun ? { dryRun: ['All'] } : {}),
});
