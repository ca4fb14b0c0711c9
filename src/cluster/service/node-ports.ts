import type { Random } from '../../base/ports.ts';
import type { AllocationRecord } from '../../kernel/store/port.ts';
import { invalid, statusError } from '../../kernel/status.ts';
import type { Service } from '../types.ts';
import { PortBits } from './port-bits.ts';

/** First and last node port where nothing else is said. */
export const NODE_PORTS: readonly [number, number] = [30_000, 32_767];

/** How often a port may be found without its service, which may be being written (kube-apiserver's repair loop). */
const LEAK_ROUNDS = 3;
/** How often the record is held against the services. */
export const MEND_MS = 3 * 60_000;

const SMALL = 16;
const BAND_MAX = 128;
const SHARE = 32;

/** Node ports left to those who ask by number (KEP-3668). */
const bandOf = (size: number): number =>
  size <= SMALL ? 0 : Math.min(Math.max(SMALL, Math.floor(size / SHARE)), BAND_MAX);

const outside = (service: Service): boolean => service.spec.type === 'NodePort' || service.spec.type === 'LoadBalancer';
const allocates = (service: Service): boolean =>
  service.spec.type === 'NodePort' ||
  (service.spec.type === 'LoadBalancer' && service.spec.allocateLoadBalancerNodePorts !== false);
const checked = ({ spec }: Service): boolean => spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';

const numbersOf = (service: Service): number[] =>
  (service.spec.ports ?? []).map(port => port.nodePort ?? 0).filter(port => port > 0);

/** Every node port a service holds. */
export const portsOf = (service: Service | undefined): Set<number> =>
  new Set(service ? [...numbersOf(service), service.spec.healthCheckNodePort ?? 0].filter(port => port > 0) : []);

function refuse(service: Service, field: string, value: number, message: string): never {
  throw invalid('Service', '', service.metadata.name, [
    { reason: 'FieldValueInvalid', field, message: `Invalid value: ${value}: ${message}` },
  ]);
}

const internal = (message: string): Error =>
  statusError(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] });

/**
 * Who holds which node port; services are told apart by uid. Where several servers share a store the record they keep
 * there says which ports are taken, as among kube-apiservers.
 */
export class NodePorts {
  readonly #low: number;
  readonly #high: number;
  readonly #start: number;
  readonly #random: Random;
  readonly #owners = new Map<number, string>();
  #leaks: ReadonlyMap<number, number> = new Map();
  #record: AllocationRecord | undefined;
  #taken: (port: number) => boolean = port => this.#owners.has(port);

  constructor([low, high]: readonly [number, number], random: Random) {
    this.#low = low;
    this.#high = high;
    this.#start = low + bandOf(high - low + 1);
    this.#random = random;
  }

  adopt(service: Service): void {
    for (const port of portsOf(service)) if (!this.#owners.has(port)) this.#owners.set(port, service.metadata.uid);
  }

  release(uid: string, ports: Iterable<number>): void {
    for (const port of ports) if (this.#owners.get(port) === uid) this.#owners.delete(port);
  }

  /** True where other servers give ports too. */
  get shared(): boolean {
    return this.#record !== undefined;
  }

  /** From now on every port is given by the record, which is told of the ports that stored services hold. */
  async share(record: AllocationRecord, services: readonly Service[]): Promise<void> {
    this.#record = record;
    await this.mend(services);
  }

  /** Puts ports of stored services into the record, and takes out those that no service had for several rounds. */
  async mend(services: readonly Service[]): Promise<void> {
    const used = new Set(services.flatMap(service => [...portsOf(service)]));
    let leaks = new Map<number, number>();
    await this.#record?.(held => {
      const bits = PortBits.read(held, this.#low, this.#high) ?? new PortBits(this.#low, this.#high);
      leaks = new Map();
      for (const port of bits.ports()) {
        if (used.has(port)) continue;
        const rounds = this.#leaks.get(port) ?? 0;
        if (rounds < LEAK_ROUNDS) leaks.set(port, rounds + 1);
        else bits.delete(port);
      }
      for (const port of used) bits.add(port);
      return bits.written();
    });
    this.#leaks = leaks;
  }

  /** Gives ports back that this server took or that a removed service held. */
  async giveBack(uid: string, ports: ReadonlySet<number>): Promise<void> {
    this.release(uid, ports);
    if (ports.size === 0) return;
    await this.#record?.(held => {
      const bits = PortBits.read(held, this.#low, this.#high);
      for (const port of ports) bits?.delete(port);
      return bits?.written();
    });
  }

  /** Gives a service the ports its type has, and adds those it did not hold to `mine`; a trial leaves the record alone. */
  async give(service: Service, old: Service | undefined, mine: Set<number>, dryRun: boolean): Promise<void> {
    const record = this.#record;
    if (!record || !(outside(service) || checked(service))) return this.#give(service, old, mine);
    const asked = structuredClone(service.spec);
    return record(held => {
      const bits = PortBits.read(held, this.#low, this.#high);
      if (!bits) throw internal('the provided range does not match the current range');
      // Another server was faster: from the start.
      this.release(service.metadata.uid, mine);
      mine.clear();
      service.spec = structuredClone(asked);
      this.#taken = port => bits.has(port);
      try {
        this.#give(service, old, mine);
      } catch (error) {
        this.release(service.metadata.uid, mine);
        mine.clear();
        throw error;
      } finally {
        this.#taken = port => this.#owners.has(port);
      }
      for (const port of mine) bits.add(port);
      return mine.size > 0 && !dryRun ? bits.written() : undefined;
    });
  }

  #give(service: Service, old: Service | undefined, mine: Set<number>): void {
    if (old) keepPorts(service, old);
    const held = portsOf(old);
    if (outside(service)) this.#givePorts(service, held, mine);
    const had = old !== undefined && checked(old);
    if (checked(service) && !had) this.#giveCheck(service, held, mine);
    if (old) dropPorts(service, old);
  }

  #givePorts(service: Service, held: ReadonlySet<number>, mine: Set<number>): void {
    const ports = service.spec.ports ?? [];
    const shared = new Map<number, number>();
    for (const [at, port] of ports.entries()) {
      if (!port.nodePort && !allocates(service)) continue;
      // One number serves both protocols of a port.
      const asked =
        port.nodePort || shared.get(port.port) || ports.find(one => one.port === port.port && one.nodePort)?.nodePort;
      port.nodePort = asked
        ? this.#named(service, `spec.ports[${at}].nodePort`, asked, held, mine)
        : this.#any(service, mine);
      if (!shared.has(port.port)) shared.set(port.port, port.nodePort);
    }
  }

  #giveCheck(service: Service, held: ReadonlySet<number>, mine: Set<number>): void {
    const asked = service.spec.healthCheckNodePort;
    if (asked === undefined || asked === 0) {
      service.spec.healthCheckNodePort = this.#any(service, mine);
      return;
    }
    const problem = held.has(asked) ? undefined : this.#take(service, asked, mine);
    if (problem) throw internal(`failed to allocate requested HealthCheck NodePort ${asked}: ${problem}`);
  }

  #named(service: Service, field: string, port: number, held: ReadonlySet<number>, mine: Set<number>): number {
    const problem = held.has(port) ? undefined : this.#take(service, port, mine);
    return problem === undefined ? port : refuse(service, field, port, problem);
  }

  /** Why a port cannot be had; undefined once it is taken. */
  #take(service: Service, port: number, mine: Set<number>): string | undefined {
    if (mine.has(port)) return undefined;
    if (port < this.#low || port > this.#high)
      return `provided port is not in the valid range. The range of valid ports is ${this.#low}-${this.#high}`;
    if (this.#taken(port)) return 'provided port is already allocated';
    this.#owners.set(port, service.metadata.uid);
    mine.add(port);
    return undefined;
  }

  #any(service: Service, mine: Set<number>): number {
    const port = this.#scan(this.#start, this.#high, mine) ?? this.#scan(this.#low, this.#start - 1, mine);
    if (port === undefined) throw internal('failed to allocate a nodePort: range is full');
    this.#owners.set(port, service.metadata.uid);
    mine.add(port);
    return port;
  }

  #scan(low: number, high: number, mine: ReadonlySet<number>): number | undefined {
    const size = high - low + 1;
    if (size <= 0) return undefined;
    const from = Math.floor(this.#random.next() * size);
    for (let step = 0; step < size; step++) {
      const port = low + ((from + step) % size);
      if (!this.#taken(port) && !mine.has(port)) return port;
    }
    return undefined;
  }
}

/** An update that does not name its node ports keeps them, by the names of its ports. */
function keepPorts(service: Service, old: Service): void {
  if (allocates(old) && allocates(service)) {
    const now = new Set(numbersOf(service));
    const before = new Map((old.spec.ports ?? []).map(port => [port.name ?? '', port.nodePort ?? 0]));
    for (const port of service.spec.ports ?? []) {
      const known = before.get(port.name ?? '') ?? 0;
      if (!port.nodePort && known > 0 && !now.has(known)) port.nodePort = known;
    }
  }
  if (checked(old) && checked(service) && !service.spec.healthCheckNodePort && old.spec.healthCheckNodePort)
    service.spec.healthCheckNodePort = old.spec.healthCheckNodePort;
}

/** What a changed type has no use for goes, where the writer left it as it was. */
function dropPorts(service: Service, old: Service): void {
  const unchanged = JSON.stringify(numbersOf(service).sort()) === JSON.stringify(numbersOf(old).sort());
  if (allocates(old) && !allocates(service) && unchanged)
    for (const port of service.spec.ports ?? []) delete port.nodePort;
  if (checked(old) && !checked(service) && service.spec.healthCheckNodePort === old.spec.healthCheckNodePort)
    delete service.spec.healthCheckNodePort;
}
