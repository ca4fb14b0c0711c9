import { isIPv4, isIPv6 } from 'node:net';
import { type Draft, part } from '../defaults/fill.ts';

export const IMMUTABLE = 'field is immutable';
export const NO_ADDRESS = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
export const NO_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';
export const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

/** The text of a field, empty where it is none. */
export const text = (value: unknown): string => (typeof value === 'string' ? value : '');
export const specOf = (object: Draft): Draft => part(object, 'spec') ?? {};
export const isAddress = (value: string): boolean => isIPv4(value) || isIPv6(value);

/**
 * Addresses that no endpoint may have (core/v1 ValidateEndpointIP); undefined where it may. Loopback may: pods of a node
 * without root have addresses there.
 */
export function unreachable(address: string): string | undefined {
  const lower = address.toLowerCase();
  if (lower === '0.0.0.0' || lower === '::') return 'may not be unspecified (0.0.0.0 or ::)';
  if (lower.startsWith('169.254.') || /^fe[89ab]/.test(lower))
    return 'may not be in the link-local range (169.254.0.0/16, fe80::/10)';
  if (lower.startsWith('224.0.0.') || /^ff[0-9a-f]2:/.test(lower))
    return 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)';
  return undefined;
}

export function isCidr(value: string): boolean {
  const [address, bits, ...more] = value.split('/');
  if (more.length > 0 || bits === undefined || !/^\d{1,3}$/.test(bits)) return false;
  return isIPv4(address!) ? Number(bits) <= 32 : isIPv6(address!) && Number(bits) <= 128;
}
