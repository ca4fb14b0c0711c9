/** Servers of the wasm host: sockets that wait for ever, and workers that exist only while there is something to answer. */
import {
  createServer as createHttp,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import type { Worker } from 'node:worker_threads';
import type { AnswerPiece, CallHead, ServerMessage, WorkerMessage } from './wasm-protocol.ts';

/** A server without requests gives its worker, its instances and their memory back after this time. */
const IDLE_MS = 10_000;
/** A request that takes longer ends the container: nothing else can stop a loop. */
const REQUEST_MS_MAX = 120_000;
const CALLS_MAX = 1024;
const UNREAD_BYTES_MAX = 256 * 1024;

interface Call {
  readonly id: number;
  readonly request: IncomingMessage;
  readonly reply: ServerResponse;
  readonly timer: NodeJS.Timeout;
  unread: number;
}

export interface WasmServerOptions {
  readonly address: string | undefined;
  readonly port: number;
  /** A worker that was given the server's task. */
  readonly worker: () => Promise<Worker>;
  readonly message: (message: WorkerMessage) => void;
  /** A worker ended by itself, or must be ended: the container's end. */
  readonly failed: (exitCode: number, message: string) => void;
}

const owners = new WeakMap<Socket, WasmServer>();
let shared: HttpServer | undefined;

/** One HTTP parser's server for all: an idle service is then a listening socket and nothing else. */
function http(): HttpServer {
  shared ??= createHttp({ keepAliveTimeout: 30_000, requestTimeout: 60_000 }, (request, reply) => {
    const owner = owners.get(request.socket);
    if (owner) owner.serve(request, reply);
    else reply.writeHead(503).end();
  });
  return shared;
}

export class WasmServer {
  readonly #options: WasmServerOptions;
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();
  readonly #calls = new Map<number, Call>();
  #worker: Worker | undefined;
  #isStarting = false;
  #isClosed = false;
  #outbox: ServerMessage[] = [];
  #flushing = false;
  #next = 1;
  #idle: NodeJS.Timeout | undefined;
  #drained: (() => void) | undefined;
  memory_bytes = 0;

  constructor(options: WasmServerOptions) {
    this.#options = options;
    this.#listener = createServer({ noDelay: true }, socket => {
      owners.set(socket, this);
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      http().emit('connection', socket);
    });
  }

  get worker(): Worker | undefined {
    return this.#worker;
  }

  listen(): Promise<void> {
    const { address, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#listener.once('error', reject);
      this.#listener.listen({ port, backlog: 511, ...(address === undefined ? {} : { host: address }) }, () => {
        this.#listener.off('error', reject);
        this.#listener.on('error', () => {});
        resolve();
      });
    });
  }

  serve(request: IncomingMessage, reply: ServerResponse): void {
    if (this.#calls.size >= CALLS_MAX) {
      reply.writeHead(503, { 'retry-after': '1' }).end('too many requests at once\n');
      return;
    }
    clearTimeout(this.#idle);
    const id = this.#next++;
    const open = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
    const timer = setTimeout(
      () => this.#options.failed(137, `A request took longer than ${REQUEST_MS_MAX / 1000} s`),
      REQUEST_MS_MAX,
    );
    const call: Call = { id, request, reply, timer, unread: 0 };
    this.#calls.set(id, call);
    reply.on('close', () => this.#closed(call));
    const { method = 'GET', url: path = '/', rawHeaders: headers } = request;
    this.#send({ kind: 'calls', calls: [{ id, method, path, authority: request.headers.host, headers, open }] });
    if (open) this.#forward(call);
    if (!this.#worker) void this.#start();
  }

  /** Messages keep their order, also while the worker is still being started, and leave together. */
  #send(message: ServerMessage): void {
    this.#outbox.push(message);
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    if (!this.#worker) return;
    let calls: CallHead[] = [];
    for (const message of this.#outbox.splice(0)) {
      if (message.kind === 'calls') {
        calls = [...calls, ...message.calls];
        continue;
      }
      if (calls.length > 0) this.#worker.postMessage({ kind: 'calls', calls } satisfies ServerMessage);
      calls = [];
      this.#worker.postMessage(message);
    }
    if (calls.length > 0) this.#worker.postMessage({ kind: 'calls', calls } satisfies ServerMessage);
  }

  async #start(): Promise<void> {
    if (this.#isStarting) return;
    this.#isStarting = true;
    try {
      const worker = await this.#options.worker();
      if (this.#isClosed) return void (await worker.terminate());
      this.#worker = worker;
      worker.on('message', (message: WorkerMessage) => this.#hear(message));
      this.#flush();
    } catch (error) {
      this.#options.failed(128, (error as Error).message);
    } finally {
      this.#isStarting = false;
    }
  }

  #hear(message: WorkerMessage): void {
    if (message.kind === 'answers') for (const piece of message.pieces) this.#answer(piece);
    else if (message.kind === 'read') this.#read(message.id, message.count);
    else if (message.kind === 'memory') this.memory_bytes = message.bytes;
    else this.#options.message(message);
  }

  #forward(call: Call): void {
    const { id, request } = call;
    request.on('data', (chunk: Buffer) => {
      call.unread += chunk.length;
      if (call.unread > UNREAD_BYTES_MAX) request.pause();
      this.#send({ kind: 'body', id, bytes: new Uint8Array(chunk) });
    });
    request.on('end', () => this.#send({ kind: 'body-end', id }));
    request.on('error', (error: Error) => this.#send({ kind: 'body-end', id, failure: error.message }));
  }

  #read(id: number, count: number): void {
    const call = this.#calls.get(id);
    if (!call) return;
    call.unread -= count;
    if (call.unread <= UNREAD_BYTES_MAX && call.request.isPaused()) call.request.resume();
  }

  #answer(piece: AnswerPiece): void {
    const call = this.#calls.get(piece.id);
    if (!call) return;
    const { reply } = call;
    if (piece.status !== undefined) {
      try {
        reply.writeHead(piece.status, [...(piece.headers ?? [])]);
      } catch {
        reply.writeHead(502).end('the component answered with headers that cannot be sent\n');
      }
    }
    const { bytes } = piece;
    if (bytes && !reply.writableEnded) {
      const sent = (): void => this.#send({ kind: 'sent', id: piece.id, count: bytes.length });
      if (reply.write(bytes)) sent();
      else reply.once('drain', sent);
    }
    if (piece.end) reply.end();
    else if (piece.broken !== undefined) {
      if (reply.headersSent) reply.destroy();
      else reply.writeHead(500, { 'content-type': 'text/plain' }).end(`${piece.broken}\n`);
    }
  }

  #closed(call: Call): void {
    clearTimeout(call.timer);
    if (!this.#calls.delete(call.id)) return;
    if (!call.reply.writableFinished) this.#send({ kind: 'gone', id: call.id });
    if (this.#calls.size > 0) return;
    this.#drained?.();
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.sleep(), IDLE_MS).unref();
  }

  /** Gives up the worker; the next request gets another. */
  sleep(): void {
    if (this.#calls.size === 0) this.#drop();
  }

  #drop(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#outbox = [];
    this.memory_bytes = 0;
    worker?.removeAllListeners();
    worker?.on('error', () => {});
    void worker?.terminate();
  }

  /** Takes no more connections, and resolves when what was asked is answered or the time is over. */
  async drain(limit_ms: number): Promise<void> {
    this.#listener.close();
    for (const socket of this.#sockets)
      if (![...this.#calls.values()].some(call => call.request.socket === socket)) socket.end();
    if (this.#calls.size === 0 || limit_ms <= 0) return;
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, limit_ms);
      this.#drained = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Ends everything; requests that wait get a 502 with the reason. */
  close(reason: string): void {
    clearTimeout(this.#idle);
    this.#listener.close();
    this.#isClosed = true;
    this.#drop();
    for (const { reply, timer } of this.#calls.values()) {
      clearTimeout(timer);
      if (reply.headersSent) reply.destroy();
      else reply.writeHead(502, { 'content-type': 'text/plain', connection: 'close' }).end(`${reason}\n`);
    }
    this.#calls.clear();
    for (const socket of this.#sockets) socket.end();
  }
}
