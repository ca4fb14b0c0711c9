import type { KubeObject } from '../../kernel/index.ts';

/** rbac.authorization.k8s.io/v1 PolicyRule. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

/** rbac.authorization.k8s.io/v1 Subject. */
export interface Subject {
  readonly kind: string;
  readonly apiGroup?: string;
  readonly name: string;
  readonly namespace?: string;
}

export interface RoleRef {
  readonly apiGroup: string;
  readonly kind: string;
  readonly name: string;
}

export interface RoleObject extends KubeObject {
  rules?: PolicyRule[] | null;
  aggregationRule?: { clusterRoleSelectors?: readonly LabelSelector[] };
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

export interface BindingObject extends KubeObject {
  roleRef: RoleRef;
  subjects?: Subject[] | null;
}

/** What a rule is asked about. */
export interface ResourceQuestion {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
}

const has = (list: readonly string[] | undefined, value: string): boolean =>
  list !== undefined && (list.includes('*') || list.includes(value));

/** `pods/log` is named whole, by `*`, or for any resource by `*` + `/log` (RBAC reference, "Referring to resources"). */
function resourceMatches(rule: PolicyRule, resource: string, subresource: string): boolean {
  const { resources } = rule;
  if (!resources) return false;
  const whole = subresource === '' ? resource : `${resource}/${subresource}`;
  for (const one of resources) {
    if (one === '*' || one === whole) return true;
    if (subresource !== '' && one.startsWith('*/') && one.slice(2) === subresource) return true;
  }
  return false;
}

/** Whether a rule allows a resource request. */
export function allowsResource(rule: PolicyRule, question: ResourceQuestion): boolean {
  return (
    has(rule.verbs, question.verb) &&
    has(rule.apiGroups, question.group) &&
    resourceMatches(rule, question.resource, question.subresource) &&
    (!rule.resourceNames || rule.resourceNames.length === 0 || rule.resourceNames.includes(question.name))
  );
}

const pathMatches = (pattern: string, path: string): boolean =>
  pattern === '*' || pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1)));

/** Whether a rule allows a request for a path. */
export function allowsPath(rule: PolicyRule, verb: string, path: string): boolean {
  return has(rule.verbs, verb) && (rule.nonResourceURLs?.some(pattern => pathMatches(pattern, path)) ?? false);
}

/** Label selectors of aggregation rules. */
export function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) if (labels[key] !== value) return false;
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const has = Object.hasOwn(labels, key);
    const within = has && (values ?? []).includes(labels[key]!);
    if (operator === 'In' ? !within : operator === 'NotIn' ? within : operator === 'Exists' ? !has : has) return false;
  }
  return true;
}

/** Splits a rule into rules of one verb, group, resource and name each, so that covering can be checked one by one. */
export function breakdown(rule: PolicyRule): PolicyRule[] {
  const parts: PolicyRule[] = [];
  for (const verb of rule.verbs) {
    for (const url of rule.nonResourceURLs ?? []) parts.push({ verbs: [verb], nonResourceURLs: [url] });
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        const one = { verbs: [verb], apiGroups: [group], resources: [resource] };
        if (rule.resourceNames && rule.resourceNames.length > 0)
          for (const name of rule.resourceNames) parts.push({ ...one, resourceNames: [name] });
        else parts.push(one);
      }
    }
  }
  return parts;
}

const within = (list: readonly string[] | undefined, value: string): boolean => has(list, value);

function coveredBy(owner: PolicyRule, part: PolicyRule): boolean {
  if (!within(owner.verbs, part.verbs[0]!)) return false;
  const url = part.nonResourceURLs?.[0];
  if (url !== undefined) return owner.nonResourceURLs?.some(pattern => pathMatches(pattern, url)) ?? false;
  if (!within(owner.apiGroups, part.apiGroups![0]!)) return false;
  const [resource = '', subresource = ''] = part.resources![0]!.split('/');
  if (!(part.resources![0] === '*' ? owner.resources?.includes('*') : resourceMatches(owner, resource, subresource)))
    return false;
  if (!owner.resourceNames || owner.resourceNames.length === 0) return true;
  return part.resourceNames !== undefined && owner.resourceNames.includes(part.resourceNames[0]!);
}

/** The parts of `wanted` that no rule of `owned` covers: what would be an escalation. */
export function uncovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakdown).filter(part => !owned.some(owner => coveredBy(owner, part)));
}
