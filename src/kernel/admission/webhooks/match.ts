import { selects } from '../../selector.ts';
import type { AdmissionAttributes } from '../admission.ts';
import type { Webhook, WebhookRule } from './model.ts';

const lists = (list: readonly string[] | undefined, value: string): boolean =>
  list !== undefined && (list.includes('*') || list.includes(value));

/** `pods`, `pods/status`, `*`, `pods/*`, `*\/status`, `*\/*` (RuleWithOperations.resources). */
function matchesResource(patterns: readonly string[] | undefined, resource: string, subresource: string): boolean {
  return (patterns ?? []).some(pattern => {
    const slash = pattern.indexOf('/');
    const wanted = slash < 0 ? pattern : pattern.slice(0, slash);
    if (wanted !== '*' && wanted !== resource) return false;
    if (slash < 0) return subresource === '';
    const part = pattern.slice(slash + 1);
    return part === '*' || part === subresource;
  });
}

/** True when a rule is about this write. */
export function matchesRule(rule: WebhookRule, { operation, definition, subresource }: AdmissionAttributes): boolean {
  const scope = rule.scope ?? '*';
  return (
    lists(rule.operations, operation) &&
    lists(rule.apiGroups, definition.group) &&
    lists(rule.apiVersions, definition.version) &&
    matchesResource(rule.resources, definition.resource, subresource) &&
    (scope === '*' || (scope === 'Namespaced') === definition.namespaced)
  );
}

/** A Namespace is selected by its own labels, other cluster-wide objects always (webhook namespace matcher). */
function matchesNamespace({ namespaceSelector }: Webhook, attributes: AdmissionAttributes): boolean {
  if (!namespaceSelector) return true;
  const { definition, object, oldObject, namespaceObject } = attributes;
  if (definition.resource === 'namespaces' && definition.group === '') {
    return selects(namespaceSelector, (object ?? oldObject)?.metadata.labels);
  }
  return !definition.namespaced || selects(namespaceSelector, namespaceObject?.metadata.labels);
}

function matchesObject({ objectSelector }: Webhook, { object, oldObject }: AdmissionAttributes): boolean {
  if (!objectSelector) return true;
  return [object, oldObject].some(each => each !== undefined && selects(objectSelector, each.metadata.labels));
}

/** Rules and selectors; match conditions come after, because they cost more. */
export function matches(webhook: Webhook, attributes: AdmissionAttributes): boolean {
  return (
    (webhook.rules ?? []).some(rule => matchesRule(rule, attributes)) &&
    matchesNamespace(webhook, attributes) &&
    matchesObject(webhook, attributes)
  );
}
