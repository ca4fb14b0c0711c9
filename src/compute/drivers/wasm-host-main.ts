/**
 * The wasm host: one unprivileged process a node that runs every Wasm container, a worker thread each. It has no keys, no
 * files of Tenon and one socket, inherited as descriptor 3; output waits here (bounded) while nobody is connected.
 */
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { createServer, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { limitMemory } from '../engine/wasm-memory.ts';
import type { ContainerSpec } from '../model.ts';
import { encodeMessage, type Frame, FrameReader } from './keeper-protocol.ts';
import { type WasmModule, webAssembly } from './webassembly.ts';
import type { WasmContainer, WasmEvent, WasmExit, WasmRequest, WorkerMessage, WorkerTask } from './wasm-protocol.ts';

const WAITING_BYTES_MAX = 1024 * 1024;
const SPARE_WORKERS = 2;
const MODULES_MAX = 64;
const MEMORY_BYTES_MAX = 4 * 1024 * 1024 * 1024;

/** A host nobody talks to and that runs nothing ends by itself after this time. */
const IDLE_MS_MAX = 10_000;

interface Entry {
  readonly spec: ContainerSpec;
  readonly startedAt_ms: number;
  worker: Worker | undefined;
  exit: WasmExit | undefined;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE'] as const) process.on(signal, () => {});
process.title = 'tenon-wasm-host';

const entries = new Map<string, Entry>();
const modules = new Map<string, WasmModule>();
const workerCode = loadWorker();
const spare: Worker[] = [];
let connection: Socket | undefined;
let waiting: WasmEvent[] = [];
let waitingBytes = 0;

/** The worker as a data URL: after the change of user its file may be out of reach. */
function loadWorker(): URL {
  const file = new URL('./wasm-worker.ts', import.meta.url);
  const text = readFileSync(file, 'utf8');
  const code = file.pathname.endsWith('.ts') ? stripTypeScriptTypes(text) : text;
  return new URL(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`);
}

/** Gives up root for good. */
function becomeNobody(id: number): void {
  process.setgroups!([]);
  process.setgid!(id);
  process.setuid!(id);
}

function refill(): void {
  while (spare.length < SPARE_WORKERS) {
    const worker = new Worker(workerCode, { env: {}, stdin: false });
    worker.unref();
    spare.push(worker);
  }
}

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

function ended(id: string, exit: WasmExit): void {
  const entry = entries.get(id);
  if (!entry || entry.exit) return;
  entry.exit = exit;
  const { worker } = entry;
  entry.worker = undefined;
  void worker?.terminate();
  tell({ event: 'exit', id, exit });
}

async function moduleOf(digest: string, bytes: Buffer, limit_bytes: number | undefined): Promise<WasmModule> {
  const key = `${digest}/${limit_bytes ?? ''}`;
  const known = modules.get(key);
  if (known) return known;
  const limited = limit_bytes === undefined ? bytes : limitMemory(bytes, Math.min(limit_bytes, MEMORY_BYTES_MAX));
  if (!limited) throw new Error(`the module needs more memory than its limit of ${limit_bytes} bytes`);
  const module = await webAssembly.compile(limited);
  if (modules.size >= MODULES_MAX) modules.delete(modules.keys().next().value as string);
  modules.set(key, module);
  return module;
}

async function start(spec: ContainerSpec, digest: string, bytes: Buffer): Promise<{ startedAt_ms: number }> {
  const module = await moduleOf(digest, bytes, spec.resources.memory_bytes);
  refill();
  const worker = spare.shift()!;
  const entry: Entry = { spec, startedAt_ms: Date.now(), worker, exit: undefined };
  entries.set(spec.id, entry);
  worker.on('message', (message: WorkerMessage) => {
    if (message.kind === 'output')
      tell({
        event: 'output',
        id: spec.id,
        stream: message.stream,
        data: Buffer.from(message.bytes).toString('base64'),
      });
    else
      ended(spec.id, {
        exitCode: message.exitCode,
        at_ms: Date.now(),
        ...(message.message ? { message: message.message } : {}),
      });
  });
  worker.on('error', (error: Error) => ended(spec.id, { exitCode: 134, at_ms: Date.now(), message: error.message }));
  worker.on('exit', () => ended(spec.id, { exitCode: 137, at_ms: Date.now() }));
  const task: WorkerTask = {
    module,
    args: spec.args.length > 0 ? spec.args : ['main.wasm'],
    environment: Object.fromEntries(spec.environment),
    folders: Object.fromEntries(
      spec.mounts.filter(mount => mount.kind === 'bind').map(mount => [mount.target, mount.source]),
    ),
  };
  worker.postMessage(task);
  setImmediate(refill);
  return { startedAt_ms: entry.startedAt_ms };
}

async function answer(request: WasmRequest, bytes: Buffer): Promise<unknown> {
  switch (request.op) {
    case 'hello':
      return { pid: process.pid };
    case 'list':
      return [...entries.values()].map(
        ({ spec, startedAt_ms, exit }): WasmContainer => ({ spec, startedAt_ms, ...(exit ? { exit } : {}) }),
      );
    case 'start':
      return start(request.spec, request.digest, bytes);
    case 'kill':
      return ended(request.id, { exitCode: request.exitCode, at_ms: Date.now() });
    case 'forget':
      ended(request.id, { exitCode: 137, at_ms: Date.now() });
      return entries.delete(request.id);
  }
}

/** Ends of containers are kept for the next Tenon; only a host without any is of no use. */
function watchIdle(): void {
  setTimeout(() => {
    if (!connection && entries.size === 0) process.exit(0);
    else if (!connection) watchIdle();
  }, IDLE_MS_MAX);
}

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
    if (request.op === 'start' && request.size > 0) upload = { request, parts: [], left: request.size };
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
refill();
createServer(serve).listen({ fd: 3 }, () => process.stdout.write('ready\n'));
watchIdle();
