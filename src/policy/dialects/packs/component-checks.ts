import { check } from './check.ts';
import type { Check } from './model.ts';

/** A flag of a component: the condition is over `value`, an optional text. */
const flag = (component: string, name: string, en: string, zh: string, condition: (value: string) => string): Check =>
  check(
    `${component.replace('kube-', '')}:${name}`,
    { of: 'component', component },
    en,
    zh,
    condition(`flags[?"${name}"]`),
  );
const set = (value: string): string => `${value}.orValue("") != ""`;
const unset = (value: string): string => `!${value}.hasValue()`;
const off = (value: string): string => `${value}.orValue("true") == "false"`;
const least =
  (count: number) =>
  (value: string): string =>
    `${value}.orValue("0").matches("^[0-9]+$") && int(${value}.orValue("0")) >= ${count}`;
const lists =
  (name: string) =>
  (value: string): string =>
    `"${name}" in ${value}.orValue("").split(",")`;
const listsNot =
  (name: string) =>
  (value: string): string =>
    `!("${name}" in ${value}.orValue("").split(","))`;

const API = 'kube-apiserver';
const CONTROLLERS = 'kube-controller-manager';
/** What the command lines of the control plane prove. */
export const COMPONENT_CHECKS: readonly Check[] = [
  flag(API, 'anonymous-auth', 'The API refuses the anonymous', 'API 拒绝匿名请求', off),
  flag(API, 'token-auth-file', 'No static tokens are taken', '不使用静态令牌', unset),
  flag(API, 'kubelet-client-certificate', 'The API shows nodes a certificate', 'API 向节点出示证书', set),
  flag(API, 'kubelet-certificate-authority', 'The API checks who nodes are', 'API 校验节点身份', set),
  flag(
    API,
    'authorization-mode',
    'Requests are authorized by Node and RBAC',
    '请求由 Node 与 RBAC 授权',
    value => `${lists('RBAC')(value)} && ${lists('Node')(value)} && ${listsNot('AlwaysAllow')(value)}`,
  ),
  flag(
    API,
    'enable-admission-plugins',
    'Nodes change only what is theirs',
    '节点仅可修改自身对象',
    value => `${lists('NodeRestriction')(value)} && ${listsNot('AlwaysAdmit')(value)}`,
  ),
  flag(API, 'profiling', 'The API serves no profiles', 'API 关闭性能剖析', off),
  flag(API, 'audit-log-path', 'The API writes an audit log', 'API 写入审计日志', set),
  flag(API, 'audit-log-maxage', 'Audit logs are kept for 30 days', '审计日志保留 30 天', least(30)),
  flag(API, 'audit-log-maxbackup', 'Ten old audit logs are kept', '保留 10 份旧审计日志', least(10)),
  flag(API, 'audit-log-maxsize', 'Audit logs grow to 100 MB', '审计日志可达 100 MB', least(100)),
  flag(API, 'audit-policy-file', 'An audit policy is in force', '启用审计策略', set),
  flag(
    API,
    'service-account-key-file',
    'Tokens of accounts are checked with a key of their own',
    '以专用密钥校验服务账户令牌',
    set,
  ),
  flag(API, 'etcd-certfile', 'The API shows etcd a certificate', 'API 向 etcd 出示证书', set),
  flag(API, 'etcd-cafile', 'The API checks who etcd is', 'API 校验 etcd 身份', set),
  flag(API, 'tls-cert-file', 'The API has a certificate', 'API 配有证书', set),
  flag(API, 'client-ca-file', 'Clients may show certificates', '客户端可出示证书', set),
  flag(API, 'encryption-provider-config', 'Secrets are encrypted where they are kept', '静态加密 Secret', set),
  flag(CONTROLLERS, 'profiling', 'Controllers serve no profiles', '控制器关闭性能剖析', off),
  flag(
    CONTROLLERS,
    'use-service-account-credentials',
    'Each controller acts under an account of its own',
    '各控制器使用独立账户',
    value => `${value}.orValue("false") == "true"`,
  ),
  flag(
    CONTROLLERS,
    'service-account-private-key-file',
    'Tokens of accounts are signed with a key of their own',
    '以专用密钥签发服务账户令牌',
    set,
  ),
  flag(CONTROLLERS, 'root-ca-file', 'Pods are told whom to believe', '向 Pod 提供根证书', set),
  flag(
    CONTROLLERS,
    'bind-address',
    'Controllers listen on loopback only',
    '控制器仅监听本机',
    value => `${value}.orValue("") == "127.0.0.1"`,
  ),
  flag('kube-scheduler', 'profiling', 'The scheduler serves no profiles', '调度器关闭性能剖析', off),
  flag(
    'kube-scheduler',
    'bind-address',
    'The scheduler listens on loopback only',
    '调度器仅监听本机',
    value => `${value}.orValue("") == "127.0.0.1"`,
  ),
  flag('etcd', 'cert-file', 'etcd has a certificate', 'etcd 配有证书', set),
  flag(
    'etcd',
    'client-cert-auth',
    'etcd asks clients for certificates',
    'etcd 校验客户端证书',
    value => `${value}.orValue("false") == "true"`,
  ),
  flag(
    'etcd',
    'auto-tls',
    'etcd does not sign its own certificates',
    'etcd 不自签证书',
    value => `${value}.orValue("false") == "false"`,
  ),
  flag('etcd', 'peer-cert-file', 'etcd members have certificates for each other', 'etcd 成员间使用证书', set),
  flag(
    'etcd',
    'peer-client-cert-auth',
    'etcd members check each other',
    'etcd 成员互相校验',
    value => `${value}.orValue("false") == "true"`,
  ),
  flag(
    'etcd',
    'peer-auto-tls',
    'etcd members do not sign their own certificates',
    'etcd 成员不自签证书',
    value => `${value}.orValue("false") == "false"`,
  ),
];
