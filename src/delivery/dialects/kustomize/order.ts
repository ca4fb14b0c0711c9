import { refuse } from './refuse.ts';
import type { Resource } from './resource.ts';
import { isTree, type Value } from './tree.ts';

const FIRST =
  'Namespace ResourceQuota StorageClass CustomResourceDefinition ServiceAccount PodSecurityPolicy Role ClusterRole RoleBinding ClusterRoleBinding ConfigMap Secret Endpoints Service LimitRange PriorityClass PersistentVolume PersistentVolumeClaim Deployment StatefulSet CronJob PodDisruptionBudget'.split(
    ' ',
  );
const LAST = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];

/** Kinds in the order they should be applied in; then group, version, kind, namespace and name. */
function legacyOrder(items: readonly Resource[], first: readonly string[], last: readonly string[]): Resource[] {
  const rank = (kind: string): number => {
    const early = first.indexOf(kind);
    if (early >= 0) return early - first.length;
    return last.indexOf(kind) + 1;
  };
  const keys = new Map(
    items.map(resource => {
      const { group, version, kind, namespace, name } = resource.id;
      const gvk = [group || '~G', version || '~V', kind || '~K'].join('_');
      return [resource, { rank: rank(kind), gvk, text: [gvk, namespace || '~X', name || '~N'].join('|') }];
    }),
  );
  const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
  return [...items].sort((a, b) => {
    const [left, right] = [keys.get(a)!, keys.get(b)!];
    if (left.gvk === right.gvk) return compare(left.text, right.text);
    return left.rank - right.rank || compare(left.gvk, right.gvk);
  });
}

const kinds = (value: Value | undefined): string[] => (Array.isArray(value) ? value.map(String) : []);

/** The order `sortOptions` asks for; without any, the legacy one. */
export function sortResources(items: readonly Resource[], options: Value | undefined): Resource[] {
  if (!isTree(options)) return legacyOrder(items, FIRST, LAST);
  const { order, legacySortOptions } = options;
  if (order !== 'fifo' && order !== 'legacy')
    throw refuse("the field 'sortOptions.order' must be one of [fifo, legacy]");
  if (order === 'fifo') {
    if (isTree(legacySortOptions)) {
      throw refuse(
        "the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'",
      );
    }
    return [...items];
  }
  if (!isTree(legacySortOptions)) return legacyOrder(items, FIRST, LAST);
  return legacyOrder(items, kinds(legacySortOptions.orderFirst), kinds(legacySortOptions.orderLast));
}
