import { type Invocation, listOption, type OptionDefinition, stringOption } from './command.ts';
import { formatCpus, machineProcessors, parseCpus } from '../compute/index.ts';
import { cliFaults } from './faults.ts';

interface NodeSettings {
  readonly cri?: string;
  readonly evictionHard?: string;
  readonly reservedCpus?: readonly number[];
  readonly csi?: readonly string[];
}

/** What `up` and `agent` both take about the node: `--cri`, `--csi` (sockets) and `--eviction-hard LIST`. */
export function nodeOptions(options: Invocation['options'], command: string): NodeSettings {
  const evictionHard = stringOption(options, 'eviction-hard');
  const csi = listOption(options, 'csi').map(text => endpointOf(text, 'csi', command));
  return {
    ...criOption(options, command),
    ...(evictionHard === undefined ? {} : { evictionHard }),
    ...cpuOptions(options, command),
    ...(csi.length > 0 ? { csi } : {}),
  };
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
  'eviction-hard': {
    type: 'string',
    value: 'LIST',
    help: {
      en: 'End pods when less is left: memory.available<100Mi,nodefs.available<1Gi …',
      zh: '剩余资源低于阈值时终止 Pod:memory.available<100Mi,nodefs.available<1Gi 等',
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
