import type { UserInfo } from '../../kernel/index.ts';
import type { RequestTarget } from '../request/target.ts';

export type AuditLevel = 'None' | 'Metadata' | 'Request' | 'RequestResponse';
export type AuditStage = 'RequestReceived' | 'ResponseStarted' | 'ResponseComplete' | 'Panic';

interface GroupResources {
  readonly group?: string;
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** audit.k8s.io/v1 PolicyRule; the first that matches decides. */
export interface AuditRule {
  readonly level: AuditLevel;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly GroupResources[];
  readonly namespaces?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly AuditStage[];
  readonly omitManagedFields?: boolean;
}

/** audit.k8s.io/v1 Policy. */
export interface AuditPolicy {
  readonly rules: readonly AuditRule[];
  readonly omitStages?: readonly AuditStage[];
  readonly omitManagedFields?: boolean;
}

/** What applies to one request. */
export interface AuditDecision {
  readonly level: AuditLevel;
  readonly omitStages: ReadonlySet<AuditStage>;
  readonly omitManagedFields: boolean;
}

const NOTHING: AuditDecision = { level: 'None', omitStages: new Set(), omitManagedFields: false };

const anyOf = (list: readonly string[] | undefined, value: string): boolean =>
  list === undefined || list.length === 0 || list.includes('*') || list.includes(value);

const pathMatches = (pattern: string, path: string): boolean =>
  pattern === '*' || pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1)));

function resourceMatches(entry: GroupResources, target: RequestTarget): boolean {
  if ((entry.group ?? '') !== target.group && entry.group !== '*') return false;
  if (entry.resourceNames?.length && !entry.resourceNames.includes(target.name)) return false;
  if (!entry.resources?.length) return true;
  const whole = target.subresource ? `${target.resource}/${target.subresource}` : target.resource;
  return entry.resources.some(
    one =>
      one === '*' ||
      one === whole ||
      (target.subresource !== '' && (one === `*/${target.subresource}` || one === `${target.resource}/*`)),
  );
}

function placeMatches(rule: AuditRule, target: RequestTarget): boolean {
  if (target.isResource) {
    if (rule.nonResourceURLs?.length && !rule.resources?.length && !rule.namespaces?.length) return false;
    if (!anyOf(rule.namespaces, target.namespace)) return false;
    return !rule.resources?.length || rule.resources.some(entry => resourceMatches(entry, target));
  }
  if (rule.resources?.length || rule.namespaces?.length) return false;
  return !rule.nonResourceURLs?.length || rule.nonResourceURLs.some(pattern => pathMatches(pattern, target.path));
}

/** Finds what the policy says of a request (Kubernetes, "Audit policy"). */
export function auditDecision(policy: AuditPolicy, user: UserInfo, verb: string, target: RequestTarget): AuditDecision {
  for (const rule of policy.rules) {
    if (rule.users?.length && !rule.users.includes(user.name)) continue;
    if (rule.userGroups?.length && !rule.userGroups.some(group => user.groups.includes(group))) continue;
    if (!anyOf(rule.verbs, verb) || !placeMatches(rule, target)) continue;
    return {
      level: rule.level,
      omitStages: new Set([...(policy.omitStages ?? []), ...(rule.omitStages ?? [])]),
      omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields ?? false,
    };
  }
  return NOTHING;
}

const LEVELS: ReadonlySet<string> = new Set(['None', 'Metadata', 'Request', 'RequestResponse']);

const STAGES: ReadonlySet<string> = new Set(['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic']);
const POLICY_FIELDS = ['apiVersion', 'kind', 'metadata', 'rules', 'omitStages', 'omitManagedFields'];
const RULE_FIELDS =
  'level users userGroups verbs resources namespaces nonResourceURLs omitStages omitManagedFields'.split(' ');

function checkFields(value: object, path: string, known: readonly string[]): void {
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) throw new TypeError(`${path}${name}: unknown field`);
  }
}

function checkStages(stages: readonly string[] | undefined, path: string): void {
  for (const stage of stages ?? []) if (!STAGES.has(stage)) throw new TypeError(`${path}: "${stage}" is not a stage`);
}

function checkRule(rule: AuditRule, path: string): void {
  checkFields(rule, `${path}.`, RULE_FIELDS);
  if (!LEVELS.has(rule.level)) throw new TypeError(`${path}.level: "${rule.level}" is not a level`);
  checkStages(rule.omitStages, `${path}.omitStages`);
  for (const [i, entry] of (rule.resources ?? []).entries())
    checkFields(entry, `${path}.resources[${i}].`, ['group', 'resources', 'resourceNames']);
  if (rule.nonResourceURLs?.length && (rule.resources?.length || rule.namespaces?.length))
    throw new TypeError(`${path}.nonResourceURLs: a rule is of resources or of other paths, not of both`);
}

/** Reads a policy document; throws a TypeError that names the place when it is not one. */
export function parseAuditPolicy(document: unknown): AuditPolicy {
  const policy = document as AuditPolicy & { kind?: string; apiVersion?: string };
  if (policy?.kind !== 'Policy' || policy.apiVersion !== 'audit.k8s.io/v1')
    throw new TypeError('an audit policy has apiVersion audit.k8s.io/v1 and kind Policy');
  checkFields(policy, '', POLICY_FIELDS);
  if (!Array.isArray(policy.rules) || policy.rules.length === 0)
    throw new TypeError('rules: an audit policy needs at least one rule');
  checkStages(policy.omitStages, 'omitStages');
  for (const [i, rule] of policy.rules.entries()) checkRule(rule as AuditRule, `rules[${i}]`);
  return policy;
}
