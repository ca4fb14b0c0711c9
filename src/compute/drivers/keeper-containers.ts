import { type ChildProcess, spawn } from 'node:child_process';
import {
  chownSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { ReadStream } from 'node:tty';
import { ContainerLog } from './container-log.ts';
import type { KeptContainer, KeptExit, LaunchRequest } from './keeper-protocol.ts';
import { makeFifo, openConsoleSocket, openTerminal, reap, resizeTerminal } from './libc.ts';

/** How long an exit waits for the last output to be read, so that logs are complete when the exit is told. */
const DRAIN_MS_MAX = 100;
/** How often processes that are not our children (adopted after the keeper's own death) are looked at. */
const FOREIGN_CHECK_MS = 500;
/** How long a zombie may take to become our child, and how often it is looked at meanwhile. */
const ZOMBIE_MS_MAX = 2_000;
const ZOMBIE_CHECK_MS = 5;

/** Someone attached to a container's output. */
export interface Listener {
  data(stream: 1 | 2, bytes: Buffer): void;
  ended(exit: KeptExit): void;
}

interface Entry {
  readonly request: Omit<LaunchRequest, 'op'>;
  kept: KeptContainer;
  log: ContainerLog | undefined;
  terminal: ReadStream | undefined;
  master: number;
  outputs: Socket[];
  input: number;
  readonly listeners: Set<Listener>;
  /** Since when it is a zombie that someone else has to collect. */
  zombieAt_ms: number | undefined;
}

interface ProcessState {
  readonly ticks: number;
  readonly zombie: boolean;
}

/** Start time of a process and whether it only waits to be collected; undefined when there is none. */
function processState(pid: number): ProcessState | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { ticks: Number(fields[19]), zombie: fields[0] === 'Z' || fields[0] === 'X' };
  } catch {
    return undefined;
  }
}

/** Start time in clock ticks, or 0 when there is no such process (or only its zombie). */
export function processTicks(pid: number): number {
  const state = processState(pid);
  return !state || state.zombie ? 0 : state.ticks;
}

/** Children that Node itself waits for. */
const ownChildren = new Set<number>();

/** Leaves a child's end to Node. */
export function ownChild(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  ownChildren.add(pid);
  child.once('exit', () => ownChildren.delete(pid));
}

function children(): number[] {
  try {
    return readdirSync('/proc/self/task').flatMap(task =>
      readFileSync(`/proc/self/task/${task}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

/** The launched containers: their processes, output pipes, logs and ends, mirrored in one folder each. */
export class KeptContainers {
  readonly #folder: string;
  readonly #exited: (id: string, exit: KeptExit) => void;
  readonly #entries = new Map<string, Entry>();
  #launching = 0;
  #foreignTimer: NodeJS.Timeout | undefined;

  constructor(folder: string, exited: (id: string, exit: KeptExit) => void) {
    this.#folder = folder;
    this.#exited = exited;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const id of readdirSync(folder)) this.#restore(id);
    process.on('SIGCHLD', () => this.collect());
  }

  list(): KeptContainer[] {
    return [...this.#entries.values()].map(entry => entry.kept);
  }

  get size(): number {
    return this.#entries.size;
  }

  async launch(request: LaunchRequest): Promise<KeptContainer> {
    if (!/^[a-zA-Z0-9_.-]{1,128}$/.test(request.id)) throw new Error(`Container id "${request.id}" refused`);
    if (this.#entries.has(request.id)) throw new Error(`Container "${request.id}" exists`);
    const folder = join(this.#folder, request.id);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const entry: Entry = {
      request,
      kept: { id: request.id, pid: 0, ticks: 0, startedAt_ms: Date.now() },
      log: request.log && new ContainerLog(request.log.path, request.log.bytes_max, request.log.files_max),
      terminal: undefined,
      master: -1,
      outputs: [],
      input: -1,
      listeners: new Set(),
      zombieAt_ms: undefined,
    };
    this.#entries.set(request.id, entry);
    this.#launching++;
    try {
      await this.#start(entry, folder);
      return entry.kept;
    } catch (error) {
      this.#entries.delete(request.id);
      this.#dispose(entry);
      rmSync(folder, { recursive: true, force: true });
      throw error;
    } finally {
      this.#launching--;
      setImmediate(() => this.collect());
    }
  }

  async #start(entry: Entry, folder: string): Promise<void> {
    const { request } = entry;
    const consoleSocket =
      typeof request.terminal === 'object' ? openConsoleSocket(request.terminal.socket, request.timeout_ms) : undefined;
    try {
      const arriving = consoleSocket?.receive();
      arriving?.catch(() => {});
      const { descriptors, close } = this.#streams(entry, folder);
      let child: ChildProcess;
      try {
        child = spawn(request.path, [...request.args], {
          cwd: request.cwd,
          env: { ...request.environment },
          stdio: descriptors,
          detached: true,
        });
      } finally {
        close();
      }
      ownChild(child);
      const code = await ended(child, request.timeout_ms);
      const pid = readPid(request.pidFile, request.pidFormat);
      if (code !== 0 || pid === 0) {
        throw new Error(
          code === -1
            ? `${request.path} did not end within ${request.timeout_ms} ms`
            : `${request.path} ended with code ${code}`,
        );
      }
      if (arriving) this.#terminal(entry, await arriving);
      entry.kept = { ...entry.kept, pid, ticks: processState(pid)?.ticks ?? 0 };
      writeFileSync(join(folder, 'launch.json'), JSON.stringify({ request, kept: entry.kept }));
    } finally {
      consoleSocket?.close();
    }
  }

  /** Opens the container's ends of its standard streams; ours are read from now on. */
  #streams(entry: Entry, folder: string): { descriptors: number[]; close: () => void } {
    const { request } = entry;
    if (request.terminal === 'slave') {
      const { master, slave } = openTerminal();
      const fd = openSync(slave, constants.O_RDWR | constants.O_NOCTTY);
      this.#terminal(entry, master);
      return { descriptors: [fd, fd, fd], close: () => closeSync(fd) };
    }
    const opened: number[] = [];
    const open = (path: string, flags: number): number => {
      const fd = openSync(path, flags);
      opened.push(fd);
      return fd;
    };
    // Named pipes opened for reading and writing: the container never sees a broken pipe, and a new keeper can read on.
    // Who has neither log nor input (the holder of a pod's namespaces) is never attached to, and says nothing.
    const silent = !request.log && !request.stdin;
    const outputs = ([1, 2] as const).map(stream => {
      if (silent) return open('/dev/null', constants.O_WRONLY);
      const path = join(folder, `fd${stream}`);
      makeFifo(path, 0o600);
      if (request.owner) chownSync(path, request.owner.uid, request.owner.gid);
      const fd = open(path, constants.O_RDWR);
      this.#read(entry, path, stream);
      return fd;
    });
    let input: number;
    if (request.stdin) {
      const path = join(folder, 'fd0');
      makeFifo(path, 0o600);
      entry.input = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
      input = open(path, constants.O_RDONLY | constants.O_NONBLOCK);
      closeSync(opened.pop()!);
      input = open(path, constants.O_RDONLY);
    } else input = open('/dev/null', constants.O_RDONLY);
    return { descriptors: [input, ...outputs], close: () => opened.forEach(fd => closeSync(fd)) };
  }

  #read(entry: Entry, path: string, stream: 1 | 2): void {
    const socket = new Socket({
      fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
      readable: true,
      writable: false,
    });
    entry.outputs.push(socket);
    socket.on('data', bytes => this.#output(entry, stream, bytes as Buffer));
    socket.on('error', () => {});
  }

  #output(entry: Entry, stream: 1 | 2, bytes: Buffer): void {
    entry.log?.write(stream, bytes);
    for (const listener of entry.listeners) listener.data(stream, bytes);
  }

  #terminal(entry: Entry, master: number): void {
    entry.master = master;
    entry.terminal = new ReadStream(master, { writable: true } as never);
    entry.terminal.on('data', bytes => this.#output(entry, 1, bytes as Buffer));
    entry.terminal.on('error', () => entry.terminal?.destroy());
  }

  attach(id: string, listener: Listener): { write(bytes: Buffer): Promise<void>; endInput(): void; detach(): void } {
    const entry = this.#entries.get(id);
    if (!entry) throw new Error(`Container "${id}" is not known`);
    if (entry.kept.exit) listener.ended(entry.kept.exit);
    entry.listeners.add(listener);
    return {
      write: bytes => this.#input(entry, bytes),
      endInput: () => {
        if (!entry.request.stdinOnce || entry.input < 0) return;
        closeSync(entry.input);
        entry.input = -1;
      },
      detach: () => void entry.listeners.delete(listener),
    };
  }

  async #input(entry: Entry, bytes: Buffer): Promise<void> {
    if (entry.terminal) {
      await new Promise<void>(resolve => entry.terminal!.write(bytes, () => resolve()));
      return;
    }
    let offset = 0;
    const { write } = await import('node:fs');
    while (offset < bytes.length && entry.input >= 0 && !entry.kept.exit) {
      const count = await new Promise<number>(resolve =>
        write(entry.input, bytes, offset, bytes.length - offset, null, (error, written) =>
          resolve(error ? (error.code === 'EAGAIN' ? 0 : -1) : written),
        ),
      );
      if (count < 0) return;
      offset += count;
      // A full pipe: the container does not read. Pipes opened by path cannot be polled here, so wait a little.
      if (count === 0) await new Promise(resolve => setTimeout(resolve, 5));
    }
  }

  resize(id: string, width: number, height: number): void {
    const entry = this.#entries.get(id);
    if (entry && entry.master >= 0) resizeTerminal(entry.master, width, height);
  }

  /** Signals the container's first process unless it is gone: the pid is ours until we have collected it. */
  kill(id: string, signal: number): boolean {
    const entry = this.#entries.get(id);
    if (!entry || entry.kept.exit || entry.kept.pid === 0) return false;
    if (processTicks(entry.kept.pid) !== entry.kept.ticks) return false;
    try {
      process.kill(entry.kept.pid, signal);
      return true;
    } catch {
      return false;
    }
  }

  forget(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    this.#dispose(entry);
    rmSync(join(this.#folder, id), { recursive: true, force: true });
  }

  reopenLog(id: string): void {
    this.#entries.get(id)?.log?.reopen();
  }

  /** Looks which of our processes ended; runs on every SIGCHLD. */
  collect(): void {
    let again_ms: number | undefined;
    const look = (after_ms: number): void => {
      again_ms = Math.min(again_ms ?? after_ms, after_ms);
    };
    for (const entry of this.#entries.values()) {
      const { kept } = entry;
      if (kept.exit || kept.pid === 0) continue;
      const result = reap(kept.pid);
      if (result === 'running') continue;
      if (result !== 'foreign') this.#ended(entry, { ...result, at_ms: Date.now() });
      else this.#foreign(entry, look);
    }
    // While a launcher runs, an unknown child may be the container it is about to tell us.
    if (this.#launching === 0) this.#reapStrangers();
    clearTimeout(this.#foreignTimer);
    if (again_ms !== undefined) this.#foreignTimer = setTimeout(() => this.collect(), again_ms);
  }

  /** A process that is not (or not yet) our child: its own parent may still be between it and us. */
  #foreign(entry: Entry, look: (after_ms: number) => void): void {
    const { pid, ticks } = entry.kept;
    const state = processState(pid);
    const same = state?.ticks === ticks;
    if (same && !state.zombie) return look(FOREIGN_CHECK_MS);
    entry.zombieAt_ms ??= performance.now();
    if (same && performance.now() - entry.zombieAt_ms < ZOMBIE_MS_MAX) return look(ZOMBIE_CHECK_MS);
    this.#ended(entry, { exitCode: 255, at_ms: Date.now(), lost: true });
  }

  /** Orphans that became ours (an exec's child whose parent was killed): as zombies they would keep a pod's pid namespace. */
  #reapStrangers(): void {
    const known = new Set([...this.#entries.values()].map(entry => entry.kept.pid));
    for (const pid of children()) if (!known.has(pid) && !ownChildren.has(pid)) reap(pid);
  }

  #ended(entry: Entry, exit: KeptExit): void {
    entry.kept = { ...entry.kept, exit };
    const path = join(this.#folder, entry.kept.id, 'exit.json');
    // The page cache outlives this process; after a crash of the machine no container is left anyway.
    writeFileSync(`${path}.new`, JSON.stringify(exit));
    renameSync(`${path}.new`, path);
    const open = entry.outputs.filter(socket => !socket.destroyed && !socket.readableEnded);
    const drained = Promise.all(
      [...open, ...(entry.terminal ? [entry.terminal] : [])].map(
        stream => new Promise<void>(resolve => (stream.destroyed ? resolve() : stream.once('close', () => resolve()))),
      ),
    );
    let told = false;
    const tell = (): void => {
      if (told) return;
      told = true;
      clearTimeout(timer);
      entry.log?.flush();
      for (const listener of entry.listeners) listener.ended(exit);
      this.#exited(entry.kept.id, exit);
    };
    const timer = setTimeout(tell, DRAIN_MS_MAX);
    void drained.then(tell);
  }

  #restore(id: string): void {
    const folder = join(this.#folder, id);
    try {
      const saved = JSON.parse(readFileSync(join(folder, 'launch.json'), 'utf8')) as {
        request: LaunchRequest;
        kept: KeptContainer;
      };
      const { log } = saved.request;
      const exitPath = join(folder, 'exit.json');
      const exit = existsSync(exitPath) ? (JSON.parse(readFileSync(exitPath, 'utf8')) as KeptExit) : undefined;
      const entry: Entry = {
        request: saved.request,
        kept: exit ? { ...saved.kept, exit } : saved.kept,
        log: log && new ContainerLog(log.path, log.bytes_max, log.files_max),
        terminal: undefined,
        master: -1,
        outputs: [],
        input: -1,
        listeners: new Set(),
        zombieAt_ms: undefined,
      };
      this.#entries.set(id, entry);
      if (exit) return;
      for (const stream of [1, 2] as const) {
        const path = join(folder, `fd${stream}`);
        if (existsSync(path)) this.#read(entry, path, stream);
      }
      if (saved.request.stdin && existsSync(join(folder, 'fd0')))
        entry.input = openSync(join(folder, 'fd0'), constants.O_RDWR | constants.O_NONBLOCK);
    } catch {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  #dispose(entry: Entry): void {
    for (const socket of entry.outputs) socket.destroy();
    entry.terminal?.destroy();
    entry.log?.close();
    if (entry.input >= 0) closeSync(entry.input);
    entry.input = -1;
  }
}

/** The child's exit code, -1 after the time limit (it is then killed with its group), 128+n for a signal. */
function ended(child: ChildProcess, timeout_ms: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // Ended in between.
      }
      resolve(-1);
    }, timeout_ms);
    child.once('error', error => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      resolve(signal ? 137 : (code ?? 0));
    });
  });
}

function readPid(path: string, format: 'text' | 'binary'): number {
  try {
    const bytes = readFileSync(path);
    return format === 'binary' ? bytes.readInt32LE(0) : Number.parseInt(bytes.toString('latin1'), 10) || 0;
  } catch {
    return 0;
  }
}
