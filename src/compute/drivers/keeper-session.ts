import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import type { Socket } from 'node:net';
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
import { constants as osConstants } from 'node:os';

/** Output that may wait for a client that does not read before the command is made to wait too. */
const OUTPUT_PAUSE_BYTES = 1024 * 1024;

/** What a session does with frames that arrive after the one that opened it. */
export type FrameSink = (frame: Frame) => void;

/** Runs a command with its streams on `socket`. The command's group dies when the connection goes. */
export function serveRun(socket: Socket, request: RunRequest): FrameSink {
  const terminal = request.terminal ? openTerminal() : undefined;
  const slave = terminal ? openSync(terminal.slave, constants.O_RDWR | constants.O_NOCTTY) : -1;
  let child: ChildProcess;
  try {
    child = spawn(request.path, [...request.args], {
      cwd: request.cwd,
      env: { ...request.environment },
      stdio: terminal ? [slave, slave, slave] : [request.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      detached: true,
    });
  } finally {
    if (slave >= 0) closeSync(slave);
  }
  ownChild(child);
  const master = terminal ? new ReadStream(terminal.master, { writable: true } as never) : undefined;
  const kill = (signal: NodeJS.Signals | number): void => {
    try {
      process.kill(-child.pid!, signal);
    } catch {
      // Ended already.
    }
  };
  const outputs = master
    ? ([[master, 1]] as const)
    : ([
        [child.stdout!, 1],
        [child.stderr!, 2],
      ] as const);
  let open = outputs.length;
  let result: KeptExit | undefined;
  let timedOut = false;
  const finish = (): void => {
    if (!result || open > 0) return;
    const { exitCode, signal } = result;
    socket.end(encodeMessage({ exit: { exitCode, ...(signal ? { signal } : {}), ...(timedOut ? { timedOut } : {}) } }));
  };
  for (const [stream, index] of outputs) {
    stream.on('data', (bytes: Buffer) => {
      if (!socket.writable) return;
      socket.write(encodeData(index, bytes));
      if (socket.writableLength > OUTPUT_PAUSE_BYTES) {
        stream.pause();
        socket.once('drain', () => stream.resume());
      }
    });
    stream.on('error', () => stream.destroy());
    stream.once('close', () => {
      open--;
      finish();
    });
  }
  const timer =
    request.timeout_ms === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          kill('SIGKILL');
        }, request.timeout_ms);
  child.once('error', error => socket.end(encodeMessage({ error: error.message })));
  child.once('exit', (code, signal) => {
    clearTimeout(timer);
    const number = signal ? osConstants.signals[signal] : undefined;
    result = {
      exitCode: number ? 128 + number : (code ?? 0),
      at_ms: Date.now(),
      ...(number ? { signal: number } : {}),
    };
    // A grandchild may hold the streams open for ever: the command is over when its own process is.
    setTimeout(() => {
      for (const [stream] of outputs) stream.destroy();
    }, 50).unref();
    finish();
  });
  child.stdin?.on('error', () => {});
  socket.once('close', () => {
    if (!result) kill('SIGKILL');
    master?.destroy();
  });
  return frame => {
    if (frame.kind === 'message') {
      const message = frame.message as SessionMessage;
      if ('resize' in message && terminal) resizeTerminal(terminal.master, message.resize.width, message.resize.height);
      if ('signal' in message) kill(message.signal);
      return;
    }
    const input = master ?? child.stdin;
    if (!input || input.destroyed) return;
    if (frame.bytes.length === 0) {
      if (!master) child.stdin!.end();
      return;
    }
    if (!input.write(frame.bytes)) {
      socket.pause();
      input.once('drain', () => socket.resume());
    }
  };
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
