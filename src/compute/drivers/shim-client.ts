import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { decodeMessage, encodeMessage } from '../cri/codec.ts';
import { computeFaults } from '../faults.ts';
import { TASK_STATUS, type TaskProcess, type TaskState } from '../shim/messages.ts';
import { encodeShimFrame, FRAME, ShimFrames } from '../shim/wire.ts';

const START_MS_MAX = 30_000;
const CALL_MS_MAX = 60_000;
const PROCESS_SPEC = 'types.containerd.io/opencontainers/runtime-spec/1/Process';
/** Services by age: newer shims answer the second only. */
const SERVICES = ['containerd.task.v2.Task', 'containerd.task.v3.Task'] as const;
const UNIMPLEMENTED = 12;

/** What a shim answered with. `code` is gRPC's. */
export class ShimError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

type Answer = { readonly status?: { readonly code: number; readonly message: string }; readonly payload: Uint8Array };

/** A ttrpc connection: any number of calls at once, each a stream of its own (odd numbers are the client's). */
class ShimConnection {
  readonly #socket: Socket;
  readonly #calls = new Map<number, { resolve(answer: Answer): void; reject(error: Error): void }>();
  #next = 1;

  constructor(socket: Socket) {
    this.#socket = socket;
    const frames = new ShimFrames();
    socket.on('data', chunk => {
      try {
        for (const { stream, kind, payload } of frames.push(chunk as Buffer)) {
          if (kind !== FRAME.response) continue;
          const call = this.#calls.get(stream);
          this.#calls.delete(stream);
          call?.resolve(decodeMessage('ttrpc.Response', Buffer.from(payload)) as Answer);
        }
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const call of this.#calls.values()) call.reject(new Error('the shim closed the connection'));
      this.#calls.clear();
    });
  }

  async call(service: string, method: string, payload: Uint8Array, timeout_ms: number): Promise<Uint8Array> {
    const stream = this.#next;
    this.#next += 2;
    const answer = await new Promise<Answer>((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new Error('the shim closed the connection'));
      this.#calls.set(stream, { resolve, reject });
      const timeout = timeout_ms === 0 ? 0n : BigInt(timeout_ms) * 1_000_000n;
      const request = encodeMessage('ttrpc.Request', { service, method, payload, timeout });
      this.#socket.write(encodeShimFrame(stream, FRAME.request, request));
    });
    if (answer.status && answer.status.code !== 0) throw new ShimError(answer.status.code, answer.status.message);
    return answer.payload;
  }

  close(): void {
    this.#socket.destroy();
  }
}

export interface ShimStart {
  /** `containerd-shim-NAME-v2`, on PATH or a path. */
  readonly binary: string;
  readonly install: string;
  readonly namespace: string;
  readonly id: string;
  /** Folder with config.json. */
  readonly bundle: string;
  /** Where events go (a ttrpc socket); shims keep trying where nobody listens. */
  readonly events: string;
}

export interface TaskCreation {
  readonly id: string;
  readonly bundle: string;
  readonly rootfs?: readonly {
    readonly type: string;
    readonly source: string;
    readonly options: readonly string[];
  }[];
  readonly terminal?: boolean;
  readonly stdin?: string;
  readonly stdout?: string;
  readonly stderr?: string;
}

/** One shim (runtime v2): starts it, or connects to one that runs, and speaks the task service. */
export class ShimClient {
  readonly address: string;
  readonly #connection: ShimConnection;
  #service: string = SERVICES[0];

  private constructor(address: string, connection: ShimConnection) {
    this.address = address;
    this.#connection = connection;
  }

  /** Runs `SHIM start`, which leaves the shim behind and prints its address. */
  static async start(start: ShimStart): Promise<ShimClient> {
    const { binary, install, namespace, id, bundle, events } = start;
    // A shim writes its log to `log` in the bundle: a file needs nobody who reads while we are away.
    writeFileSync(join(bundle, 'log'), '', { mode: 0o600 });
    const args = ['-namespace', namespace, '-address', events, '-publish-binary', '/bin/true', '-id', id, 'start'];
    const environment = { PATH: process.env.PATH ?? '', TTRPC_ADDRESS: events, NAMESPACE: namespace };
    const said = await new Promise<string>((resolve, reject) => {
      const options = { cwd: bundle, env: environment, timeout: START_MS_MAX };
      const child = execFile(binary, args, options, (error, stdout, stderr) => {
        if (!error) return resolve(stdout.trim());
        const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
        reject(
          missing
            ? computeFaults.error('runtime-missing', { handler: binary, binary, install })
            : computeFaults.error('runtime-failed', { handler: binary, detail: stderr.trim() || error.message }),
        );
      });
      child.stdin?.end();
    });
    // Newer shims print {"version":3,"address":…,"protocol":"ttrpc"}.
    const address = said.startsWith('{') ? (JSON.parse(said) as { address: string }).address : said;
    return ShimClient.connect(address);
  }

  /** Connects to a shim that runs, and finds out which task service it has. */
  static async connect(address: string): Promise<ShimClient> {
    const path = address.replace(/^unix:\/\//, '');
    const socket = await new Promise<Socket>((resolve, reject) => {
      const attempt = connect(path);
      attempt.once('connect', () => resolve(attempt));
      attempt.once('error', error =>
        reject(computeFaults.error('runtime-failed', { handler: 'shim', detail: `${address}: ${error.message}` })),
      );
    });
    const client = new ShimClient(address, new ShimConnection(socket));
    await client.#chooseService();
    return client;
  }

  async #chooseService(): Promise<void> {
    for (const service of SERVICES) {
      this.#service = service;
      try {
        await this.#call('Connect', 'ConnectRequest', 'ConnectResponse', {});
        return;
      } catch (error) {
        // Any other answer than "no such service" shows that it is there.
        if (!(error instanceof ShimError) || error.code !== UNIMPLEMENTED) return;
      }
    }
  }

  async #call<T>(
    method: string,
    request: string,
    response: string,
    message: object,
    timeout_ms = CALL_MS_MAX,
  ): Promise<T> {
    const payload = encodeMessage(`task.${request}`, message);
    const answer = await this.#connection.call(this.#service, method, payload, timeout_ms);
    return decodeMessage(`task.${response}`, Buffer.from(answer)) as T;
  }

  async create(creation: TaskCreation): Promise<number> {
    const { pid } = await this.#call<{ pid: number }>('Create', 'CreateRequest', 'CreateResponse', creation);
    return pid;
  }

  async start(of: TaskProcess): Promise<number> {
    return (await this.#call<{ pid: number }>('Start', 'StartRequest', 'StartResponse', of)).pid;
  }

  /** Adds a process, which `start` then starts; `spec` is `process` of the runtime specification. */
  async exec(
    of: TaskProcess,
    spec: object,
    streams: {
      readonly stdin?: string;
      readonly stdout?: string;
      readonly stderr?: string;
      readonly terminal?: boolean;
    },
  ): Promise<void> {
    const value = Buffer.from(JSON.stringify(spec));
    await this.#call('Exec', 'ExecRequest', 'Empty', { ...of, ...streams, spec: { type: PROCESS_SPEC, value } });
  }

  async state(of: TaskProcess): Promise<TaskState> {
    type State = { pid: number; status: number; exitStatus: number };
    const { pid, status, exitStatus } = await this.#call<State>('State', 'StateRequest', 'StateResponse', of);
    return { pid, exitStatus, status: TASK_STATUS[status] ?? 'unknown' };
  }

  /** Resolves with the exit code, however long that takes. */
  async wait(of: TaskProcess): Promise<number> {
    return (await this.#call<{ exitStatus: number }>('Wait', 'WaitRequest', 'WaitResponse', of, 0)).exitStatus;
  }

  async kill(of: TaskProcess, signal: number, all = false): Promise<void> {
    await this.#call('Kill', 'KillRequest', 'Empty', { ...of, signal, all });
  }

  async pids(id: string): Promise<readonly number[]> {
    type Pids = { processes: readonly { pid: number }[] };
    return (await this.#call<Pids>('Pids', 'PidsRequest', 'PidsResponse', { id })).processes.map(({ pid }) => pid);
  }

  async resize(of: TaskProcess, width: number, height: number): Promise<void> {
    await this.#call('ResizePty', 'ResizePtyRequest', 'Empty', { ...of, width, height });
  }

  async closeInput(of: TaskProcess): Promise<void> {
    await this.#call('CloseIO', 'CloseIORequest', 'Empty', { ...of, stdin: true });
  }

  async pause(id: string): Promise<void> {
    await this.#call('Pause', 'PauseRequest', 'Empty', { id });
  }

  async resume(id: string): Promise<void> {
    await this.#call('Resume', 'ResumeRequest', 'Empty', { id });
  }

  /** Forgets an ended process; resolves with its exit code. */
  async delete(of: TaskProcess): Promise<number> {
    return (await this.#call<{ exitStatus: number }>('Delete', 'DeleteRequest', 'DeleteResponse', of)).exitStatus;
  }

  /** Ends the shim, if it has no task left; the connection closes with it. */
  async shutdown(id: string): Promise<void> {
    await this.#call('Shutdown', 'ShutdownRequest', 'Empty', { id, now: true }).catch((error: unknown) => {
      if (error instanceof ShimError) throw error;
    });
    this.close();
  }

  close(): void {
    this.#connection.close();
  }
}
