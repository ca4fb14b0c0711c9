import type { kinds } from '../../../kernel/index.ts';
import type { HealthPort, ServiceEndpoint, ServicePort } from '../../engine/services.ts';

type Slice = kinds.EndpointSlice;
type Endpoint = NonNullable<Slice['endpoints']>[number];

/** Where this node is: what decides about local endpoints and hints. */
export interface Place {
  readonly node: string;
  readonly zone?: string;
}

interface Candidate extends ServiceEndpoint {
  readonly node?: string;
  readonly ready: boolean;
  readonly draining: boolean;
  readonly zones: readonly string[];
  readonly nodes: readonly string[];
}

function candidatesOf(slices: readonly Slice[], family: 4 | 6, portName: string): Candidate[] {
  const wanted = family === 4 ? 'IPv4' : 'IPv6';
  const found = new Map<string, Candidate>();
  for (const slice of slices) {
    if (slice.addressType !== wanted) continue;
    const port = (slice.ports ?? []).find(entry => (entry.name ?? '') === portName)?.port;
    if (port === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const address = endpoint.addresses[0];
      if (address !== undefined) found.set(`${address} ${port}`, candidate(endpoint, address, port));
    }
  }
  return [...found.values()];
}

function candidate(endpoint: Endpoint, address: string, port: number): Candidate {
  const { ready, serving, terminating } = endpoint.conditions ?? {};
  return {
    address,
    port,
    ...(endpoint.nodeName ? { node: endpoint.nodeName } : {}),
    // An absent condition means ready (EndpointConditions reference).
    ready: ready !== false,
    draining: terminating === true && serving !== false,
    zones: (endpoint.hints?.forZones ?? []).map(zone => zone.name),
    nodes: (endpoint.hints?.forNodes ?? []).map(node => node.name),
  };
}

/** Ready ones, else those that still serve while they end (KEP-1669). */
function usable(candidates: readonly Candidate[]): readonly Candidate[] {
  const ready = candidates.filter(entry => entry.ready);
  return ready.length > 0 ? ready : candidates.filter(entry => entry.draining);
}

/** Hints count only when every endpoint has them and some are for here (KEP-2433). */
function hinted(candidates: readonly Candidate[], place: Place): readonly Candidate[] {
  const forNode = candidates.filter(entry => entry.nodes.includes(place.node));
  if (forNode.length > 0 && candidates.every(entry => entry.nodes.length > 0)) return forNode;
  const { zone } = place;
  if (zone === undefined || candidates.some(entry => entry.zones.length === 0)) return candidates;
  const forZone = candidates.filter(entry => entry.zones.includes(zone));
  return forZone.length > 0 ? forZone : candidates;
}

const bare = (candidates: readonly Candidate[]): ServiceEndpoint[] =>
  candidates
    .map(({ address, port }) => ({ address, port }))
    .sort((left, right) =>
      left.address < right.address ? -1 : left.address > right.address ? 1 : left.port - right.port,
    );

/**
 * Addresses of a balancer that nodes answer to themselves: those of a proxy are left to it (LoadBalancerIngress, ipMode).
 * Where sources are limited nobody is let in, because the limit is not held here.
 */
function balancerAddresses({ spec, status }: kinds.Service): string[] {
  if ((spec?.loadBalancerSourceRanges ?? []).length > 0) return [];
  const ingress = (status?.loadBalancer?.ingress ?? []).filter(({ ipMode }) => ipMode !== 'Proxy');
  return ingress.flatMap(({ ip }) => (ip ? [ip] : []));
}

/** Lowers one Service with its slices, as seen from one node; headless and external-name ones have no ports here. */
export function lowerService(service: kinds.Service, slices: readonly Slice[], place: Place): ServicePort[] {
  const { spec, metadata } = service;
  if (!spec || spec.type === 'ExternalName') return [];
  const addresses = (spec.clusterIPs ?? [spec.clusterIP ?? '']).filter(address => address !== '' && address !== 'None');
  const external = [...(spec.externalIPs ?? []), ...balancerAddresses(service)];
  return (spec.ports ?? []).flatMap(port =>
    addresses.map((address): ServicePort => {
      const family = address.includes(':') ? 6 : 4;
      const all = candidatesOf(slices, family, port.name ?? '');
      const local = all.filter(entry => entry.node === place.node);
      const everywhere = hinted(usable(all), place);
      const keepsSource = spec.externalTrafficPolicy === 'Local';
      return {
        id: `${metadata.namespace}/${metadata.name}:${port.port}/${port.protocol ?? 'TCP'}/${family}`,
        family,
        addresses: [address],
        externalAddresses: external.filter(entry => entry.includes(':') === (family === 6)),
        protocol: (port.protocol ?? 'TCP') as ServicePort['protocol'],
        port: port.port,
        ...(port.nodePort && spec.type !== 'ClusterIP' ? { nodePort: port.nodePort } : {}),
        sticky: spec.sessionAffinity === 'ClientIP',
        endpoints: bare(spec.internalTrafficPolicy === 'Local' ? usable(local) : everywhere),
        externalEndpoints: bare(keepsSource ? usable(local) : everywhere),
        keepsSource,
      };
    }),
  );
}

/** The port on which a node tells of the endpoints it has itself: of load balancers that keep the source; as seen from one node. */
export function lowerHealth(
  { metadata, spec }: kinds.Service,
  slices: readonly Slice[],
  { node }: Place,
): HealthPort[] {
  const port = spec?.healthCheckNodePort;
  if (!port || spec.type !== 'LoadBalancer' || spec.externalTrafficPolicy !== 'Local') return [];
  const here = slices
    .flatMap(slice => slice.endpoints ?? [])
    .filter(endpoint => endpoint.nodeName === node && endpoint.conditions?.ready !== false);
  const localEndpoints = new Set(here.map(endpoint => endpoint.addresses[0])).size;
  return [{ port, namespace: metadata.namespace ?? '', name: metadata.name ?? '', localEndpoints }];
}
