import type { KubeObject, UserInfo } from '../../kernel/index.ts';
import type { RequestTarget } from '../request/target.ts';

interface FlowSubject {
  readonly kind: string;
  readonly user?: { readonly name: string };
  readonly group?: { readonly name: string };
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
}

interface ResourceRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly clusterScope?: boolean;
  readonly namespaces?: readonly string[];
}

interface FlowRule {
  readonly subjects: readonly FlowSubject[];
  readonly resourceRules?: readonly ResourceRule[];
  readonly nonResourceRules?: readonly {
    readonly verbs: readonly string[];
    readonly nonResourceURLs: readonly string[];
  }[];
}

/** flowcontrol.apiserver.k8s.io/v1 FlowSchema, as far as it is decided on. */
export interface FlowSchema {
  readonly name: string;
  readonly level: string;
  readonly precedence: number;
  readonly distinguisher: string;
  readonly rules: readonly FlowRule[];
}

/** Reads a FlowSchema object. */
export function readFlowSchema(object: KubeObject): FlowSchema {
  const spec = (object.spec ?? {}) as {
    priorityLevelConfiguration?: { name?: string };
    matchingPrecedence?: number;
    distinguisherMethod?: { type?: string };
    rules?: FlowRule[];
  };
  return {
    name: object.metadata.name!,
    level: spec.priorityLevelConfiguration?.name ?? '',
    precedence: spec.matchingPrecedence ?? 1000,
    distinguisher: spec.distinguisherMethod?.type ?? '',
    rules: spec.rules ?? [],
  };
}

const anyOf = (list: readonly string[] | undefined, value: string): boolean =>
  list !== undefined && (list.includes('*') || list.includes(value));

function subjectMatches(subject: FlowSubject, user: UserInfo): boolean {
  switch (subject.kind) {
    case 'User':
      return subject.user?.name === '*' || subject.user?.name === user.name;
    case 'Group':
      return subject.group?.name === '*' || user.groups.includes(subject.group?.name ?? '');
    case 'ServiceAccount': {
      const { namespace = '', name = '' } = subject.serviceAccount ?? {};
      const prefix = `system:serviceaccount:${namespace}:`;
      return name === '*' ? user.name.startsWith(prefix) : user.name === prefix + name;
    }
    default:
      return false;
  }
}

function resourceMatches(rule: ResourceRule, verb: string, target: RequestTarget): boolean {
  const whole = target.subresource === '' ? target.resource : `${target.resource}/${target.subresource}`;
  return (
    anyOf(rule.verbs, verb) &&
    anyOf(rule.apiGroups, target.group) &&
    anyOf(rule.resources, whole) &&
    (target.namespace === '' ? rule.clusterScope === true : anyOf(rule.namespaces, target.namespace))
  );
}

const urlMatches = (pattern: string, path: string): boolean =>
  pattern === '*' || pattern === path || (pattern.endsWith('/*') && path.startsWith(pattern.slice(0, -1)));

/** Whether a schema takes a request (API priority and fairness, "FlowSchema"). */
export function takes(schema: FlowSchema, user: UserInfo, verb: string, target: RequestTarget): boolean {
  return schema.rules.some(
    rule =>
      rule.subjects.some(subject => subjectMatches(subject, user)) &&
      (target.isResource
        ? (rule.resourceRules?.some(one => resourceMatches(one, verb, target)) ?? false)
        : (rule.nonResourceRules?.some(
            one => anyOf(one.verbs, verb) && one.nonResourceURLs.some(pattern => urlMatches(pattern, target.path)),
          ) ?? false)),
  );
}

/** The key of a request's flow within its level. */
export function flowOf(schema: FlowSchema, user: UserInfo, target: RequestTarget): string {
  if (schema.distinguisher === 'ByUser') return `${schema.name}/${user.name}`;
  if (schema.distinguisher === 'ByNamespace') return `${schema.name}/${target.namespace}`;
  return schema.name;
}
