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

export function isCidr(value: string): boolean {
  const [address, bits, ...more] = value.split('/');
  if (more.length > 0 || bits === undefined || !/^\d{1,3}$/.test(bits)) return false;
  return isIPv4(address!) ? Number(bits) <= 32 : isIPv6(address!) && Number(bits) <= 128;
}
