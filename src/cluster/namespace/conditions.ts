import type { KubeObject } from '../../kernel/object.ts';
import type { ResourceDefinition } from '../../kernel/resource.ts';
import { setCondition } from '../conditions.ts';
import type { Condition, Namespace } from '../types.ts';

/** Objects of one kind that are still in a namespace. */
export interface Leftover {
  readonly definition: ResourceDefinition;
  readonly items: readonly KubeObject[];
}

/** The five conditions a terminating namespace tells its progress by. */
export function namespaceConditions(
  namespace: Namespace,
  outcome: { readonly leftovers: readonly Leftover[]; readonly errors: readonly string[] },
  now_ms: number,
): Condition[] {
  const content = outcome.leftovers.map(
    ({ definition, items }) => `${resourceName(definition)} has ${items.length} resource instances`,
  );
  const finalizers = new Map<string, number>();
  for (const { items } of outcome.leftovers)
    for (const item of items)
      for (const finalizer of item.metadata.finalizers ?? [])
        finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
  const waits = [...finalizers].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`);
  const yes = (type: string, reason: string, message: string): Condition => ({ type, status: 'True', reason, message });
  const no = (type: string, reason: string, message: string): Condition => ({ type, status: 'False', reason, message });
  const wanted: Condition[] = [
    no('NamespaceDeletionDiscoveryFailure', 'ResourcesDiscovered', 'All resources successfully discovered'),
    no(
      'NamespaceDeletionGroupVersionParsingFailure',
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ),
    outcome.errors.length > 0
      ? yes(
          'NamespaceDeletionContentFailure',
          'ContentDeletionFailed',
          `Failed to delete all resource types, ${outcome.errors.length} remaining: ${[...outcome.errors].sort().join(', ')}`,
        )
      : no(
          'NamespaceDeletionContentFailure',
          'ContentDeleted',
          'All content successfully deleted, may be waiting on finalization',
        ),
    content.length > 0
      ? yes(
          'NamespaceContentRemaining',
          'SomeResourcesRemain',
          `Some resources are remaining: ${content.sort().join(', ')}`,
        )
      : no('NamespaceContentRemaining', 'ContentRemoved', 'All content successfully removed'),
    waits.length > 0
      ? yes(
          'NamespaceFinalizersRemaining',
          'SomeFinalizersRemain',
          `Some content in the namespace has finalizers remaining: ${waits.sort().join(', ')}`,
        )
      : no('NamespaceFinalizersRemaining', 'ContentHasNoFinalizers', 'All content-preserving finalizers finished'),
  ];
  return wanted.reduce(
    (conditions, each) => setCondition(conditions, each, now_ms),
    (namespace.status?.conditions ?? []) as Condition[],
  );
}

const resourceName = ({ group, resource }: ResourceDefinition): string =>
  group ? `${resource}.${group}` : `${resource}.`;
