import { type Invocation, stringOption } from './command.ts';
import { cliFaults } from './faults.ts';

interface NodeSettings {
  readonly cri?: string;
  readonly evictionHard?: string;
}

/** What `up` and `agent` both take about the node: `--cri unix:///PATH` (or a bare path) and `--eviction-hard LIST`. */
export function nodeOptions(options: Invocation['options'], command: string): NodeSettings {
  const evictionHard = stringOption(options, 'eviction-hard');
  return { ...criOption(options, command), ...(evictionHard === undefined ? {} : { evictionHard }) };
}

function criOption(options: Invocation['options'], command: string): { cri?: string } {
  const text = stringOption(options, 'cri');
  if (text === undefined) return {};
  if (stringOption(options, 'runtime') !== undefined)
    throw cliFaults.error('bad-option', { command, reason: '--runtime is one of our own, --cri is another program' });
  const endpoint = text.startsWith('/') ? `unix://${text}` : text;
  if (!/^unix:\/\/\/./.test(endpoint))
    throw cliFaults.error('bad-option', { command, reason: `--cri takes unix:///PATH, not "${text}"` });
  return { cri: endpoint };
}
