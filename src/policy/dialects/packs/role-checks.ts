import { check } from './check.ts';
import type { Check, Subject } from './model.ts';

const kinds = (...names: string[]): Subject => ({ of: 'kinds', kinds: names });
const ROLES = kinds('Role', 'ClusterRole');
const BINDINGS = kinds('RoleBinding', 'ClusterRoleBinding');

/** Roles that Kubernetes brings itself are no finding. */
const OWN =
  '(object.metadata.name.startsWith("system:") || object.metadata.?labels[?"kubernetes.io/bootstrapping"].hasValue())';
const noRule = (condition: string): string => `${OWN} || !object.?rules.orValue([]).exists(r, ${condition})`;
const has = (field: string, ...values: string[]): string =>
  `(${values.map(value => `"${value}" in r.?${field}.orValue([])`).join(' || ')})`;

/** What roles, bindings and accounts prove. */
export const RBAC_CHECKS: readonly Check[] = [
  check(
    'cluster-admin',
    BINDINGS,
    'cluster-admin is bound by nobody but Kubernetes itself',
    '除 Kubernetes 自身外无人绑定 cluster-admin',
    `${OWN} || object.roleRef.name != "cluster-admin"`,
  ),
  check(
    'masters-group',
    BINDINGS,
    'Nobody is bound through system:masters',
    '不通过 system:masters 组授权',
    `${OWN} || !object.?subjects.orValue([]).exists(s, s.kind == "Group" && s.name == "system:masters")`,
  ),
  check(
    'no-anonymous',
    BINDINGS,
    'Nothing is granted to the anonymous',
    '不向匿名用户授权',
    `${OWN} || !object.?subjects.orValue([]).exists(s, s.name in ["system:anonymous", "system:unauthenticated"])`,
  ),
  check(
    'default-account-unbound',
    BINDINGS,
    'No role is bound to a default service account',
    '默认服务账户不绑定角色',
    `${OWN} || !object.?subjects.orValue([]).exists(s, s.kind == "ServiceAccount" && s.name == "default")`,
  ),
  check(
    'secrets-access',
    ROLES,
    'No role reads all secrets',
    '没有角色可读取全部 Secret',
    noRule(
      `${has('resources', 'secrets', '*')} && ${has('verbs', 'get', 'list', 'watch', '*')} && size(r.?resourceNames.orValue([])) == 0 && ${has('apiGroups', '', '*')}`,
    ),
  ),
  check(
    'wildcards',
    ROLES,
    'No role names everything by a wildcard',
    '角色不使用通配符',
    noRule(`${has('resources', '*')} || ${has('verbs', '*')} || ${has('apiGroups', '*')}`),
  ),
  check(
    'create-pods',
    ROLES,
    'Few roles create pods',
    '限制可创建 Pod 的角色',
    noRule(`${has('resources', 'pods', '*')} && ${has('verbs', 'create', '*')} && ${has('apiGroups', '', '*')}`),
  ),
  check(
    'escalating-verbs',
    ROLES,
    'No role may bind, impersonate or escalate',
    '角色不得 bind、impersonate 或 escalate',
    noRule(has('verbs', 'bind', 'impersonate', 'escalate', '*')),
  ),
  check(
    'create-volumes',
    ROLES,
    'No role creates persistent volumes',
    '角色不得创建持久卷',
    noRule(`${has('resources', 'persistentvolumes', '*')} && ${has('verbs', 'create', '*')}`),
  ),
  check(
    'node-proxy',
    ROLES,
    'No role reaches nodes through the proxy',
    '角色不得访问 nodes/proxy',
    noRule(`${has('resources', 'nodes/proxy', '*')}`),
  ),
  check(
    'approve-requests',
    ROLES,
    'No role approves certificate requests',
    '角色不得审批证书请求',
    noRule(
      `${has('resources', 'certificatesigningrequests/approval', '*')} && ${has('verbs', 'update', 'patch', '*')}`,
    ),
  ),
  check(
    'webhook-access',
    ROLES,
    'No role changes admission webhooks',
    '角色不得修改准入 webhook',
    noRule(
      `${has('resources', 'validatingwebhookconfigurations', 'mutatingwebhookconfigurations', '*')} && ${has('verbs', 'create', 'update', 'patch', 'delete', '*')}`,
    ),
  ),
  check(
    'mint-tokens',
    ROLES,
    'No role makes tokens of service accounts',
    '角色不得签发服务账户令牌',
    noRule(`${has('resources', 'serviceaccounts/token', '*')} && ${has('verbs', 'create', '*')}`),
  ),
  check(
    'exec-access',
    ROLES,
    'No role runs commands in pods',
    '角色不得在 Pod 中执行命令',
    noRule(`${has('resources', 'pods/exec', 'pods/attach', '*')} && ${has('verbs', 'create', 'get', '*')}`),
  ),
  check(
    'account-no-token',
    kinds('ServiceAccount'),
    'Default accounts mount no token',
    '默认账户不挂载令牌',
    'object.metadata.name != "default" || object.?automountServiceAccountToken.orValue(true) == false',
  ),
];
