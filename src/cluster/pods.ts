import type { ObjectMeta, OwnerReference } from '../kernel/object.ts';
import { findCondition } from './conditions.ts';
import { parseTime } from './time.ts';
import type { Pod, PodTemplateSpec, ReadMeta } from './types.ts';

interface Owned {
  metadata: ObjectMeta;
}

interface Owner {
  apiVersion: string;
  kind: string;
  metadata: ReadMeta;
}

export const controllerOf = (object: Owned): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find(reference => reference.controller === true);

export const isOwnedBy = (object: Owned, uid: string): boolean => controllerOf(object)?.uid === uid;

/** The reference a controller puts on what it makes (metav1.NewControllerRef). */
export function controllerReference(owner: Owner): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Index functions of the shared pod informer. */
export const byController = (object: Owned): string[] => {
  const owner = controllerOf(object);
  return owner ? [owner.uid] : [];
};
export const byNamespaceOrphan = (object: Owned): string[] =>
  controllerOf(object) ? [] : [object.metadata.namespace ?? ''];
export const byNamespace = (object: Owned): string[] => [object.metadata.namespace ?? ''];
export const byNode = (pod: Pod): string[] => (pod.spec.nodeName ? [pod.spec.nodeName] : []);

export const isTerminated = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
export const isTerminating = (object: Owned): boolean => object.metadata.deletionTimestamp !== undefined;
export const isActive = (pod: Pod): boolean => !isTerminated(pod) && !isTerminating(pod);
export const isReady = (pod: Pod): boolean => findCondition(pod.status?.conditions, 'Ready')?.status === 'True';

/** Ready for at least `minReadySeconds`. */
export function isAvailable(pod: Pod, minReadySeconds: number | undefined, now_ms: number): boolean {
  return availableIn(pod, minReadySeconds, now_ms) === 0;
}

/**
 * Milliseconds until a ready pod counts as available, 0 when it does, undefined when it is not ready. Never more than
 * `minReadySeconds`: a clock that is behind makes readiness look as if it were to come, and may be put right meanwhile.
 */
export function availableIn(pod: Pod, minReadySeconds: number | undefined, now_ms: number): number | undefined {
  const ready = findCondition(pod.status?.conditions, 'Ready');
  if (ready?.status !== 'True') return undefined;
  if (!minReadySeconds) return 0;
  const since_ms = parseTime(ready.lastTransitionTime);
  const wait_ms = minReadySeconds * 1000;
  return since_ms === undefined ? undefined : Math.min(wait_ms, Math.max(0, since_ms + wait_ms - now_ms));
}

export const restartsOf = (pod: Pod): number =>
  (pod.status?.containerStatuses ?? []).reduce((most, status) => Math.max(most, status.restartCount ?? 0), 0);

/** A pod as a controller writes it: the template's labels, annotations, finalizers and spec. */
export function podFromTemplate(
  template: PodTemplateSpec,
  owner: Owner,
  name: { name: string } | { generateName: string },
): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...name,
      namespace: owner.metadata.namespace,
      ...(labels ? { labels: { ...labels } } : {}),
      ...(annotations ? { annotations: { ...annotations } } : {}),
      ...(finalizers ? { finalizers: [...finalizers] } : {}),
      ownerReferences: [controllerReference(owner)],
    },
    spec: template.spec,
  } as unknown as Pod;
}

/** `name-` for generateName, cut where the API's limit of 63 leaves no room for the suffix. */
export function generatePrefix(name: string): string {
  const prefix = `${name}-`;
  return prefix.length > 58 ? prefix.slice(0, 58) : prefix;
}
