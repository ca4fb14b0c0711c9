import type { Socket } from 'node:net';
import { tryConnect } from './vm-agent.ts';

const ANSWER_MS_MAX = 20_000;

interface Answer {
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
}

/** A machine's control connection (QEMU Machine Protocol: JSON lines, one command at a time). */
export class MachineControl {
  readonly #socket: Socket;
  #pending = '';
  #waiting: ((answer: Answer | undefined) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', text => {
      const lines = (this.#pending + (text as unknown as string)).split('\n');
      this.#pending = lines.pop() ?? '';
      for (const line of lines) this.#line(line);
    });
    socket.on('error', () => {});
    socket.on('close', () => this.#waiting?.(undefined));
  }

  static async open(path: string, timeout_ms: number): Promise<MachineControl> {
    const control = new MachineControl(await tryConnect(path, timeout_ms));
    await control.execute('qmp_capabilities');
    return control;
  }

  #line(line: string): void {
    if (line.trim() === '') return;
    const answer = JSON.parse(line) as Answer;
    if ('return' in answer || 'error' in answer) this.#waiting?.(answer);
  }

  /** Rejects with the machine's own words. */
  async execute(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const answer = await new Promise<Answer | undefined>(resolve => {
      this.#waiting = resolve;
      timer = setTimeout(() => resolve(undefined), ANSWER_MS_MAX);
      this.#socket.write(`${JSON.stringify({ execute: command, ...(args ? { arguments: args } : {}) })}\n`);
    });
    clearTimeout(timer);
    this.#waiting = undefined;
    if (!answer) throw new Error(`${command}: the machine ended or did not answer`);
    if (answer.error) throw new Error(`${command}: ${answer.error.desc}`);
    return answer.return;
  }

  /** Waits until a transfer of state is over. */
  async transferred(): Promise<void> {
    for (;;) {
      const { status, 'error-desc': detail } = (await this.execute('query-migrate')) as Record<string, string>;
      if (status === 'completed') return;
      if (status === 'failed' || status === 'cancelled') throw new Error(`state: ${detail ?? status}`);
      await new Promise(resolve => setTimeout(resolve, 2));
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}
