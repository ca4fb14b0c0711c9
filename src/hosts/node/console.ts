import { createReadStream, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { extname, join, normalize, sep } from 'node:path';
import { timingSafeEqual } from 'node:crypto';
import { type Language, languageNamed, pathParts, targetUrl, uuid } from '../../base/index.ts';
import type { Client, KubeObject, ResourceRef } from '../../kernel/index.ts';
import type { ConsoleQuestions } from './console-why.ts';
import { hostFaults } from './faults.ts';
import type { Layer, LayerContext } from './layer.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const core = (resource: string): ResourceRef => ({ group: '', version: 'v1', resource });
const apps = (resource: string): ResourceRef => ({ group: 'apps', version: 'v1', resource });

/** The collections the console follows, by the name the page knows them under. */
export const FOLLOWED: Readonly<Record<string, ResourceRef>> = {
  nodes: core('nodes'),
  namespaces: core('namespaces'),
  services: core('services'),
  pods: core('pods'),
  events: core('events'),
  endpointslices: { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' },
  deployments: apps('deployments'),
  statefulsets: apps('statefulsets'),
  daemonsets: apps('daemonsets'),
  jobs: { group: 'batch', version: 'v1', resource: 'jobs' },
  ingresses: { group: 'networking.k8s.io', version: 'v1', resource: 'ingresses' },
  networkpolicies: { group: 'networking.k8s.io', version: 'v1', resource: 'networkpolicies' },
};

const STREAMS_MAX = 32;
const HEARTBEAT_MS = 15_000;

/** One connection between workloads as the network saw it, counted since the last message. */
export interface Traffic {
  readonly from: string;
  readonly to: string;
  readonly verdict: 'forwarded' | 'dropped';
  readonly count: number;
}

/** Where the console learns of live traffic: the network layer's flows. */
export type TrafficFeed = (deliver: (traffic: readonly Traffic[]) => void) => Disposable;

export interface ConsoleOptions {
  readonly port: number;
  /** Folder of the built page. */
  readonly page: string;
  readonly status: (language: Language) => Promise<unknown>;
  readonly traffic?: TrafficFeed;
  /** The checkout or installation folder. */
  readonly root: string;
  /** Told the address once it answers. */
  readonly listening: (url: string) => void;
}

/** The web console: the built page, one event stream, and a read-only window onto the API. Loopback and a token only. */
export function consoleLayer(options: ConsoleOptions): Layer {
  return { name: 'console', start: context => startConsole(options, context) };
}

async function startConsole(
  options: ConsoleOptions,
  context: LayerContext,
): Promise<AsyncDisposable & { ready: Promise<void> }> {
  const token = persistedToken(context);
  const stop = new AbortController();
  // Loaded with the first question: most consoles are never asked one.
  let opened: Promise<ConsoleQuestions> | undefined;
  const questions = (): Promise<ConsoleQuestions> =>
    (opened ??= import('./console-why.ts').then(room => new room.ConsoleQuestions(context.kernel, options.root)));
  const server = createServer((incoming, reply) => {
    serve(options, context, questions, token, stop.signal, incoming, reply).catch((error: Error) => {
      context.log(`console: ${error.stack ?? error.message}`);
      if (!reply.headersSent) reply.writeHead(500);
      reply.end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        taken
          ? hostFaults.error('port-in-use', { port: options.port, what: 'console', option: '--console-port' })
          : error,
      );
    });
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const address = server.address() as { port: number };
  options.listening(`http://127.0.0.1:${address.port}/?token=${token}`);
  return {
    ready: Promise.resolve(),
    [Symbol.asyncDispose]: () =>
      new Promise<void>(resolve => {
        stop.abort();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The same link works after a restart. */
function persistedToken({ state, random }: LayerContext): string {
  const file = state.file('console-token');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const token = uuid(random).replaceAll('-', '');
  writeFileSync(file, token, { mode: 0o600 });
  return token;
}

export const sameText = (left: string, right: string): boolean =>
  left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));

/** A browser of another site must not read us through a name that resolves to loopback: only our own names are served. */
export const isOurHost = (host: string | undefined): boolean =>
  /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host ?? '');

export function cookieOf(incoming: IncomingMessage): string {
  return /(?:^|;\s*)tenon=([0-9a-f]+)/.exec(incoming.headers.cookie ?? '')?.[1] ?? '';
}

/** What every answer of a console says to the browser. */
export function setSafeHeaders(reply: ServerResponse): void {
  reply.setHeader(
    'content-security-policy',
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
  );
  reply.setHeader('x-content-type-options', 'nosniff');
  reply.setHeader('referrer-policy', 'no-referrer');
}

async function serve(
  options: ConsoleOptions,
  context: LayerContext,
  questions: () => Promise<ConsoleQuestions>,
  token: string,
  stop: AbortSignal,
  incoming: IncomingMessage,
  reply: ServerResponse,
): Promise<void> {
  setSafeHeaders(reply);
  const url = targetUrl(incoming.url);
  if (incoming.method !== 'GET' || !isOurHost(incoming.headers.host)) return void reply.writeHead(403).end();
  const given = url.searchParams.get('token');
  if (given !== null && sameText(given, token)) {
    reply
      .writeHead(303, { location: url.pathname, 'set-cookie': `tenon=${token}; HttpOnly; SameSite=Strict; Path=/` })
      .end();
    return;
  }
  if (!sameText(cookieOf(incoming), token))
    return void reply.writeHead(401, { 'content-type': 'text/plain' }).end('Open the link that "tenon up" printed\n');
  if (url.pathname === '/data/stream') return serveStream(options, context, stop, reply);
  if (url.pathname === '/data/status') {
    const status = await options
      .status(languageNamed(url.searchParams.get('language')))
      .catch((error: Error) => ({ error: error.message }));
    return void reply.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(status));
  }
  if (url.pathname === '/data/why') {
    const { status, body } = await questions()
      .then(room => room.ask(url.searchParams))
      .catch((error: Error) => ({ status: 500, body: { faults: [{ message: error.message }] } }));
    return void reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }
  if (url.pathname.startsWith('/k8s/')) return relay(context, url, reply);
  servePage(options.page, url.pathname, reply);
}

export function servePage(page: string, path: string, reply: ServerResponse): void {
  const parts = path === '/' ? ['index.html'] : (pathParts(path) ?? []);
  const file = normalize(join(page, ...parts));
  const inside = file.startsWith(page + sep) && existsSync(file) && statSync(file).isFile();
  if (!inside) return void reply.writeHead(404, { 'content-type': 'text/plain' }).end('Not found\n');
  reply.writeHead(200, {
    'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    'cache-control': path.startsWith('/assets/') ? 'max-age=31536000' : 'no-cache',
  });
  createReadStream(file).pipe(reply);
}

/** GET only, with the admin's certificate: the page sees what the person who started Tenon may see. */
function relay({ api }: LayerContext, url: URL, reply: ServerResponse): void {
  const target = new URL(api.url);
  const asked = httpsRequest(
    {
      host: target.hostname,
      port: target.port,
      path: url.pathname.slice('/k8s'.length) + url.search,
      ca: api.pki.authority.certificate,
      cert: api.pki.admin.certificate,
      key: api.pki.admin.key,
    },
    answer => {
      reply.writeHead(answer.statusCode ?? 502, { 'content-type': answer.headers['content-type'] ?? 'text/plain' });
      answer.pipe(reply);
    },
  );
  asked.on('error', error => {
    if (!reply.headersSent) reply.writeHead(502, { 'content-type': 'text/plain' });
    reply.end(error.message);
  });
  reply.on('close', () => asked.destroy());
  asked.end();
}

let openStreams = 0;

/** Server-sent events: every followed collection, then what the network saw. One stream a page. */
function serveStream(
  options: ConsoleOptions,
  { kernel, clock }: LayerContext,
  stop: AbortSignal,
  reply: ServerResponse,
): void {
  if (openStreams >= STREAMS_MAX) return void reply.writeHead(429).end();
  openStreams++;
  reply.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  const closed = new AbortController();
  const signal = AbortSignal.any([closed.signal, stop]);
  const send = (data: unknown): void => void reply.write(`data: ${JSON.stringify(data)}\n\n`);
  for (const [name, ref] of Object.entries(FOLLOWED)) void follow(kernel.client(), name, ref, signal, send);
  const traffic = options.traffic?.(items => send({ traffic: items }));
  const beat = (): void => {
    if (signal.aborted) return;
    reply.write(': still here\n\n');
    timer = clock.after(HEARTBEAT_MS, beat);
  };
  let timer = clock.after(HEARTBEAT_MS, beat);
  reply.on('close', () => {
    openStreams--;
    timer.cancel();
    traffic?.[Symbol.dispose]();
    closed.abort();
  });
}

/** What the page needs of an object; managedFields and the like would double every message. */
export function slim(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

async function follow(
  client: Client,
  name: string,
  ref: ResourceRef,
  signal: AbortSignal,
  send: (data: unknown) => void,
): Promise<void> {
  try {
    while (!signal.aborted) {
      send({ collection: name, reset: true });
      const options = {
        sendInitialEvents: true,
        resourceVersionMatch: 'NotOlderThan',
        allowWatchBookmarks: true,
      } as const;
      for await (const event of client.watch(ref, options, signal)) {
        if (event.type === 'ERROR') break;
        if (event.type !== 'BOOKMARK') send({ collection: name, type: event.type, object: slim(event.object) });
      }
    }
  } catch (error) {
    if (!signal.aborted) send({ collection: name, error: (error as Error).message });
  }
}

/** Used by tests: fetches one path of a running console. */
export function fetchConsole(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: string; cookie: string }> {
  return new Promise((resolve, reject) => {
    httpRequest(url, { headers }, answer => {
      let body = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          body,
          cookie: String(answer.headers['set-cookie']?.[0] ?? '').split(';')[0]!,
        }),
      );
    })
      .on('error', reject)
      .end();
  });
}
