import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import {
  lowerBoot,
  lowerRestore,
  lowerSnapshot,
  type RestMachineSpec,
  type RestRequest,
  STOP,
} from '../dialects/firecracker/requests.ts';
import { computeFaults } from '../faults.ts';

const ANSWER_MS_MAX = 30_000;
const ANSWER_BYTES_MAX = 1024 * 1024;

export type MachinePhase = 'Not started' | 'Running' | 'Paused';

/** A machine driven by JSON calls over its unix socket. Rejections carry the server's own words and the call. */
export class RestMachine {
  readonly #socket: string;

  constructor(socket: string) {
    this.#socket = socket;
  }

  /** One call; resolves with what was answered, undefined for nothing. */
  send({ method, path, body }: RestRequest): Promise<unknown> {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = {
      accept: 'application/json',
      ...(bytes ? { 'content-type': 'application/json', 'content-length': bytes.length } : {}),
    };
    const fail = (detail: string): Error =>
      computeFaults.error('runtime-failed', { handler: 'microvm', detail: `${method} ${path}: ${detail}` });
    return new Promise((resolve, reject) => {
      const options = { socketPath: this.#socket, method, path, headers, timeout: ANSWER_MS_MAX };
      const call = request(options, answer => {
        const chunks: Buffer[] = [];
        let size = 0;
        answer.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > ANSWER_BYTES_MAX) call.destroy(new Error('the answer is too long'));
          chunks.push(chunk);
        });
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const value = readJson(text);
          const { statusCode = 0 } = answer;
          if (statusCode >= 200 && statusCode < 300) return resolve(value);
          const { fault_message: words } = (value ?? {}) as { fault_message?: string };
          reject(fail(words ?? `${statusCode} ${text}`));
        });
      });
      call.on('timeout', () => call.destroy(new Error(`no answer within ${ANSWER_MS_MAX} ms`)));
      call.on('error', error => reject(fail(error.message)));
      call.end(bytes);
    });
  }

  async #all(requests: readonly RestRequest[]): Promise<void> {
    for (const each of requests) await this.send(each);
  }

  /** Configures and starts a fresh machine. */
  async boot(spec: RestMachineSpec): Promise<void> {
    await this.#all(lowerBoot(spec));
  }

  /** Keeps a running machine in files; it is paused meanwhile, and goes on also when that fails. */
  async snapshot(files: Parameters<typeof lowerSnapshot>[0]): Promise<void> {
    const [pause, create, resume] = lowerSnapshot(files);
    await this.send(pause!);
    try {
      await this.send(create!);
    } finally {
      await this.send(resume!);
    }
  }

  /** Makes a fresh machine of a snapshot. */
  async restore(files: Parameters<typeof lowerRestore>[0]): Promise<void> {
    await this.#all(lowerRestore(files));
  }

  async phase(): Promise<MachinePhase> {
    return ((await this.send({ method: 'GET', path: '/' })) as { state: MachinePhase }).state;
  }

  /** Asks the guest to end; whether it does is its own matter. */
  async stop(): Promise<void> {
    await this.send(STOP);
  }
}

const readJson = (text: string): unknown => {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Connects to a port of the guest through its vsock's unix socket: `CONNECT port`, answered by `OK port`. */
export function dialVsock(path: string, port: number, timeout_ms: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const fail = (detail: string): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(computeFaults.error('runtime-failed', { handler: 'microvm', detail: `vsock port ${port}: ${detail}` }));
    };
    const timer = setTimeout(() => fail(`no answer within ${timeout_ms} ms`), timeout_ms);
    let said = '';
    socket.once('connect', () => socket.write(`CONNECT ${port}\n`));
    socket.on('error', error => fail(error.message));
    socket.on('close', () => fail('refused by the guest'));
    socket.on('readable', () => {
      // Byte by byte: what follows the line belongs to the guest.
      for (let byte = socket.read(1) as Buffer | null; byte; byte = socket.read(1) as Buffer | null) {
        said += byte.toString('latin1');
        if (!said.endsWith('\n')) continue;
        if (!said.startsWith('OK ')) return fail(said.trim());
        clearTimeout(timer);
        socket.removeAllListeners();
        resolve(socket);
        return;
      }
    });
  });
}
