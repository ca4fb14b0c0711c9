import type { kinds } from '../../kernel/index.ts';
import type { Informers } from '../../kernel/informers.ts';
import type { BackendReference } from '../model.ts';

export const REFS = {
  services: { group: '', version: 'v1', resource: 'services' },
  slices: { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' },
  secrets: { group: '', version: 'v1', resource: 'secrets' },
  namespaces: { group: '', version: 'v1', resource: 'namespaces' },
  ingresses: { group: 'networking.k8s.io', version: 'v1', resource: 'ingresses' },
  ingressClasses: { group: 'networking.k8s.io', version: 'v1', resource: 'ingressclasses' },
  definitions: { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' },
} as const;

/** An endpoint requests can be sent to. */
export interface Place {
  readonly address: string;
  readonly port: number;
}

/** Finds the endpoints of Service ports as they are now. */
export class Backends {
  readonly #informers: Informers;

  constructor(informers: Informers) {
    this.#informers = informers;
    informers
      .of<kinds.EndpointSlice>(REFS.slices)
      .index('service', slice => [
        `${slice.metadata.namespace}/${slice.metadata.labels?.['kubernetes.io/service-name'] ?? ''}`,
      ]);
  }

  service(reference: Pick<BackendReference, 'namespace' | 'name'>): kinds.Service | undefined {
    return this.#informers.of<kinds.Service>(REFS.services).get(`${reference.namespace}/${reference.name}`);
  }

  hasPort(reference: BackendReference): boolean {
    return this.#portOf(reference) !== undefined;
  }

  #portOf(reference: BackendReference): { name?: string; port: number } | undefined {
    return this.service(reference)?.spec?.ports?.find(
      port => port.port === reference.port || port.name === reference.port,
    );
  }

  /** Ready endpoints, IPv4 before IPv6. */
  places(reference: BackendReference): Place[] {
    const port = this.#portOf(reference);
    if (!port) return [];
    const key = `${reference.namespace}/${reference.name}`;
    return this.#informers
      .of<kinds.EndpointSlice>(REFS.slices)
      .by('service', key)
      .filter(slice => slice.addressType !== 'FQDN')
      .sort((left, right) => (left.addressType < right.addressType ? -1 : 1))
      .flatMap(slice => {
        const target = (slice.ports ?? []).find(entry => (entry.name ?? '') === (port.name ?? ''))?.port;
        if (target === undefined) return [];
        return (slice.endpoints ?? [])
          .filter(endpoint => endpoint.conditions?.ready !== false)
          .flatMap(endpoint => endpoint.addresses.map(address => ({ address, port: target })));
      });
  }
}
