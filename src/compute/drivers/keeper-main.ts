import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { KeptContainers } from './keeper-containers.ts';
import {
  type ControlRequest,
  encodeMessage,
  type Frame,
  FrameReader,
  KEEPER_VERSION,
  type Reply,
  type SessionRequest,
} from './keeper-protocol.ts';
import { type FrameSink, serveAttach, serveRun } from './keeper-session.ts';
import { becomeSubreaper } from './libc.ts';

/**
 * The keeper: one small process a node that is the parent of every container, so that pods keep running and nothing is
 * lost while Tenon restarts. `node keeper-main.ts FOLDER` serves FOLDER/keeper.sock.
 */
const folder = process.argv[2]!;
const control = new Set<Socket>();
/** A keeper nobody talks to and that keeps nothing ends by itself after this time. */
const IDLE_MS_MAX = 10_000;
let idleTimer: NodeJS.Timeout | undefined;
let connections = 0;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE'] as const) process.on(signal, () => {});
process.title = 'tenon-keeper';
mkdirSync(folder, { recursive: true, mode: 0o700 });
becomeSubreaper();

const broadcast = (message: unknown): void => {
  const bytes = encodeMessage(message);
  for (const socket of control) socket.write(bytes);
};

const containers = new KeptContainers(join(folder, 'containers'), (id, exit) => broadcast({ event: 'exit', id, exit }));

async function answer(request: ControlRequest): Promise<unknown> {
  switch (request.op) {
    case 'hello':
      return { version: KEEPER_VERSION, pid: process.pid };
    case 'list':
      return containers.list();
    case 'launch':
      return containers.launch(request);
    case 'kill':
      return containers.kill(request.id, request.signal);
    case 'forget':
      return containers.forget(request.id);
    case 'reopen':
      return containers.reopenLog(request.id);
    case 'shutdown':
      setImmediate(() => process.exit(0));
      return true;
  }
}

function serveControl(socket: Socket, frame: Frame): void {
  if (frame.kind !== 'message') return;
  const { call, ...request } = frame.message as ControlRequest & { call: number };
  answer(request as ControlRequest).then(
    value => socket.write(encodeMessage({ reply: call, value } satisfies Reply)),
    (error: Error) => socket.write(encodeMessage({ reply: call, error: error.message } satisfies Reply)),
  );
}

function open(socket: Socket, frame: Frame): FrameSink {
  if (frame.kind !== 'message') throw new Error('A connection begins with a message');
  const request = frame.message as SessionRequest | (ControlRequest & { call: number });
  if (request.op === 'run') return serveRun(socket, request);
  if (request.op === 'attach') return serveAttach(socket, request, containers);
  control.add(socket);
  serveControl(socket, frame);
  return next => serveControl(socket, next);
}

function watchIdle(): void {
  clearTimeout(idleTimer);
  if (connections > 0) return;
  idleTimer = setTimeout(() => {
    if (connections === 0 && containers.size === 0) process.exit(0);
    else watchIdle();
  }, IDLE_MS_MAX);
}

const path = join(folder, 'keeper.sock');
rmSync(path, { force: true });
const server = createServer({ allowHalfOpen: false }, socket => {
  const reader = new FrameReader();
  let sink: FrameSink | undefined;
  socket.on('error', () => {});
  connections++;
  socket.on('close', () => {
    control.delete(socket);
    connections--;
    watchIdle();
  });
  socket.on('data', chunk => {
    try {
      for (const frame of reader.push(chunk as Buffer)) {
        if (sink) sink(frame);
        else sink = open(socket, frame);
      }
    } catch (error) {
      socket.end(encodeMessage({ error: (error as Error).message }));
    }
  });
});
server.listen(path, () => {
  chmodSync(path, 0o600);
  writeFileSync(join(folder, 'keeper.pid'), String(process.pid));
  containers.collect();
  watchIdle();
  process.stdout.write('ready\n');
});
