import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  createServer as createHttp2Server,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer as createTcpServer, type Server as TcpServer, Socket } from 'node:net';
import { Duplex } from 'node:stream';
import {
  bindSocket,
  closeDescriptor,
  inNetns,
  listenSocket,
  openSocket,
  setOption,
} from '../../ebpf/drivers/system.ts';
import { PROXY_MARKS } from '../engine/redirects.ts';
import type { Request } from '../engine/requests.ts';
import { socketAddress } from './dns.ts';

const SOL_SOCKET = 1;
const SO_MARK = 36;
const TRANSPARENT = { 4: [0, 19], 6: [41, 75] } as const;
const PREFACE = 'PRI * HTTP/2.0';
const IDLE_MS = 300_000;
const HEADER_BYTES_MAX = 64 * 1024;
const CONNECTIONS_MAX = 4096;
const DENIED = 'Access denied\r\n';

/** A connection as its client opened it. */
export interface Connection {
  readonly client: string;
  readonly clientPort: number;
  readonly server: string;
  readonly port: number;
}

/** What a request came to: the status it was answered with, 403 where policy refused it. */
export interface Outcome {
  readonly connection: Connection;
  readonly allowed: boolean;
  readonly method: string;
  readonly url: string;
  readonly status: number;
}

export interface RequestProxyOptions {
  readonly netnsPath: string;
  /** Asked for each request; without a request, whether the connection may be at all. */
  readonly decide: (connection: Connection, request?: Request) => boolean;
  readonly told: (outcome: Outcome) => void;
}

const plain = (address: string | undefined): string => (address ?? '').replace(/^::ffff:/, '');

/** A socket whose first bytes were read already: servers read a socket's own descriptor, so they get a stream instead. */
function withFirst(socket: Socket, first: Buffer): Duplex {
  const stream = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, error => done(error)),
    final: done => void socket.end(() => done()),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  stream.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) socket.pause();
  });
  socket.on('end', () => stream.push(null));
  socket.on('close', () => stream.destroy());
  stream.push(first);
  return stream;
}

function connectionOf(socket: Socket): Connection {
  return {
    client: plain(socket.remoteAddress),
    clientPort: socket.remotePort ?? 0,
    server: plain(socket.localAddress),
    port: socket.localPort ?? 0,
  };
}

/** Headers by name in lower case, repeated ones joined (RFC 9110 section 5.3). */
function headersOf(headers: IncomingHttpHeaders | IncomingMessage['headers']): Record<string, string> {
  const plainHeaders: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !name.startsWith(':'))
      plainHeaders[name] = Array.isArray(value) ? value.join(', ') : value;
  return plainHeaders;
}

/**
 * Reads the requests of connections that policy lets through for some requests only. It takes them as they are (they are
 * led here by the table of engine/redirects.ts) and goes on to the server in the client's own name.
 */
export class RequestProxy implements AsyncDisposable {
  readonly #options: RequestProxyOptions;
  readonly #http: Server;
  readonly #http2: Http2Server;
  readonly #listeners: TcpServer[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Map<Socket, ClientHttp2Session>();
  readonly #clients = new WeakMap<object, Socket>();
  #arriving: Socket | undefined;
  readonly ports: Record<4 | 6, number> = { 4: 0, 6: 0 };

  constructor(options: RequestProxyOptions) {
    this.#options = options;
    this.#http = createServer({ maxHeaderSize: HEADER_BYTES_MAX, keepAliveTimeout: IDLE_MS }, (request, response) =>
      this.#handle(request, response),
    );
    this.#http.on('clientError', (_: Error, socket: Socket) => socket.destroy());
    // Another protocol after the head cannot be read: it is not let through.
    this.#http.on('upgrade', (_: IncomingMessage, socket: Socket) =>
      socket.end(`HTTP/1.1 403 Forbidden\r\n\r\n${DENIED}`),
    );
    this.#http2 = createHttp2Server({ maxHeaderListPairs: 256 });
    this.#http2.on('session', session => this.#arriving && this.#clients.set(session, this.#arriving));
    this.#http2.on('stream', (stream, headers) => this.#handleStream(stream as ServerHttp2Stream, headers));
    this.#http2.on('sessionError', () => undefined);
  }

  async start(): Promise<void> {
    for (const family of [4, 6] as const) {
      const fd = inNetns(this.#options.netnsPath, () => this.#open(family));
      const server = createTcpServer({ pauseOnConnect: true }, socket => this.#accept(socket));
      server.maxConnections = CONNECTIONS_MAX;
      await new Promise<void>(resolve => server.listen({ fd }, resolve));
      const address = server.address();
      this.ports[family] = typeof address === 'object' ? (address?.port ?? 0) : 0;
      this.#listeners.push(server);
    }
  }

  #open(family: 4 | 6): number {
    const descriptor = this.#transparent(family, PROXY_MARKS.client);
    try {
      if (family === 6) setOption(descriptor, 41, 26, 1);
      bindSocket(descriptor, socketAddress(family === 4 ? '0.0.0.0' : '::', 0));
      listenSocket(descriptor, 512);
      return descriptor;
    } catch (error) {
      closeDescriptor(descriptor);
      throw error;
    }
  }

  #transparent(family: 4 | 6, mark: number): number {
    const descriptor = openSocket(family === 4 ? 2 : 10, 1 | 0o4000);
    const [level, option] = TRANSPARENT[family];
    setOption(descriptor, level, option, 1);
    setOption(descriptor, SOL_SOCKET, SO_MARK, mark);
    return descriptor;
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    if (!this.#options.decide(connectionOf(socket))) return void socket.resetAndDestroy();
    socket.once('data', (first: Buffer) => {
      const isHttp2 = first.toString('latin1', 0, PREFACE.length) === PREFACE;
      const stream = withFirst(socket, first);
      this.#clients.set(stream, socket);
      this.#arriving = socket;
      (isHttp2 ? this.#http2 : this.#http).emit('connection', stream);
    });
    socket.resume();
  }

  /** A connection to the server in the client's name. */
  #dial({ client, server, port }: Connection): Socket {
    const family = server.includes(':') ? 6 : 4;
    const fd = inNetns(this.#options.netnsPath, () => {
      const descriptor = this.#transparent(family, PROXY_MARKS.server);
      bindSocket(descriptor, socketAddress(client, 0));
      return descriptor;
    });
    const socket = new Socket({ fd, readable: true, writable: true });
    socket.on('error', () => socket.destroy());
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    return socket.connect({ port, host: server });
  }

  #decide(connection: Connection, request: Extract<Request, { kind: 'http' }>): boolean {
    const allowed = this.#options.decide(connection, request);
    if (!allowed) this.#tell(connection, request, 403, false);
    return allowed;
  }

  #tell(
    connection: Connection,
    { method, path: url }: Extract<Request, { kind: 'http' }>,
    status: number,
    allowed = true,
  ): void {
    this.#options.told({ connection, method, url, status, allowed });
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const socket = this.#clients.get(request.socket);
    if (!socket) return void response.destroy();
    const connection = connectionOf(socket);
    const { method = 'GET', url: path = '/' } = request;
    const host = (request.headers.host ?? '').toLowerCase();
    const asked = { kind: 'http', method, path, host, headers: headersOf(request.headers) } as const;
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    if (!this.#decide(connection, asked)) {
      response
        .writeHead(403, { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(DENIED) })
        .end(DENIED);
      request.resume();
      return;
    }
    const upstream = httpRequest({
      createConnection: () => this.#dial(connection),
      method,
      path,
      headers: request.rawHeaders,
      setHost: false,
    });
    upstream.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(503).end()));
    upstream.on('response', answer => {
      this.#tell(connection, asked, answer.statusCode ?? 502);
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, answer.rawHeaders);
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    response.on('close', () => upstream.destroy());
    request.pipe(upstream);
  }

  /** One session to the server for each of the client's. */
  #session(socket: Socket, connection: Connection): ClientHttp2Session {
    let session = this.#sessions.get(socket);
    if (session && !session.closed && !session.destroyed) return session;
    session = connectHttp2('http://server', { createConnection: () => this.#dial(connection) });
    session.on('error', () => socket.destroy());
    this.#sessions.set(socket, session);
    const made = session;
    socket.once('close', () => {
      this.#sessions.delete(socket);
      made.destroy();
    });
    return session;
  }

  #handleStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const socket = stream.session && this.#clients.get(stream.session);
    stream.on('error', () => undefined);
    if (!socket) return void stream.close();
    const connection = connectionOf(socket);
    const method = String(headers[':method'] ?? 'GET');
    const path = String(headers[':path'] ?? '/');
    const host = String(headers[':authority'] ?? headers.host ?? '').toLowerCase();
    const asked = { kind: 'http', method, path, host, headers: headersOf(headers) } as const;
    if (!this.#decide(connection, asked)) {
      stream.respond({ ':status': 403, 'content-type': 'text/plain' });
      stream.end(DENIED);
      return;
    }
    const upstream = this.#session(socket, connection).request(headers, { endStream: false });
    upstream.on('error', () => stream.close());
    upstream.on('response', answer => {
      this.#tell(connection, asked, Number(answer[':status'] ?? 502));
      if (!stream.destroyed) stream.respond(answer, { waitForTrailers: true });
    });
    let trailers: Record<string, string | string[] | undefined> = {};
    upstream.on('trailers', got => (trailers = got));
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    upstream.pipe(stream);
    stream.pipe(upstream);
    stream.on('close', () => upstream.close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions.values()) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#listeners.map(server => new Promise<void>(resolve => server.close(() => resolve()))));
  }
}
