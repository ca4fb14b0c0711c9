import { isIP } from 'node:net';
import type { Random } from '../../base/ports.ts';
import type { AdmissionAttributes, AdmissionStep } from '../../kernel/admission/admission.ts';
import type { Client } from '../../kernel/client.ts';
import { invalid, type StatusCause } from '../../kernel/status.ts';
import { SERVICES } from '../refs.ts';
import type { Service, ServicePort } from '../types.ts';

export interface ServiceAddressOptions {
  readonly random: Random;
  /** IPv4 range of cluster addresses; 10.96.0.0/12 when absent. */
  readonly cidr?: string;
  /** First and last node port; 30000–32767 when absent. */
  readonly nodePorts?: readonly [number, number];
}

/** Hands out cluster addresses and node ports as part of admission; `load` takes in what services already have. */
export interface ServiceAddresses {
  readonly step: AdmissionStep;
  /** The first address of the range: the `kubernetes` service's. */
  readonly first: string;
  load(client: Client): Promise<void>;
}

interface Reservation {
  readonly addresses: Set<number>;
  readonly ports: Set<number>;
}

const toNumber = (ip: string): number | undefined => {
  const parts = ip.split('.').map(Number);
  if (parts.length !== 4 || parts.some(part => !Number.isInteger(part) || part < 0 || part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
};

const toText = (ip: number): string => [24, 16, 8, 0].map(shift => Math.floor(ip / 2 ** shift) % 256).join('.');

/**
 * A set of numbers out of a range. Without a wish it takes one from the upper band at random: the lower band is left to
 * those who ask for one by number (KEP-3070, KEP-3668).
 */
class Pool {
  readonly #low: number;
  readonly #high: number;
  readonly #reserved: number;
  readonly #used = new Set<number>();
  readonly #random: Random;

  constructor(low: number, high: number, band: number, random: Random) {
    this.#low = low;
    this.#high = high;
    this.#reserved = Math.min(band, Math.max(0, high - low));
    this.#random = random;
  }

  contains(value: number): boolean {
    return value >= this.#low && value <= this.#high;
  }
  take(value: number): boolean {
    if (this.#used.has(value)) return false;
    this.#used.add(value);
    return true;
  }
  release(value: number): void {
    this.#used.delete(value);
  }
  any(): number | undefined {
    const start = this.#low + this.#reserved;
    return this.#scan(start, this.#high) ?? this.#scan(this.#low, start - 1);
  }

  #scan(low: number, high: number): number | undefined {
    const size = high - low + 1;
    if (size <= 0) return undefined;
    const from = Math.floor(this.#random.next() * size);
    for (let step = 0; step < size && step <= this.#used.size; step++) {
      const value = low + ((from + step) % size);
      if (this.take(value)) return value;
    }
    return undefined;
  }
}

const band = (size: number, least: number, divisor: number, most: number): number =>
  size <= least ? 0 : Math.min(Math.max(least, Math.floor(size / divisor)), most);

const hasAddress = (service: Service): boolean => service.spec.type !== 'ExternalName';
const hasNodePorts = (service: Service): boolean =>
  service.spec.type === 'NodePort' ||
  (service.spec.type === 'LoadBalancer' && service.spec.allocateLoadBalancerNodePorts !== false);

/** Admission of cluster addresses and node ports (the REST storage of services in kube-apiserver). */
export function serviceAddresses(options: ServiceAddressOptions): ServiceAddresses {
  const allocator = new ServiceAllocator(options);
  return {
    first: allocator.first,
    load: async client => {
      for (const service of (await client.list<Service>(SERVICES)).items) allocator.adopt(service);
    },
    step: {
      name: 'ServiceAddresses',
      handles: (_, definition, subresource) =>
        definition.group === '' && definition.resource === 'services' && subresource === '',
      mutate: attributes => (attributes.operation === 'DELETE' ? false : allocator.admit(attributes)),
      settle: (attributes, stored) => allocator.settle(attributes, stored),
    },
  };
}

function heldBy(service: Service | undefined): Reservation {
  const ips = service?.spec.clusterIPs ?? (service?.spec.clusterIP ? [service.spec.clusterIP] : []);
  const numbers = [
    ...(service?.spec.ports ?? []).map(port => port.nodePort ?? 0),
    service?.spec.healthCheckNodePort ?? 0,
  ];
  return {
    addresses: new Set(ips.flatMap(ip => toNumber(ip) ?? [])),
    ports: new Set(numbers.filter(port => port > 0)),
  };
}

function refuse(service: Service, field: string, value: unknown, message: string): never {
  throw invalid('Service', '', service.metadata.name, [
    { reason: 'FieldValueInvalid', field, message: `Invalid value: ${JSON.stringify(value)}: ${message}` },
  ]);
}

/**
 * Services have addresses of one family here, IPv4: what asks for another is refused, as by a kube-apiserver with one range
 * (service REST, `initIPFamilyFields`). PreferDualStack is content with one.
 */
function refuseOtherFamilies(service: Service): void {
  const { ipFamilies = [], ipFamilyPolicy } = service.spec;
  const causes: StatusCause[] = [];
  const add = (field: string, value: string, message: string): void =>
    void causes.push({ reason: 'FieldValueInvalid', field, message: `Invalid value: "${value}": ${message}` });
  if (ipFamilyPolicy === 'RequireDualStack')
    add('spec.ipFamilyPolicy', ipFamilyPolicy, 'this cluster is not configured for dual-stack services');
  ipFamilies.forEach((family, i) => {
    if (family === 'IPv6') add(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster');
  });
  if (causes.length > 0) throw invalid('Service', '', service.metadata.name, causes);
}

/** The service after a write that was stored: none when nothing kept it any more. */
function remains({ operation, object, oldObject }: AdmissionAttributes): Service | undefined {
  const after = operation === 'DELETE' ? oldObject : object;
  const kept = (after?.metadata.finalizers?.length ?? 0) > 0;
  const leaving = operation === 'DELETE' || after?.metadata.deletionTimestamp !== undefined;
  return leaving && !kept ? undefined : (after as Service | undefined);
}

class ServiceAllocator {
  readonly first: string;
  readonly #range: string;
  readonly #base: number;
  readonly #size: number;
  readonly #ports: Pool;
  readonly #portRange: string;
  readonly #addresses: Pool;
  readonly #pending = new WeakMap<AdmissionAttributes, Reservation>();

  constructor(options: ServiceAddressOptions) {
    const [network = '10.96.0.0', bits = '12'] = (options.cidr ?? '10.96.0.0/12').split('/');
    const [low, high] = options.nodePorts ?? [30_000, 32_767];
    this.#size = 2 ** (32 - Number(bits));
    this.#base = Math.floor((toNumber(network) ?? 0) / this.#size) * this.#size;
    this.#range = `${toText(this.#base)}/${bits}`;
    this.#portRange = `${low}-${high}`;
    this.first = toText(this.#base + 1);
    this.#addresses = new Pool(
      this.#base + 2,
      this.#base + this.#size - 2,
      band(this.#size, 16, 16, 256),
      options.random,
    );
    this.#ports = new Pool(low, high, band(high - low + 1, 16, 32, 128), options.random);
  }

  adopt(service: Service): void {
    const held = heldBy(service);
    for (const ip of held.addresses) this.#addresses.take(ip);
    for (const port of held.ports) this.#ports.take(port);
  }

  /** Changes the service; what it takes stays taken until the attempt is settled. */
  admit(attributes: AdmissionAttributes): boolean {
    const service = attributes.object as Service | undefined;
    if (!service?.spec) return false;
    const before = JSON.stringify(service.spec);
    const old = attributes.oldObject as Service | undefined;
    const mine = this.#pending.get(attributes) ?? { addresses: new Set<number>(), ports: new Set<number>() };
    this.#pending.set(attributes, mine);
    if (old) keepAllocated(service, old);
    if (hasAddress(service)) {
      service.spec.ipFamilies ??= ['IPv4'];
      service.spec.ipFamilyPolicy ??= 'SingleStack';
      refuseOtherFamilies(service);
      this.#giveAddress(service, heldBy(old), mine);
    } else if (old && hasAddress(old) && service.spec.clusterIP === old.spec.clusterIP) {
      delete service.spec.clusterIP;
      delete service.spec.clusterIPs;
    }
    this.#givePorts(service, heldBy(old), mine);
    return JSON.stringify(service.spec) !== before;
  }

  settle(attributes: AdmissionAttributes, stored: boolean): void {
    const mine = this.#pending.get(attributes);
    this.#pending.delete(attributes);
    if (!stored || attributes.dryRun) {
      if (mine) this.#release(mine);
      return;
    }
    if (!attributes.oldObject) return;
    const now = heldBy(remains(attributes));
    const old = heldBy(attributes.oldObject as Service);
    this.#release({ addresses: old.addresses.difference(now.addresses), ports: old.ports.difference(now.ports) });
  }

  #release({ addresses, ports }: Reservation): void {
    for (const ip of addresses) this.#addresses.release(ip);
    for (const port of ports) this.#ports.release(port);
  }

  #giveAddress(service: Service, held: Reservation, mine: Reservation): void {
    const wanted = service.spec.clusterIP;
    if (wanted === 'None') {
      service.spec.clusterIPs = ['None'];
      return;
    }
    // No address at all: validation says so.
    if (wanted && !isIP(wanted)) return;
    const ip = wanted ? this.#wantedAddress(service, wanted, held, mine) : this.#addresses.any();
    if (ip === undefined)
      return refuse(service, 'spec.clusterIPs', [], 'failed to allocate a serviceIP: range is full');
    if (!held.addresses.has(ip)) mine.addresses.add(ip);
    service.spec.clusterIP = toText(ip);
    service.spec.clusterIPs = [service.spec.clusterIP];
  }

  #wantedAddress(service: Service, wanted: string, held: Reservation, mine: Reservation): number {
    const ip = toNumber(wanted);
    const failed = `failed to allocate IP ${wanted}:`;
    if (ip === undefined || ip <= this.#base || ip >= this.#base + this.#size - 1)
      return refuse(
        service,
        'spec.clusterIPs',
        [wanted],
        `${failed} the provided IP (${wanted}) is not in the valid range. The range of valid IPs is ${this.#range}`,
      );
    if (!held.addresses.has(ip) && !mine.addresses.has(ip) && !this.#addresses.take(ip))
      refuse(service, 'spec.clusterIPs', [wanted], `${failed} provided IP is already allocated`);
    return ip;
  }

  #givePorts(service: Service, held: Reservation, mine: Reservation): void {
    if (hasNodePorts(service)) {
      const shared = new Map<number, number>();
      service.spec.ports?.forEach((port, at) => {
        // One number serves both protocols of a port.
        const twin = shared.get(port.port);
        port.nodePort =
          !port.nodePort && twin ? twin : this.#port(service, `spec.ports[${at}].nodePort`, port.nodePort, held, mine);
        shared.set(port.port, port.nodePort);
      });
    }
    if (service.spec.type === 'LoadBalancer' && service.spec.externalTrafficPolicy === 'Local')
      service.spec.healthCheckNodePort = this.#port(
        service,
        'spec.healthCheckNodePort',
        service.spec.healthCheckNodePort,
        held,
        mine,
      );
  }

  #port(service: Service, field: string, wanted: number | undefined, held: Reservation, mine: Reservation): number {
    if (wanted && !this.#ports.contains(wanted))
      refuse(
        service,
        field,
        wanted,
        `provided port is not in the valid range. The range of valid ports is ${this.#portRange}`,
      );
    if (wanted && (held.ports.has(wanted) || mine.ports.has(wanted))) return wanted;
    if (wanted && !this.#ports.take(wanted)) refuse(service, field, wanted, 'provided port is already allocated');
    const port = wanted || this.#ports.any();
    if (port === undefined) return refuse(service, field, 0, 'failed to allocate a nodePort: range is full');
    mine.ports.add(port);
    return port;
  }
}

/** An update that does not name what was allocated keeps it; what a changed type has no use for goes. */
function keepAllocated(service: Service, old: Service): void {
  if (hasAddress(service) && hasAddress(old) && !service.spec.clusterIP) service.spec.clusterIP = old.spec.clusterIP!;
  const same = (a: ServicePort, b: ServicePort): boolean =>
    a.port === b.port && (a.protocol ?? 'TCP') === (b.protocol ?? 'TCP');
  for (const port of service.spec.ports ?? []) {
    const before = old.spec.ports?.find(each => same(each, port));
    if (hasNodePorts(service) && !port.nodePort && before?.nodePort) port.nodePort = before.nodePort;
    if (!hasNodePorts(service) && hasNodePorts(old) && port.nodePort === before?.nodePort) delete port.nodePort;
  }
}
