import {
  badRequest,
  isNotFound,
  type KubeObject,
  notFound,
  type ObjectKey,
  type ResourceRef,
  statusError,
} from '../../kernel/index.ts';
import { LOOPBACK } from '../authz/feed.ts';
import type { RequestTarget } from '../request/target.ts';
import type { Services } from '../serve/services.ts';
import { at, listAt, numberAt, textAt } from '../tables/shape.ts';

/** Where a relayed request goes. `agent` places are node agents: HTTPS with our client certificate. */
export interface Place {
  readonly agent: boolean;
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  /** Path and query. */
  readonly path: string;
  /** Where the place is shown: links and redirects of its pages are moved below this path. */
  readonly prefix?: string;
  /** Places that serve a part of the API: they learn from headers who asks, and whom to believe from our certificate. */
  readonly front?: FrontProxy;
}

/** How an aggregated API server is spoken to (Kubernetes, "Configure the aggregation layer"). */
export interface FrontProxy {
  readonly serverName: string;
  /** PEM; the system's authorities when absent. */
  readonly authority?: string;
  readonly insecure: boolean;
  readonly headers: Readonly<Record<string, string | string[]>>;
}

const core = (resource: string): ResourceRef => ({ group: '', version: 'v1', resource });

async function read(services: Pick<Services, 'registry'>, resource: string, key: ObjectKey): Promise<KubeObject> {
  return (await services.registry.get(LOOPBACK, core(resource), key)).object;
}

const ADDRESS_ORDER = ['InternalIP', 'ExternalIP', 'Hostname', 'InternalDNS', 'ExternalDNS'];

/** A node agent's address: what the Node's status says of it. */
async function agentOf(services: Services, name: string): Promise<{ host: string; port: number }> {
  let node: KubeObject;
  try {
    node = await read(services, 'nodes', { name });
  } catch (error) {
    if (isNotFound(error)) throw notFound({ group: '', resource: 'nodes' }, name);
    throw error;
  }
  const addresses = listAt(node, 'status.addresses');
  const host = ADDRESS_ORDER.map(type =>
    textAt(
      addresses.find(one => one.type === type),
      'address',
    ),
  ).find(Boolean);
  const port = numberAt(node, 'status.daemonEndpoints.kubeletEndpoint.Port');
  if (!host || port === 0)
    throw statusError(503, 'ServiceUnavailable', `no address or kubelet port is known for node "${name}"`);
  return { host, port };
}

const containersOf = (pod: KubeObject, field: string): string[] =>
  listAt(pod, `spec.${field}`).map(one => String(one.name));

/** The container a stream is for: the one named, or the only one. */
export function containerOf(pod: KubeObject, wanted: string): string {
  const name = pod.metadata.name!;
  const main = containersOf(pod, 'containers');
  const init = containersOf(pod, 'initContainers');
  const ephemeral = containersOf(pod, 'ephemeralContainers');
  if (wanted) {
    if ([...main, ...init, ...ephemeral].includes(wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${name}`);
  }
  if (main.length === 1) return main[0]!;
  const initText = init.length > 0 ? ` or one of the init containers: [${init.join(' ')}]` : '';
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${main.join(' ')}]${initText}`);
}

const segment = encodeURIComponent;

/** Query parameters of log requests the agent understands (core/v1 PodLogOptions). */
const LOG_PARAMETERS = [
  'follow',
  'previous',
  'timestamps',
  'sinceSeconds',
  'sinceTime',
  'tailLines',
  'limitBytes',
  'stream',
];

function logQuery(params: URLSearchParams): string {
  const query = new URLSearchParams();
  for (const name of LOG_PARAMETERS) {
    const value = params.get(name);
    if (value !== null && value !== '') query.set(name, value);
  }
  const text = query.toString();
  return text ? `?${text}` : '';
}

function checkLogParameters(name: string, params: URLSearchParams): void {
  for (const field of ['tailLines', 'sinceSeconds', 'limitBytes']) {
    const value = params.get(field);
    if (value === null) continue;
    const least = field === 'tailLines' ? 0 : 1;
    if (!/^-?\d+$/.test(value) || Number(value) < least) {
      const rule = least === 0 ? 'must be greater than or equal to 0' : 'must be greater than 0';
      throw statusError(
        422,
        'Invalid',
        `PodLogOptions "${name}" is invalid: ${field}: Invalid value: ${value}: ${rule}`,
        {
          name,
          kind: 'PodLogOptions',
          causes: [{ reason: 'FieldValueInvalid', message: `Invalid value: ${value}: ${rule}`, field }],
        },
      );
    }
  }
}

/** Where a pod's log is read, or undefined while no node has it. */
export async function logPlace(
  services: Services,
  target: RequestTarget,
  params: URLSearchParams,
): Promise<Place | undefined> {
  const { namespace, name } = target;
  const pod = await read(services, 'pods', { namespace, name });
  checkLogParameters(name, params);
  const container = containerOf(pod, params.get('container') ?? '');
  const node = textAt(pod, 'spec.nodeName');
  if (!node) return undefined;
  const path = `/containerLogs/${segment(namespace)}/${segment(name)}/${segment(container)}${logQuery(params)}`;
  return { agent: true, tls: true, ...(await agentOf(services, node)), path };
}

const STREAMS: readonly (readonly [string, string])[] = [
  ['stdin', 'input'],
  ['stdout', 'output'],
  ['stderr', 'error'],
  ['tty', 'tty'],
];

/** What the kubelet calls the parameters of exec and attach. */
function streamQuery(params: URLSearchParams): string {
  const query = new URLSearchParams();
  for (const [ours, theirs] of STREAMS) {
    const value = params.get(ours);
    if (value === 'true' || value === '1') query.set(theirs, '1');
  }
  for (const command of params.getAll('command')) query.append('command', command);
  return query.toString();
}

/** Where an exec, attach or port-forward stream ends. */
export async function streamPlace(services: Services, target: RequestTarget, params: URLSearchParams): Promise<Place> {
  const { namespace, name, subresource } = target;
  const pod = await read(services, 'pods', { namespace, name });
  const node = textAt(pod, 'spec.nodeName');
  if (!node) throw badRequest(`pod ${name} does not have a host assigned`);
  const phase = textAt(pod, 'status.phase');
  if (phase === 'Succeeded' || phase === 'Failed')
    throw badRequest(`cannot ${subresource} in a container of a completed pod; current phase is ${phase}`);
  const agent = await agentOf(services, node);
  const where = `${segment(namespace)}/${segment(name)}`;
  if (subresource === 'portforward') {
    const ports = params
      .getAll('ports')
      .map(port => `port=${segment(port)}`)
      .join('&');
    return { agent: true, tls: true, ...agent, path: `/portForward/${where}${ports ? `?${ports}` : ''}` };
  }
  const container = containerOf(pod, params.get('container') ?? '');
  return {
    agent: true,
    tls: true,
    ...agent,
    path: `/${subresource}/${where}/${segment(container)}?${streamQuery(params)}`,
  };
}

/** `https:web:8443` -> scheme, name and port; each part but the name may be missing. */
export function splitProxyName(text: string): { scheme: string; name: string; port: string } {
  const parts = text.split(':');
  if (parts.length === 1) return { scheme: '', name: parts[0]!, port: '' };
  if (parts.length === 2) return { scheme: '', name: parts[0]!, port: parts[1]! };
  return { scheme: parts[0]!, name: parts[1]!, port: parts[2]! };
}

/** The path below `/proxy`, with the request's own query. */
const proxied = (target: RequestTarget): string => `/${target.rest}${target.query ? `?${target.query}` : ''}`;

/**
 * Addresses nothing of the cluster can have: unspecified, link-local (cloud metadata lives there), multicast. Loopback is
 * let through: without root every pod has a loopback address of its own.
 */
const NOT_PROXIED = /^(0\.|169\.254\.|22[4-9]\.|23\d\.|255\.)|^(::|fe[89ab][0-9a-f]:.*|ff[0-9a-f]{2}:.*)$/i;

function checkAddress(host: string): void {
  if (NOT_PROXIED.test(host)) throw badRequest(`address not allowed: ${host}`);
}

async function podPlace(services: Services, target: RequestTarget): Promise<Place> {
  const { scheme, name, port } = splitProxyName(target.name);
  const pod = await read(services, 'pods', { namespace: target.namespace, name });
  const host = textAt(pod, 'status.podIP');
  if (!host) throw badRequest(`address not allowed: pod "${name}" has no address`);
  checkAddress(host);
  const declared = listAt(pod, 'spec.containers').flatMap(container => listAt(container, 'ports'));
  const named = declared.find(one => one.name === port);
  const number =
    port === '' ? Number(declared[0]?.containerPort ?? 80) : named ? Number(named.containerPort) : Number(port);
  if (!Number.isInteger(number) || number <= 0 || number > 65_535)
    throw badRequest(`no port named "${port}" in pod "${name}"`);
  return { agent: false, tls: scheme === 'https', host, port: number, path: proxied(target) };
}

async function servicePlace(services: Services, target: RequestTarget): Promise<Place> {
  const { scheme, name, port } = splitProxyName(target.name);
  const place = await endpointOf(services, target.namespace, name, port);
  return { agent: false, tls: scheme === 'https', ...place, path: proxied(target) };
}

/** A ready endpoint of a Service's port, which is named or numbered; the first one when it is empty. */
export async function endpointOf(
  services: Pick<Services, 'registry' | 'random'>,
  namespace: string,
  name: string,
  port: string,
): Promise<{ host: string; port: number }> {
  const service = await read(services, 'services', { namespace, name });
  const ports = listAt(service, 'spec.ports');
  const chosen = port === '' ? ports[0] : ports.find(one => one.name === port || String(one.port) === port);
  if (!chosen) throw statusError(503, 'ServiceUnavailable', `no service port "${port}" found for service "${name}"`);
  const slices = await services.registry.list(
    LOOPBACK,
    { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' },
    { namespace, labelSelector: `kubernetes.io/service-name=${name}` },
  );
  const places: { host: string; port: number }[] = [];
  for (const { object } of slices.items) {
    const number = listAt(object, 'ports').find(one => (one.name ?? '') === (chosen.name ?? ''))?.port;
    if (typeof number !== 'number') continue;
    for (const endpoint of listAt(object, 'endpoints'))
      if (at(endpoint, 'conditions.ready') !== false)
        for (const host of (endpoint.addresses ?? []) as string[]) places.push({ host, port: number });
  }
  const place = places[Math.floor(services.random.next() * places.length)];
  if (!place) throw statusError(503, 'ServiceUnavailable', `no endpoints available for service "${name}"`);
  checkAddress(place.host);
  return place;
}

/** Where a `proxy` subresource leads. */
export async function proxyPlace(services: Services, target: RequestTarget): Promise<Place> {
  const { path, rest } = target;
  const prefix = path.slice(0, path.length - rest.length).replace(/\/$/, '');
  return { ...(await placeOf(services, target)), prefix };
}

async function placeOf(services: Services, target: RequestTarget): Promise<Place> {
  if (target.resource === 'pods') return podPlace(services, target);
  if (target.resource === 'services') return servicePlace(services, target);
  const { name } = splitProxyName(target.name);
  return { agent: true, tls: true, ...(await agentOf(services, name)), path: proxied(target) };
}
