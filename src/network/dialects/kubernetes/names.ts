import type { kinds } from '../../../kernel/index.ts';
import type { NamedEndpoint, NamedPort, NamedService } from '../../engine/names.ts';

const portsOf = (ports: readonly { name?: string; protocol?: string; port: number }[]): NamedPort[] =>
  ports.map(({ name, protocol, port }) => ({ name: name ?? '', protocol: protocol ?? 'TCP', port }));

function endpointsOf(service: kinds.Service, slices: readonly kinds.EndpointSlice[]): NamedEndpoint[] {
  const early = service.spec?.publishNotReadyAddresses === true;
  return slices
    .filter(slice => slice.addressType !== 'FQDN')
    .flatMap(slice =>
      (slice.endpoints ?? [])
        .filter(endpoint => early || endpoint.conditions?.ready !== false)
        .flatMap(endpoint =>
          endpoint.addresses.map(address => ({
            address,
            ...(endpoint.hostname ? { hostname: endpoint.hostname } : {}),
            ports: portsOf(
              (slice.ports ?? []).flatMap(port => (port.port === undefined ? [] : [{ ...port, port: port.port }])),
            ),
          })),
        ),
    );
}

/** What DNS says of a Service and its slices. */
export function lowerNames(service: kinds.Service, slices: readonly kinds.EndpointSlice[]): NamedService {
  const { spec, metadata } = service;
  const clusterIps = (spec?.clusterIPs ?? [spec?.clusterIP ?? '']).filter(ip => ip !== '' && ip !== 'None');
  const isExternal = spec?.type === 'ExternalName' && spec.externalName !== undefined;
  return {
    namespace: metadata.namespace ?? 'default',
    name: metadata.name ?? '',
    clusterIps: isExternal ? [] : clusterIps,
    ports: portsOf(spec?.ports ?? []),
    endpoints: isExternal || clusterIps.length > 0 ? [] : endpointsOf(service, slices),
    ...(isExternal ? { externalName: spec.externalName! } : {}),
  };
}
