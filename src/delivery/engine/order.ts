import type { Delivered, Wanted } from '../model.ts';

/**
 * Kinds that others need first, then everything, then kinds that would get in the way of what comes before them: the
 * order Helm installs in (helm.sh docs, "order in which charts are installed"), with webhooks last so that their own
 * backends can start.
 */
const FIRST: readonly string[] = [
  'Namespace',
  'CustomResourceDefinition',
  'PriorityClass',
  'RuntimeClass',
  'StorageClass',
  'NetworkPolicy',
  'ResourceQuota',
  'LimitRange',
  'PodDisruptionBudget',
  'ServiceAccount',
  'Secret',
  'ConfigMap',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'Service',
];
const LAST: readonly string[] = [
  'HorizontalPodAutoscaler',
  'Ingress',
  'APIService',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
];

/** Smaller comes earlier. */
export function rankOf(kind: string): number {
  const first = FIRST.indexOf(kind);
  if (first >= 0) return first - FIRST.length;
  return LAST.indexOf(kind) + 1;
}

/** Apply order: by rank, then as written. */
export function applyOrder(wanted: readonly Wanted[]): Wanted[] {
  return wanted
    .map((item, index) => ({ item, index, rank: rankOf(item.object.kind) }))
    .sort((left, right) => left.rank - right.rank || left.index - right.index)
    .map(({ item }) => item);
}

/** Prune order: the reverse, so that nothing loses its ground first. */
export function pruneOrder(delivered: readonly Delivered[]): Delivered[] {
  return [...delivered].sort((left, right) => rankOf(right.kind) - rankOf(left.kind));
}

/** One line an object, equal for the same object at any version of its group. */
export function identityOf(item: {
  readonly ref: { group: string };
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}): string {
  return `${item.ref.group}/${item.kind}/${item.namespace ?? ''}/${item.name}`;
}

/** What was delivered before and is wanted no more. */
export function toPrune(before: readonly Delivered[], now: readonly Delivered[]): Delivered[] {
  const kept = new Set(now.map(identityOf));
  return pruneOrder(before.filter(item => !kept.has(identityOf(item))));
}
