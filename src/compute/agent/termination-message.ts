import { open } from 'node:fs/promises';
import type { kinds } from '../../kernel/index.ts';

const MESSAGE_BYTES_MAX = 4096;
const LOG_BYTES_MAX = 2048;
const LOG_LINES_MAX = 80;

async function tail(path: string, bytes_max: number): Promise<string> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (!handle) return '';
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, bytes_max);
    const buffer = Buffer.alloc(length);
    await handle.read(buffer, 0, length, size - length);
    return buffer.toString();
  } finally {
    await handle.close();
  }
}

/** What a container left to say: its message file, or the end of its log where the policy says so and it failed. */
export async function terminationMessage(
  container: kinds.Container,
  file: string,
  log: string,
  exitCode: number,
): Promise<string> {
  const own = await tail(file, MESSAGE_BYTES_MAX);
  if (own !== '' || container.terminationMessagePolicy !== 'FallbackToLogsOnError' || exitCode === 0) return own;
  const lines = (await tail(log, LOG_BYTES_MAX * 4)).split('\n').slice(-LOG_LINES_MAX - 1);
  const texts = lines.map(line => {
    const [head = '', part] = /^\S+ std(?:out|err) ([FP]) ?/.exec(line) ?? [];
    return `${line.slice(head.length)}${part === 'F' ? '\n' : ''}`;
  });
  return texts.join('').slice(-LOG_BYTES_MAX);
}
