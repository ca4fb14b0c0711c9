/** Kinds in the order they are installed (Helm documentation, "Using Helm: order of resources"). */
const INSTALL =
  'PriorityClass Namespace NetworkPolicy ResourceQuota LimitRange PodSecurityPolicy PodDisruptionBudget ServiceAccount Secret SecretList ConfigMap StorageClass PersistentVolume PersistentVolumeClaim CustomResourceDefinition ClusterRole ClusterRoleList ClusterRoleBinding ClusterRoleBindingList Role RoleList RoleBinding RoleBindingList Service DaemonSet Pod ReplicationController ReplicaSet Deployment HorizontalPodAutoscaler StatefulSet Job CronJob IngressClass Ingress APIService MutatingWebhookConfiguration ValidatingWebhookConfiguration'.split(
    ' ',
  );

const RANK = new Map(INSTALL.map((kind, index) => [kind, index]));

/** Compares kinds; those nobody lists come last, by name. */
export function compareKinds(left: string, right: string): number {
  const [a, b] = [RANK.get(left), RANK.get(right)];
  if (a === undefined && b === undefined) return left < right ? -1 : left > right ? 1 : 0;
  if (a === undefined || b === undefined) return a === undefined ? 1 : -1;
  return a - b;
}
