import { type AdmissionAttributes, type AdmissionStep, forbidden, type UserInfo } from '../../kernel/index.ts';
import type { Attributes, Authorizer } from '../serve/services.ts';
import type { Rbac } from './rbac.ts';
import { type BindingObject, type PolicyRule, type RoleObject, uncovered } from './rules.ts';

const GROUP = 'rbac.authorization.k8s.io';
const ROLES: ReadonlySet<string> = new Set(['roles', 'clusterroles']);
const BINDINGS: ReadonlySet<string> = new Set(['rolebindings', 'clusterrolebindings']);

/** What the guard decides with; there only once the API has read the cluster's roles. */
export interface GuardState {
  readonly rbac: Rbac;
  readonly authorizer: Authorizer;
}

/** Keeps users from giving away more than they have (RBAC reference, "Privilege escalation prevention"). */
export interface RoleGuard {
  /** Goes into the kernel's admission chain. */
  readonly step: AdmissionStep;
  /** Called by the API when its authorizers stand; until then only masters may write roles. */
  bind(state: GuardState): void;
}

const quoted = (list: readonly string[] | undefined): string => `[${(list ?? []).map(one => `"${one}"`).join(' ')}]`;

/** A missing permission as the API server prints it. */
function describe(rule: PolicyRule): string {
  const parts = [
    ...(rule.nonResourceURLs ? [`NonResourceURLs:${quoted(rule.nonResourceURLs)}`] : []),
    ...(rule.apiGroups ? [`APIGroups:${quoted(rule.apiGroups)}`] : []),
    ...(rule.resources ? [`Resources:${quoted(rule.resources)}`] : []),
    ...(rule.resourceNames ? [`ResourceNames:${quoted(rule.resourceNames)}`] : []),
    `Verbs:${quoted(rule.verbs)}`,
  ];
  return `{${parts.join(', ')}}`;
}

function refuse(attributes: AdmissionAttributes, user: UserInfo, missing: readonly PolicyRule[]): never {
  const groups = `(groups=[${user.groups.map(group => `"${group}"`).join(' ')}])`;
  throw forbidden(
    attributes.definition,
    attributes.key.name,
    `user "${user.name}" ${groups} is attempting to grant RBAC permissions not currently held:\n${missing.map(describe).join('\n')}`,
  );
}

function ask(
  authorizer: Authorizer,
  attributes: AdmissionAttributes,
  verb: string,
  resource: string,
  name: string,
): boolean {
  const question: Attributes = {
    user: attributes.user,
    verb,
    isResource: true,
    group: GROUP,
    version: 'v1',
    resource,
    subresource: '',
    namespace: attributes.key.namespace ?? '',
    name,
    path: '',
  };
  return authorizer.authorize(question).allowed;
}

function check(state: GuardState, attributes: AdmissionAttributes): void {
  const { definition, user, key } = attributes;
  const namespace = key.namespace ?? '';
  if (ROLES.has(definition.resource)) {
    const role = attributes.object as RoleObject;
    const old = attributes.oldObject as RoleObject | undefined;
    if (old && JSON.stringify(old.rules ?? []) === JSON.stringify(role.rules ?? []) && !role.aggregationRule) return;
    if (ask(state.authorizer, attributes, 'escalate', definition.resource, key.name)) return;
    const wanted = role.aggregationRule
      ? [
          { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
          { verbs: ['*'], nonResourceURLs: ['*'] },
        ]
      : (role.rules ?? []);
    const missing = uncovered(state.rbac.rulesFor(user, namespace), wanted);
    if (missing.length > 0) refuse(attributes, user, missing);
    return;
  }
  const binding = attributes.object as BindingObject;
  const old = attributes.oldObject as BindingObject | undefined;
  if (
    old &&
    JSON.stringify([old.roleRef, old.subjects ?? []]) === JSON.stringify([binding.roleRef, binding.subjects ?? []])
  )
    return;
  const { kind, name } = binding.roleRef;
  if (ask(state.authorizer, attributes, 'bind', kind === 'ClusterRole' ? 'clusterroles' : 'roles', name)) return;
  const missing = uncovered(state.rbac.rulesFor(user, namespace), state.rbac.rulesOf(kind, namespace, name) ?? []);
  if (missing.length > 0) refuse(attributes, user, missing);
}

/** A guard to hand to the kernel first and to the API second. */
export function roleGuard(): RoleGuard {
  let state: GuardState | undefined;
  return {
    step: {
      name: 'RoleGuard',
      handles: (operation, definition, subresource) =>
        definition.group === GROUP &&
        subresource === '' &&
        (operation === 'CREATE' || operation === 'UPDATE') &&
        (ROLES.has(definition.resource) || BINDINGS.has(definition.resource)),
      validate: attributes => {
        if (attributes.user.groups.includes('system:masters')) return;
        if (!state) throw forbidden(attributes.definition, attributes.key.name, 'the authorizer is not ready yet');
        check(state, attributes);
      },
    },
    bind: given => {
      state = given;
    },
  };
}
