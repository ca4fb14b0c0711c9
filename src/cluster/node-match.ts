import { matchesLabels, matchesRequirement } from './selector.ts';
import type { Node, NodeSelectorTerm, PodSpec, Taint, Toleration } from './types.ts';

/** A toleration against a taint (Kubernetes, "Taints and Tolerations"); Gt and Lt compare integers (KEP-5471). */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  switch (toleration.operator || 'Equal') {
    case 'Exists':
      return true;
    case 'Equal':
      return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '');
    case 'Gt':
    case 'Lt':
      return matchesRequirement(
        { key: taint.key, operator: toleration.operator!, values: [toleration.value ?? ''] },
        taint.value,
      );
    default:
      return false;
  }
}

export const isTolerated = (tolerations: readonly Toleration[] | undefined, taint: Taint): boolean =>
  tolerations?.some(toleration => tolerates(toleration, taint)) ?? false;

/** The first taint of these effects that nothing tolerates. */
export const untolerated = (
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly string[],
): Taint | undefined => taints?.find(taint => effects.includes(taint.effect) && !isTolerated(tolerations, taint));

/** Terms are alternatives, their expressions must all hold; a term without any matches nothing. */
export function matchesTerms(terms: readonly NodeSelectorTerm[] | undefined, node: Node): boolean {
  return (terms ?? []).some(term => matchesTerm(term, node));
}

export function matchesTerm(term: NodeSelectorTerm, node: Node): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  const labels = node.metadata.labels ?? {};
  return (
    matchExpressions.every(each =>
      matchesRequirement(each, Object.hasOwn(labels, each.key) ? labels[each.key] : undefined),
    ) && matchFields.every(each => each.key === 'metadata.name' && matchesRequirement(each, node.metadata.name))
  );
}

/** nodeSelector and required node affinity together. */
export function matchesNodeRules(spec: PodSpec, node: Node): boolean {
  if (!matchesLabels(spec.nodeSelector, node.metadata.labels)) return false;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return !required || matchesTerms(required.nodeSelectorTerms, node);
}
