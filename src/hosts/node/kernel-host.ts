import { type RoleGuard, roleGuard, type RunningApi, startApi } from '../../api/index.ts';
import type { Clock, Random } from '../../base/index.ts';
import { type ServiceAddresses, serviceAddresses } from '../../cluster/index.ts';
import {
  CRD_REF,
  type CustomCatalog,
  customCatalog,
  customKindsStep,
  type CustomResourceDefinition,
  customSchemaPort,
  Informers,
  type KindRef,
  type Kernel,
  liveOpenApi,
  openKernel,
  type ResourceRef,
  runCustomKinds,
  schemaOf,
} from '../../kernel/index.ts';
import { httpConversions } from '../../kernel/drivers/conversion-http.ts';
import {
  auditEvery,
  BACKGROUND_USER,
  celRuleCompiler,
  kyvernoDialect,
  kyvernoPorts,
  POLICY_DIALECTS,
  podSecurityStep,
  policyStep,
  type PolicySource,
  runPolicies,
  startKyverno,
} from '../../policy/index.ts';
import { addressPlan, firstRange, nodeAddressIn } from './addresses.ts';
import { hostFaults } from './faults.ts';
import { breathe } from './ports.ts';
import { ResourceMetrics } from './resource-metrics.ts';
import type { StateFolder } from './state.ts';
import { chooseStore, type StoreChoice, type StoreSettings } from './store.ts';
import { clusterWebhooks, endpointResolver, matchConditionsStep } from './webhooks.ts';

/** Time between two looks of policies at everything that is there. */
const POLICY_AUDIT_MS = 60_000;

export interface KernelHostOptions extends StoreSettings {
  readonly state: StateFolder;
  readonly apiPort: number;
  /** More addresses at which the API answers. */
  readonly apiHosts: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: (line: string) => void;
}

/** The waist as this host runs it: store, custom kinds, policies in the admission chain, and the API over HTTPS. */
export interface KernelHost extends AsyncDisposable {
  readonly kernel: Kernel;
  readonly api: RunningApi;
  /** Writes the store to a file while it is used; absent where others keep it. */
  readonly backup?: (file: string) => Promise<void>;
}

type Bound = Parameters<RoleGuard['bind']>[0];

/** Keeps what the API hands to the guard, so that policies can ask the same authorizer. */
function listeningGuard(): { guard: RoleGuard; bound: () => Bound | undefined } {
  const inner = roleGuard();
  let bound: Bound | undefined;
  return {
    guard: {
      ...inner,
      bind: parts => {
        bound = parts;
        inner.bind(parts);
      },
    },
    bound: () => bound,
  };
}

/** Policies come alive after the kernel they are a step of: until then there are none. */
function latePolicies(): { source: PolicySource; use: (source: PolicySource) => void } {
  let current: PolicySource | undefined;
  const nothing: PolicySource['world'] = {
    parameter: () => undefined,
    parameters: () => [],
    authorize: () => ({ allowed: false }),
  };
  return {
    source: {
      policies: () => current?.policies() ?? [],
      get world() {
        return current?.world ?? nothing;
      },
      ready: () => current?.ready?.(),
      equivalent: request => current?.equivalent?.(request) ?? request,
      stored: request => current?.stored?.(request),
      judged: (request, answers) => current?.judged?.(request, answers),
    },
    use: source => {
      current = source;
    },
  };
}

/** The API's failure to listen, in words for a person. */
function listenFault(error: unknown, port: number, host?: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (host !== undefined && (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EINVAL'))
    return hostFaults.error('address-absent', { address: host, option: '--api-host' });
  return code === 'EADDRINUSE' ? hostFaults.error('port-in-use', { port, what: 'API', option: '--api-port' }) : error;
}

async function openStore(
  options: KernelHostOptions,
  store: StoreChoice,
  catalog: CustomCatalog,
  addresses: ServiceAddresses,
  guard: RoleGuard,
  policies: PolicySource,
): Promise<Kernel> {
  const { clock, random, log } = options;
  // Webhooks are looked up through the kernel they belong to; nothing is asked before it is open.
  const opened: { kernel?: Kernel } = {};
  opened.kernel = await openKernel({
    ...store.ports,
    clock,
    random,
    breathe,
    report: error => log(`kernel: ${String(error)}`),
    webhooks: clusterWebhooks(() => opened.kernel!.client()),
    catalog,
    schema: customSchemaPort(
      catalog,
      celRuleCompiler,
      httpConversions(endpointResolver(() => opened.kernel!.client())),
    ),
    admission: [
      customKindsStep(catalog, celRuleCompiler),
      addresses.step,
      guard.step,
      matchConditionsStep,
      podSecurityStep(),
      policyStep(policies),
    ],
  });
  await store.opened(opened.kernel);
  return opened.kernel;
}

/** Follows CustomResourceDefinitions and admission policies; resolves when those already stored are in force. */
async function followDefinitions(
  options: KernelHostOptions,
  kernel: Kernel,
  catalog: CustomCatalog,
  bound: () => Bound | undefined,
  use: (source: PolicySource) => void,
): Promise<AsyncDisposable> {
  const { clock, random, log } = options;
  await using stack = new AsyncDisposableStack();
  const client = kernel.client();
  const informers = stack.use(
    new Informers({ client, clock, random, report: error => log(`kernel: ${String(error)}`) }),
  );
  const definitions = informers.of<CustomResourceDefinition>(CRD_REF);
  stack.use(
    runCustomKinds({ client, clock, catalog, definitions, report: error => log(`custom kinds: ${String(error)}`) }),
  );
  const ports = { ...kyvernoPorts(clock, random), resourceOf: (kind: KindRef) => catalog.kind(kind) };
  const types = {
    catalog,
    schemaOf: (kind: KindRef) => catalog.kind(kind)?.schema ?? schemaOf(kind),
    informer: (ref: ResourceRef) => informers.of(ref),
  };
  const policies = runPolicies({
    ...types,
    client,
    dialects: [...POLICY_DIALECTS, kyvernoDialect(ports)],
    authorize: (request, question) => {
      const authorizer = bound()?.authorizer;
      if (!authorizer) return { allowed: false };
      const { allowed, reason } = authorizer.authorize({
        user: question.user === undefined ? request.user : { name: question.user, groups: [] },
        verb: question.verb,
        isResource: question.path === undefined,
        group: question.group ?? '',
        version: '*',
        resource: question.resource ?? '',
        subresource: question.subresource ?? '',
        namespace: question.namespace ?? '',
        name: question.name ?? '',
        path: question.path ?? '',
      });
      return { allowed, reason };
    },
    report: error => log(`policy: ${String(error)}`),
  });
  const kyverno = stack.use(
    startKyverno({
      ...types,
      client: kernel.client(BACKGROUND_USER),
      clock,
      random,
      ports,
      report: error => log(`kyverno: ${String(error)}`),
    }),
  );
  use({
    ...policies,
    stored: request => kyverno.stored(request),
    judged: (request, answers) => kyverno.judged(request, answers),
  });
  informers.start();
  await informers.whenSynced();
  await policies.settled();
  stack.use(
    auditEvery({ policies, clock, every_ms: POLICY_AUDIT_MS, report: error => log(`policy audit: ${String(error)}`) }),
  );
  const kept = stack.move();
  return { [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Opens the store, then the API over it. Faults: port in use, store unusable. */
export async function startKernelHost(options: KernelHostOptions): Promise<KernelHost> {
  const { state, clock, random } = options;
  await using stack = new AsyncDisposableStack();
  const addresses = serviceAddresses({ random, cidr: addressPlan(state.id).serviceCidr });
  const catalog = customCatalog();
  let generation = 0;
  catalog.onChange(() => generation++);
  const { guard, bound } = listeningGuard();
  const { source, use } = latePolicies();
  const store = await chooseStore(options, state, random);
  const { agree } = store;
  const kernel = stack.use(await openStore(options, store, catalog, addresses, guard, source));
  await addresses.load(kernel.client());
  stack.use(await followDefinitions(options, kernel, catalog, bound, use));
  const opened: { api?: RunningApi } = {};
  const metrics = stack.use(new ResourceMetrics({ client: kernel.client(), clock, api: () => opened.api }));
  const api = await startApi({
    computed: metrics.resources,
    registry: kernel.registry,
    catalog,
    clock,
    random,
    state: state.path,
    port: options.apiPort,
    guard,
    ...(agree ? { agree: (mine: string) => agree('identity', mine) } : {}),
    log: ({ message, ...rest }) => options.log(`api: ${message} ${JSON.stringify(rest)}`),
    catalogGeneration: () => generation,
    openapi: liveOpenApi(catalog, () => generation),
    addresses: [addresses.first, nodeAddressIn(firstRange(addressPlan(state.id))), ...options.apiHosts],
  }).catch((error: unknown) => {
    throw listenFault(error, options.apiPort);
  });
  opened.api = stack.use(api);
  for (const host of options.apiHosts)
    await api.listenAlso(host).catch((error: unknown) => {
      throw listenFault(error, api.port, host);
    });
  const kept = stack.move();
  const { backup } = store;
  return { kernel, api, ...(backup ? { backup } : {}), [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
