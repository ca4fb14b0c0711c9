import { pathParts, targetUrl } from '../../base/index.ts';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { StatusError, statusError } from '../../kernel/index.ts';
import { refuse, serveAttach, serveExec, servePortForward, type Upgrade } from '../streaming/index.ts';
import type { StreamTarget } from '../ports.ts';
import { type LogOptions, readLog } from './logs.ts';
import type { Agent } from './start.ts';
import { agentMetrics } from './node-metrics.ts';
import { Statistics } from './statistics.ts';
import { findContainer, streamHandlers } from './stream-handlers.ts';

/** Where and for whom the agent serves kubelet's HTTPS paths. */
export interface EndpointOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** PEM. */
  readonly key: string;
  readonly cert: string;
  /** PEM of the authority that signs client certificates. */
  readonly clientCa: string;
  /** Whether the holder of a client certificate may ask; organizations are its groups. Default: system:masters. */
  readonly allows?: (commonName: string, organizations: readonly string[]) => boolean;
  /** Told once how to serve with another certificate (PEM): new connections get it, those that are open go on. */
  readonly renewals?: (take: (pair: { readonly key: string; readonly cert: string }) => void) => void;
  /** More paths, for those who are allowed. */
  readonly paths?: ReadonlyMap<string, (request: IncomingMessage, response: ServerResponse) => void>;
}

export interface Endpoint extends AsyncDisposable {
  readonly port: number;
  /** From now on requests are answered; before, they get 503. */
  serve(agent: Agent): void;
}

const mastersOnly = (_name: string, organizations: readonly string[]): boolean =>
  organizations.includes('system:masters');

/** Opens the agent's HTTPS endpoint: logs, streams, statistics, health. */
export async function openEndpoint(options: EndpointOptions): Promise<Endpoint> {
  let routes: Routes | undefined;
  const asks = { ca: options.clientCa, requestCert: true, rejectUnauthorized: false };
  const server = createServer({ key: options.key, cert: options.cert, ...asks });
  options.renewals?.(({ key, cert }) => server.setSecureContext({ key, cert, ca: options.clientCa }));
  const allowed = (request: IncomingMessage): StatusError | undefined => {
    const socket = request.socket as TLSSocket;
    if (!socket.authorized) return statusError(401, 'Unauthorized', 'Unauthorized');
    const subject = socket.getPeerCertificate().subject ?? {};
    const all = ([] as string[]).concat(subject.O ?? []);
    const name = String(subject.CN ?? '');
    if ((options.allows ?? mastersOnly)(name, all)) return undefined;
    return statusError(403, 'Forbidden', `Forbidden (user=${name}, verb=get, resource=nodes, subresource=proxy)`);
  };
  server.on('request', (request, response) => {
    const refusal = request.url === '/healthz' ? undefined : allowed(request);
    if (refusal) return void send(response, refusal.code, 'text/plain', refusal.message);
    const own = options.paths?.get(targetUrl(request.url).pathname);
    if (own) return own(request, response);
    if (!routes) return void send(response, 503, 'text/plain', 'starting');
    void routes.request(request, response);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const upgrade = { request, socket, head };
    const refusal = allowed(request);
    if (refusal || !routes)
      return refuse(
        upgrade,
        refusal?.code ?? 503,
        refusal?.reason ?? 'Service Unavailable',
        refusal?.message ?? 'starting',
      );
    void routes.upgrade(upgrade);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    serve: agent => {
      routes = new Routes(agent);
    },
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, code: number, type: string, body: string): void {
  response.writeHead(code, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body);
}

/** kubelet's paths: `/exec/NAMESPACE/POD[/UID]/CONTAINER` and the like. */
class Routes {
  readonly #agent: Agent;
  readonly #statistics: Statistics;

  constructor(agent: Agent) {
    this.#agent = agent;
    this.#statistics = new Statistics(agent);
  }

  async request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = targetUrl(request.url);
    const parts = pathParts(url.pathname) ?? [];
    try {
      if (url.pathname === '/healthz' || url.pathname === '/healthz/ping')
        return send(response, 200, 'text/plain', 'ok');
      if (url.pathname === '/pods' || url.pathname === '/runningpods/') return this.#pods(response);
      if (url.pathname === '/stats/summary')
        return send(response, 200, 'application/json', JSON.stringify(await this.#statistics.summary()));
      if (url.pathname === '/metrics/cadvisor')
        return send(response, 200, 'text/plain; version=0.0.4', await this.#statistics.cadvisor());
      if (url.pathname === '/metrics/resource')
        return send(response, 200, 'text/plain; version=0.0.4', await this.#statistics.resource());
      if (url.pathname === '/metrics')
        return send(response, 200, 'text/plain; version=0.0.4', agentMetrics(this.#agent));
      if (url.pathname === '/configz')
        return send(response, 200, 'application/json', JSON.stringify(configuration(this.#agent)));
      if (parts[0] === 'containerLogs' && parts.length === 4)
        return await this.#logs(parts, url.searchParams, response);
      send(response, 404, 'text/plain', '404 page not found\n');
    } catch (error) {
      const code = error instanceof StatusError ? error.code : 500;
      if (!response.headersSent) send(response, code, 'text/plain', (error as Error).message);
      else response.destroy();
    }
  }

  #pods(response: ServerResponse): void {
    const items = [...this.#agent.workers()].map(({ pod }) => pod);
    send(response, 200, 'application/json', JSON.stringify({ apiVersion: 'v1', kind: 'PodList', metadata: {}, items }));
  }

  async #logs(parts: readonly string[], params: URLSearchParams, response: ServerResponse): Promise<void> {
    const [, namespace = '', pod = '', container = ''] = parts;
    const { worker, container: state } = findContainer(this.#agent, { namespace, pod, container });
    const previous = params.get('previous') === 'true';
    const run = previous
      ? state.phase === 'running' || !state.current
        ? state.last
        : (state.last ?? state.current)
      : state.current;
    if (!run) {
      const words = previous
        ? `previous terminated container "${container}" in pod "${pod}" not found`
        : `container "${container}" in pod "${pod}" is waiting to start: ${state.waitReason ?? 'ContainerCreating'}`;
      throw statusError(400, 'BadRequest', words);
    }
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const alive = (): boolean => {
      const now = worker.container(container);
      return (
        !gone.signal.aborted && now?.current?.id === run.id && (now.phase === 'running' || now.phase === 'stopping')
      );
    };
    response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-store' });
    response.flushHeaders();
    const path = worker.logPath(container, run.attempt);
    for await (const chunk of readLog(path, logOptions(params, this.#agent.node.clock.now()), alive, gone.signal)) {
      if (response.write(chunk)) continue;
      await new Promise<void>(resolve => {
        response.once('drain', resolve);
        gone.signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    response.end();
  }

  async upgrade(upgrade: Upgrade): Promise<void> {
    const url = targetUrl(upgrade.request.url);
    const [verb = '', namespace = '', pod = '', ...rest] = pathParts(url.pathname) ?? [];
    const handlers = streamHandlers(this.#agent);
    const params = url.searchParams;
    const flag = (...names: string[]): boolean => names.some(name => /^(1|true)$/.test(params.get(name) ?? ''));
    const streams = {
      stdin: flag('stdin', 'input'),
      stdout: flag('stdout', 'output'),
      stderr: flag('stderr', 'error'),
      tty: flag('tty'),
    };
    const [container, uid] = [rest.at(-1), rest.length > 1 ? rest[0] : undefined];
    const named = (): StreamTarget => ({
      namespace,
      pod,
      ...(container ? { container } : {}),
      ...(uid ? { uid } : {}),
    });
    if (verb === 'exec')
      return serveExec(upgrade, { ...streams, target: named(), command: params.getAll('command') }, handlers);
    if (verb === 'attach') return serveAttach(upgrade, { ...streams, target: named() }, handlers);
    if (verb === 'portForward') {
      const ports = params
        .getAll('port')
        .concat(params.getAll('ports'))
        .flatMap(text => text.split(','))
        .map(Number);
      const target = { namespace, pod, ...(rest[0] ? { uid: rest[0] } : {}) };
      return servePortForward(upgrade, { target, ...(ports.length > 0 ? { ports } : {}) }, handlers);
    }
    refuse(upgrade, 404, 'Not Found', '404 page not found');
  }
}

/** What a KubeletConfiguration would say of this agent. */
function configuration({ node, pressure }: Agent): object {
  const evictionHard = Object.fromEntries((pressure?.thresholds ?? []).map(({ signal, text }) => [signal, text]));
  return {
    kubeletconfig: {
      kind: 'KubeletConfiguration',
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      staticPodPath: `${node.stateFolder}/manifests`,
      clusterDomain: node.clusterDomain,
      cgroupDriver: 'cgroupfs',
      evictionHard,
    },
  };
}

function logOptions(params: URLSearchParams, now_ms: number): LogOptions {
  const number = (name: string): number | undefined => {
    const text = params.get(name);
    return text === null || text === '' || !/^\d+$/.test(text) ? undefined : Number(text);
  };
  const sinceTime = params.get('sinceTime');
  const sinceSeconds = number('sinceSeconds');
  const since_ms = sinceTime
    ? Date.parse(sinceTime)
    : sinceSeconds === undefined
      ? undefined
      : now_ms - sinceSeconds * 1000;
  const tailLines = number('tailLines');
  const limitBytes = number('limitBytes');
  const stream = params.get('stream');
  return {
    follow: params.get('follow') === 'true',
    timestamps: params.get('timestamps') === 'true',
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(since_ms === undefined || Number.isNaN(since_ms) ? {} : { since_ms }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(stream === 'Stdout' ? { stream: 'stdout' as const } : stream === 'Stderr' ? { stream: 'stderr' as const } : {}),
  };
}
