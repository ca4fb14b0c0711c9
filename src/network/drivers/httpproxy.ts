import {
  Agent,
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Duplex } from 'node:stream';

/** A request as routing sees it. Header names are lower case; repeated ones are joined as RFC 9110 says. */
export interface RequestHead {
  readonly method: string;
  /** Without port, lower case. */
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly scheme: 'http' | 'https';
  readonly port: number;
}

export interface HeaderChange {
  readonly set: readonly (readonly [name: string, value: string])[];
  readonly add: readonly (readonly [name: string, value: string])[];
  readonly remove: readonly string[];
}

/** What to do with a request. */
export type ProxyDecision =
  | {
      readonly kind: 'respond';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  | {
      readonly kind: 'forward';
      readonly address: string;
      readonly port: number;
      readonly path: string;
      readonly host?: string;
      readonly request: HeaderChange;
      readonly response: HeaderChange;
      readonly timeout_ms?: number;
      /** Copies of the request go here; answers are thrown away. */
      readonly mirrors: readonly { readonly address: string; readonly port: number }[];
    };

export interface HttpProxyOptions {
  readonly decide: (head: RequestHead) => ProxyDecision;
  /** The certificate for a server name; undefined refuses the handshake. Present makes the listener TLS. */
  readonly certificate?: (serverName: string) => { readonly cert: string; readonly key: string } | undefined;
  readonly port: number;
  readonly address: string;
}

/** Node's HTTP/2 compatibility objects answer to the same names. */
type Incoming = IncomingMessage;
type Outgoing = ServerResponse;

const HEADER_BYTES_MAX = 64 * 1024;
const IDLE_MS = 75_000;
const CONNECT_MS = 5_000;
/** Headers of one connection only (RFC 9110 section 7.6.1). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

function hostOf(value: string): string {
  const host = value.toLowerCase();
  return host.startsWith('[') ? host.slice(0, host.indexOf(']') + 1) : host.replace(/:\d+$/, '');
}

function plainHeaders(message: Incoming): Record<string, string> {
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(message.headers)) {
    if (name.startsWith(':') || value === undefined) continue;
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
}

/** Headers to pass on: those of the connection (and the ones it names) stay here. */
function passedOn(headers: Readonly<Record<string, string>>): Record<string, string> {
  const named = new Set((headers.connection ?? '').split(',').map(name => name.trim().toLowerCase()));
  const kept: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(headers))
    if (!HOP_BY_HOP.has(name) && !named.has(name)) kept[name] = value;
  return kept;
}

function changed(headers: Record<string, string>, change: HeaderChange): Record<string, string> {
  for (const name of change.remove) delete headers[name.toLowerCase()];
  for (const [name, value] of change.set) headers[name.toLowerCase()] = value;
  for (const [name, value] of change.add) {
    const key = name.toLowerCase();
    headers[key] = key in headers ? `${headers[key]}, ${value}` : value;
  }
  return headers;
}

/**
 * An HTTP proxy on one port: HTTP/1.1, and HTTP/2 under TLS. Every request is decided anew, so that routes may change at
 * any time; requests under way keep the decision they got.
 */
export class HttpProxy implements AsyncDisposable {
  readonly #options: HttpProxyOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 512, maxFreeSockets: 64 });
  readonly #server: Server | Http2SecureServer;
  readonly #sockets = new Set<Duplex>();
  readonly #contexts = new Map<string, SecureContext>();

  constructor(options: HttpProxyOptions) {
    this.#options = options;
    const handle = (request: unknown, response: unknown): void =>
      this.#handle(request as Incoming, response as Outgoing);
    this.#server = options.certificate
      ? createSecureServer(
          { allowHTTP1: true, SNICallback: (name, done) => this.#context(name, done), maxHeaderListPairs: 256 },
          handle,
        )
      : createServer({ maxHeaderSize: HEADER_BYTES_MAX, keepAliveTimeout: IDLE_MS }, handle);
    this.#server.on(options.certificate ? 'secureConnection' : 'connection', (socket: Socket) => this.#track(socket));
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
    this.#server.on('clientError', (_error: Error, socket: Duplex) => socket.destroy());
  }

  #track(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  }

  #context(name: string, done: (error: Error | null, context?: SecureContext) => void): void {
    const pair = this.#options.certificate?.(name.toLowerCase());
    if (!pair) return done(new Error(`No certificate for "${name}"`));
    const key = `${pair.cert}\n${pair.key}`;
    try {
      let context = this.#contexts.get(key);
      if (!context) this.#contexts.set(key, (context = createSecureContext(pair)));
      done(null, context);
    } catch (error) {
      done(error as Error);
    }
  }

  /** Listens; answers the port. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#options.port, this.#options.address, () => {
        this.#server.off('error', reject);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  #head(request: Incoming): RequestHead {
    const headers = plainHeaders(request);
    const authority = request.headers[':authority'] ?? request.headers.host ?? '';
    const [path = '/', ...query] = (request.url ?? '/').split('?');
    const port = (this.#server.address() as AddressInfo | null)?.port ?? this.#options.port;
    return {
      method: request.method ?? 'GET',
      host: hostOf(String(authority)),
      path,
      query: query.join('?'),
      headers,
      scheme: this.#options.certificate ? 'https' : 'http',
      port,
    };
  }

  #handle(request: Incoming, response: Outgoing): void {
    const head = this.#head(request);
    const decision = this.#options.decide(head);
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    if (decision.kind === 'respond') {
      response.writeHead(decision.status, { ...decision.headers, 'content-length': Buffer.byteLength(decision.body) });
      response.end(decision.body);
      request.resume();
      return;
    }
    this.#forward(request, response, head, decision);
  }

  #upstreamHeaders(
    request: Incoming,
    head: RequestHead,
    decision: Extract<ProxyDecision, { kind: 'forward' }>,
  ): Record<string, string> {
    const headers = passedOn(head.headers);
    const client = request.socket?.remoteAddress?.replace(/^::ffff:/, '') ?? '';
    headers.host = decision.host ?? String(request.headers[':authority'] ?? request.headers.host ?? '');
    headers['x-forwarded-for'] = headers['x-forwarded-for'] ? `${headers['x-forwarded-for']}, ${client}` : client;
    headers['x-forwarded-proto'] = head.scheme;
    headers['x-forwarded-host'] ??= head.host;
    return changed(headers, decision.request);
  }

  #forward(
    request: Incoming,
    response: Outgoing,
    head: RequestHead,
    decision: Extract<ProxyDecision, { kind: 'forward' }>,
  ): void {
    const headers = this.#upstreamHeaders(request, head, decision);
    const target = { method: head.method, path: decision.path, headers };
    const upstream = httpRequest({
      ...target,
      host: decision.address,
      port: decision.port,
      agent: this.#agent,
      setHost: false,
    });
    let timer: NodeJS.Timeout | undefined;
    const fail = (status: number, text: string): void => {
      clearTimeout(timer);
      upstream.destroy();
      if (response.headersSent) return void response.destroy();
      response.writeHead(status, { 'content-type': 'text/plain' });
      response.end(text);
    };
    if (decision.timeout_ms !== undefined) {
      timer = setTimeout(() => fail(504, 'upstream request timeout'), decision.timeout_ms);
    }
    upstream.setTimeout(CONNECT_MS * 12, () => fail(504, 'upstream request timeout'));
    upstream.on('error', () => fail(503, 'upstream connect error'));
    upstream.on('response', answer => {
      clearTimeout(timer);
      const back = changed(passedOn(plainHeaders(answer)), decision.response);
      const cookies = answer.headers['set-cookie'];
      response.writeHead(answer.statusCode ?? 502, {
        ...back,
        ...(cookies && 'set-cookie' in back ? { 'set-cookie': cookies } : {}),
      });
      answer.pipe(response);
      answer.on('error', () => fail(502, 'upstream ended early'));
    });
    response.on('close', () => {
      clearTimeout(timer);
      if (!upstream.closed) upstream.destroy();
    });
    const copies = decision.mirrors.map(mirror => {
      const copy = httpRequest({
        ...target,
        host: mirror.address,
        port: mirror.port,
        agent: this.#agent,
        setHost: false,
      });
      copy.on('error', () => undefined).on('response', answer => answer.resume());
      return copy;
    });
    for (const copy of copies) request.pipe(copy);
    request.pipe(upstream);
  }

  /** WebSocket and the like: after the head, bytes both ways. */
  #upgrade(request: IncomingMessage, socket: Duplex, rest: Buffer): void {
    this.#track(socket);
    const head = this.#head(request);
    const decision = this.#options.decide(head);
    if (decision.kind === 'respond') {
      socket.end(`HTTP/1.1 ${decision.status} \r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const headers = this.#upstreamHeaders(request, head, decision);
    const upstream = connect(decision.port, decision.address, () => {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
      const upgrade = [`connection: upgrade`, `upgrade: ${String(request.headers.upgrade ?? '')}`];
      upstream.write(`${head.method} ${decision.path} HTTP/1.1\r\n${[...lines, ...upgrade].join('\r\n')}\r\n\r\n`);
      if (rest.length > 0) upstream.write(rest);
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    this.#agent.destroy();
    await closed;
  }
}
