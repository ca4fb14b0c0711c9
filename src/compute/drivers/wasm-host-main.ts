/**
 * The wasm host: one unprivileged process a node that runs every Wasm container, a worker thread each. It has no keys, no
 * files of Tenon and one socket, inherited as descriptor 3; output waits here (bounded) while nobody is connected.
 */
import { createServer, type Socket } from 'node:net';
import { encodeMessage, type Frame, FrameReader } from './keeper-protocol.ts';
import { becomeNobody } from './wasm-host-user.ts';
import { gathered, Programs } from './wasm-host-code.ts';
import { HostContainer } from './wasm-host-container.ts';
import { WasmStores } from './wasm-store.ts';
import { WorkerPool } from './wasm-host-workers.ts';
import type { WasmContainer, WasmEvent, WasmPart, WasmRequest } from './wasm-protocol.ts';

const WAITING_BYTES_MAX = 1024 * 1024;

const KEPT_MS = 60_000;

/** A host nobody talks to and that runs nothing ends by itself after this time. */
const IDLE_MS_MAX = 10_000;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE'] as const) process.on(signal, () => {});
process.title = 'tenon-wasm-host';

const containers = new Map<string, HostContainer>();
let connection: Socket | undefined;
let waiting: WasmEvent[] = [];
let waitingBytes = 0;
const programs = new Programs();
const pool = new WorkerPool(gathered(new URL('./wasm-worker.ts', import.meta.url)));
const stores = new WasmStores();
const context = { programs, pool, stores, tell };

function tell(event: WasmEvent): void {
  if (connection) {
    connection.write(encodeMessage(event));
    return;
  }
  const size = event.event === 'output' ? event.data.length : 0;
  if (waitingBytes + size > WAITING_BYTES_MAX) return;
  waiting.push(event);
  waitingBytes += size;
}

/** Cuts what was sent into the parts of a program. */
function cut(parts: readonly WasmPart[], bytes: Buffer): Map<string, Buffer> {
  const cuts = new Map<string, Buffer>();
  let at = 0;
  for (const { name, size } of parts) {
    cuts.set(name, bytes.subarray(at, at + size));
    at += size;
  }
  return cuts;
}

async function answer(request: WasmRequest, bytes: Buffer): Promise<unknown> {
  switch (request.op) {
    case 'hello':
      return { pid: process.pid };
    case 'list':
      return [...containers.values()].map(
        ({ spec, startedAt_ms, exit }): WasmContainer => ({ spec, startedAt_ms, ...(exit ? { exit } : {}) }),
      );
    case 'has':
      return programs.has(request.digest);
    case 'load':
      return programs.load(request.digest, cut(request.parts, bytes));
    case 'start': {
      const container = new HostContainer(context, request.spec, request.digest, request.place);
      await container.start();
      containers.set(request.spec.id, container);
      return { startedAt_ms: container.startedAt_ms };
    }
    case 'kill':
      return containers.get(request.id)?.stop(request.exitCode, request.grace_ms);
    case 'forget':
      return forget(request.id);
    case 'stats':
      return (await Promise.all([...containers.values()].map(container => container.use()))).filter(Boolean);
  }
}

/** What a pod keeps goes some time after its last container: one that is started again comes before. */
function forget(id: string): boolean {
  const container = containers.get(id);
  if (!container) return false;
  container.end(137);
  containers.delete(id);
  const pod = container.spec.sandboxId;
  const isAlive = (): boolean => [...containers.values()].some(({ spec }) => spec.sandboxId === pod);
  if (!isAlive()) setTimeout(() => isAlive() || stores.drop(pod), KEPT_MS).unref();
  return true;
}

/** Ends of containers are kept for the next Tenon; only a host without any is of no use. */
function watchIdle(): void {
  setTimeout(() => {
    if (!connection && containers.size === 0) process.exit(0);
    else if (!connection) watchIdle();
  }, IDLE_MS_MAX);
}

const sizeOf = (request: WasmRequest): number =>
  request.op === 'load' ? request.parts.reduce((sum, part) => sum + part.size, 0) : 0;

function serve(socket: Socket): void {
  connection?.destroy();
  connection = socket;
  const reader = new FrameReader();
  let upload: { request: WasmRequest & { call: number }; parts: Buffer[]; left: number } | undefined;
  const reply = (request: WasmRequest & { call: number }, bytes: Buffer): void => {
    answer(request, bytes).then(
      value => socket.write(encodeMessage({ reply: request.call, value })),
      (error: Error) => socket.write(encodeMessage({ reply: request.call, error: error.message })),
    );
  };
  const take = (frame: Frame): void => {
    if (frame.kind === 'data') {
      if (!upload) return;
      upload.parts.push(Buffer.from(frame.bytes));
      upload.left -= frame.bytes.length;
      if (upload.left > 0) return;
      reply(upload.request, Buffer.concat(upload.parts));
      upload = undefined;
      return;
    }
    const request = frame.message as WasmRequest & { call: number };
    const size = sizeOf(request);
    if (size > 0) upload = { request, parts: [], left: size };
    else reply(request, Buffer.alloc(0));
  };
  socket.on('data', chunk => {
    try {
      for (const frame of reader.push(chunk as Buffer)) take(frame);
    } catch {
      socket.destroy();
    }
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    if (connection !== socket) return;
    connection = undefined;
    watchIdle();
  });
  for (const event of waiting) socket.write(encodeMessage(event));
  waiting = [];
  waitingBytes = 0;
}

if (process.argv[2]) becomeNobody(Number(process.argv[2]));
pool.refill();
createServer(serve).listen({ fd: 3 }, () => process.stdout.write('ready\n'));
watchIdle();
