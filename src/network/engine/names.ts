import { formatAddress, parseAddress } from './addresses.ts';

/** A record as an answer carries it; `ttl_s` is set by whoever sends it. */
export type NameRecord =
  | { readonly type: 'A' | 'AAAA'; readonly name: string; readonly data: string }
  | { readonly type: 'CNAME' | 'PTR'; readonly name: string; readonly data: string }
  | { readonly type: 'TXT'; readonly name: string; readonly data: string }
  | {
      readonly type: 'SRV';
      readonly name: string;
      readonly data: { port: number; target: string; weight: number; priority: number };
    };

/** `elsewhere`: not a name of the cluster, ask upstream. `none` is NXDOMAIN; `found` may be empty (NODATA). */
export type NameAnswer =
  | { readonly kind: 'found'; readonly records: readonly NameRecord[]; readonly additional: readonly NameRecord[] }
  | { readonly kind: 'none' }
  | { readonly kind: 'elsewhere' };

export interface NamedEndpoint {
  readonly address: string;
  readonly hostname?: string;
  readonly ports: readonly NamedPort[];
}

export interface NamedPort {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
}

/** What DNS says of one Service. Headless ones have endpoints and no cluster IPs. */
export interface NamedService {
  readonly namespace: string;
  readonly name: string;
  readonly clusterIps: readonly string[];
  readonly ports: readonly NamedPort[];
  readonly endpoints: readonly NamedEndpoint[];
  readonly externalName?: string;
}

const dashed = (address: string): string => address.replaceAll('.', '-').replaceAll(':', '-');
const recordType = (address: string): 'A' | 'AAAA' => (address.includes(':') ? 'AAAA' : 'A');

/** `4.3.2.1.in-addr.arpa` or 32 nibbles under ip6.arpa, as an address. */
function reverseAddress(name: string): string | undefined {
  const four = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/.exec(name);
  if (four) return `${four[4]}.${four[3]}.${four[2]}.${four[1]}`;
  if (!/^([0-9a-f]\.){32}ip6\.arpa$/.test(name)) return undefined;
  const hex = name.slice(0, 63).split('.').reverse().join('');
  return formatAddress(6, BigInt(`0x${hex}`));
}

const normal = (address: string): string => {
  const parsed = parseAddress(address);
  return parsed ? formatAddress(parsed.family, parsed.value) : address;
};

/** Answers for the names of one cluster (Kubernetes DNS-Based Service Discovery 1.1.0). */
export class NameZone {
  readonly #domain: string;
  readonly #services = new Map<string, NamedService>();
  readonly #namespaces = new Set<string>();
  readonly #reverse = new Map<string, string>();

  constructor(domain: string, services: Iterable<NamedService>, namespaces: Iterable<string>) {
    this.#domain = domain.toLowerCase();
    for (const name of namespaces) this.#namespaces.add(name);
    for (const service of services) {
      this.#services.set(`${service.name}.${service.namespace}`, service);
      this.#namespaces.add(service.namespace);
      const name = this.#nameOf(service);
      for (const ip of service.clusterIps) this.#reverse.set(normal(ip), name);
      if (service.clusterIps.length > 0) continue;
      for (const endpoint of service.endpoints)
        this.#reverse.set(normal(endpoint.address), this.#hostOf(service, endpoint));
    }
  }

  #nameOf(service: NamedService): string {
    return `${service.name}.${service.namespace}.svc.${this.#domain}`;
  }

  #hostOf(service: NamedService, endpoint: NamedEndpoint): string {
    return `${endpoint.hostname ?? dashed(endpoint.address)}.${this.#nameOf(service)}`;
  }

  answer(rawName: string, type: string): NameAnswer {
    const name = rawName.toLowerCase().replace(/\.$/, '');
    const address = type === 'PTR' || name.endsWith('.arpa') ? reverseAddress(name) : undefined;
    if (address !== undefined) {
      const target = this.#reverse.get(normal(address));
      return target === undefined
        ? { kind: 'elsewhere' }
        : found(type === 'PTR' ? [{ type: 'PTR', name, data: target }] : []);
    }
    if (name === this.#domain) return found([]);
    if (!name.endsWith(`.${this.#domain}`)) return { kind: 'elsewhere' };
    const labels = name.slice(0, -this.#domain.length - 1).split('.');
    const kind = labels.pop();
    if (kind === 'svc') return this.#answerService(name, labels, type);
    if (kind === 'pod') return this.#answerPod(name, labels, type);
    if (kind === 'dns-version' && labels.length === 0) {
      return found(type === 'TXT' ? [{ type: 'TXT', name, data: '1.1.0' }] : []);
    }
    return { kind: 'none' };
  }

  /** `1-2-3-4.namespace.pod.domain` is the address its name says. */
  #answerPod(name: string, labels: readonly string[], type: string): NameAnswer {
    if (labels.length === 0) return found([]);
    const namespace = labels.at(-1)!;
    if (!this.#namespaces.has(namespace) || labels.length > 2) return { kind: 'none' };
    if (labels.length === 1) return found([]);
    const text = labels[0]!;
    const address = [text.replaceAll('-', '.'), text.replaceAll('-', ':')].find(entry => parseAddress(entry));
    if (address === undefined) return { kind: 'none' };
    return found(recordType(address) === type ? [{ type: recordType(address), name, data: address }] : []);
  }

  #answerService(name: string, labels: readonly string[], type: string): NameAnswer {
    if (labels.length === 0) return found([]);
    const namespace = labels.at(-1)!;
    if (labels.length === 1) return this.#namespaces.has(namespace) ? found([]) : { kind: 'none' };
    const service = this.#services.get(`${labels.at(-2)}.${namespace}`);
    if (!service) return { kind: 'none' };
    const rest = labels.slice(0, -2);
    if (service.externalName !== undefined) {
      return rest.length === 0 ? found([{ type: 'CNAME', name, data: service.externalName }]) : { kind: 'none' };
    }
    if (rest.length === 0) return this.#answerAddresses(service, name, type);
    if (rest.length === 1 && service.clusterIps.length === 0) {
      const endpoints = service.endpoints.filter(entry => (entry.hostname ?? dashed(entry.address)) === rest[0]);
      return endpoints.length === 0
        ? { kind: 'none' }
        : found(
            addressRecords(
              name,
              endpoints.map(entry => entry.address),
              type,
            ),
          );
    }
    if (rest.length === 2 && rest.every(label => label.startsWith('_')))
      return this.#answerPort(service, name, rest, type);
    return { kind: 'none' };
  }

  #answerAddresses(service: NamedService, name: string, type: string): NameAnswer {
    const addresses =
      service.clusterIps.length > 0 ? service.clusterIps : service.endpoints.map(entry => entry.address);
    if (type === 'SRV') return this.#locate(service, name, () => true);
    return found(addressRecords(name, [...new Set(addresses)], type));
  }

  #answerPort(service: NamedService, name: string, labels: readonly string[], type: string): NameAnswer {
    const [port, protocol] = labels.map(label => label.slice(1));
    const fits = (entry: NamedPort): boolean => entry.name === port && entry.protocol.toLowerCase() === protocol;
    const exists = service.ports.some(fits) || service.endpoints.some(entry => entry.ports.some(fits));
    if (!exists) return { kind: 'none' };
    return type === 'SRV' ? this.#locate(service, name, fits) : found([]);
  }

  #locate(service: NamedService, name: string, fits: (port: NamedPort) => boolean): NameAnswer {
    const places =
      service.clusterIps.length > 0
        ? [{ target: this.#nameOf(service), addresses: service.clusterIps, ports: service.ports }]
        : service.endpoints.map(entry => ({
            target: this.#hostOf(service, entry),
            addresses: [entry.address],
            ports: entry.ports,
          }));
    const records: NameRecord[] = [];
    const additional: NameRecord[] = [];
    for (const { target, addresses, ports } of places) {
      const located = ports.filter(fits);
      for (const { port } of located)
        records.push({ type: 'SRV', name, data: { port, target, weight: 100, priority: 0 } });
      if (located.length > 0)
        additional.push(...addresses.map(data => ({ type: recordType(data), name: target, data })));
    }
    return { kind: 'found', records, additional };
  }
}

const found = (records: readonly NameRecord[]): NameAnswer => ({ kind: 'found', records, additional: [] });

function addressRecords(name: string, addresses: readonly string[], type: string): NameRecord[] {
  return addresses
    .filter(address => recordType(address) === type)
    .map(data => ({ type: recordType(data), name, data }));
}
