import { type Invocation, listOption, type OptionDefinition, stringOption } from './command.ts';
import { cliFaults } from './faults.ts';

interface NodeSettings {
  readonly cri?: string;
  readonly evictionHard?: string;
  readonly csi?: readonly string[];
}

/** What `up` and `agent` both take about the node: `--cri`, `--csi` (sockets) and `--eviction-hard LIST`. */
export function nodeOptions(options: Invocation['options'], command: string): NodeSettings {
  const evictionHard = stringOption(options, 'eviction-hard');
  const csi = listOption(options, 'csi').map(text => endpointOf(text, 'csi', command));
  return {
    ...criOption(options, command),
    ...(evictionHard === undefined ? {} : { evictionHard }),
    ...(csi.length > 0 ? { csi } : {}),
  };
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
