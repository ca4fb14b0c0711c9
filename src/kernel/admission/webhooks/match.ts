import type { KubeObject } from '../../object.ts';
import type { ResourceDefinition } from '../../resource.ts';
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
  // Options of connections have no metadata: only a selector of everything selects them.
  const bare = object !== undefined && object.metadata === undefined;
  if (bare) return Object.values(objectSelector).every(part => Object.keys(part ?? {}).length === 0);
  return [object, oldObject].some(each => each !== undefined && selects(objectSelector, each.metadata.labels));
}

/** Other versions of the same stored objects, and how to see an object as one of them. */
export interface Equivalents {
  of(definition: ResourceDefinition): readonly ResourceDefinition[];
  convert(object: KubeObject, from: ResourceDefinition, to: ResourceDefinition): KubeObject | Promise<KubeObject>;
}

/**
 * Rules and selectors; match conditions come after, because they cost more. Answers the version the webhook is asked in: the
 * request's own, or with matchPolicy Equivalent the first other one its rules name. Undefined when it is not asked.
 */
export function matches(
  webhook: Webhook,
  attributes: AdmissionAttributes,
  equivalents?: Equivalents,
): ResourceDefinition | undefined {
  const { rules = [] } = webhook;
  if (rules.length === 0 || !matchesNamespace(webhook, attributes) || !matchesObject(webhook, attributes))
    return undefined;
  const { definition } = attributes;
  if (rules.some(rule => matchesRule(rule, attributes))) return definition;
  if (webhook.matchPolicy === 'Exact' || !equivalents) return undefined;
  return equivalents
    .of(definition)
    .find(other => other !== definition && rules.some(rule => matchesRule(rule, { ...attributes, definition: other })));
}

/** The write as a webhook sees it that is asked in another version. */
export async function seenAs(
  attributes: AdmissionAttributes,
  definition: ResourceDefinition,
  equivalents: Equivalents,
): Promise<AdmissionAttributes> {
  const see = async (object: KubeObject | undefined): Promise<KubeObject | undefined> =>
    object && equivalents.convert(structuredClone(object), attributes.definition, definition);
  return {
    ...attributes,
    definition,
    object: await see(attributes.object),
    oldObject: await see(attributes.oldObject),
  };
}
