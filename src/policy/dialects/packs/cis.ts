import { control, partly } from './control.ts';
import type { Control, Pack } from './model.ts';

const API: readonly Control[] = [
  control('1.2.1', 'The API takes no anonymous requests', 'API 不接受匿名请求', 'apiserver:anonymous-auth'),
  control('1.2.2', 'No static token file', '不使用静态令牌文件', 'apiserver:token-auth-file'),
  partly('1.2.3', 'Services do not take external addresses', 'Service 不占用外部地址', 'no-external-ips'),
  control(
    '1.2.4',
    'The API proves itself to kubelets',
    'API 向 kubelet 证明身份',
    'apiserver:kubelet-client-certificate',
  ),
  control(
    '1.2.5',
    'The API checks certificates of kubelets',
    'API 校验 kubelet 证书',
    'apiserver:kubelet-certificate-authority',
  ),
  control('1.2.6', 'Not every request is authorized', '不得无条件授权', 'apiserver:authorization-mode'),
  control('1.2.7', 'Kubelets are authorized as nodes', '启用 Node 授权', 'apiserver:authorization-mode'),
  control('1.2.8', 'Requests are authorized by role', '启用 RBAC 授权', 'apiserver:authorization-mode'),
  control('1.2.9', 'Rates of events are limited', '限制事件速率'),
  control('1.2.10', 'Admission does not let everything in', '准入不得一律放行', 'apiserver:enable-admission-plugins'),
  partly('1.2.11', 'Images are pulled with each start', '每次启动均拉取镜像', 'image-pull-always'),
  control('1.2.12', 'Accounts are given to pods', '为 Pod 指派服务账户'),
  control('1.2.13', 'Nothing is made in namespaces that are going', '不在正删除的命名空间中创建对象'),
  control('1.2.14', 'Nodes change only what is theirs', '节点仅可修改自身对象', 'apiserver:enable-admission-plugins'),
  control('1.2.15', 'The API serves no profiles', 'API 关闭性能剖析', 'apiserver:profiling'),
  control('1.2.16', 'The API writes an audit log', 'API 写入审计日志', 'apiserver:audit-log-path'),
  control('1.2.17', 'Audit logs are kept long enough', '审计日志保留时间充足', 'apiserver:audit-log-maxage'),
  control('1.2.18', 'Enough old audit logs are kept', '保留足够的旧审计日志', 'apiserver:audit-log-maxbackup'),
  control('1.2.19', 'Audit logs may grow large enough', '审计日志大小充足', 'apiserver:audit-log-maxsize'),
  control('1.2.20', 'Requests time out as fits', '请求超时设置合理'),
  control('1.2.21', 'Tokens of deleted accounts are refused', '拒绝已删除账户的令牌'),
  control(
    '1.2.22',
    'Account tokens are checked with their own key',
    '以专用密钥校验账户令牌',
    'apiserver:service-account-key-file',
  ),
  control('1.2.23', 'The API proves itself to etcd', 'API 向 etcd 证明身份', 'apiserver:etcd-certfile'),
  control('1.2.24', 'The API serves TLS', 'API 启用 TLS', 'apiserver:tls-cert-file'),
  control('1.2.25', 'Clients can prove themselves by certificate', '客户端可用证书认证', 'apiserver:client-ca-file'),
  control('1.2.26', 'The API checks who etcd is', 'API 校验 etcd 身份', 'apiserver:etcd-cafile'),
  control('1.2.27', 'Secrets are encrypted at rest', '静态加密 Secret', 'apiserver:encryption-provider-config'),
  control('1.2.28', 'The ciphers at rest are sound', '静态加密算法可靠'),
  control('1.2.29', 'The ciphers of TLS are strong', 'TLS 加密套件强度足够'),
];

const CONTROL_PLANE: readonly Control[] = [
  control('1.3.1', 'Ended pods are collected as fits', '合理回收已结束的 Pod'),
  control('1.3.2', 'Controllers serve no profiles', '控制器关闭性能剖析', 'controller-manager:profiling'),
  control(
    '1.3.3',
    'Controllers act under accounts of their own',
    '控制器使用独立账户',
    'controller-manager:use-service-account-credentials',
  ),
  control(
    '1.3.4',
    'Account tokens are signed with their own key',
    '以专用密钥签发账户令牌',
    'controller-manager:service-account-private-key-file',
  ),
  control('1.3.5', 'Pods are given the root certificate', '向 Pod 提供根证书', 'controller-manager:root-ca-file'),
  control('1.3.6', 'Serving certificates of kubelets rotate', '轮换 kubelet 服务证书'),
  control('1.3.7', 'Controllers listen on loopback', '控制器仅监听本机', 'controller-manager:bind-address'),
  control('1.4.1', 'The scheduler serves no profiles', '调度器关闭性能剖析', 'scheduler:profiling'),
  control('1.4.2', 'The scheduler listens on loopback', '调度器仅监听本机', 'scheduler:bind-address'),
  control('2.1', 'etcd serves TLS', 'etcd 启用 TLS', 'etcd:cert-file'),
  control('2.2', 'etcd asks clients for certificates', 'etcd 校验客户端证书', 'etcd:client-cert-auth'),
  control('2.3', 'etcd does not sign for itself', 'etcd 不自签证书', 'etcd:auto-tls'),
  control('2.4', 'etcd members speak TLS', 'etcd 成员间启用 TLS', 'etcd:peer-cert-file'),
  control('2.5', 'etcd members check each other', 'etcd 成员互相校验', 'etcd:peer-client-cert-auth'),
  control('2.6', 'etcd members do not sign for themselves', 'etcd 成员不自签证书', 'etcd:peer-auto-tls'),
  control('2.7', 'etcd has an authority of its own', 'etcd 使用独立证书机构'),
  control('3.1.1', 'People do not sign in by client certificate', '用户不使用客户端证书登录'),
  control('3.1.2', 'People do not sign in by account token', '用户不使用服务账户令牌登录'),
  control('3.1.3', 'People do not sign in by bootstrap token', '用户不使用引导令牌登录'),
  control('3.2.1', 'An audit policy is there', '配置审计策略', 'apiserver:audit-policy-file'),
  control('3.2.2', 'The audit policy covers what matters', '审计策略覆盖关键操作'),
  ...['4.1.1', '4.1.2', '4.1.3', '4.1.4', '4.1.5', '4.1.6', '4.1.7', '4.1.8', '4.1.9', '4.1.10'].map(id =>
    control(id, 'Files of a node belong to root and nobody else writes them', '节点文件归 root 所有且他人不可写'),
  ),
  ...Array.from({ length: 13 }, (_, at) =>
    control(`4.2.${at + 1}`, 'A setting of the kubelet is safe', 'kubelet 配置安全'),
  ),
  ...Array.from({ length: 21 }, (_, at) =>
    control(
      `1.1.${at + 1}`,
      'Files of the control plane belong to root and nobody else writes them',
      '控制面文件归 root 所有且他人不可写',
    ),
  ),
];

const POLICIES: readonly Control[] = [
  control('5.1.1', 'cluster-admin is used where it must be', '仅在必要时使用 cluster-admin', 'cluster-admin'),
  control('5.1.2', 'Few read secrets', '限制对 Secret 的访问', 'secrets-access'),
  control('5.1.3', 'Roles name what they allow', '角色不使用通配符', 'wildcards'),
  control('5.1.4', 'Few create pods', '限制创建 Pod', 'create-pods'),
  control(
    '5.1.5',
    'Default accounts are not used',
    '不使用默认服务账户',
    'default-account-unbound',
    'account-no-token',
    'own-account',
  ),
  control('5.1.6', 'Account tokens are mounted where they are needed', '仅在需要处挂载账户令牌', 'no-token-mount'),
  control('5.1.7', 'system:masters is not used', '不使用 system:masters', 'masters-group'),
  control(
    '5.1.8',
    'Nobody may bind, impersonate or escalate',
    '限制 bind、impersonate 与 escalate',
    'escalating-verbs',
  ),
  control('5.1.9', 'Few create persistent volumes', '限制创建持久卷', 'create-volumes'),
  control('5.1.10', 'Few reach the proxy of nodes', '限制访问 nodes/proxy', 'node-proxy'),
  control('5.1.11', 'Few approve certificate requests', '限制审批证书请求', 'approve-requests'),
  control('5.1.12', 'Few change admission webhooks', '限制修改准入 webhook', 'webhook-access'),
  control('5.1.13', 'Few make account tokens', '限制签发账户令牌', 'mint-tokens'),
  control('5.2.1', 'Some admission policy is in force', '启用至少一种准入策略', 'policy-mechanism'),
  control('5.2.2', 'No privileged containers', '无特权容器', 'privileged'),
  control('5.2.3', 'Processes of the node are not shared', '不共享节点进程', 'host-pid'),
  control('5.2.4', 'IPC of the node is not shared', '不共享节点 IPC', 'host-ipc'),
  control('5.2.5', 'The network of the node is not shared', '不共享节点网络', 'host-network'),
  control('5.2.6', 'Containers gain no privileges', '容器不得提权', 'escalation'),
  control('5.2.7', 'Containers do not run as root', '容器不以 root 运行', 'non-root'),
  control('5.2.8', 'Containers have no NET_RAW', '容器无 NET_RAW', 'no-net-raw'),
  control('5.2.9', 'Containers add no capabilities', '容器不添加 capability', 'no-added-capabilities'),
  control('5.2.10', 'Containers keep no capabilities', '容器不保留 capability', 'drop-all'),
  control('5.2.11', 'No Windows container is a host process', '无 HostProcess 容器', 'host-process'),
  control('5.2.12', 'No paths of the node are mounted', '不挂载节点路径', 'host-path'),
  control('5.2.13', 'No ports of the node are taken', '不占用节点端口', 'host-ports'),
  control('5.3.1', 'The network plugin holds network policies', '网络插件支持网络策略'),
  control('5.3.2', 'Every namespace has network policies', '每个命名空间均设网络策略', 'network-policy'),
  control('5.4.1', 'Secrets come as files', 'Secret 以文件提供', 'no-secret-env'),
  control('5.4.2', 'Secrets are kept outside the cluster', '使用外部 Secret 存储'),
  control('5.5.1', 'Images are judged before they run', '镜像运行前须经审核', 'image-policy'),
  control('5.6.1', 'Namespaces keep workloads apart', '以命名空间划分边界', 'several-namespaces'),
  control('5.6.2', 'Seccomp is in force', '启用 seccomp', 'seccomp'),
  control('5.6.3', 'Security contexts are set', '设置安全上下文', 'security-context'),
  control('5.6.4', 'The default namespace is not used', '不使用默认命名空间', 'not-default-namespace'),
];

/** CIS Kubernetes Benchmark v1.9: its numbers, titles in our words. */
export const CIS: Pack = {
  name: 'cis',
  title: { en: 'CIS Kubernetes Benchmark 1.9', zh: 'CIS Kubernetes 基准 1.9' },
  controls: [...API, ...CONTROL_PLANE, ...POLICIES].sort((left, right) => compareIds(left.id, right.id)),
};

function compareIds(left: string, right: string): number {
  const [a, b] = [left, right].map(id => id.split('.').map(Number)) as [number[], number[]];
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const order = (a[at] ?? -1) - (b[at] ?? -1);
    if (order !== 0) return order;
  }
  return 0;
}
