import { type RoleGuard, roleGuard, type RunningApi, startApi } from '../../api/index.ts';
import type { Clock, Random } from '../../base/index.ts';
import { type ServiceAddresses, serviceAddresses } from '../../cluster/index.ts';
import {
  type Client,
  type CustomCatalog,
  customCatalog,
  type Kernel,
  type KubeObject,
  liveOpenApi,
} from '../../kernel/index.ts';
import { httpConversions } from '../../kernel/drivers/conversion-http.ts';
import { openWaist, type Waist, type WaistOptions } from '../waist/waist.ts';
import { apiOptions, type ApiSettings } from './api-settings.ts';
import { addressPlan, checkServiceRanges, firstRanges, nodeAddressIn } from './addresses.ts';
import { hostFaults } from './faults.ts';
import { breathe } from './ports.ts';
import { ResourceMetrics } from './resource-metrics.ts';
import type { StateFolder } from './state.ts';
import { chooseStore, type StoreChoice, type StoreSettings } from './store.ts';
import { askProviders } from '../../policy/index.ts';
import { clusterWebhooks, endpointResolver, matchConditionsStep } from './webhooks.ts';

export interface KernelHostOptions extends StoreSettings, ApiSettings {
  readonly state: StateFolder;
  readonly apiPort: number;
  /** More addresses at which the API answers. */
  readonly apiHosts: readonly string[];
  readonly serviceCidrs?: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: (line: string) => void;
}

/** The waist as this host runs it: store, custom kinds, policies in the admission chain, and the API over HTTPS. */
export interface KernelHost extends AsyncDisposable {
  readonly kernel: Kernel;
  readonly api: RunningApi;
  /** What pods use, as objects of metrics.k8s.io; of all namespaces when none is named. */
  readonly podMetrics: (namespace?: string) => Promise<readonly KubeObject[]>;
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

/** The API's failure to listen, in words for a person. */
function listenFault(error: unknown, port: number, host?: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (host !== undefined && (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EINVAL'))
    return hostFaults.error('address-absent', { address: host, option: '--api-host' });
  return code === 'EADDRINUSE' ? hostFaults.error('port-in-use', { port, what: 'API', option: '--api-port' }) : error;
}

/** Policies ask who may do what of the same authorizer as the API. */
function authorizeBy(bound: () => Bound | undefined): WaistOptions['authorize'] {
  return (request, question) => {
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
  };
}

/** The waist over this host's store, with webhooks and conversions called over the network. */
function openKernelWaist(
  options: KernelHostOptions,
  store: StoreChoice,
  catalog: CustomCatalog,
  addresses: ServiceAddresses,
): Promise<{ waist: Waist; guard: RoleGuard }> {
  const { clock, random, log } = options;
  const { guard, bound } = listeningGuard();
  // Webhooks are looked up through the kernel they belong to; nothing is asked before it is open.
  const kept: { kernel?: Kernel } = {};
  const client = (): Client => kept.kernel!.client();
  return openWaist({
    ...store.ports,
    clock,
    random,
    breathe,
    gather: breathe,
    webhooks: clusterWebhooks(client),
    conversions: httpConversions(endpointResolver(client)),
    catalog,
    addresses,
    admission: [guard.step, matchConditionsStep],
    authorize: authorizeBy(bound),
    ask: askProviders({ clock, resolve: endpointResolver(client) }),
    tell: log,
    opened: kernel => {
      kept.kernel = kernel;
      return store.opened(kernel);
    },
  }).then(waist => ({ waist, guard }));
}

/** Opens the store, then the API over it. Faults: port in use, store unusable. */
export async function startKernelHost(options: KernelHostOptions): Promise<KernelHost> {
  const { state, clock, random } = options;
  const files = apiOptions(options);
  await using stack = new AsyncDisposableStack();
  if (options.serviceCidrs) checkServiceRanges(options.serviceCidrs, state.id);
  const plan = addressPlan(state.id, options.serviceCidrs);
  const addresses = serviceAddresses({ random, cidrs: plan.serviceCidrs, reserved: plan.dns });
  const catalog = customCatalog();
  let generation = 0;
  catalog.onChange(() => generation++);
  const store = await chooseStore(options, state, random);
  const { agree } = store;
  const { waist, guard } = await openKernelWaist(options, store, catalog, addresses);
  const { kernel } = stack.use(waist);
  const opened: { api?: RunningApi } = {};
  const metrics = stack.use(new ResourceMetrics({ client: kernel.client(), clock, api: () => opened.api }));
  const api = await startApi({
    ...files,
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
    addresses: [addresses.first, nodeAddressIn(firstRanges(plan)), ...options.apiHosts],
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
  return {
    kernel,
    api,
    podMetrics: namespace => metrics.pods(namespace),
    ...(backup ? { backup } : {}),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
