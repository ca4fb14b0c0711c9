import { spawn } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { computeFaults } from '../faults.ts';
import type { ContainerSpec } from '../model.ts';
import { encodeData, encodeMessage, FrameReader, type Reply } from './keeper-protocol.ts';
import { listenUnix } from './libc.ts';
import type { WasmContainer, WasmEvent, WasmExit, WasmPlace, WasmRequest, WasmUse } from './wasm-protocol.ts';

/** The user nothing belongs to; what the wasm host becomes where we are root, once its code is loaded. */
const NOBODY = 65_534;
const START_MS_MAX = 10_000;
const PIECE_BYTES = 1024 * 1024;

export interface WasmHost {
  readonly alive: boolean;
  list(): Promise<readonly WasmContainer[]>;
  /** Gives the host a program's parts, unless it has them. */
  provide(digest: string, read: () => Promise<ReadonlyMap<string, Buffer>>): Promise<void>;
  start(spec: ContainerSpec, digest: string, place: WasmPlace): Promise<{ readonly startedAt_ms: number }>;
  /** A server answers what it was asked first, within `grace_ms`. */
  kill(id: string, exitCode: number, grace_ms: number): Promise<void>;
  stats(): Promise<readonly WasmUse[]>;
  forget(id: string): Promise<void>;
  close(): void;
  shutdown(): Promise<void>;
}

export interface WasmHostOptions {
  readonly folder: string;
  readonly entry?: string;
  readonly output: (id: string, stream: 1 | 2, bytes: Buffer) => void;
  readonly exited: (id: string, exit: WasmExit) => void;
  /** The connection broke without being closed by us. */
  readonly lost: () => void;
}

/** Connects to the folder's wasm host when one runs. */
export async function findWasmHost(options: WasmHostOptions): Promise<WasmHost | undefined> {
  const socket = await tryConnect(join(options.folder, 'wasm.sock'));
  return socket && link(socket, options);
}

/** Connects to the folder's wasm host, starting one when none answers. */
export async function openWasmHost(options: WasmHostOptions): Promise<WasmHost> {
  mkdirSync(options.folder, { recursive: true, mode: 0o711 });
  const path = join(options.folder, 'wasm.sock');
  let socket = await tryConnect(path);
  if (!socket) {
    await startHost(options, path);
    socket = await tryConnect(path);
  }
  if (!socket)
    throw computeFaults.error('runtime-failed', { handler: 'wasm', detail: 'the wasm host does not answer' });
  return link(socket, options);
}

const tryConnect = (path: string): Promise<Socket | undefined> =>
  new Promise(resolve => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });

async function startHost(options: WasmHostOptions, path: string): Promise<void> {
  rmSync(path, { force: true });
  // The host inherits the listening socket: it needs no access to our folders.
  const listening = listenUnix(path);
  chmodSync(path, 0o600);
  const entry = options.entry ?? fileURLToPath(new URL('./wasm-host-main.ts', import.meta.url));
  const log = openSync(join(options.folder, 'wasm-host.log'), 'a', 0o600);
  const root = process.getuid?.() === 0;
  try {
    const child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        '--max-semi-space-size=4',
        '--min-semi-space-size=2',
        entry,
        ...(root ? [String(NOBODY)] : []),
      ],
      {
        stdio: ['ignore', 'pipe', log, listening],
        detached: true,
        env: {},
        cwd: '/',
      },
    );
    writeFileSync(join(options.folder, 'wasm-host.pid'), String(child.pid));
    await new Promise<void>((resolve, reject) => {
      const fail = (): void =>
        reject(computeFaults.error('runtime-failed', { handler: 'wasm', detail: 'the wasm host does not start' }));
      const timer = setTimeout(fail, START_MS_MAX);
      child.once('exit', fail);
      child.once('error', fail);
      child.stdout!.once('data', () => {
        clearTimeout(timer);
        child.removeAllListeners('exit');
        child.stdout!.destroy();
        child.unref();
        resolve();
      });
    });
  } finally {
    closeSync(listening);
    closeSync(log);
  }
}

async function link(socket: Socket, options: WasmHostOptions): Promise<WasmHost> {
  const calls = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let next = 1;
  let closed = false;
  const reader = new FrameReader();
  socket.on('error', () => {});
  socket.on('data', chunk => {
    for (const frame of reader.push(chunk as Buffer)) {
      if (frame.kind !== 'message') continue;
      const message = frame.message as WasmEvent & Reply;
      if (message.event === 'output') options.output(message.id, message.stream, Buffer.from(message.data, 'base64'));
      else if (message.event === 'exit') options.exited(message.id, message.exit);
      else {
        const { reply, value, error } = message as unknown as Reply;
        const call = calls.get(reply);
        calls.delete(reply);
        if (error === undefined) call?.resolve(value);
        else call?.reject(new Error(error));
      }
    }
  });
  socket.on('close', () => {
    for (const call of calls.values()) call.reject(new Error('the wasm host ended'));
    calls.clear();
    if (!closed) options.lost();
    closed = true;
  });
  const call = (request: WasmRequest, bytes?: Buffer): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (closed) return reject(new Error('the wasm host ended'));
      const number = next++;
      calls.set(number, { resolve, reject });
      socket.write(encodeMessage({ ...request, call: number }));
      for (let at = 0; bytes && at < bytes.length; at += PIECE_BYTES)
        socket.write(encodeData(0, bytes.subarray(at, at + PIECE_BYTES)));
    });
  const { pid } = (await call({ op: 'hello' })) as { pid: number };
  return {
    get alive() {
      return !closed;
    },
    list: async () => (await call({ op: 'list' })) as WasmContainer[],
    provide: async (digest, read) => {
      if (await call({ op: 'has', digest })) return;
      const files = await read();
      const parts = [...files].map(([name, bytes]) => ({ name, size: bytes.length }));
      await call({ op: 'load', digest, parts }, Buffer.concat([...files.values()]));
    },
    start: async (spec, digest, place) =>
      (await call({ op: 'start', spec, digest, place })) as { startedAt_ms: number },
    kill: async (id, exitCode, grace_ms) => void (await call({ op: 'kill', id, exitCode, grace_ms })),
    stats: async () => (await call({ op: 'stats' })) as WasmUse[],
    forget: async id => void (await call({ op: 'forget', id })),
    close: () => {
      closed = true;
      socket.destroy();
    },
    shutdown: () => {
      closed = true;
      const gone = new Promise<void>(resolve => socket.once('close', () => resolve()));
      process.kill(pid, 'SIGKILL');
      return gone;
    },
  };
}
