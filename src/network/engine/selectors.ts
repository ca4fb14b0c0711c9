import type { Requirement, Selector } from '../model.ts';

function holds(requirement: Requirement, labels: ReadonlyMap<string, string>): boolean {
  const value = labels.get(requirement.key);
  switch (requirement.operator) {
    case 'Equals':
    case 'In':
      return value !== undefined && requirement.values.includes(value);
    // A missing label is not among the values (labels.Requirement of apimachinery, "NotIn").
    case 'NotIn':
      return value === undefined || !requirement.values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

export function selects(selector: Selector, labels: ReadonlyMap<string, string>): boolean {
  for (const requirement of selector) if (!holds(requirement, labels)) return false;
  return true;
}

/** The requirements the labels do not satisfy. */
export function unmet(selector: Selector, labels: ReadonlyMap<string, string>): Selector {
  return selector.filter(requirement => !holds(requirement, labels));
}

/** `app=web`, `tier in (a,b)`: the one-line form of `kubectl get -l`. */
export function formatRequirement({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'Equals':
    case 'In':
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${[...values].sort().join(',')})`;
    case 'NotIn':
      return `${key} notin (${[...values].sort().join(',')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
  }
}

/** Equal for selectors of the same requirements, whatever their order. */
export function canonicalSelector(selector: Selector): string {
  return [...new Set(selector.map(formatRequirement))].sort().join('&');
}
