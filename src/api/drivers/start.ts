import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { constants as zlib, gzip } from 'node:zlib';
import { type Clock, type Random, sleep, uuid } from '../../base/index.ts';
import type { Registry, ResourceCatalog, UserInfo } from '../../kernel/index.ts';
import { RequestAuthenticator, type TokenReader } from '../authn/authenticator.ts';
import { bootstrapTokenReader } from '../authn/bootstrapToken.ts';
import { serviceAccountReader, type TokenSigner } from '../authn/serviceAccount.ts';
import { staticTokenReader } from '../authn/staticToken.ts';
import { authorizers } from '../authz/authorizer.ts';
import type { RoleGuard } from '../authz/guard.ts';
import { authorizationState } from '../authz/state.ts';
import { bootstrap } from '../bootstrap/bootstrap.ts';
import { Discovery } from '../discovery/serve.ts';
import { PriorityLevels } from '../flow/flow.ts';
import { handle } from '../serve/handler.ts';
import { ApiMetrics } from '../serve/metrics.ts';
import type { HealthCheck, LogEntry, OpenApiDocuments, ProtobufCodec, Services } from '../serve/services.ts';
import { REVIEWS } from '../serve/specials.ts';
import { adminKubeconfig } from './kubeconfig.ts';
import { listen } from './listener.ts';
import { type OidcOptions, oidcReader } from './oidc.ts';
import { openPki, type Pki, writeWhole } from './pki.ts';
import { NodeRelay } from './relay.ts';
import { keySet, tokenSigner } from './tokens.ts';
import { serveUpgrade } from './upgrade.ts';
import { RELAYED } from '../streams/serve.ts';

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
  /** The guard whose step the kernel's admission chain holds. */
  readonly guard?: RoleGuard;
  /** Static bearer tokens. */
  readonly tokens?: ReadonlyMap<string, UserInfo>;
  readonly oidc?: readonly OidcOptions[];
  /** `iss` of service-account tokens. */
  readonly issuer?: string;
}

const DEFAULT_ISSUER = 'https://kubernetes.default.svc.cluster.local';

/** A running API server; disposing drains it. */
export interface RunningApi extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly kubeconfig: string;
  readonly pki: Pki;
  /** Signs service-account tokens, for the controller that fills token secrets. */
  readonly signer: TokenSigner;
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
  const now = (): number => clock.now();
  const signer = tokenSigner(options.issuer ?? DEFAULT_ISSUER, pki.tokenKey, pki.tokenPublicKey);
  const jwks = keySet(pki.tokenPublicKey);
  await bootstrap(options.registry);
  const authorization = await authorizationState(options.registry, clock);
  const authorizer = authorizers(authorization.rbac, authorization.node);
  options.guard?.bind({ rbac: authorization.rbac, authorizer });
  const readers: TokenReader[] = [
    ...(options.tokens ? [staticTokenReader(options.tokens, now)] : []),
    serviceAccountReader(options.registry, signer, now),
    bootstrapTokenReader(options.registry, now),
    ...(options.oidc ?? []).map(one => oidcReader(one, now)),
  ];
  const relay = new NodeRelay({ client: () => pki.agentClient, authorities: () => pki.authority.certificate });
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
    specials: new Map([...REVIEWS, ...RELAYED]),
    relay,
    catalogGeneration: options.catalogGeneration ?? (() => 0),
    publicAddress: () => `${host}:${port}`,
    authenticator: new RequestAuthenticator({ readers, audiences: [signer.issuer], now }),
    authorizer,
    signer,
    rulesOf: (user, namespace) => authorization.rbac.rulesFor(user, namespace),
    flow,
    metrics,
    discovery: { serve: request => discovery.serve(request) },
    tokenKeys: () => ({ issuer: signer.issuer, jwks }),
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
      upgrade: (request, socket, head, connection) =>
        void serveUpgrade(services, relay, request, socket, head, connection),
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
    signer,
    [Symbol.asyncDispose]: async () => {
      draining = true;
      listener.drain();
      for (const end of services.draining) end();
      const until = clock.monotonic() + DRAIN_ms;
      while (inFlight > 0 && clock.monotonic() < until) await sleep(clock, 10);
      relay[Symbol.dispose]();
      authorization[Symbol.dispose]();
      await listener[Symbol.asyncDispose]();
    },
  };
}
