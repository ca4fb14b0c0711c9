import { createServer as createHttpServer, type IncomingMessage, type Server as HttpServer } from 'node:http';
import { performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { createSecureContext, createServer as createTlsServer, type SecureContext, type TLSSocket } from 'node:tls';
import type { Connection, Exchange } from '../serve/exchange.ts';
import type { KeyPair } from './certificate.ts';
import { Http1Exchange } from './http1Exchange.ts';
import { Http2Exchange } from './http2Exchange.ts';
import { connectionOf } from './peer.ts';

/** What a listener hands requests to. */
export interface Handlers {
  request(exchange: Exchange): void;
  /** An HTTP/1.1 upgrade (exec, attach, port-forward, proxied WebSockets). */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, connection: Connection): void;
}

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly certificate: KeyPair;
  /** PEM of the authorities whose client certificates are believed. */
  readonly clientAuthorities: string;
  readonly handlers: Handlers;
}

export interface Listener extends AsyncDisposable {
  readonly port: number;
  readonly connections: number;
  /** New connections use this certificate; open ones go on. */
  rotate(certificate: KeyPair, clientAuthorities: string): void;
  /** Stops accepting and tells HTTP/2 peers to go away; open requests go on. */
  drain(): void;
}

const HEADER_BYTES_MAX = 64 * 1024;
const STREAMS_MAX = 4096;
const HEADERS_TIMEOUT_ms = 32_000;
const HANDSHAKE_TIMEOUT_ms = 10_000;
const FLUSH_ms = 500;
const FLUSH_STEP_ms = 5;
/** Receive windows: uploads are small, so that one window is enough for any body we accept. */
const WINDOW_BYTES = 4 * 1024 * 1024;

const contextOf = (certificate: KeyPair, clientAuthorities: string): SecureContext =>
  createSecureContext({
    cert: certificate.certificate,
    key: certificate.key,
    ca: clientAuthorities,
    minVersion: 'TLSv1.2',
  });

/** Speaks HTTP/2 on an accepted connection. */
function serveHttp2(
  socket: TLSSocket,
  connection: Connection,
  handlers: Handlers,
  sessions: Set<ServerHttp2Session>,
): void {
  const session = performServerHandshake(socket, {
    maxHeaderListPairs: 256,
    maxSessionMemory: 64,
    settings: {
      maxConcurrentStreams: STREAMS_MAX,
      initialWindowSize: WINDOW_BYTES,
      maxHeaderListSize: HEADER_BYTES_MAX,
    },
  });
  sessions.add(session);
  session.setLocalWindowSize(WINDOW_BYTES);
  session.on('close', () => sessions.delete(session));
  session.on('error', ignore);
  session.on('stream', (stream, headers) => {
    stream.on('error', ignore);
    handlers.request(new Http2Exchange(stream as ServerHttp2Stream, headers, connection));
  });
}

const ignore = (): void => {};

function http1Server(handlers: Handlers, connections: WeakMap<object, Connection>): HttpServer {
  const server = createHttpServer({
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: HEADERS_TIMEOUT_ms,
    requestTimeout: 0,
    keepAliveTimeout: 90_000,
  });
  server.on('request', (request, response) => {
    response.on('error', ignore);
    handlers.request(new Http1Exchange(request, response, connections.get(request.socket)!));
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', ignore);
    handlers.upgrade(request, socket, head, connections.get(request.socket)!);
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  return server;
}

/** Listens with TLS and sends each connection to HTTP/2 or HTTP/1.1 by ALPN. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const sessions = new Set<ServerHttp2Session>();
  const open = new Set<TLSSocket>();
  const connections = new WeakMap<object, Connection>();
  const http1 = http1Server(options.handlers, connections);
  let secure = contextOf(options.certificate, options.clientAuthorities);
  const server = createTlsServer({
    cert: options.certificate.certificate,
    key: options.certificate.key,
    ca: options.clientAuthorities,
    ALPNProtocols: ['h2', 'http/1.1'],
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    handshakeTimeout: HANDSHAKE_TIMEOUT_ms,
    SNICallback: (_name, done) => done(null, secure),
    noDelay: true,
    keepAlive: true,
  });
  server.on('secureConnection', socket => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', ignore);
    const connection = connectionOf(socket);
    if (socket.alpnProtocol === 'h2') {
      serveHttp2(socket, connection, options.handlers, sessions);
    } else {
      connections.set(socket, connection);
      http1.emit('connection', socket);
    }
  });
  server.on('tlsClientError', ignore);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: options.port, host: options.host }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const drain = (): void => {
    server.close();
    for (const session of sessions) session.close();
    http1.closeIdleConnections();
  };
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return open.size;
    },
    rotate: (certificate, clientAuthorities) => {
      secure = contextOf(certificate, clientAuthorities);
      server.setSecureContext({
        cert: certificate.certificate,
        key: certificate.key,
        ca: clientAuthorities,
        minVersion: 'TLSv1.2',
      });
    },
    drain,
    [Symbol.asyncDispose]: async () => {
      drain();
      // What was ended must still reach its client: sessions close themselves once their last frame is out.
      for (let waited_ms = 0; open.size > 0 && waited_ms < FLUSH_ms; waited_ms += FLUSH_STEP_ms)
        await wait(FLUSH_STEP_ms);
      for (const session of sessions) session.destroy();
      for (const socket of open) socket.destroy();
      if (server.listening) await new Promise<void>(resolve => server.close(() => resolve()));
    },
  };
}
