import type { kinds } from '../kernel/index.ts';
import type { Informers } from '../kernel/informers.ts';
import { lowerNames } from './dialects/kubernetes/names.ts';
import { lowerService } from './dialects/kubernetes/services.ts';
import type { ServiceEndpoint } from './engine/services.ts';
import { REFS } from './policies.ts';

const SERVICE_LABEL = 'kubernetes.io/service-name';
/** Resolutions remembered before all of one Service are made anew. */
const PLACES_MAX = 20_000;

/** Where a port of a Service leads a client. */
export type Resolution =
  | { readonly kind: 'endpoints'; readonly endpoints: readonly ServiceEndpoint[]; readonly sticky: boolean }
  /** No Service has the name. */
  | { readonly kind: 'none' }
  | { readonly kind: 'no-port' }
  /** The name is another one's, outside the cluster. */
  | { readonly kind: 'elsewhere'; readonly name: string };

interface Known {
  readonly resolutions: Map<string, Resolution>;
}

/** Services as clients on any node meet them, from live objects; what is asked again is not computed again. */
export class LiveServices {
  readonly #informers: Informers;
  readonly #known = new Map<string, Known>();
  readonly #stops: (() => void)[] = [];

  constructor(informers: Informers, changed: () => void) {
    this.#informers = informers;
    const serviceOf = ({ metadata }: kinds.EndpointSlice): string =>
      `${metadata.namespace}/${metadata.labels?.[SERVICE_LABEL] ?? ''}`;
    const forget = (key: string): void => {
      this.#known.delete(key);
      changed();
    };
    this.#stops.push(
      informers
        .of<kinds.EndpointSlice>(REFS.slices)
        .index('service', slice => [serviceOf(slice)])
        .onChange(({ object }) => forget(serviceOf(object))),
      informers
        .of<kinds.Service>(REFS.services)
        .index('address', ({ spec }) =>
          (spec?.clusterIPs ?? [spec?.clusterIP ?? '']).filter(ip => ip !== '' && ip !== 'None'),
        )
        .onChange(({ object: { metadata } }) => forget(`${metadata.namespace}/${metadata.name}`)),
    );
  }

  /** Where `port` (its number or name; the first when absent) of a Service leads from a node; from outside without one. */
  resolve(key: string, port: number | string | undefined, node: string | undefined): Resolution {
    let known = this.#known.get(key);
    if (!known || known.resolutions.size > PLACES_MAX) this.#known.set(key, (known = { resolutions: new Map() }));
    const place = `${port ?? ''} ${node ?? ''}`;
    let found = known.resolutions.get(place);
    if (!found) known.resolutions.set(place, (found = this.#find(key, port, node)));
    return found;
  }

  /** The Service that has an address, by `namespace/name`. */
  at(address: string): string | undefined {
    const [service] = this.#informers.of<kinds.Service>(REFS.services).by('address', address);
    return service && `${service.metadata.namespace}/${service.metadata.name}`;
  }

  #find(key: string, asked: number | string | undefined, node: string | undefined): Resolution {
    const service = this.#informers.of<kinds.Service>(REFS.services).get(key);
    if (!service) return { kind: 'none' };
    const { spec } = service;
    if (spec?.type === 'ExternalName') return { kind: 'elsewhere', name: spec.externalName ?? '' };
    const port = (spec?.ports ?? []).find(
      entry =>
        (entry.protocol ?? 'TCP') === 'TCP' && (asked === undefined || entry.port === asked || entry.name === asked),
    );
    if (!port) return { kind: 'no-port' };
    const slices = this.#informers.of<kinds.EndpointSlice>(REFS.slices).by('service', key);
    const { clusterIps, endpoints } = lowerNames(service, slices);
    if (clusterIps.length === 0) {
      // A name without an address of its own leads to the pods, at the very port that was asked for (DNS specification 1.1, §2.4).
      const at = endpoints.map(({ address, ports }) => ({
        address,
        port: typeof asked === 'string' ? (ports.find(({ name }) => name === asked)?.port ?? port.port) : port.port,
      }));
      return { kind: 'endpoints', endpoints: at, sticky: false };
    }
    const lowered = lowerService(node === undefined ? anywhere(service) : service, slices, this.#placeOf(node)).find(
      entry => entry.protocol === 'TCP' && entry.port === port.port,
    );
    return { kind: 'endpoints', endpoints: lowered?.endpoints ?? [], sticky: lowered?.sticky ?? false };
  }

  #placeOf(node: string | undefined): { readonly node: string; readonly zone?: string } {
    if (node === undefined) return { node: '' };
    const zone = this.#informers.of<kinds.Node>(REFS.nodes).get(node)?.metadata.labels?.['topology.kubernetes.io/zone'];
    return { node, ...(zone ? { zone } : {}) };
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }
}

/** Balancers before the nodes ask those nodes only that have endpoints: together they reach every one. */
const anywhere = (service: kinds.Service): kinds.Service => ({
  ...service,
  spec: { ...service.spec, internalTrafficPolicy: 'Cluster', externalTrafficPolicy: 'Cluster' } as NonNullable<
    kinds.Service['spec']
  >,
});
