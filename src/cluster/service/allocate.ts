import { isIP } from 'node:net';
import type { Clock, Random, Timer } from '../../base/ports.ts';
import type { AdmissionAttributes, AdmissionStep } from '../../kernel/admission/admission.ts';
import type { Client } from '../../kernel/client.ts';
import type { AllocationRecord } from '../../kernel/store/port.ts';
import { quoted } from '../../kernel/schema/validation/causes.ts';
import { invalid, statusError } from '../../kernel/status.ts';
import type { Informers } from '../../kernel/informers.ts';
import { SERVICES } from '../refs.ts';
import type { Service } from '../types.ts';
import {
  addressed,
  dropOutside,
  dropUnused,
  isHeadless,
  linkAddresses,
  NONE,
  settleFamilies,
  staysPreferred,
} from './families.ts';
import { MEND_MS, NODE_PORTS, NodePorts, portsOf } from './node-ports.ts';
import { addressText, type Family, parsePrefix } from './prefix.ts';
import { ensureDefaultRange, startDefaultRangeController } from './range.ts';
import { AddressRanges, NotAllocated } from './ranges.ts';
import { repairClaims, startRepairController } from './repair.ts';

/** Where kube-apiservers keep which node ports are taken. */
const PORT_RECORD = 'servicenodeports';

export interface ServiceAddressOptions {
  readonly random: Random;
  /** Ranges of cluster addresses, one or one of each family, the default family first; 10.96.0.0/12 when absent. */
  readonly cidrs?: readonly string[];
  /** Addresses that are only given to those who ask for them. */
  readonly reserved?: readonly string[];
  /** First and last node port; 30000–32767 when absent. */
  readonly nodePorts?: readonly [number, number];
}

export interface AddressKeeping {
  readonly client: Client;
  readonly clock: Clock;
  readonly informers: Informers;
  readonly report: (error: unknown) => void;
}

/** Hands out cluster addresses and node ports when services are written. */
export interface ServiceAddresses {
  readonly step: AdmissionStep;
  /** The first address of the default range: the `kubernetes` service's. */
  readonly first: string;
  /** Takes in what is stored, and mends what lies there from an interrupted write; before the first request is served. */
  load(client: Client, clock: Clock, record?: (name: string) => AllocationRecord): Promise<void>;
  /** Keeps ServiceCIDR `kubernetes` and the claims of services as they must be, and follows what other servers do. */
  keep(parts: AddressKeeping): AsyncDisposable;
}

/** Cluster addresses and node ports as the storage of services in kube-apiserver gives them (KEP-1880, KEP-563). */
export function serviceAddresses(options: ServiceAddressOptions): ServiceAddresses {
  const { random, cidrs = ['10.96.0.0/12'], nodePorts = NODE_PORTS } = options;
  const prefixes = cidrs.map(text => parsePrefix(text)!);
  const first = addressText(prefixes[0]!.family, prefixes[0]!.network + 1n);
  const firsts = prefixes.map(({ family, network }) => addressText(family, network + 1n));
  const reserved = new Set([...firsts, ...(options.reserved ?? [])]);
  const ports = new NodePorts(nodePorts, random);
  const allocator = new ServiceAllocator(
    prefixes.map(({ family }) => family),
    ports,
  );
  const texts = prefixes.map(({ family, network, bits }) => `${addressText(family, network)}/${bits}`);
  return {
    first,
    load: async (client, clock, record) => {
      allocator.open(new AddressRanges(client, { random, reserved }));
      await ensureDefaultRange(client, clock, texts);
      await repairClaims(client, clock);
      const { items } = await client.list<Service>(SERVICES);
      for (const service of items) ports.adopt(service);
      if (record) await ports.share(record(PORT_RECORD), items);
    },
    keep: parts => {
      const stack = new AsyncDisposableStack();
      // What other servers on the same store give away and take back.
      const stop = parts.informers.of<Service>(SERVICES).onChange(({ type, object, old }) => {
        const { uid } = object.metadata;
        if (type === 'deleted') ports.release(uid, portsOf(object));
        else {
          if (old) ports.release(uid, portsOf(old).difference(portsOf(object)));
          ports.adopt(object);
        }
      });
      stack.defer(stop);
      if (ports.shared) stack.defer(mendPorts(ports, parts));
      stack.use(startDefaultRangeController({ ...parts, cidrs: texts }));
      stack.use(startRepairController(parts));
      return stack;
    },
    step: {
      name: 'ServiceAddresses',
      handles: (_, definition, subresource) =>
        definition.group === '' && definition.resource === 'services' && subresource === '',
      begin: attributes => (attributes.operation === 'DELETE' ? undefined : allocator.begin(attributes)),
      settle: (attributes, stored) => allocator.settle(attributes, stored),
    },
  };
}

/** Holds the record of node ports against the services now and then, until it is stopped. */
function mendPorts(ports: NodePorts, { client, clock, report }: AddressKeeping): () => void {
  let timer: Timer | undefined;
  let stopped = false;
  const wait = (): void => {
    if (!stopped) timer = clock.after(MEND_MS, () => void round());
  };
  const round = (): Promise<void> =>
    client
      .list<Service>(SERVICES)
      .then(({ items }) => ports.mend(items))
      .catch(report)
      .finally(wait);
  wait();
  return () => {
    stopped = true;
    timer?.cancel();
  };
}

/** The service after a write that was stored: none when nothing kept it any more. */
function remains({ operation, object, oldObject }: AdmissionAttributes): Service | undefined {
  const after = operation === 'DELETE' ? oldObject : object;
  const kept = (after?.metadata.finalizers?.length ?? 0) > 0;
  const leaving = operation === 'DELETE' || after?.metadata.deletionTimestamp !== undefined;
  return leaving && !kept ? undefined : (after as Service | undefined);
}

const addressesOf = (service: Service | undefined): Set<string> =>
  new Set((service?.spec.clusterIPs ?? []).filter(address => isIP(address) !== 0));

interface Reservation {
  readonly uid: string;
  readonly addresses: Set<string>;
  readonly ports: Set<number>;
}

class ServiceAllocator {
  readonly #families: readonly Family[];
  readonly #ports: NodePorts;
  #ranges: AddressRanges | undefined;
  readonly #pending = new WeakMap<AdmissionAttributes, Reservation>();

  constructor(families: readonly Family[], ports: NodePorts) {
    this.#families = families;
    this.#ports = ports;
  }

  open(ranges: AddressRanges): void {
    this.#ranges = ranges;
  }

  /** Changes the service; what it takes stays taken until the attempt is settled. */
  async begin(attributes: AdmissionAttributes): Promise<void> {
    const service = attributes.object as Service | undefined;
    if (!service?.spec) return;
    const old = attributes.oldObject as Service | undefined;
    const mine: Reservation = { uid: service.metadata.uid, addresses: new Set(), ports: new Set() };
    this.#pending.set(attributes, mine);
    linkAddresses(service, old);
    settleFamilies(service, old, this.#families);
    await this.#giveAddresses(service, old, mine, attributes.dryRun);
    await this.#ports.give(service, old, mine.ports, attributes.dryRun);
    if (!addressed(service)) delete service.spec.internalTrafficPolicy;
    if (!old) return;
    dropUnused(service, old);
    dropOutside(service, old);
  }

  async settle(attributes: AdmissionAttributes, stored: boolean): Promise<void> {
    const mine = this.#pending.get(attributes);
    this.#pending.delete(attributes);
    if (!stored || attributes.dryRun) {
      if (mine) await this.#release(mine);
      return;
    }
    const old = attributes.oldObject as Service | undefined;
    if (!old) return;
    const now = remains(attributes);
    await this.#release({
      uid: old.metadata.uid,
      addresses: addressesOf(old).difference(addressesOf(now)),
      ports: portsOf(old).difference(portsOf(now)),
    });
  }

  async #release({ uid, addresses, ports }: Reservation): Promise<void> {
    // What stays is an orphan that the repair finds.
    for (const address of addresses) await this.#ranges?.release(address).catch(() => undefined);
    await this.#ports.giveBack(uid, ports).catch(() => undefined);
  }

  /** Takes the addresses a service lacks: all of a new one, the second of one that gets another family. */
  async #giveAddresses(service: Service, old: Service | undefined, mine: Reservation, dryRun: boolean): Promise<void> {
    if (!addressed(service) || service.spec.clusterIPs?.[0] === NONE || staysPreferred(service, old)) return;
    const before = old && addressed(old) ? old : undefined;
    if (before && isHeadless(before)) return;
    const families = service.spec.ipFamilies ?? [];
    const had = before?.spec.ipFamilies?.length ?? 0;
    if (before && families.length <= had) return;
    const wanted = families.map((_, at) => service.spec.clusterIPs?.[at] ?? '');
    for (const [at, family] of families.entries()) {
      if (at < had) continue;
      wanted[at] = await this.#give(service, family as Family, wanted[at]!, dryRun);
      if (!dryRun) mine.addresses.add(wanted[at]);
    }
    service.spec.clusterIPs = wanted;
    if (wanted[0] !== undefined) service.spec.clusterIP = wanted[0];
  }

  async #give(service: Service, family: Family, wanted: string, dryRun: boolean): Promise<string> {
    const ranges = this.#ranges;
    if (!ranges) throw statusError(503, 'ServiceUnavailable', 'cluster addresses are not given away yet');
    try {
      if (wanted === '') return await ranges.takeAny(service, family, dryRun);
      await ranges.take(service, wanted, dryRun);
      return wanted;
    } catch (error) {
      if (!(error instanceof NotAllocated)) throw error;
      const { name } = service.metadata;
      if (wanted === '') {
        const message = `failed to allocate a serviceIP: ${error.message}`;
        throw statusError(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] });
      }
      const message = `Invalid value: ${quoted(service.spec.clusterIPs)}: failed to allocate IP ${wanted}: ${error.message}`;
      throw invalid('Service', '', name, [{ reason: 'FieldValueInvalid', field: 'spec.clusterIPs', message }]);
    }
  }
}
