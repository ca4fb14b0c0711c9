import { type AdmissionAttributes, type AdmissionStep, forbidden, invalid, type UserInfo } from '../../kernel/index.ts';
import type { Attributes, Authorizer } from '../serve/services.ts';
import { checkCertificateRequest, stampRequester } from './certificates.ts';
import type { Rbac } from './rbac.ts';
import { type BindingObject, type PolicyRule, type RoleObject, uncovered } from './rules.ts';

const GROUP = 'rbac.authorization.k8s.io';
const CERTIFICATES = 'certificates.k8s.io';
const ROLES: ReadonlySet<string> = new Set(['roles', 'clusterroles']);
const BINDINGS: ReadonlySet<string> = new Set(['rolebindings', 'clusterrolebindings']);

/** What the guard decides with; there only once the API has read the cluster's roles. */
export interface GuardState {
  readonly rbac: Rbac;
  readonly authorizer: Authorizer;
}

/**
 * Keeps users from giving away more than they have (RBAC reference, "Privilege escalation prevention"), and certificate
 * requests honest about who asks and who may approve.
 */
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

const isRoleWrite = (attributes: Pick<AdmissionAttributes, 'definition'>): boolean =>
  attributes.definition.group === GROUP;

/** A binding's role is chosen once (RBAC reference, "RoleBinding and ClusterRoleBinding"). */
function checkRoleRef({ definition, object, oldObject, key }: AdmissionAttributes): void {
  if (!oldObject || !BINDINGS.has(definition.resource)) return;
  const [before, after] = [(oldObject as BindingObject).roleRef, (object as BindingObject).roleRef];
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  throw invalid(definition.kind, definition.group, key.name, [
    {
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(after)}: cannot change roleRef`,
      field: 'roleRef',
    },
  ]);
}

/** A guard to hand to the kernel first and to the API second. */
export function roleGuard(): RoleGuard {
  let state: GuardState | undefined;
  return {
    step: {
      name: 'RoleGuard',
      handles: (operation, definition, subresource) => {
        if (operation !== 'CREATE' && operation !== 'UPDATE') return false;
        if (definition.group === CERTIFICATES) return definition.resource === 'certificatesigningrequests';
        return (
          definition.group === GROUP &&
          subresource === '' &&
          (ROLES.has(definition.resource) || BINDINGS.has(definition.resource))
        );
      },
      mutate: attributes => (isRoleWrite(attributes) ? false : stampRequester(attributes)),
      validate: attributes => {
        if (isRoleWrite(attributes)) checkRoleRef(attributes);
        if (attributes.user.groups.includes('system:masters') && isRoleWrite(attributes)) return;
        if (!state) throw forbidden(attributes.definition, attributes.key.name, 'the authorizer is not ready yet');
        if (isRoleWrite(attributes)) check(state, attributes);
        else checkCertificateRequest(state.authorizer, attributes);
      },
    },
    bind: given => {
      state = given;
    },
  };
}
