import { type Controller, runController, watchOf } from '../../kernel/controller.ts';
import { objectKey } from '../../kernel/indexer.ts';
import { carryOut, type ClusterEnv } from '../driver.ts';
import { sameJson } from '../hash.ts';
import { ENDPOINT_SLICES, ENDPOINTS, SERVICES } from '../refs.ts';
import type { Endpoints, EndpointSlice, Service } from '../types.ts';

const KEY = 'default/kubernetes';
const COMPONENT = 'kubernetes-service-controller';

/** Keeps Service `kubernetes` of namespace `default` and its endpoints pointing at this API server. */
export function startKubernetesServiceController(env: ClusterEnv): Controller {
  const services = env.informers.of<Service>(SERVICES);
  const endpoints = env.informers.of<Endpoints>(ENDPOINTS);
  const slices = env.informers.of<EndpointSlice>(ENDPOINT_SLICES);
  const mine = (change: { object: Parameters<typeof objectKey>[0] }): string[] =>
    objectKey(change.object) === KEY ? [KEY] : [];
  const controller = runController({
    name: COMPONENT,
    clock: env.clock,
    watches: [watchOf(services, mine), watchOf(endpoints, mine), watchOf(slices, mine)],
    report: (error, key) => env.report(error, `${COMPONENT} ${key}`),
    reconcile: async () => {
      const api = env.apiEndpoint;
      if (!api) return undefined;
      const metadata = {
        name: 'kubernetes',
        namespace: 'default',
        labels: { component: 'apiserver', provider: 'kubernetes' },
      };
      if (!services.get(KEY)) {
        const ports = [{ name: 'https', port: 443, protocol: 'TCP', targetPort: api.port }];
        const spec = { ...(api.serviceAddress ? { clusterIP: api.serviceAddress } : {}), ports, type: 'ClusterIP' };
        await carryOut(env, COMPONENT, [
          { do: 'create', ref: SERVICES, object: { apiVersion: 'v1', kind: 'Service', metadata, spec } },
        ]);
      }
      const meta = { name: 'kubernetes', namespace: 'default' };
      const known = endpoints.get(KEY);
      const subsets = [
        { addresses: [{ ip: api.address }], ports: [{ name: 'https', port: api.port, protocol: 'TCP' }] },
      ];
      if (!sameJson(known?.subsets, subsets)) {
        const labels = { 'endpointslice.kubernetes.io/skip-mirror': 'true' };
        const object = {
          apiVersion: 'v1',
          kind: 'Endpoints',
          metadata: known?.metadata ?? { ...meta, labels },
          subsets,
        };
        await carryOut(env, COMPONENT, [{ do: known ? 'update' : 'create', ref: ENDPOINTS, object }]);
      }
      const slice = slices.get(KEY);
      const list = [{ addresses: [api.address], conditions: { ready: true } }];
      const ports = [{ name: 'https', port: api.port, protocol: 'TCP' }];
      if (slice && sameJson(slice.endpoints, list) && sameJson(slice.ports, ports)) return undefined;
      const labels = { 'kubernetes.io/service-name': 'kubernetes' };
      const addressType = api.address.includes(':') ? 'IPv6' : 'IPv4';
      const object = {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: slice?.metadata ?? { ...meta, labels },
        addressType,
        endpoints: list,
        ports,
      };
      await carryOut(env, COMPONENT, [{ do: slice ? 'update' : 'create', ref: ENDPOINT_SLICES, object }]);
      return undefined;
    },
  });
  controller.enqueue(KEY);
  return controller;
}
