import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import {
  encodeFrame,
  FROM_GUEST,
  type GuestFrame,
  GuestFrames,
  readWord,
  RUN_FLAGS,
  TO_GUEST,
  word,
} from '../dialects/microvm/wire.ts';
import { computeFaults } from '../faults.ts';

/** Bytes of input that may be under way to one process (the guest holds as many). */
const INPUT_BYTES_MAX = 32 * 1024;

/** How a process of the guest ended; `report` is what stage wrote about a step that failed. */
export interface GuestExit {
  readonly exitCode: number;
  readonly signal?: number;
  readonly report: Uint8Array;
}

export interface RunFlags {
  readonly terminal?: boolean;
  readonly input?: boolean;
  /** The program leaves a process behind, which is then followed. */
  readonly detached?: boolean;
}

/** One process of the guest, by the id the host gave it. */
export class GuestProcess {
  readonly id: number;
  readonly started = Promise.withResolvers<number>();
  readonly exited = Promise.withResolvers<GuestExit>();
  readonly listeners = new Set<(stream: 1 | 2, bytes: Buffer) => void | Promise<void>>();
  /** Bytes sent that the guest has not taken yet. */
  waiting_bytes = 0;
  taken: (() => void) | undefined;

  constructor(id: number) {
    this.id = id;
    this.started.promise.catch(() => {});
    this.exited.promise.catch(() => {});
  }
}

function exitOf(payload: Uint8Array): GuestExit {
  const status = readWord(payload);
  const signal = status & 0x7f;
  const report = payload.slice(4);
  return signal === 0 ? { exitCode: (status >> 8) & 0xff, report } : { exitCode: 128 + signal, signal, report };
}

/** The connection to a guest's first process. A lost one rejects what is waited for; processes in the guest go on. */
export class GuestLink {
  readonly #socket: Socket;
  readonly #frames: GuestFrames;
  readonly #processes = new Map<number, GuestProcess>();
  readonly #cookie: Uint8Array;
  readonly #heard = Promise.withResolvers<void>();
  readonly #listed = Promise.withResolvers<void>();
  #next = randomBytes(4).readUInt32LE() | 1;

  private constructor(socket: Socket, cookie: Uint8Array) {
    this.#socket = socket;
    this.#cookie = cookie;
    this.#frames = new GuestFrames(cookie);
    this.#listed.promise.catch(() => {});
    this.#heard.promise.catch(() => {});
    socket.on('data', chunk => {
      this.#heard.resolve();
      try {
        for (const frame of this.#frames.push(chunk as Buffer)) this.#take(frame);
      } catch {
        socket.destroy();
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => this.#lost());
  }

  /** Connects only; nothing may be sent before the guest has opened its end, or the machine stops listening to both. */
  static async connect(path: string, timeout_ms: number): Promise<GuestLink> {
    const socket = await tryConnect(path, timeout_ms);
    return new GuestLink(socket, randomBytes(32));
  }

  /** Resolves when the guest has said something. */
  async heard(timeout_ms: number): Promise<void> {
    await this.#limited(this.#heard.promise, timeout_ms);
  }

  /** Asks what runs; resolves when the guest has answered. */
  async greet(timeout_ms: number): Promise<void> {
    this.#send(TO_GUEST.list, 0, this.#cookie);
    await this.#limited(this.#listed.promise, timeout_ms);
  }

  async #limited(promise: Promise<void>, timeout_ms: number): Promise<void> {
    const timer = setTimeout(() => this.#socket.destroy(), timeout_ms);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  get alive(): boolean {
    return !this.#socket.destroyed;
  }

  #lost(): void {
    const error = computeFaults.error('machine-unreachable', {});
    this.#heard.reject(error);
    this.#listed.reject(error);
    for (const process of this.#processes.values()) {
      process.started.reject(error);
      process.exited.reject(error);
      process.taken?.();
    }
    this.#processes.clear();
  }

  /** A process by id, also one started by an earlier connection. */
  process(id: number): GuestProcess {
    const known = this.#processes.get(id);
    if (known) return known;
    const process = new GuestProcess(id);
    this.#processes.set(id, process);
    return process;
  }

  has(id: number): boolean {
    return this.#processes.has(id);
  }

  #take(frame: GuestFrame): void {
    const { type, id, payload } = frame;
    if (type === FROM_GUEST.listed) return this.#listed.resolve();
    if (type === FROM_GUEST.hello || type === FROM_GUEST.listing) return;
    const process = this.process(id);
    if (type === FROM_GUEST.started) process.started.resolve(readWord(payload));
    else if (type === FROM_GUEST.exited) {
      const exit = exitOf(payload);
      process.exited.resolve(exit);
      process.started.reject(new Error(`ended with code ${exit.exitCode}`));
      process.taken?.();
    } else if (type === FROM_GUEST.taken) {
      process.waiting_bytes -= readWord(payload);
      process.taken?.();
    } else if (type === FROM_GUEST.output) void this.#output(process, frame.stream === 2 ? 2 : 1, Buffer.from(payload));
  }

  /** The guest may send as much again as has been taken by everybody who listens. */
  async #output(process: GuestProcess, stream: 1 | 2, bytes: Buffer): Promise<void> {
    await Promise.allSettled([...process.listeners].map(listener => listener(stream, bytes)));
    this.#send(TO_GUEST.credit, process.id, word(bytes.length));
  }

  #send(type: number, id: number, payload?: Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(encodeFrame(type, id, payload));
  }

  /** Starts a program. */
  run(
    program: (id: number) => Uint8Array,
    flags: RunFlags = {},
    listener?: (stream: 1 | 2, bytes: Buffer) => void | Promise<void>,
  ): GuestProcess {
    this.#next = (this.#next + 2) >>> 0;
    const process = this.process(this.#next);
    if (listener) process.listeners.add(listener);
    if (!this.alive) {
      this.#lost();
      return process;
    }
    const bits =
      (flags.terminal ? RUN_FLAGS.terminal : 0) |
      (flags.input ? RUN_FLAGS.input : 0) |
      (flags.detached ? RUN_FLAGS.detached : 0);
    this.#send(TO_GUEST.run, process.id, Buffer.concat([Buffer.of(bits), program(process.id)]));
    return process;
  }

  async write(process: GuestProcess, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += INPUT_BYTES_MAX) {
      const piece = bytes.subarray(at, at + INPUT_BYTES_MAX);
      process.waiting_bytes += piece.length;
      this.#send(TO_GUEST.input, process.id, piece);
      while (process.waiting_bytes > INPUT_BYTES_MAX && this.#processes.has(process.id) && this.alive) {
        const ended = await Promise.race([
          new Promise<boolean>(resolve => {
            process.taken = () => resolve(false);
          }),
          process.exited.promise.then(
            () => true,
            () => true,
          ),
        ]);
        if (ended) return;
      }
    }
  }

  endInput(process: GuestProcess): void {
    this.#send(TO_GUEST.input, process.id);
  }

  signal(process: GuestProcess, signal: number): void {
    this.#send(TO_GUEST.signal, process.id, word(signal));
  }

  resize(process: GuestProcess, width: number, height: number): void {
    const size = Buffer.alloc(4);
    size.writeUInt16LE(Math.min(0xffff, Math.max(0, height)), 0);
    size.writeUInt16LE(Math.min(0xffff, Math.max(0, width)), 2);
    this.#send(TO_GUEST.resize, process.id, size);
  }

  /** The guest need not remember the process any longer. */
  forget(process: GuestProcess): void {
    this.#processes.delete(process.id);
    this.#send(TO_GUEST.forget, process.id);
  }

  /** Runs a program to its end; resolves with its output. */
  async finish(program: (id: number) => Uint8Array): Promise<GuestExit & { readonly output: Buffer }> {
    const chunks: Buffer[] = [];
    const process = this.run(program, {}, (_stream, bytes) => void chunks.push(bytes));
    const exit = await process.exited.promise;
    this.forget(process);
    return { ...exit, output: Buffer.concat(chunks) };
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Connects to a unix socket that may not be there yet. */
export async function tryConnect(path: string, timeout_ms: number): Promise<Socket> {
  const late_ms = performance.now() + timeout_ms;
  for (;;) {
    const socket = await new Promise<Socket | undefined>(resolve => {
      const attempt = connect(path);
      attempt.once('connect', () => resolve(attempt));
      attempt.once('error', () => resolve(undefined));
    });
    if (socket) return socket;
    if (performance.now() > late_ms) throw computeFaults.error('machine-unreachable', {});
    await new Promise(resolve => setTimeout(resolve, 3));
  }
}
