import { faultCatalogue } from '../base/index.ts';

/** What can be wrong with network documents, and with the machine that is to enforce them. */
export const networkFaults = faultCatalogue('network', {
  'field-type': {
    kind: 'user',
    message: { en: '{path} must be {expected}, got "{got}"', zh: '{path} 应为 {expected}，实际是“{got}”' },
    remedy: {
      en: 'Correct the field; until then the rule matches nothing',
      zh: '请改正该字段；在此之前该规则不匹配任何流量',
    },
  },
  'field-missing': {
    kind: 'user',
    message: { en: '{path} is required', zh: '缺少必填字段 {path}' },
    remedy: { en: 'Add the field', zh: '请补上该字段' },
  },
  'field-value': {
    kind: 'user',
    message: {
      en: '{path} does not accept "{got}"; it takes {expected}',
      zh: '{path} 不接受“{got}”，可用值：{expected}',
    },
    remedy: { en: 'Use one of the listed values', zh: '请使用列出的值之一' },
  },
  'cidr-invalid': {
    kind: 'user',
    message: { en: '{path} is not a CIDR: "{got}"', zh: '{path} 不是 CIDR：“{got}”' },
    remedy: {
      en: 'Write an address and a prefix length, as 10.0.0.0/8 or fd00::/8',
      zh: '请写成地址加前缀长度，如 10.0.0.0/8 或 fd00::/8',
    },
  },
  'ports-empty': {
    kind: 'user',
    message: { en: '{path} is an empty range: {from} to {to}', zh: '{path} 是空区间：{from} 到 {to}' },
    remedy: { en: 'endPort must not be below port', zh: 'endPort 不能小于 port' },
  },
  'not-modelled': {
    kind: 'user',
    message: { en: '{path} is not modelled and could change this verdict', zh: '{path} 未被建模，且可能改变结论' },
    remedy: {
      en: 'Express the rule with modelled fields, or ask the cluster itself',
      zh: '请改用已建模的字段，或直接在集群上验证',
    },
  },
  'request-needed': {
    kind: 'user',
    message: {
      en: 'Rule {rule} allows some requests only: the verdict depends on the request',
      zh: '规则 {rule} 只允许部分请求：结论取决于具体请求',
    },
    remedy: { en: 'Ask with a path (and --method, --header)', zh: '请在提问时给出路径（以及 --method、--header）' },
  },
  'host-policy-open': {
    kind: 'user',
    message: {
      en: '{policy} selects nodes: it is kept and explained, and not enforced on this machine',
      zh: '{policy} 选择的是节点：对象会被保存并可被解释，但不会在本机执行',
    },
    remedy: {
      en: 'Start with --host-firewall to hold it for pods on the network of the node; other processes are for the firewall of the machine',
      zh: '以 --host-firewall 启动即可对使用节点网络的 Pod 执行；其他进程请用本机防火墙保护',
    },
  },
  'host-pod-open': {
    kind: 'system',
    message: {
      en: 'Pod "{pod}" is on the node\'s network and another program makes its control group: policies for nodes are not enforced for it',
      zh: 'Pod“{pod}”使用节点网络，且其控制组由其他程序创建：针对节点的策略不会对它执行',
    },
    remedy: {
      en: "Run the pod by a runtime of Tenon's own, without --cri",
      zh: '请用 Tenon 自带的运行时运行该 Pod（不使用 --cri）',
    },
  },
  'host-group-refused': {
    kind: 'system',
    message: {
      en: 'Policies for nodes cannot be held for pod "{pod}" on the node\'s network: {detail}',
      zh: '无法对使用节点网络的 Pod“{pod}”执行针对节点的策略：{detail}',
    },
    why: {
      en: "A program is attached to the pod's control group of version 2 (cgroup_skb) before it starts",
      zh: '需要在 Pod 启动前把程序挂到它的第二版控制组上（cgroup_skb）',
    },
    remedy: {
      en: 'Mount cgroup2 writable, or start without --host-firewall',
      zh: '请以可写方式挂载 cgroup2，或不使用 --host-firewall 启动',
    },
  },
  'host-firewall-refused': {
    kind: 'system',
    message: {
      en: 'Policies for nodes are not enforced, for bpf(2) is refused: {detail}',
      zh: '系统拒绝 bpf(2)，针对节点的策略不会执行：{detail}',
    },
    remedy: { en: 'Grant CAP_BPF and CAP_NET_ADMIN', zh: '请授予 CAP_BPF 与 CAP_NET_ADMIN' },
  },
  'host-flow-unsettled': {
    kind: 'user',
    message: {
      en: 'Host policy {policy} decides by what is not known here: {what}',
      zh: '主机策略 {policy} 的结论取决于此处未知的信息：{what}',
    },
    remedy: {
      en: 'Ask with the address of a node, where Nodes, EndpointSlices and the cilium-config are (--kubeconfig)',
      zh: '请用节点地址，并在有 Node、EndpointSlice 与 cilium-config 的地方提问（--kubeconfig）',
    },
  },
  'pod-address-needed': {
    kind: 'user',
    message: {
      en: 'Rule {rule} is about addresses, those of pods and nodes too: which one this peer has is not known here',
      zh: '规则 {rule} 按地址匹配，且包括 Pod 与节点的地址：此处不知道对端的地址',
    },
    remedy: {
      en: 'Ask with the address, or where pods have theirs (--kubeconfig)',
      zh: '请直接用地址提问，或在 Pod 已有地址处提问（--kubeconfig）',
    },
  },
  'name-needed': {
    kind: 'user',
    message: {
      en: 'Rule {rule} is about host names: whether this address was looked up by one of them is not known here',
      zh: '规则 {rule} 按主机名匹配：此处不知道该地址是否由这些名称解析而来',
    },
    remedy: { en: 'Ask a running Tenon, which sees the look-ups', zh: '请向运行中的 Tenon 提问，它能看到解析结果' },
  },
  'priority-duplicate': {
    kind: 'user',
    message: {
      en: 'Priority {priority} is used by both "{first}" and "{second}"',
      zh: '优先级 {priority} 被“{first}”和“{second}”同时使用',
    },
    why: { en: 'The order of policies of equal priority is not defined', zh: '同优先级策略的先后顺序未定义' },
    remedy: { en: 'Give each a priority of its own', zh: '请为每条策略设置不同的优先级' },
  },
  'ebpf-refused': {
    kind: 'system',
    message: {
      en: 'Policy is held by nftables, for bpf(2) is refused: {detail}',
      zh: '系统拒绝 bpf(2)，改由 nftables 执行策略：{detail}',
    },
    remedy: {
      en: 'Grant CAP_BPF and CAP_NET_ADMIN for flow records and faster decisions',
      zh: '授予 CAP_BPF 与 CAP_NET_ADMIN 以获得流记录和更快的判定',
    },
  },
  'netns-refused': {
    kind: 'system',
    message: { en: 'Cannot make a network namespace: {detail}', zh: '无法创建网络命名空间：{detail}' },
    why: {
      en: 'Without one, two pods would share ports, and a bind to 0.0.0.0 would take the port from all of them',
      zh: '没有它，两个 Pod 会共用端口，绑定 0.0.0.0 会占走所有 Pod 的端口',
    },
    remedy: {
      en: 'Run as root, or allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1)',
      zh: '请以 root 运行，或允许非特权用户命名空间（sysctl kernel.unprivileged_userns_clone=1）',
    },
  },
  'command-failed': {
    kind: 'system',
    message: { en: '{command} failed: {detail}', zh: '{command} 失败：{detail}' },
    remedy: { en: 'Run tenon doctor to see what this machine lacks', zh: '运行 tenon doctor 查看本机缺少什么' },
  },
  'addresses-exhausted': {
    kind: 'system',
    message: { en: 'No free address is left in {cidr}', zh: '{cidr} 中已无可用地址' },
    remedy: { en: 'Remove pods or start with a larger --pod-cidr', zh: '请删除一些 Pod，或以更大的 --pod-cidr 启动' },
  },
  'host-port-taken': {
    kind: 'user',
    message: {
      en: 'Host port {port}/{protocol} is used by pod "{pod}"',
      zh: '主机端口 {port}/{protocol} 已被 Pod“{pod}”占用',
    },
    remedy: { en: 'Choose another hostPort or remove the other pod', zh: '请换一个 hostPort，或删除另一个 Pod' },
  },
  'party-unknown': {
    kind: 'user',
    message: { en: 'Nothing here is called "{party}"', zh: '此处没有“{party}”' },
    remedy: {
      en: 'Name a pod or workload as namespace/name, or an address',
      zh: '请用 namespace/name 指定 Pod 或工作负载，或使用地址',
    },
  },
  'sandbox-unknown': {
    kind: 'system',
    message: { en: 'No pod network is attached for sandbox "{sandbox}"', zh: '沙箱“{sandbox}”没有已接入的 Pod 网络' },
  },
  'dial-failed': {
    kind: 'user',
    message: {
      en: 'Cannot connect to port {port} in pod "{pod}": {detail}',
      zh: '无法连接 Pod“{pod}”的端口 {port}：{detail}',
    },
    remedy: { en: 'Check that the container listens on that port', zh: '请确认容器正在监听该端口' },
  },
});
