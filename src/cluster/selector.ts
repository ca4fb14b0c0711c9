import type { LabelSelector } from './types.ts';

type Labels = { readonly [key: string]: string } | undefined;

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

const labelOf = (labels: Labels, key: string): string | undefined =>
  labels && Object.hasOwn(labels, key) ? labels[key] : undefined;

/** One selector requirement; Gt and Lt compare integers (NodeSelectorRequirement). */
export function matchesRequirement(requirement: Requirement, actual: string | undefined): boolean {
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case 'In':
      return actual !== undefined && values.includes(actual);
    case 'NotIn':
      return actual === undefined || !values.includes(actual);
    case 'Exists':
      return actual !== undefined;
    case 'DoesNotExist':
      return actual === undefined;
    case 'Gt':
    case 'Lt':
      return compareIntegers(requirement.operator, actual, values[0]);
    default:
      return false;
  }
}

function compareIntegers(operator: 'Gt' | 'Lt', actual: string | undefined, bound: string | undefined): boolean {
  const integer = /^[+-]?\d+$/;
  if (actual === undefined || bound === undefined || !integer.test(actual) || !integer.test(bound)) return false;
  return operator === 'Gt' ? BigInt(actual) > BigInt(bound) : BigInt(actual) < BigInt(bound);
}

/** meta/v1 LabelSelector: an absent one matches nothing, an empty one everything. */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (!selector) return false;
  for (const [key, value] of Object.entries(selector.matchLabels ?? {}))
    if (labelOf(labels, key) !== value) return false;
  return (selector.matchExpressions ?? []).every(each => matchesRequirement(each, labelOf(labels, each.key)));
}

/** A plain map selector (Service, nodeSelector): every pair must be there. */
export function matchesLabels(wanted: Labels, labels: Labels): boolean {
  return Object.entries(wanted ?? {}).every(([key, value]) => labelOf(labels, key) === value);
}

/** True when a selector asks for nothing, so that it would match every object. */
export const isEmptySelector = (selector: LabelSelector | undefined): boolean =>
  !selector || (Object.keys(selector.matchLabels ?? {}).length === 0 && !selector.matchExpressions?.length);
