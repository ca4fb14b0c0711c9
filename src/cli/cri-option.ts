import { type Invocation, stringOption } from './command.ts';
import { cliFaults } from './faults.ts';

/** `--cri unix:///PATH`: whose runtime runs the pods; a bare path is taken as one. */
export function criOption(options: Invocation['options'], command: string): { cri?: string } {
  const text = stringOption(options, 'cri');
  if (text === undefined) return {};
  if (stringOption(options, 'runtime') !== undefined)
    throw cliFaults.error('bad-option', { command, reason: '--runtime is one of our own, --cri is another program' });
  const endpoint = text.startsWith('/') ? `unix://${text}` : text;
  if (!/^unix:\/\/\/./.test(endpoint))
    throw cliFaults.error('bad-option', { command, reason: `--cri takes unix:///PATH, not "${text}"` });
  return { cri: endpoint };
}
