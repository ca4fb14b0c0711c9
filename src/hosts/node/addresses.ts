import { hostFaults } from './faults.ts';

/** Address ranges of one Tenon, chosen by its state id so that two on one machine do not meet, or by its operator. */
export interface AddressPlan {
  /** IPv4, and IPv6 where services have both. */
  readonly podCidrs: readonly string[];
  /** The first is that of services that do not say which family they want. */
  readonly serviceCidrs: readonly string[];
  /** First usable address of the first range: the `kubernetes` Service. */
  readonly apiService: string;
  /** Tenth of each range: cluster DNS, where kubeadm puts it too. */
  readonly dns: readonly string[];
}

const ADDRESS = /^\d{1,3}(\.\d{1,3}){3}$/;
const ADDRESS_6 = /^[0-9a-f:]+:[0-9a-f]*$/;
const RANGE = /^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/;
const RANGE_6 = /^[0-9a-f:]+::\/\d{1,3}$/;

/** What a range may measure: cluster DNS has its tenth address, and an allocator must be able to look through it. */
const LENGTHS = { 4: [12, 27], 6: [64, 123] } as const;

const isSix = (text: string): boolean => text.includes(':');

/** Throws a fault where the ranges of an operator are none: one of IPv4, or one of IPv4 and then one of IPv6. */
export function checkServiceRanges(cidrs: readonly string[], stateId: string): void {
  const refuse = (range: string, reason: string): Error => hostFaults.error('service-range', { range, reason });
  const [first = '', second] = cidrs;
  if (cidrs.length > 2 || (second !== undefined && !isSix(second)) || isSix(first))
    throw refuse(cidrs.join(','), 'it is not an IPv4 range, or an IPv4 and an IPv6 range');
  for (const cidr of cidrs) {
    const six = isSix(cidr);
    const bits = Number(cidr.split('/')[1]);
    const [least, most] = LENGTHS[six ? 6 : 4];
    if (!(six ? RANGE_6 : RANGE).test(cidr) || bits < least || bits > most)
      throw refuse(cidr, `it is not an address and a length of ${least} to ${most}`);
    if (!six && cidr.split('/')[0] !== networkOf(cidr)) throw refuse(cidr, `its network is ${networkOf(cidr)}`);
  }
  const [pods = ''] = addressPlan(stateId).podCidrs;
  const shorter = `/${Math.min(Number(first.split('/')[1]), 16)}`;
  if (networkOf(first.split('/')[0] + shorter) === networkOf(pods.split('/')[0] + shorter))
    throw refuse(first, `pods have addresses of ${pods}`);
}

function networkOf(cidr: string): string {
  const [address = '', bits] = cidr.split('/');
  const size = 2 ** (32 - Number(bits));
  const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const network = Math.floor(value / size) * size;
  return [24, 16, 8, 0].map(shift => Math.floor(network / 2 ** shift) % 256).join('.');
}

/** An address of a range by its number, at most 255. */
function addressIn(cidr: string, number: number): string {
  const [network = ''] = cidr.split('/');
  if (isSix(cidr)) return `${network}${number.toString(16)}`;
  const parts = network.split('.').map(Number);
  return [...parts.slice(0, 3), parts[3]! + number].join('.');
}

/**
 * 10.64.0.0/10 for pods and 10.128.0.0/10 for services, a /16 each by the low six bits of the id (RFC 1918); where services
 * have IPv6 addresses, pods have some of fd74:656e:6f6e::/48 (RFC 4193).
 */
export function addressPlan(stateId: string, chosen?: readonly string[]): AddressPlan {
  const slot = Number.parseInt(stateId.slice(-2), 16) & 0x3f;
  const serviceCidrs = chosen ?? [`10.${128 + slot}.0.0/16`];
  const six = serviceCidrs.some(isSix) ? [`fd74:656e:6f6e:${(slot << 8).toString(16)}::/56`] : [];
  return {
    podCidrs: [`10.${64 + slot}.0.0/16`, ...six],
    serviceCidrs,
    apiService: addressIn(serviceCidrs[0]!, 1),
    dns: serviceCidrs.map(cidr => addressIn(cidr, 10)),
  };
}

/** A node's part of a pod range by its number: a /24 of IPv4, a /64 of IPv6. */
export function podRange(podCidr: string, number: number): string {
  if (!isSix(podCidr)) return podCidr.replace(/\.0\.0\/16$/, `.${number}.0/24`);
  const groups = podCidr.split('::')[0]!.split(':');
  const last = Number.parseInt(groups[3]!, 16) | number;
  return `${[...groups.slice(0, 3), last.toString(16)].join(':')}::/64`;
}

/** The node of the process that holds the store has the first part of each pod range. */
export const firstRanges = ({ podCidrs }: Pick<AddressPlan, 'podCidrs'>): string[] =>
  podCidrs.map(cidr => podRange(cidr, 0));

/** The node's own address on the pod network: the first of its IPv4 range. */
export const nodeAddressIn = ([range = '']: readonly string[]): string => range.replace(/\.0\/24$/, '.1');

/** A plan as another machine tells it; throws when it is none. */
export function parsePlan(value: unknown): AddressPlan {
  const told = (value ?? {}) as Record<string, unknown>;
  const read = (name: keyof AddressPlan, forms: readonly RegExp[]): string[] => {
    const list = Array.isArray(told[name]) ? (told[name] as unknown[]) : [];
    const good = list.every(text => typeof text === 'string' && forms.some(form => form.test(text)));
    if (!good || list.length === 0 || list.length > 2) throw new Error(`the cluster's address plan has no ${name}`);
    return list as string[];
  };
  const { apiService } = told;
  if (typeof apiService !== 'string' || !ADDRESS.test(apiService))
    throw new Error("the cluster's address plan has no apiService");
  return {
    podCidrs: read('podCidrs', [RANGE, RANGE_6]),
    serviceCidrs: read('serviceCidrs', [RANGE, RANGE_6]),
    apiService,
    dns: read('dns', [ADDRESS, ADDRESS_6]),
  };
}
