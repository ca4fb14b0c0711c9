import { type Invocation, listOption, type OptionDefinition, stringOption } from './command.ts';
import {
  type Alignment,
  formatCpus,
  machineProcessors,
  NUMA_NODES_MAX,
  parseCpus,
  TOPOLOGY_POLICIES,
  TOPOLOGY_SCOPES,
} from '../compute/index.ts';
import { cliFaults } from './faults.ts';

interface NodeSettings {
  readonly cri?: string;
  readonly evictionHard?: string;
  readonly reservedCpus?: readonly number[];
  readonly topology?: Alignment;
  readonly csi?: readonly string[];
  readonly hostFirewall?: boolean;
}

/** What `up` and `agent` both take about the node: `--cri`, `--csi` (sockets) and `--eviction-hard LIST`. */
export function nodeOptions(options: Invocation['options'], command: string): NodeSettings {
  const evictionHard = stringOption(options, 'eviction-hard');
  const csi = listOption(options, 'csi').map(text => endpointOf(text, 'csi', command));
  return {
    ...criOption(options, command),
    ...(evictionHard === undefined ? {} : { evictionHard }),
    ...cpuOptions(options, command),
    ...topologyOptions(options, command),
    ...(csi.length > 0 ? { csi } : {}),
    ...firewallOption(options, command),
  };
}

/** Pods of another program's runtime are in groups we do not make. */
function firewallOption(options: Invocation['options'], command: string): { hostFirewall?: boolean } {
  if (!options['host-firewall']) return {};
  if (stringOption(options, 'cri') !== undefined)
    throw cliFaults.error('bad-option', {
      command,
      reason: '--host-firewall holds pods of our own runtimes, not of --cri',
    });
  return { hostFirewall: true };
}

/** kubelet's static policy needs processors that are nobody's own. */
function cpuOptions(options: Invocation['options'], command: string): { reservedCpus?: readonly number[] } {
  const policy = stringOption(options, 'cpu-manager-policy') ?? 'none';
  const text = stringOption(options, 'reserved-cpus');
  const refuse = (reason: string): Error => cliFaults.error('bad-option', { command, reason });
  if (policy !== 'none' && policy !== 'static') throw refuse(`--cpu-manager-policy is none or static, not "${policy}"`);
  if (policy === 'none' && text === undefined) return {};
  const known = new Set(machineProcessors().map(({ cpu }) => cpu));
  const reserved = parseCpus(text ?? '');
  if (policy === 'none') throw refuse('--reserved-cpus goes with --cpu-manager-policy static');
  if (!reserved || reserved.length === 0 || !reserved.every(cpu => known.has(cpu)))
    throw refuse(`--cpu-manager-policy static needs --reserved-cpus LIST, some of ${formatCpus(known)}`);
  return { reservedCpus: reserved };
}

/** kubelet's topology manager: what it aligns is what the static policy gives. */
function topologyOptions(options: Invocation['options'], command: string): { topology?: Alignment } {
  const policy = TOPOLOGY_POLICIES.find(
    known => known === (stringOption(options, 'topology-manager-policy') ?? 'none'),
  );
  const scope = TOPOLOGY_SCOPES.find(
    known => known === (stringOption(options, 'topology-manager-scope') ?? 'container'),
  );
  const refuse = (reason: string): Error => cliFaults.error('bad-option', { command, reason });
  if (!policy) throw refuse(`--topology-manager-policy is one of ${TOPOLOGY_POLICIES.join(', ')}`);
  if (!scope) throw refuse(`--topology-manager-scope is one of ${TOPOLOGY_SCOPES.join(', ')}`);
  if (policy === 'none') return {};
  if (stringOption(options, 'cpu-manager-policy') !== 'static')
    throw refuse('--topology-manager-policy goes with --cpu-manager-policy static');
  const nodes = new Set(machineProcessors().map(({ node }) => node)).size;
  if (nodes > NUMA_NODES_MAX)
    throw refuse(
      `--topology-manager-policy takes machines of ${NUMA_NODES_MAX} NUMA nodes at most; this one has ${nodes}`,
    );
  return { topology: { policy, scope } };
}

function criOption(options: Invocation['options'], command: string): { cri?: string } {
  const text = stringOption(options, 'cri');
  if (text === undefined) return {};
  if (stringOption(options, 'runtime') !== undefined)
    throw cliFaults.error('bad-option', { command, reason: '--runtime is one of our own, --cri is another program' });
  return { cri: endpointOf(text, 'cri', command) };
}

/** A socket; a bare path is taken as one. */
function endpointOf(text: string, option: string, command: string): string {
  const endpoint = text.startsWith('/') ? `unix://${text}` : text;
  if (/^unix:\/\/\/./.test(endpoint)) return endpoint;
  throw cliFaults.error('bad-option', { command, reason: `--${option} takes unix:///PATH, not "${text}"` });
}

/** Options of every command that runs a node. */
export const NODE_OPTIONS: Readonly<Record<string, OptionDefinition>> = {
  csi: {
    type: 'string',
    multiple: true,
    value: 'ENDPOINT',
    help: {
      en: 'Use volumes of this CSI driver: unix:///csi/csi.sock',
      zh: '使用此 CSI 驱动的卷:unix:///csi/csi.sock',
    },
  },
  'cpu-manager-policy': {
    type: 'string',
    value: 'NAME',
    help: {
      en: 'static: Guaranteed pods that ask for whole processors have theirs alone (needs --reserved-cpus)',
      zh: 'static:请求整数处理器的 Guaranteed Pod 独占处理器(需要 --reserved-cpus)',
    },
  },
  'reserved-cpus': {
    type: 'string',
    value: 'LIST',
    help: { en: 'Processors no pod has alone: 0 or 0-1,4', zh: '不分配给任何 Pod 独占的处理器:0 或 0-1,4' },
  },
  'topology-manager-policy': {
    type: 'string',
    value: 'NAME',
    help: {
      en: 'Whole processors of the same NUMA nodes: none, best-effort, restricted or single-numa-node (needs --cpu-manager-policy static)',
      zh: '独占处理器是否来自相同 NUMA 节点:none、best-effort、restricted 或 single-numa-node(需要 --cpu-manager-policy static)',
    },
  },
  'topology-manager-scope': {
    type: 'string',
    value: 'NAME',
    help: {
      en: 'Looks at each container by itself, or at a pod altogether: container or pod',
      zh: '按容器还是按整个 Pod 对齐:container 或 pod',
    },
  },
  'eviction-hard': {
    type: 'string',
    value: 'LIST',
    help: {
      en: 'End pods when less is left: memory.available<100Mi,nodefs.available<1Gi …',
      zh: '剩余资源低于阈值时终止 Pod:memory.available<100Mi,nodefs.available<1Gi 等',
    },
  },
  'host-firewall': {
    type: 'boolean',
    help: {
      en: "Hold policies for nodes (nodeSelector of CiliumClusterwideNetworkPolicy) for the pods on this node's network; never for other processes",
      zh: '对使用本节点网络的 Pod 执行针对节点的策略(CiliumClusterwideNetworkPolicy 的 nodeSelector);其他进程不受影响',
    },
  },
  cri: {
    type: 'string',
    value: 'ENDPOINT',
    help: {
      en: 'Run pods by this CRI v1 runtime: unix:///run/containerd/containerd.sock',
      zh: '由此 CRI v1 运行时运行 Pod:unix:///run/containerd/containerd.sock',
    },
  },
};
