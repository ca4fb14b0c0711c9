import { isIPv6 } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { type Draft, part } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { IMMUTABLE, isAddress, isCidr, NO_ADDRESS, NO_CIDR, specOf, text } from './common.ts';
import { dnsSubdomain, pathSegment } from './names.ts';

/** Names of IPAddress objects are addresses as they are usually written. */
export const addressName = (name: string): string[] => (isAddress(name) ? [] : [NO_ADDRESS]);

/** networking/v1 IPAddress: what the address belongs to. */
export function ipAddress(object: Draft, causes: Causes): void {
  const at = 'spec.parentRef';
  const parent = part(specOf(object), 'parentRef');
  if (parent === undefined) return causes.required(at);
  const group = text(parent.group);
  if (group !== '') causes.invalidAll(`${at}.group`, group, dnsSubdomain(group));
  for (const field of ['resource', 'name'] as const) {
    const value = text(parent[field]);
    if (value === '') causes.required(`${at}.${field}`);
    else causes.invalidAll(`${at}.${field}`, value, pathSegment(value));
  }
  const namespace = text(parent.namespace);
  if (namespace !== '') causes.invalidAll(`${at}.namespace`, namespace, pathSegment(namespace));
}

export function ipAddressUpdate(object: Draft, old: Draft, causes: Causes): void {
  const [now, before] = [specOf(object).parentRef, specOf(old).parentRef];
  if (!isDeepStrictEqual(now, before)) causes.invalid('spec.parentRef', now, IMMUTABLE);
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** networking/v1 ServiceCIDR: one range, or one of each family. */
export function serviceCidr(object: Draft, causes: Causes): void {
  const cidrs = specOf(object).cidrs;
  const list = (Array.isArray(cidrs) ? cidrs : []).map(text);
  if (list.length === 0) return causes.required('spec.cidrs', 'at least one CIDR required');
  if (list.length > 2) return causes.invalid('spec.cidrs', list, 'may only hold up to 2 values');
  if (list.length === 2 && isIPv6(list[0]!.split('/')[0]!) === isIPv6(list[1]!.split('/')[0]!))
    causes.invalid(
      'spec.cidrs',
      list,
      'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
    );
  list.forEach((one, i) => {
    if (!isCidr(one)) causes.invalid(`spec.cidrs[${i}]`, one, NO_CIDR);
  });
}

export function serviceCidrUpdate(object: Draft, old: Draft, causes: Causes): void {
  const [now, before] = [listOf(specOf(object).cidrs), listOf(specOf(old).cidrs)];
  if (now.length < before.length) return causes.invalid('spec.cidrs', now.length > 0 ? now : null, IMMUTABLE);
  before.forEach((one, i) => {
    if (now[i] !== one) causes.invalid(`spec.cidrs[${i}]`, now[i], IMMUTABLE);
  });
}
