import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import type { Socket } from 'node:net';
import { constants as osConstants } from 'node:os';
import type { Readable } from 'node:stream';
import { ReadStream } from 'node:tty';
import { type KeptContainers, ownChild } from './keeper-containers.ts';
import {
  encodeData,
  encodeMessage,
  type Frame,
  type KeptExit,
  type RunRequest,
  type SessionMessage,
  type SessionRequest,
} from './keeper-protocol.ts';
import { openTerminal, resizeTerminal } from './libc.ts';

/** Output that may wait for a client that does not read before the command is made to wait too. */
const OUTPUT_PAUSE_BYTES = 1024 * 1024;

/** How long output of a command that ended is still read. */
const GRANDCHILD_MS_MAX = 50;

/** What a session does with frames that arrive after the one that opened it. */
export type FrameSink = (frame: Frame) => void;

/** Starts the command on a terminal or on pipes. */
function startCommand(request: RunRequest): { child: ChildProcess; master: ReadStream | undefined; masterFd: number } {
  const terminal = request.terminal ? openTerminal() : undefined;
  const slave = terminal ? openSync(terminal.slave, constants.O_RDWR | constants.O_NOCTTY) : -1;
  try {
    const child = spawn(request.path, [...request.args], {
      cwd: request.cwd,
      env: { ...request.environment },
      stdio: terminal ? [slave, slave, slave] : [request.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      detached: true,
    });
    ownChild(child);
    child.stdin?.on('error', () => {});
    const master = terminal ? new ReadStream(terminal.master, { writable: true } as never) : undefined;
    return { child, master, masterFd: terminal?.master ?? -1 };
  } finally {
    if (slave >= 0) closeSync(slave);
  }
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals | number): void {
  try {
    process.kill(-child.pid!, signal);
  } catch {
    // Ended already.
  }
}

/** Sends a command's output on; `ended` is called when all of it is sent. */
function sendOutput(socket: Socket, outputs: readonly (readonly [Readable, number])[], ended: () => void): void {
  let open = outputs.length;
  for (const [stream, index] of outputs) {
    stream.on('data', (bytes: Buffer) => {
      if (!socket.writable) return;
      socket.write(encodeData(index, bytes));
      if (socket.writableLength <= OUTPUT_PAUSE_BYTES) return;
      stream.pause();
      socket.once('drain', () => stream.resume());
    });
    stream.on('error', () => stream.destroy());
    stream.once('close', () => {
      if (--open === 0) ended();
    });
  }
}

/** Runs a command with its streams on `socket`. The command's group dies when the connection goes. */
export function serveRun(socket: Socket, request: RunRequest): FrameSink {
  const { child, master, masterFd } = startCommand(request);
  const outputs: readonly (readonly [Readable, number])[] = master
    ? [[master, 1]]
    : [
        [child.stdout!, 1],
        [child.stderr!, 2],
      ];
  let result: KeptExit | undefined;
  let sent = false;
  let timedOut = false;
  const finish = (): void => {
    if (!result || !sent) return;
    const { exitCode, signal } = result;
    socket.end(encodeMessage({ exit: { exitCode, ...(signal ? { signal } : {}), ...(timedOut ? { timedOut } : {}) } }));
  };
  sendOutput(socket, outputs, () => {
    sent = true;
    finish();
  });
  const expire = (): void => {
    timedOut = true;
    killGroup(child, 'SIGKILL');
  };
  const timer = request.timeout_ms === undefined ? undefined : setTimeout(expire, request.timeout_ms);
  child.once('error', error => socket.end(encodeMessage({ error: error.message })));
  child.once('exit', (code, signal) => {
    clearTimeout(timer);
    const number = signal ? osConstants.signals[signal] : undefined;
    const exitCode = number ? 128 + number : (code ?? 0);
    result = { exitCode, at_ms: Date.now(), ...(number ? { signal: number } : {}) };
    // A grandchild may hold the streams open for ever: the command is over when its own process is.
    setTimeout(() => {
      for (const [stream] of outputs) stream.destroy();
    }, GRANDCHILD_MS_MAX).unref();
    finish();
  });
  socket.once('close', () => {
    if (!result) killGroup(child, 'SIGKILL');
    master?.destroy();
  });
  return frame => {
    if (frame.kind === 'data') return takeInput(socket, child, master, frame.bytes);
    const message = frame.message as SessionMessage;
    if ('resize' in message && masterFd >= 0) resizeTerminal(masterFd, message.resize.width, message.resize.height);
    if ('signal' in message) killGroup(child, message.signal);
  };
}

function takeInput(socket: Socket, child: ChildProcess, master: ReadStream | undefined, bytes: Buffer): void {
  const input = master ?? child.stdin;
  if (!input || input.destroyed) return;
  if (bytes.length === 0) {
    if (!master) child.stdin!.end();
    return;
  }
  if (input.write(bytes)) return;
  socket.pause();
  input.once('drain', () => socket.resume());
}

/** Connects `socket` to a running container's streams; going away leaves the container alone. */
export function serveAttach(
  socket: Socket,
  request: Extract<SessionRequest, { op: 'attach' }>,
  containers: KeptContainers,
): FrameSink {
  const attachment = containers.attach(request.id, {
    data: (stream, bytes) => {
      // Someone who does not read loses output rather than stopping the container or filling our memory.
      if (socket.writable && socket.writableLength < OUTPUT_PAUSE_BYTES) socket.write(encodeData(stream, bytes));
    },
    ended: exit =>
      void socket.end(
        encodeMessage({ exit: { exitCode: exit.exitCode, ...(exit.signal ? { signal: exit.signal } : {}) } }),
      ),
  });
  socket.once('close', () => {
    attachment.detach();
    if (request.stdin) attachment.endInput();
  });
  let writing: Promise<void> = Promise.resolve();
  return frame => {
    if (frame.kind === 'message') {
      const message = frame.message as SessionMessage;
      if ('resize' in message) containers.resize(request.id, message.resize.width, message.resize.height);
      return;
    }
    if (!request.stdin) return;
    if (frame.bytes.length === 0) {
      void writing.then(() => attachment.endInput());
      return;
    }
    socket.pause();
    writing = writing.then(() => attachment.write(frame.bytes)).then(() => void socket.resume());
  };
}
