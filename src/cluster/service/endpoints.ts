import type { JsonObject } from '../../kernel/object.ts';
import { deleting, type Effect, type Step } from '../effect.ts';
import { sameJson } from '../hash.ts';
import { controllerReference, isReady, isTerminated, isTerminating } from '../pods.ts';
import { ENDPOINT_SLICES } from '../refs.ts';
import type { Endpoint, EndpointSlice, Node, Pod, Service } from '../types.ts';

export const SERVICE_LABEL = 'kubernetes.io/service-name';
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
export const MANAGER = 'endpointslice-controller.k8s.io';
const HEADLESS = 'service.kubernetes.io/headless';
const ENDPOINTS_MAX = 100;
const ZONE = 'topology.kubernetes.io/zone';

interface Port {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
  readonly appProtocol?: string;
}

export interface EndpointSliceInput {
  readonly service: Service;
  /** Pods of the namespace its selector matches. */
  readonly pods: readonly Pod[];
  /** Slices of the service this controller manages. */
  readonly slices: readonly EndpointSlice[];
  readonly nodeNamed: (name: string) => Node | undefined;
}

/** The ports of a service as one pod offers them: named targets are looked up in its containers. */
export function portsFor(service: Service, pod: Pod): Port[] {
  return (service.spec.ports ?? []).flatMap(each => {
    const port =
      typeof each.targetPort === 'string'
        ? namedPort(pod, each.targetPort, each.protocol ?? 'TCP')
        : each.targetPort || each.port;
    if (port === undefined) return [];
    return [
      {
        name: each.name ?? '',
        protocol: each.protocol ?? 'TCP',
        port,
        ...(each.appProtocol ? { appProtocol: each.appProtocol } : {}),
      },
    ];
  });
}

function namedPort(pod: Pod, name: string, protocol: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  const sidecars = (pod.spec.initContainers ?? []).filter(each => each.restartPolicy === 'Always');
  for (const container of [...pod.spec.containers, ...sidecars])
    for (const port of container.ports ?? [])
      if (port.name === name && (port.protocol ?? 'TCP') === protocol) return port.containerPort;
  return undefined;
}

const isIPv6 = (address: string): boolean => address.includes(':');

const addressOf = (pod: Pod, family: 'IPv4' | 'IPv6'): string | undefined =>
  [...(pod.status?.podIPs ?? []).map(each => each.ip ?? ''), pod.status?.podIP ?? ''].find(
    ip => ip !== '' && isIPv6(ip) === (family === 'IPv6'),
  );

/** Brings a service's EndpointSlices up to its pods, changing as few slices as it can (EndpointSlice reference). */
export function stepEndpointSlices(input: EndpointSliceInput): Step {
  const { service, slices } = input;
  if (!service.spec.selector || service.spec.type === 'ExternalName' || service.metadata.deletionTimestamp)
    return { effects: [], status: undefined };
  const families = (service.spec.ipFamilies?.length ? service.spec.ipFamilies : ['IPv4']) as ('IPv4' | 'IPv6')[];
  const effects: Effect[] = [];
  for (const family of families)
    effects.push(
      ...stepFamily(
        input,
        family,
        slices.filter(slice => slice.addressType === family),
      ),
    );
  effects.push(
    ...slices
      .filter(slice => !families.includes(slice.addressType as 'IPv4'))
      .map(slice => deleting(ENDPOINT_SLICES, slice)),
  );
  return { effects, status: undefined };
}

interface Group {
  readonly ports: readonly Port[];
  readonly endpoints: Endpoint[];
}

function stepFamily(input: EndpointSliceInput, family: 'IPv4' | 'IPv6', slices: readonly EndpointSlice[]): Effect[] {
  const groups = new Map<string, Group>();
  for (const pod of input.pods) {
    const address = addressOf(pod, family);
    if (!address || isTerminated(pod)) continue;
    const ports = portsFor(input.service, pod);
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, endpoints: [] };
    group.endpoints.push(endpointOf(input, pod, address));
    groups.set(key, group);
  }
  if (groups.size === 0 && slices.length > 0)
    groups.set(JSON.stringify(slices[0]!.ports ?? []), { ports: (slices[0]!.ports ?? []) as Port[], endpoints: [] });
  // A service without pods still has one empty slice, so that its consumers can tell it from one not yet seen.
  if (groups.size === 0) groups.set('[]', { ports: [], endpoints: [] });
  const unused = new Set(slices);
  const effects: Effect[] = [];
  for (const [key, group] of groups) {
    const own = slices.filter(
      slice => JSON.stringify(normalPorts(slice)) === key || (groups.size === 1 && slices.length === 1),
    );
    effects.push(...fill(input.service, family, group, own, unused));
  }
  effects.push(...[...unused].map(slice => deleting(ENDPOINT_SLICES, slice)));
  return effects;
}

const normalPorts = (slice: EndpointSlice): Port[] =>
  (slice.ports ?? []).map(port => ({
    name: port.name ?? '',
    protocol: port.protocol ?? 'TCP',
    port: port.port ?? 0,
    ...(port.appProtocol ? { appProtocol: port.appProtocol } : {}),
  }));

function endpointOf({ service, nodeNamed }: EndpointSliceInput, pod: Pod, address: string): Endpoint {
  const terminating = isTerminating(pod);
  const serving = isReady(pod);
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating);
  const zone = pod.spec.nodeName ? nodeNamed(pod.spec.nodeName)?.metadata.labels?.[ZONE] : undefined;
  const hostname = pod.spec.hostname && pod.spec.subdomain === service.metadata.name ? pod.spec.hostname : undefined;
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    ...(hostname ? { hostname } : {}),
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: 'Pod', namespace: pod.metadata.namespace ?? '', name: pod.metadata.name, uid: pod.metadata.uid },
    ...(zone ? { zone } : {}),
  };
}

const idOf = (endpoint: Endpoint): string => `${endpoint.targetRef?.uid ?? ''}/${endpoint.addresses[0]}`;

/** Keeps endpoints in the slices they are in, puts new ones where there is room, and makes slices for the rest. */
function fill(
  service: Service,
  family: string,
  group: Group,
  own: readonly EndpointSlice[],
  unused: Set<EndpointSlice>,
): Effect[] {
  const wanted = new Map(group.endpoints.map(endpoint => [idOf(endpoint), endpoint]));
  const plans = own.map(slice => {
    unused.delete(slice);
    const kept: Endpoint[] = [];
    for (const endpoint of slice.endpoints) {
      const id = idOf(endpoint);
      const fresh = wanted.get(id);
      if (!fresh || !wanted.delete(id)) continue;
      kept.push(fresh);
    }
    return { slice, kept };
  });
  const rest = [...wanted.values()];
  for (const plan of [...plans].sort((a, b) => b.kept.length - a.kept.length)) {
    while (plan.kept.length < ENDPOINTS_MAX && rest.length > 0) plan.kept.push(rest.shift()!);
  }
  const effects: Effect[] = [];
  let empties = plans.every(plan => plan.kept.length === 0) ? 1 : 0;
  for (const { slice, kept } of plans) {
    if (kept.length === 0 && empties-- <= 0) effects.push(deleting(ENDPOINT_SLICES, slice));
    else {
      const object = sliceObject(service, family, group.ports, kept, slice);
      if (!sameJson(strip(object), strip(slice)))
        effects.push({ do: 'update', ref: ENDPOINT_SLICES, object, failed: failed(service, 'update') });
    }
  }
  while (rest.length > 0 || (plans.length === 0 && effects.length === 0)) {
    const object = sliceObject(service, family, group.ports, rest.splice(0, ENDPOINTS_MAX));
    effects.push({ do: 'create', ref: ENDPOINT_SLICES, object, failed: failed(service, 'create') });
  }
  return effects;
}

const failed = (service: Service, verb: 'create' | 'update') => ({
  about: service,
  type: 'Warning' as const,
  reason: 'FailedToUpdateEndpointSlices',
  message: `Error updating Endpoint Slices for Service ${service.metadata.namespace}/${service.metadata.name}: failed to ${verb} EndpointSlice for Service ${service.metadata.name}: {error}`,
});

const strip = (slice: EndpointSlice): unknown => ({
  endpoints: slice.endpoints,
  ports: normalPorts(slice),
  labels: slice.metadata.labels,
});

function sliceObject(
  service: Service,
  family: string,
  ports: readonly Port[],
  endpoints: Endpoint[],
  slice?: EndpointSlice,
): EndpointSlice {
  const labels = {
    ...service.metadata.labels,
    [SERVICE_LABEL]: service.metadata.name,
    [MANAGED_BY]: MANAGER,
    ...(service.spec.clusterIP === 'None' ? { [HEADLESS]: '' } : {}),
  };
  const metadata = slice
    ? { ...slice.metadata, labels }
    : {
        generateName: `${service.metadata.name}-`,
        namespace: service.metadata.namespace,
        labels,
        ownerReferences: [controllerReference(service)],
      };
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata,
    addressType: family,
    endpoints,
    ports: ports.map(port => ({ ...port })),
  } as unknown as EndpointSlice;
}

/** The classic Endpoints subsets of a service, for clients that still read them; at most 1000 addresses. */
export function subsetsOf(service: Service, pods: readonly Pod[]): JsonObject[] {
  const subsets = new Map<string, { addresses: JsonObject[]; notReadyAddresses: JsonObject[]; ports: JsonObject[] }>();
  let left = 1_000;
  const family = service.spec.ipFamilies?.[0] === 'IPv6' ? 'IPv6' : 'IPv4';
  for (const pod of pods) {
    const ip = addressOf(pod, family);
    const listed = service.spec.publishNotReadyAddresses === true || !isTerminating(pod);
    // A pod that is going is no address any more, and a subset without one is invalid.
    if (!ip || isTerminated(pod) || !listed || left-- <= 0) continue;
    const ports = portsFor(service, pod);
    const key = JSON.stringify(ports);
    const subset = subsets.get(key) ?? {
      addresses: [] as JsonObject[],
      notReadyAddresses: [] as JsonObject[],
      ports: ports.map((port): JsonObject => ({ ...port })),
    };
    subsets.set(key, subset);
    const hostname: JsonObject =
      pod.spec.hostname && pod.spec.subdomain === service.metadata.name ? { hostname: pod.spec.hostname } : {};
    const address: JsonObject = {
      ip,
      ...hostname,
      ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
      targetRef: {
        kind: 'Pod',
        namespace: pod.metadata.namespace ?? '',
        name: pod.metadata.name,
        uid: pod.metadata.uid,
      },
    };
    if (service.spec.publishNotReadyAddresses || isReady(pod)) subset.addresses.push(address);
    else subset.notReadyAddresses.push(address);
  }
  const byIp = (a: JsonObject, b: JsonObject): number => (String(a.ip) < String(b.ip) ? -1 : 1);
  return [...subsets.values()].map(subset => ({
    ...(subset.addresses.length > 0 ? { addresses: subset.addresses.sort(byIp) } : {}),
    ...(subset.notReadyAddresses.length > 0 ? { notReadyAddresses: subset.notReadyAddresses.sort(byIp) } : {}),
    ports: subset.ports.map(({ name, ...port }) => (name ? { name, ...port } : port)),
  }));
}
