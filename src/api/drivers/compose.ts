import { promisify } from 'node:util';
import { constants as zlib, gzip } from 'node:zlib';
import { uuid } from '../../base/index.ts';
import { liveOpenApi } from '../../kernel/openapi/index.ts';
import type { ResourceRef } from '../../kernel/index.ts';
import { startAggregation, withAggregated } from '../aggregation/aggregation.ts';
import { publishAuthentication } from '../aggregation/authentication.ts';
import { AuditLog } from '../audit/log.ts';
import { RequestAuthenticator, type TokenReader } from '../authn/authenticator.ts';
import { bootstrapTokenReader } from '../authn/bootstrapToken.ts';
import { serviceAccountReader, type TokenSigner } from '../authn/serviceAccount.ts';
import { staticTokenReader } from '../authn/staticToken.ts';
import { authorizers } from '../authz/authorizer.ts';
import { type Follower, follow } from '../authz/feed.ts';
import { authorizationState } from '../authz/state.ts';
import { bootstrap } from '../bootstrap/bootstrap.ts';
import { Discovery } from '../discovery/serve.ts';
import { PriorityLevels } from '../flow/flow.ts';
import { computedHandlers, withComputed } from '../serve/computed.ts';
import { ApiMetrics, type Gauge } from '../serve/metrics.ts';
import { builtinCodec } from '../serve/protobuf.ts';
import type { HealthCheck, Services } from '../serve/services.ts';
import { REVIEWS } from '../serve/specials.ts';
import { RELAYED } from '../streams/serve.ts';
import { openLineFile } from './auditFile.ts';
import { watchLongTasks } from './longTasks.ts';
import { oidcReader } from './oidc.ts';
import type { ApiOptions } from './options.ts';
import { FRONT_PROXY_NAME, type Pki } from './pki.ts';
import { NodeRelay } from './relay.ts';
import { keySet, tokenSigner } from './tokens.ts';

const DEFAULT_ISSUER = 'https://kubernetes.default.svc.cluster.local';
const gzipAsync = promisify(gzip);

/** What the listener tells the services of itself. */
export interface Frame {
  address: string;
  draining: boolean;
  inFlight: number;
}

/** Services and what they hold open. */
export interface Composed extends AsyncDisposable {
  readonly services: Services;
  readonly relay: NodeRelay;
  readonly signer: TokenSigner;
}

/** Numbers of `/metrics` that are read off the running parts. */
function gauges(
  frame: Frame,
  watches: Services['watches'],
  flow: PriorityLevels,
  longTasks: { count: number },
): Gauge[] {
  const perLevel = (read: (level: string) => number): { labels: string; value: number }[] =>
    [...flow.levels.keys()].map(name => ({ labels: `priority_level="${name}"`, value: read(name) }));
  return [
    { name: 'apiserver_longrunning_requests', help: 'Open watches.', type: 'gauge', read: () => watches.open },
    {
      name: 'apiserver_terminated_watchers_total',
      help: 'Watchers closed because they did not read.',
      type: 'counter',
      read: () => watches.evicted,
    },
    {
      name: 'apiserver_current_inflight_requests',
      help: 'Requests being served.',
      type: 'gauge',
      read: () => frame.inFlight,
    },
    {
      name: 'apiserver_flowcontrol_current_executing_requests',
      help: 'Requests that hold a seat.',
      type: 'gauge',
      read: () => perLevel(name => flow.levels.get(name)!.running),
    },
    {
      name: 'apiserver_flowcontrol_current_inqueue_requests',
      help: 'Requests that wait for a seat.',
      type: 'gauge',
      read: () => perLevel(name => flow.levels.get(name)!.waiting),
    },
    {
      name: 'apiserver_flowcontrol_rejected_requests_total',
      help: 'Requests refused with 429.',
      type: 'counter',
      read: () => perLevel(name => flow.levels.get(name)!.rejected),
    },
    {
      name: 'tenon_main_thread_long_tasks_total',
      help: 'Seconds in which a task held the main thread over 20 ms.',
      type: 'counter',
      read: () => longTasks.count,
    },
  ];
}

function tokenReaders(options: ApiOptions, signer: TokenSigner, now: () => number): TokenReader[] {
  return [
    ...(options.tokens ? [staticTokenReader(options.tokens, now)] : []),
    serviceAccountReader(options.registry, signer, now),
    bootstrapTokenReader(options.registry, now),
    ...(options.authentication?.issuers ?? []).map(one => oidcReader(one, now)),
  ];
}

/** Keeps the priority levels as the cluster's objects say. */
const flowFollowers = (flow: PriorityLevels): Follower[] => {
  const ref = (resource: string): ResourceRef => ({ group: 'flowcontrol.apiserver.k8s.io', version: 'v1', resource });
  return [
    {
      ref: ref('prioritylevelconfigurations'),
      set: object => flow.setLevel(object),
      remove: (_namespace, name) => flow.removeLevel(name),
    },
    {
      ref: ref('flowschemas'),
      set: object => flow.setSchema(object),
      remove: (_namespace, name) => flow.removeSchema(name),
    },
  ];
};

/** What `/healthz` and its kin ask. */
function healthChecks(options: ApiOptions, frame: Frame): Map<string, HealthCheck> {
  return new Map<string, HealthCheck>([
    ['ping', () => undefined],
    ['log', () => undefined],
    ...(options.health ?? []),
    ['shutdown', () => (frame.draining ? 'process is shutting down' : undefined)],
  ]);
}

/** Ids of requests: a prefix of this process, and a number. */
function auditIds(random: ApiOptions['random']): () => string {
  const prefix = uuid(random).slice(0, 24);
  let number = 0;
  return () => prefix + (number = (number + 1) % 0x1_0000_0000_0000).toString(16).padStart(12, '0');
}

/** Puts the API's parts together over a registry; `pki` answers with the certificates of the moment. */
export async function compose(options: ApiOptions, pki: () => Pki, frame: Frame): Promise<Composed> {
  const { clock, random, registry, log, computed = [] } = options;
  const now = (): number => clock.now();
  await using stack = new AsyncDisposableStack();
  const signer = tokenSigner(options.issuer ?? DEFAULT_ISSUER, pki().tokenKey, pki().tokenPublicKey);
  const jwks = keySet(pki().tokenPublicKey);
  await bootstrap(registry);
  const authorization = stack.use(await authorizationState(registry, clock));
  const authorizer = authorizers(authorization.rbac, authorization.node);
  options.guard?.bind({ rbac: authorization.rbac, authorizer });
  const relay = stack.use(
    new NodeRelay({
      client: () => pki().agentClient,
      authorities: () => pki().authority.certificate,
      front: () => pki().frontProxy,
    }),
  );
  const longTasks = stack.use(
    watchLongTasks(clock, duration_ms => log?.({ level: 'warn', message: 'a task held the main thread', duration_ms })),
  );
  const auditFile = options.audit ? stack.use(openLineFile(options.audit.file)) : undefined;
  const flow = new PriorityLevels();
  for (const follower of flowFollowers(flow)) stack.use(await follow(registry, clock, follower));
  const watches = { open: 0, evicted: 0 };
  const { authority, frontAuthority } = pki();
  await publishAuthentication(registry, authority.certificate, frontAuthority.certificate, FRONT_PROXY_NAME);
  const aggregation = stack.use(await startAggregation({ registry, clock, random, relay, catalog: options.catalog }));
  const generation = (): number => (options.catalogGeneration?.() ?? 0) + aggregation.generation;
  const services: Services = {
    aggregation,
    registry,
    catalog: withAggregated(withComputed(options.catalog, computed), aggregation),
    clock,
    random,
    codec: builtinCodec,
    openapi: options.openapi ?? liveOpenApi(options.catalog, options.catalogGeneration ?? (() => 0)),
    ...(log ? { log } : {}),
    ...(options.audit && auditFile
      ? { audit: new AuditLog({ policy: options.audit.policy, now, write: auditFile.write }) }
      : {}),
    specials: new Map([...REVIEWS, ...RELAYED, ...computedHandlers(computed)]),
    relay,
    catalogGeneration: generation,
    publicAddress: () => frame.address,
    authenticator: new RequestAuthenticator({
      readers: tokenReaders(options, signer, now),
      audiences: [signer.issuer],
      now,
      ...(options.authentication?.anonymous ? { anonymous: options.authentication.anonymous } : {}),
    }),
    authorizer,
    nodeReady: authorization.nodeReady,
    signer,
    rulesOf: (user, namespace) => authorization.rbac.rulesFor(user, namespace),
    flow,
    metrics: new ApiMetrics(gauges(frame, watches, flow, longTasks)),
    discovery: { serve: request => discovery.serve(request) },
    tokenKeys: () => ({ issuer: signer.issuer, jwks }),
    health: healthChecks(options, frame),
    nextAuditId: auditIds(random),
    gzip: body => gzipAsync(body, { level: zlib.Z_BEST_SPEED }),
    watches,
    draining: new Set(),
  };
  const discovery = new Discovery(services);
  const kept = stack.move();
  return { services, relay, signer, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
