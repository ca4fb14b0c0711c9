/** What every service of the shop is made of: JSON over HTTP, health, metrics, graceful end. No library beside Node. */
import { createServer, type IncomingMessage, request, Agent } from 'node:http';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface Request {
  readonly method: string;
  readonly path: string;
  /** Values of `:name` parts of the route. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Json;
}

export interface Response {
  readonly status?: number;
  readonly json?: Json;
  readonly html?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Handler = (request: Request) => Promise<Response> | Response;

/** Thrown by handlers to answer with a status other than 200. */
export class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

interface Route {
  readonly method: string;
  readonly parts: readonly string[];
  readonly handler: Handler;
}

const BODY_BYTES_MAX = 256 * 1024;

async function readBody(incoming: IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) throw new Refusal(413, 'body too large');
    chunks.push(chunk);
  }
  if (size === 0) return null;
  try {
    return JSON.parse(Buffer.concat(chunks).toString()) as Json;
  } catch {
    throw new Refusal(400, 'body is not JSON');
  }
}

function match(
  routes: readonly Route[],
  method: string,
  path: string,
): { route: Route; params: Record<string, string> } | undefined {
  const parts = path.split('/').filter(Boolean);
  for (const route of routes) {
    if (route.method !== method || route.parts.length !== parts.length) continue;
    const params: Record<string, string> = {};
    const fits = route.parts.every((part, index) => {
      if (!part.startsWith(':')) return part === parts[index];
      params[part.slice(1)] = decodeURIComponent(parts[index]!);
      return true;
    });
    if (fits) return { route, params };
  }
  return undefined;
}

/** One line of JSON a message, as log collectors like it. */
export function log(level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown> = {}): void {
  console.log(
    JSON.stringify({ time: new Date().toISOString(), level, service: process.env.SERVICE ?? '', message, ...fields }),
  );
}

export interface Service {
  get(path: string, handler: Handler): Service;
  post(path: string, handler: Handler): Service;
  put(path: string, handler: Handler): Service;
  delete(path: string, handler: Handler): Service;
  /** Listens on PORT (8080), answers /healthz, /readyz and /metrics; SIGTERM drains and ends. */
  listen(ready?: () => boolean): void;
}

export function service(): Service {
  const routes: Route[] = [];
  const counts = new Map<string, number>();
  const add = (method: string, path: string, handler: Handler): void =>
    void routes.push({ method, parts: path.split('/').filter(Boolean), handler });
  let draining = false;
  const answer = async (incoming: IncomingMessage, ready: () => boolean): Promise<Response> => {
    const url = new URL(incoming.url ?? '/', 'http://service');
    if (url.pathname === '/healthz') return { json: 'ok' };
    if (url.pathname === '/readyz') return draining || !ready() ? { status: 503, json: 'not ready' } : { json: 'ok' };
    if (url.pathname === '/metrics') return { html: metrics(counts) };
    const found = match(routes, incoming.method ?? 'GET', url.pathname);
    if (!found) throw new Refusal(404, `no ${incoming.method} ${url.pathname}`);
    const body = await readBody(incoming);
    return found.route.handler({
      method: incoming.method ?? 'GET',
      path: url.pathname,
      params: found.params,
      query: url.searchParams,
      headers: incoming.headers,
      body,
    });
  };
  const self: Service = {
    get: (path, handler) => (add('GET', path, handler), self),
    post: (path, handler) => (add('POST', path, handler), self),
    put: (path, handler) => (add('PUT', path, handler), self),
    delete: (path, handler) => (add('DELETE', path, handler), self),
    listen(ready = () => true) {
      const server = createServer((incoming, reply) => {
        answer(incoming, ready)
          .catch((error: unknown): Response => {
            const status = error instanceof Refusal ? error.status : 500;
            if (status === 500) log('error', String((error as Error).stack ?? error));
            return { status, json: { error: (error as Error).message } };
          })
          .then(({ status = 200, json, html, headers = {} }) => {
            counts.set(String(status), (counts.get(String(status)) ?? 0) + 1);
            const text = html ?? JSON.stringify(json ?? null);
            const type =
              html === undefined
                ? 'application/json'
                : html.startsWith('<')
                  ? 'text/html; charset=utf-8'
                  : 'text/plain; version=0.0.4';
            reply.writeHead(status, { 'content-type': type, ...headers }).end(text);
          });
      });
      const port = Number(process.env.PORT ?? 8080);
      server.listen(port, () => log('info', 'listening', { port }));
      process.on('SIGTERM', () => {
        draining = true;
        log('info', 'draining');
        server.close(() => process.exit(0));
        setTimeout(() => server.closeIdleConnections(), 100);
        setTimeout(() => process.exit(0), 5_000).unref();
      });
    },
  };
  return self;
}

function metrics(counts: ReadonlyMap<string, number>): string {
  const lines = ['# HELP shop_requests_total Requests answered, by status.', '# TYPE shop_requests_total counter'];
  for (const [status, count] of counts) lines.push(`shop_requests_total{status="${status}"} ${count}`);
  lines.push(
    '# HELP process_resident_memory_bytes Resident memory.',
    '# TYPE process_resident_memory_bytes gauge',
    `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
  );
  return `${lines.join('\n')}\n`;
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const CALL_MS_MAX = 3_000;

/** Calls another service; a refusal of it becomes ours, a failure to reach it becomes 502. */
export function call(
  method: string,
  base: string,
  path: string,
  body?: Json,
  headers: Record<string, string> = {},
): Promise<Json> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const asked = request(
      `${base}${path}`,
      {
        method,
        agent,
        timeout: CALL_MS_MAX,
        headers: {
          ...(text ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } : {}),
          ...headers,
        },
      },
      reply => {
        let data = '';
        reply.setEncoding('utf8').on('data', (chunk: string) => (data += chunk));
        reply.on('end', () => {
          const value = parse(data);
          if ((reply.statusCode ?? 500) < 400) resolve(value);
          else
            reject(
              new Refusal(
                reply.statusCode ?? 502,
                (value as { error?: string } | null)?.error ?? `${base} answered ${reply.statusCode}`,
              ),
            );
        });
      },
    );
    asked.on('timeout', () => asked.destroy(new Error('timed out')));
    asked.on('error', error => reject(new Refusal(502, `${new URL(base).hostname}: ${error.message}`)));
    asked.end(text);
  });
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** Address of another service of the shop: `CART_URL`, else its name in the cluster. */
export function address(name: string): string {
  return process.env[`${name.toUpperCase()}_URL`] ?? `http://${name}`;
}
