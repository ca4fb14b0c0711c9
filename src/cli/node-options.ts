import { type Invocation, listOption, stringOption } from './command.ts';
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
