import type { Random } from '../../base/ports.ts';
import type { Client } from '../../kernel/client.ts';
import type { KubeObject } from '../../kernel/object.ts';
import { isAlreadyExists, isNotFound, StatusError } from '../../kernel/status.ts';
import { findCondition } from '../conditions.ts';
import { IP_ADDRESSES, SERVICE_CIDRS } from '../refs.ts';
import type { Service, ServiceRange } from '../types.ts';
import {
  addressText,
  addressValue,
  bandsOf,
  type Family,
  familyOf,
  offers,
  parsePrefix,
  type Prefix,
} from './prefix.ts';

export const FAMILY_LABEL = 'ipaddress.kubernetes.io/ip-family';
export const KEEPER_LABEL = 'ipaddress.kubernetes.io/managed-by';
/** What marks the claims of services, whichever server made them (KEP-1880). */
export const KEEPER = 'ipallocator.k8s.io';
/** The ServiceCIDR of what the server was started with. */
export const DEFAULT_RANGE = 'kubernetes';
/** Whom managedFields name for what the server writes of itself. */
export const SERVER = 'kube-apiserver';

export const prefixesOf = (range: ServiceRange): Prefix[] =>
  (range.spec.cidrs ?? []).flatMap(text => parsePrefix(text) ?? []);

/** The claim of a service to an address. */
export function claimOf(service: Service, address: string): KubeObject & { metadata: { name: string } } {
  const name = canonical(address);
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: { name, labels: { [FAMILY_LABEL]: familyOf(name), [KEEPER_LABEL]: KEEPER } },
    spec: {
      parentRef: {
        resource: 'services',
        namespace: service.metadata.namespace ?? '',
        name: service.metadata.name,
      },
    },
  };
}

/** The one way an address is written, which is its claim's name. */
export function canonical(address: string): string {
  const value = addressValue(address);
  return value === undefined ? address : addressText(familyOf(address), value);
}

/** Why an address cannot be had, in the allocator's words. */
export class NotAllocated extends Error {
  override readonly name = 'NotAllocated';
}

/** Why an address is none of these; a trial asks one range only, which knows itself. */
function outside([only, ...more]: readonly Prefix[], address: string, dryRun: boolean): string {
  if (!dryRun || !only || more.length > 0) return 'the provided network does not match the current range';
  return `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${only.text}`;
}

const FULL = 'range is full';
/** Addresses tried by chance before the ones in use are looked up. */
const GUESSES = 6;

export interface AddressRangesOptions {
  readonly random: Random;
  /** Addresses only given to those who ask for them: the API's own and cluster DNS. */
  readonly reserved: ReadonlySet<string>;
}

/**
 * The addresses of the ranges that are ready (ServiceCIDR objects). Nothing is remembered here: an address belongs to whoever
 * creates its IPAddress object, so that several servers on one store cannot give it away twice.
 */
export class AddressRanges {
  readonly #client: Client;
  readonly #options: AddressRangesOptions;

  constructor(client: Client, options: AddressRangesOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** Ranges that addresses of a family may be taken from now, the default one first. */
  async #ready(family: Family): Promise<Prefix[]> {
    const { items } = await this.#client.list<ServiceRange>(SERVICE_CIDRS);
    const rank = ({ metadata: { name } }: ServiceRange): string => (name === DEFAULT_RANGE ? '' : name);
    return items
      .filter(({ metadata, status }) => {
        const ready = findCondition(status?.conditions, 'Ready');
        return !metadata.deletionTimestamp && (ready === undefined || ready.status === 'True');
      })
      .sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
      .flatMap(prefixesOf)
      .filter(prefix => prefix.family === family);
  }

  /** Takes the address a service asked for; throws {@link NotAllocated}. */
  async take(service: Service, address: string, dryRun: boolean): Promise<void> {
    const ranges = await this.#ready(familyOf(address));
    if (!ranges.some(prefix => offers(prefix, address))) throw new NotAllocated(outside(ranges, address, dryRun));
    if (!dryRun && !(await this.#claim(service, address))) throw new NotAllocated('provided IP is already allocated');
  }

  /** Takes any free address of a family; throws {@link NotAllocated} when there is none. */
  async takeAny(service: Service, family: Family, dryRun: boolean): Promise<string> {
    const ranges = await this.#ready(family);
    if (ranges.length === 0) throw new NotAllocated(FULL);
    // A trial is told the range's own address, which nobody has.
    if (dryRun) return addressText(family, ranges[0]!.network);
    for (const prefix of ranges) {
      const address = (await this.#guess(service, prefix)) ?? (await this.#search(service, prefix));
      if (address !== undefined) return address;
    }
    throw new NotAllocated(FULL);
  }

  /** Gives an address back; one that nobody has is no error. */
  async release(address: string): Promise<void> {
    try {
      await this.#client.delete(IP_ADDRESSES, { name: canonical(address) });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #claim(service: Service, address: string): Promise<boolean> {
    try {
      await this.#client.create(IP_ADDRESSES, claimOf(service, address), { fieldManager: SERVER });
      return true;
    } catch (error) {
      if (isAlreadyExists(error)) return false;
      if (error instanceof StatusError) throw new NotAllocated(error.message);
      throw error;
    }
  }

  #drawn(first: bigint, last: bigint): bigint {
    const bits = 53n;
    const fraction = BigInt(Math.floor(this.#options.random.next() * 2 ** Number(bits)));
    return first + (((last - first + 1n) * fraction) >> bits);
  }

  async #guess(service: Service, prefix: Prefix): Promise<string | undefined> {
    const { upper, last } = bandsOf(prefix);
    for (let guess = 0; guess < GUESSES && upper <= last; guess++) {
      const address = addressText(prefix.family, this.#drawn(upper, last));
      if (!this.#options.reserved.has(address) && (await this.#claim(service, address))) return address;
    }
    return undefined;
  }

  /** Every address that is not in use, from a drawn one on: the upper band first. */
  async #search(service: Service, prefix: Prefix): Promise<string | undefined> {
    const { items } = await this.#client.list(IP_ADDRESSES);
    const used = new Set([...items.map(({ metadata }) => metadata.name), ...this.#options.reserved]);
    const { first, upper, last } = bandsOf(prefix);
    for (const [low, high] of [
      [upper, last],
      [first, upper - 1n],
    ] as const) {
      const size = high - low + 1n;
      if (size <= 0n) continue;
      const from = this.#drawn(low, high) - low;
      for (let step = 0n; step < size; step++) {
        const address = addressText(prefix.family, low + ((from + step) % size));
        if (!used.has(address) && (await this.#claim(service, address))) return address;
      }
    }
    return undefined;
  }
}
