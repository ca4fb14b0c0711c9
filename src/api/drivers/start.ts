import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { constants as zlib, gzip } from 'node:zlib';
import { type Clock, type Random, sleep, uuid } from '../../base/index.ts';
import type { Registry, ResourceCatalog } from '../../kernel/index.ts';
import { RequestAuthenticator } from '../authn/authenticator.ts';
import { Discovery } from '../discovery/serve.ts';
import { PriorityLevels } from '../flow/flow.ts';
import { handle } from '../serve/handler.ts';
import { ApiMetrics } from '../serve/metrics.ts';
import type { HealthCheck, LogEntry, OpenApiDocuments, ProtobufCodec, Services } from '../serve/services.ts';
import { adminKubeconfig } from './kubeconfig.ts';
import { listen } from './listener.ts';
import { openPki, type Pki, writeWhole } from './pki.ts';

/** What the API server needs from its host. */
export interface ApiOptions {
  readonly registry: Registry;
  readonly catalog: ResourceCatalog;
  readonly clock: Clock;
  readonly random: Random;
  /** Folder for certificates and the kubeconfig. */
  readonly state: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Loopback unless told. */
  readonly host?: string;
  /** More addresses and names the server certificate covers. */
  readonly addresses?: readonly string[];
  readonly names?: readonly string[];
  /** Moves whenever the catalogue changes. */
  readonly catalogGeneration?: () => number;
  readonly codec?: ProtobufCodec;
  readonly openapi?: OpenApiDocuments;
  readonly health?: ReadonlyMap<string, HealthCheck>;
  readonly log?: (entry: LogEntry) => void;
}

/** A running API server; disposing drains it. */
export interface RunningApi extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly kubeconfig: string;
  readonly pki: Pki;
}

const DRAIN_ms = 5_000;
const gzipAsync = promisify(gzip);

/** Starts the API over HTTPS; resolves when it answers. */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const { clock, random, state } = options;
  const host = options.host ?? '127.0.0.1';
  await mkdir(state, { recursive: true, mode: 0o700 });
  const pki = await openPki(state, { addresses: options.addresses ?? [], names: options.names ?? [] }, clock, random);
  const auditPrefix = uuid(random).slice(0, 24);
  let auditNumber = 0;
  let port = options.port;
  let draining = false;
  let inFlight = 0;
  const flow = new PriorityLevels();
  const watches = { open: 0, evicted: 0 };
  const health = new Map<string, HealthCheck>([
    ['ping', () => undefined],
    ['log', () => undefined],
    ...(options.health ?? []),
    ['shutdown', () => (draining ? 'process is shutting down' : undefined)],
  ]);
  const metrics = new ApiMetrics([
    { name: 'apiserver_longrunning_requests', help: 'Gauge of open watches.', type: 'gauge', read: () => watches.open },
    {
      name: 'apiserver_terminated_watchers_total',
      help: 'Counter of watchers closed due to unresponsiveness.',
      type: 'counter',
      read: () => watches.evicted,
    },
    {
      name: 'apiserver_current_inflight_requests',
      help: 'Requests being served.',
      type: 'gauge',
      read: () => inFlight,
    },
  ]);
  const services: Services = {
    registry: options.registry,
    catalog: options.catalog,
    clock,
    random,
    ...(options.codec ? { codec: options.codec } : {}),
    ...(options.openapi ? { openapi: options.openapi } : {}),
    ...(options.log ? { log: options.log } : {}),
    specials: new Map(),
    catalogGeneration: options.catalogGeneration ?? (() => 0),
    publicAddress: () => `${host}:${port}`,
    authenticator: new RequestAuthenticator({ readers: [], audiences: [], now: () => clock.now() }),
    authorizer: { authorize: () => ({ allowed: true, reason: '' }) },
    flow,
    metrics,
    discovery: { serve: request => discovery.serve(request) },
    tokenKeys: () => ({ issuer: '', jwks: '{}' }),
    health,
    nextAuditId: () =>
      auditPrefix + (auditNumber = (auditNumber + 1) % 0x1_0000_0000_0000).toString(16).padStart(12, '0'),
    gzip: body => gzipAsync(body, { level: zlib.Z_BEST_SPEED }),
    watches,
    draining: new Set(),
  };
  const discovery = new Discovery(services);
  const listener = await listen({
    host,
    port: options.port,
    certificate: pki.server,
    clientAuthorities: pki.authority.certificate,
    handlers: {
      request: exchange => {
        inFlight++;
        exchange.onClosed(() => inFlight--);
        void handle(services, exchange);
      },
      upgrade: (_request, socket) => socket.destroy(),
    },
  });
  port = listener.port;
  const url = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const kubeconfig = join(state, 'kubeconfig');
  await writeWhole(kubeconfig, adminKubeconfig(url, pki), 0o600);
  return {
    url,
    port,
    kubeconfig,
    pki,
    [Symbol.asyncDispose]: async () => {
      draining = true;
      listener.drain();
      for (const end of services.draining) end();
      const until = clock.monotonic() + DRAIN_ms;
      while (inFlight > 0 && clock.monotonic() < until) await sleep(clock, 10);
      await listener[Symbol.asyncDispose]();
    },
  };
}
