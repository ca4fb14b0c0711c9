/** Services to the addresses behind them, from live EndpointSlices. Says nothing about who may talk. */
import type { Clock, Random } from '../../../base/index.ts';
import { type Client, Informers, type KubeObject, type kinds, type ResourceRef } from '../../../kernel/index.ts';
import type { RequestTarget } from '../scenario/model.ts';
import type { Reach, Route } from './reach-port.ts';

const SERVICES: ResourceRef = { group: '', version: 'v1', resource: 'services' };
const SLICES: ResourceRef = { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' };
const SERVICE_LABEL = 'kubernetes.io/service-name';

const NOWHERE: Route = { outcome: 'dns', pods: [] };
const EMPTY: Route = { outcome: 'no-endpoint', pods: [] };

/** Routes by Services alone: what a cluster without any policy does. */
export function serviceReach(parts: {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly report: (error: unknown) => void;
}): Reach {
  const informers = new Informers({ ...parts, report: error => parts.report(error) });
  const services = informers.of<KubeObject>(SERVICES);
  const slices = informers
    .of<KubeObject>(SLICES)
    .index('service', ({ metadata: { namespace = '', labels } }) =>
      labels?.[SERVICE_LABEL] ? [`${namespace}/${labels[SERVICE_LABEL]}`] : [],
    );
  let version = 0;
  for (const informer of [services, slices]) informer.onChange(() => void version++);
  informers.start();
  const known = new Map<string, { readonly version: number; readonly route: Route }>();

  const find = (to: Extract<RequestTarget, { kind: 'service' }>): Route => {
    const service = services.get(`${to.namespace}/${to.name}`) as kinds.Service | undefined;
    if (!service) return NOWHERE;
    const ports = service.spec?.ports ?? [];
    const port = to.port === undefined ? ports[0] : ports.find(each => each.port === to.port || each.name === to.port);
    if (!port) return EMPTY;
    const pods: string[] = [];
    for (const slice of slices.by('service', `${to.namespace}/${to.name}`) as unknown as kinds.EndpointSlice[]) {
      if (!slice.ports?.some(each => (each.name ?? '') === (port.name ?? ''))) continue;
      for (const { addresses, conditions } of slice.endpoints ?? [])
        if (conditions?.ready !== false) pods.push(...addresses);
    }
    return pods.length === 0 ? EMPTY : { outcome: 'allow', pods: [...new Set(pods)].sort() };
  };

  return {
    get version() {
      return version;
    },
    route(_from, to) {
      if (to.kind !== 'service') return { outcome: 'unknown', pods: [], by: 'host names need routes' };
      const key = `${to.namespace}/${to.name}:${to.port ?? ''}`;
      const cached = known.get(key);
      if (cached?.version === version) return cached.route;
      const route = find(to);
      known.set(key, { version, route });
      return route;
    },
    [Symbol.asyncDispose]: () => informers[Symbol.asyncDispose](),
  };
}
