import { rememberObject, rememberText, type Text } from '../../base/index.ts';
import { type LabelSelectorObject, selects } from '../../kernel/index.ts';
import type { PolicyRequest } from '../model.ts';

/** Which writes a rule is about (admissionregistration RuleWithOperations). `*` matches anything. */
export interface ResourceRule {
  readonly operations: readonly string[];
  readonly groups: readonly string[];
  readonly versions: readonly string[];
  /** `pods`, `pods/status`, `*`, `*` + `/status`, `pods/` + `*`. */
  readonly resources: readonly string[];
  readonly names: readonly string[];
  readonly scope: string;
}

/** Where a policy or a binding applies; what is absent does not narrow. */
export interface ResourceMatch {
  readonly include: readonly ResourceRule[] | undefined;
  readonly exclude: readonly ResourceRule[];
  readonly namespaceSelector: LabelSelectorObject | undefined;
  readonly objectSelector: LabelSelectorObject | undefined;
  /** Rules also match writes that came in another version of the resource they name. */
  readonly equivalent: boolean;
}

const has = (list: readonly string[], value: string): boolean => list.includes('*') || list.includes(value);

const splitResource = rememberText(pattern => pattern.split('/') as [string, string | undefined]);

function matchesResource(patterns: readonly string[], resource: string, subresource: string): boolean {
  for (const pattern of patterns) {
    const [wanted, sub] = splitResource(pattern);
    if (wanted !== '*' && wanted !== resource) continue;
    // `*` alone means resources, `*/*` subresources too.
    if (sub === undefined ? subresource === '' : sub === '*' || sub === subresource) return true;
  }
  return false;
}

function matchesRule(rule: ResourceRule, request: PolicyRequest): boolean {
  if (!has(rule.operations, request.operation)) return false;
  if (!has(rule.groups, request.group) || !has(rule.versions, request.version)) return false;
  if (!matchesResource(rule.resources, request.resource, request.subresource)) return false;
  if (rule.scope === 'Cluster' && request.namespaced) return false;
  if (rule.scope === 'Namespaced' && !request.namespaced) return false;
  return rule.names.length === 0 || rule.names.includes(request.name);
}

const isEmpty = rememberObject(
  ({ matchLabels, matchExpressions }: LabelSelectorObject) =>
    Object.keys(matchLabels ?? {}).length === 0 && (matchExpressions ?? []).length === 0,
);
const everything = (selector: LabelSelectorObject | undefined): boolean => selector === undefined || isEmpty(selector);

function selectsNamespace(selector: LabelSelectorObject | undefined, request: PolicyRequest): boolean {
  if (everything(selector)) return true;
  const isNamespace = request.group === '' && request.resource === 'namespaces';
  // Cluster-scoped objects have no namespace to be judged by; a Namespace is judged by its own labels.
  if (!request.namespaced && !isNamespace) return true;
  const namespace =
    isNamespace && request.operation !== 'UPDATE'
      ? (request.object ?? request.oldObject)
      : isNamespace
        ? request.object
        : request.namespaceObject;
  return selects(selector!, namespace?.metadata.labels);
}

const selectsObject = (selector: LabelSelectorObject | undefined, { object, oldObject }: PolicyRequest): boolean =>
  everything(selector) ||
  (object !== undefined && selects(selector!, object.metadata?.labels)) ||
  (oldObject !== undefined && selects(selector!, oldObject.metadata?.labels));

const someRule = (rules: readonly ResourceRule[], request: PolicyRequest): boolean => {
  for (const rule of rules) if (matchesRule(rule, request)) return true;
  return false;
};

/** The version in which the rules name the request: its own, or for equivalent matches another of its resource. */
export function matchedVersion(match: ResourceMatch, request: PolicyRequest): string | undefined {
  const { include } = match;
  if (include === undefined || someRule(include, request)) return request.version;
  if (!match.equivalent) return undefined;
  return request.equivalents?.versions.find(version => someRule(include, { ...request, version }));
}

/** True when the request is one the match speaks of. */
export function matchesRequest(match: ResourceMatch, request: PolicyRequest): boolean {
  if (matchedVersion(match, request) === undefined) return false;
  if (someRule(match.exclude, request)) return false;
  if (!selectsNamespace(match.namespaceSelector, request)) return false;
  return selectsObject(match.objectSelector, request);
}

/** The first condition of a match that a request fails, in words; undefined when it fails none. */
export function missedBy(match: ResourceMatch, request: PolicyRequest): Text | undefined {
  const what = `${request.operation} ${request.group ? `${request.resource}.${request.group}` : request.resource}/${request.version}`;
  if (matchedVersion(match, request) === undefined) {
    return { en: `No resource rule names ${what}`, zh: `没有资源规则涉及 ${what}` };
  }
  if (someRule(match.exclude, request)) return { en: `${what} is excluded`, zh: `${what} 已被排除` };
  if (!selectsNamespace(match.namespaceSelector, request)) {
    return {
      en: `The namespace selector does not select "${request.namespace}"`,
      zh: `命名空间选择器未选中 "${request.namespace}"`,
    };
  }
  if (!selectsObject(match.objectSelector, request)) {
    return { en: `The object selector does not select "${request.name}"`, zh: `对象选择器未选中 "${request.name}"` };
  }
  return undefined;
}
