import { check } from './check.ts';
import type { Check, Subject } from './model.ts';

const NAMESPACES: Subject = { of: 'namespaces' };
const CLUSTER: Subject = { of: 'cluster' };
const kinds = (...names: string[]): Subject => ({ of: 'kinds', kinds: names });

/** What namespaces, services and the cluster as a whole prove. */
export const CLUSTER_CHECKS: readonly Check[] = [
  check(
    'network-policy',
    NAMESPACES,
    'Every namespace with pods has network policies',
    '有 Pod 的命名空间均设网络策略',
    'size(within.?pods.orValue([])) == 0 || size(within.?NetworkPolicy.orValue([])) + size(within.?CiliumNetworkPolicy.orValue([])) > 0',
  ),
  check(
    'default-deny',
    NAMESPACES,
    'Every namespace with pods lets in nothing that no policy names',
    '有 Pod 的命名空间默认拒绝入站',
    'size(within.?pods.orValue([])) == 0 || within.?NetworkPolicy.orValue([]).exists(p, size(p.spec.?podSelector.orValue({})) == 0 && size(p.spec.?ingress.orValue([])) == 0 && "Ingress" in p.spec.?policyTypes.orValue(["Ingress"]))',
  ),
  check(
    'egress-deny',
    NAMESPACES,
    'Every namespace with pods lets out nothing that no policy names',
    '有 Pod 的命名空间默认拒绝出站',
    'size(within.?pods.orValue([])) == 0 || within.?NetworkPolicy.orValue([]).exists(p, size(p.spec.?podSelector.orValue({})) == 0 && size(p.spec.?egress.orValue([])) == 0 && "Egress" in p.spec.?policyTypes.orValue([]))',
  ),
  check(
    'quota',
    NAMESPACES,
    'Every namespace with pods has a quota',
    '有 Pod 的命名空间均设配额',
    'size(within.?pods.orValue([])) == 0 || size(within.?ResourceQuota.orValue([])) > 0',
  ),
  check(
    'limit-range',
    NAMESPACES,
    'Every namespace with pods has a limit range',
    '有 Pod 的命名空间均设 LimitRange',
    'size(within.?pods.orValue([])) == 0 || size(within.?LimitRange.orValue([])) > 0',
  ),
  check(
    'pod-security-level',
    NAMESPACES,
    'Every namespace with pods enforces a pod security level',
    '有 Pod 的命名空间强制执行 Pod 安全级别',
    'size(within.?pods.orValue([])) == 0 || object.metadata.?labels[?"pod-security.kubernetes.io/enforce"].orValue("") in ["baseline", "restricted"]',
  ),
  check(
    'policy-mechanism',
    CLUSTER,
    'Some admission policy is in force',
    '已启用准入策略',
    'cluster.?Namespace.orValue([]).exists(n, n.metadata.?labels[?"pod-security.kubernetes.io/enforce"].orValue("") in ["baseline", "restricted"]) || ["ValidatingAdmissionPolicyBinding", "ClusterPolicy", "ValidatingPolicy", "ConstraintTemplate"].exists(k, k in cluster)',
  ),
  check(
    'several-namespaces',
    CLUSTER,
    'Workloads are kept apart in namespaces',
    '工作负载按命名空间隔离',
    'size(cluster.?Namespace.orValue([]).filter(n, !(n.metadata.name in ["default", "kube-system", "kube-public", "kube-node-lease"]))) > 0',
  ),
  check(
    'image-policy',
    CLUSTER,
    'Some policy speaks of images',
    '存在针对镜像的策略',
    'cluster.?ImageValidatingPolicy.orValue([]).size() > 0 || cluster.?ClusterPolicy.orValue([]).exists(p, p.spec.?rules.orValue([]).exists(r, has(r.verifyImages)))',
  ),
  check(
    'ingress-tls',
    kinds('Ingress'),
    'Every host of an Ingress is served by TLS',
    'Ingress 的每个主机均启用 TLS',
    'object.spec.?rules.orValue([]).all(r, object.spec.?tls.orValue([]).exists(t, r.?host.orValue("") == "" || r.host in t.?hosts.orValue([])))',
  ),
  check(
    'no-node-port',
    kinds('Service'),
    'No Service opens a port on every node',
    'Service 不在节点上开放端口',
    'object.spec.?type.orValue("ClusterIP") != "NodePort"',
  ),
  check(
    'no-external-ips',
    kinds('Service'),
    'No Service takes addresses of others',
    'Service 不使用 externalIPs',
    'size(object.spec.?externalIPs.orValue([])) == 0',
  ),
  check(
    'webhooks-fail-closed',
    kinds('ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'),
    'Admission webhooks refuse while they do not answer',
    '准入 webhook 无应答时拒绝',
    'object.?webhooks.orValue([]).all(w, w.?failurePolicy.orValue("Fail") == "Fail")',
  ),
];
