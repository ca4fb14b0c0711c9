import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FaultError } from '../../base/index.ts';
import type { Exit } from '../model.ts';
import type { ProcessStreams, Subscription } from '../ports.ts';
import { computeFaults } from '../faults.ts';
import {
  type AttachRequest,
  type ControlRequest,
  encodeData,
  encodeMessage,
  FrameReader,
  KEEPER_VERSION,
  type KeeperEvent,
  type KeptContainer,
  type KeptExit,
  type LaunchRequest,
  type Reply,
  type RunRequest,
  type SessionMessage,
} from './keeper-protocol.ts';
import { signalName } from './signals.ts';

const START_MS_MAX = 10_000;
const TRIES_MAX = 10;
const RETRY_MS = 50;

/** The keeper as the runtimes see it. */
export interface Keeper extends AsyncDisposable {
  readonly pid: number;
  launch(request: Omit<LaunchRequest, 'op'>): Promise<KeptContainer>;
  list(): Promise<readonly KeptContainer[]>;
  kill(id: string, signal: number): Promise<boolean>;
  forget(id: string): Promise<void>;
  reopenLog(id: string): Promise<void>;
  run(request: Omit<RunRequest, 'op'>, streams: ProcessStreams): Promise<Exit & { readonly timedOut?: boolean }>;
  attach(request: Omit<AttachRequest, 'op'>, streams: ProcessStreams): Promise<Exit>;
  onExit(deliver: (id: string, exit: KeptExit) => void): Subscription;
  /** Ends the keeper process itself; containers must be gone. */
  shutdown(): Promise<void>;
}

/** `folder` holds the socket and the records; `entry` is keeper-main, where a bundle has moved it. */
export interface KeeperOptions {
  readonly folder: string;
  readonly entry?: string;
}

/** Connects to the folder's keeper, starting one when none answers. Disposing disconnects and leaves it running. */
export async function openKeeper(options: KeeperOptions): Promise<Keeper> {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  // A keeper that is being killed still takes connections, and answers none: another try finds it gone.
  for (let tries = 1; ; tries++) {
    try {
      return await greetKeeper(options);
    } catch (error) {
      const lost = error instanceof FaultError && error.fault.code === 'compute/keeper-unreachable';
      if (!lost || tries === TRIES_MAX) throw error;
      await new Promise(resolve => setTimeout(resolve, RETRY_MS));
    }
  }
}

async function greetKeeper(options: KeeperOptions): Promise<Keeper> {
  const path = join(options.folder, 'keeper.sock');
  let socket = await tryConnect(path);
  if (!socket) {
    await startKeeper(options);
    socket = await tryConnect(path);
  }
  if (!socket) throw computeFaults.error('keeper-unreachable', { folder: options.folder });
  const link = new KeeperLink(path, socket);
  const hello = (await link.call({ op: 'hello' })) as { version: number; pid: number };
  if (hello.version !== KEEPER_VERSION) {
    await link[Symbol.asyncDispose]();
    throw computeFaults.error('keeper-version', { found: hello.version, expected: KEEPER_VERSION });
  }
  return link.as(hello.pid);
}

const tryConnect = (path: string): Promise<Socket | undefined> =>
  new Promise(resolve => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });

/** Starts a keeper in a session of its own and waits for its `ready`. */
async function startKeeper(options: KeeperOptions): Promise<void> {
  const entry = options.entry ?? fileURLToPath(new URL('./keeper-main.ts', import.meta.url));
  const log = openSync(join(options.folder, 'keeper.log'), 'a', 0o600);
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--max-old-space-size=96',
      '--max-semi-space-size=1',
      entry,
      options.folder,
    ],
    {
      stdio: ['ignore', 'pipe', log],
      detached: true,
      env: { PATH: process.env.PATH ?? '', UV_THREADPOOL_SIZE: '4' },
      cwd: '/',
    },
  );
  closeSync(log);
  await new Promise<void>((resolve, reject) => {
    const fail = (): void => reject(computeFaults.error('keeper-unreachable', { folder: options.folder }));
    const timer = setTimeout(fail, START_MS_MAX);
    child.once('exit', fail);
    child.stdout!.once('data', () => {
      clearTimeout(timer);
      child.removeAllListeners('exit');
      child.stdout!.destroy();
      child.unref();
      resolve();
    });
  });
}

class KeeperLink {
  readonly #path: string;
  readonly #socket: Socket;
  readonly #calls = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  readonly #listeners = new Set<(id: string, exit: KeptExit) => void>();
  #next = 1;

  constructor(path: string, socket: Socket) {
    this.#path = path;
    this.#socket = socket;
    const reader = new FrameReader();
    socket.on('data', chunk => {
      for (const frame of reader.push(chunk as Buffer)) if (frame.kind === 'message') this.#message(frame.message);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const { reject } of this.#calls.values())
        reject(computeFaults.error('keeper-unreachable', { folder: path }));
      this.#calls.clear();
    });
  }

  #message(message: unknown): void {
    const event = message as Partial<KeeperEvent> & Partial<Reply>;
    if (event.event === 'exit') {
      for (const listener of this.#listeners) listener(event.id!, event.exit!);
      return;
    }
    const waiting = this.#calls.get(event.reply ?? -1);
    this.#calls.delete(event.reply ?? -1);
    if (event.error !== undefined) waiting?.reject(new Error(event.error));
    else waiting?.resolve(event.value);
  }

  call(request: ControlRequest): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(computeFaults.error('keeper-unreachable', { folder: this.#path }));
      const call = this.#next++;
      this.#calls.set(call, { resolve, reject });
      this.#socket.write(encodeMessage({ ...request, call }));
    });
  }

  async #session(request: RunRequest | AttachRequest, streams: ProcessStreams): Promise<Exit & { timedOut?: boolean }> {
    const socket = await tryConnect(this.#path);
    if (!socket) throw computeFaults.error('keeper-unreachable', { folder: this.#path });
    socket.write(encodeMessage(request));
    return new Promise((resolve, reject) => {
      const reader = new FrameReader();
      let output: Promise<unknown> = Promise.resolve();
      let done = false;
      const onAbort = (): void => void socket.destroy();
      streams.signal.addEventListener('abort', onAbort, { once: true });
      if (streams.signal.aborted) onAbort();
      const settle = (action: () => void): void => {
        if (done) return;
        done = true;
        streams.signal.removeEventListener('abort', onAbort);
        void output.then(() => socket.destroy());
        output.then(action, action);
      };
      socket.on('data', chunk => {
        for (const frame of reader.push(chunk as Buffer)) {
          if (frame.kind === 'data') {
            const sink = frame.stream === 2 ? streams.stderr : streams.stdout;
            if (!sink) continue;
            socket.pause();
            output = output
              .then(() => sink.write(frame.bytes))
              .then(
                () => void socket.resume(),
                () => void socket.resume(),
              );
            continue;
          }
          const message = frame.message as SessionMessage;
          if ('exit' in message) {
            const { exitCode, signal, timedOut } = message.exit;
            settle(() =>
              resolve({
                exitCode,
                ...(signal ? { signal: signalName(signal) } : {}),
                ...(timedOut ? { timedOut } : {}),
              }),
            );
          } else if ('error' in message) settle(() => reject(new Error(message.error)));
        }
      });
      socket.once('close', () =>
        settle(() => reject(computeFaults.error('keeper-unreachable', { folder: this.#path }))),
      );
      socket.on('error', () => {});
      void this.#pump(socket, streams);
    });
  }

  async #pump(socket: Socket, streams: ProcessStreams): Promise<void> {
    const resize = async (): Promise<void> => {
      for await (const size of streams.resize ?? []) {
        if (socket.destroyed) return;
        socket.write(encodeMessage({ resize: size }));
      }
    };
    const input = async (): Promise<void> => {
      if (!streams.stdin) return;
      for await (const chunk of streams.stdin) {
        if (socket.destroyed) return;
        for (let at = 0; at < chunk.length; at += 65536) {
          if (!socket.write(encodeData(0, chunk.subarray(at, at + 65536))))
            await new Promise<void>(resolve => {
              socket.once('drain', resolve);
              socket.once('close', () => resolve());
            });
        }
      }
      if (!socket.destroyed) socket.write(encodeData(0, new Uint8Array(0)));
    };
    await Promise.allSettled([resize(), input()]);
  }

  as(pid: number): Keeper {
    return {
      pid,
      launch: async request => (await this.call({ ...request, op: 'launch' })) as KeptContainer,
      list: async () => (await this.call({ op: 'list' })) as KeptContainer[],
      kill: async (id, signal) => (await this.call({ op: 'kill', id, signal })) as boolean,
      forget: async id => void (await this.call({ op: 'forget', id })),
      reopenLog: async id => void (await this.call({ op: 'reopen', id })),
      run: (request, streams) => this.#session({ ...request, op: 'run' }, streams),
      attach: (request, streams) => this.#session({ ...request, op: 'attach' }, streams),
      onExit: deliver => {
        this.#listeners.add(deliver);
        return { close: () => void this.#listeners.delete(deliver) };
      },
      shutdown: async () => {
        await this.call({ op: 'shutdown' }).catch(() => {});
        this.#socket.destroy();
      },
      [Symbol.asyncDispose]: () => this[Symbol.asyncDispose](),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    return Promise.resolve();
  }
}
