import { isIPv4, isIPv6 } from 'node:net';
import { Quantity } from '../../quantity.ts';
import { type Draft, part, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { isAddress, NO_ADDRESS, PROTOCOLS, specOf, text, unreachable } from './common.ts';
import { isStandardResource } from './resources.ts';
import { dnsLabel, dnsSubdomain, portNumber, qualifiedName } from './names.ts';

const entries = (draft: Draft | undefined, field: string): [string, Quantity][] =>
  Object.entries(part(draft, field) ?? {}).map(([name, amount]) => [name, Quantity.of(String(amount))]);

/** ResourceQuota: names of resources and amounts that are not negative. */
export function resourceQuota(object: Draft, causes: Causes): void {
  for (const [name, amount] of entries(specOf(object), 'hard')) {
    const at = `spec.hard[${name}]`;
    const wrong = qualifiedName(name);
    causes.invalidAll(at, name, wrong);
    if (wrong.length === 0 && !name.includes('/') && !isStandardResource(name)) {
      causes.invalid(at, name, 'must be a standard resource type or fully qualified');
      causes.invalid(at, name, 'must be a standard resource for quota');
    }
    if (amount.nano < 0n) causes.invalid(at, amount.toString(), 'must be greater than or equal to 0');
  }
}

const LIMIT_TYPES: ReadonlySet<string> = new Set(['Pod', 'Container', 'PersistentVolumeClaim']);

function resourceOfLimit(name: string, at: string, causes: Causes): void {
  const wrong = qualifiedName(name);
  causes.invalidAll(at, name, wrong);
  if (wrong.length === 0 && !name.includes('/') && !isStandardResource(name))
    causes.invalid(at, name, 'must be a standard resource type or fully qualified');
}

/** LimitRange: the amounts of one resource must be in order. */
export function limitRange(object: Draft, causes: Causes): void {
  const types = new Set<string>();
  parts(specOf(object), 'limits').forEach((limit, i) => {
    const at = `spec.limits[${i}]`;
    const type = text(limit.type);
    const wrong = qualifiedName(type);
    causes.invalidAll(`${at}.type`, type, wrong);
    if (wrong.length === 0 && !type.includes('/') && !LIMIT_TYPES.has(type))
      causes.invalid(`${at}.type`, type, 'must be a standard limit type or fully qualified');
    if (types.has(type)) causes.duplicate(`${at}.type`, type);
    types.add(type);
    for (const field of ['min', 'max', 'default', 'defaultRequest', 'maxLimitRequestRatio'])
      for (const [name] of entries(limit, field)) resourceOfLimit(name, `${at}.${field}[${name}]`, causes);
    const low = new Map(entries(limit, 'min'));
    const high = new Map(entries(limit, 'max'));
    const usual = new Map(entries(limit, 'default'));
    const asked = new Map(entries(limit, 'defaultRequest'));
    const order = (
      field: string,
      smaller: ReadonlyMap<string, Quantity>,
      larger: ReadonlyMap<string, Quantity>,
      names: string,
    ): void => {
      for (const [name, amount] of smaller) {
        const limitOf = larger.get(name);
        if (limitOf && amount.compare(limitOf) > 0) {
          causes.invalid(
            `${at}.${field}[${name}]`,
            amount.toString(),
            `${names.replace('A', amount.toString()).replace('B', limitOf.toString())}`,
          );
        }
      }
    };
    if (type === 'PersistentVolumeClaim' && !low.has('storage') && !high.has('storage'))
      causes.required(`${at}.limits`, 'either minimum or maximum storage value is required, but neither was provided');
    order('min', low, high, 'min value A is greater than max value B');
    order('default', usual, high, 'default value A is greater than max value B');
    order('defaultRequest', asked, usual, 'default request value A is greater than default limit value B');
    order('min', low, asked, 'min value A is greater than default request value B');
  });
}

function endpointAddress(address: string, at: string, causes: Causes): void {
  if (!isAddress(address)) return causes.invalid(at, address, NO_ADDRESS);
  const wrong = unreachable(address);
  if (wrong !== undefined) causes.invalid(at, address, wrong);
}

/** EndpointSlice: addresses of its type, ports with unique names. */
export function endpointSlice(object: Draft, causes: Causes): void {
  causes.oneOf('addressType', object.addressType, ['FQDN', 'IPv4', 'IPv6']);
  parts(object, 'endpoints').forEach((endpoint, i) => {
    const addresses = Array.isArray(endpoint.addresses) ? endpoint.addresses : [];
    if (addresses.length === 0) causes.required(`endpoints[${i}].addresses`, 'must contain at least 1 address');
    addresses.forEach((address, j) => {
      const at = `endpoints[${i}].addresses[${j}]`;
      if (object.addressType === 'FQDN') causes.invalidAll(at, address, dnsSubdomain(text(address)));
      else {
        const fits = object.addressType === 'IPv4' ? isIPv4(text(address)) : isIPv6(text(address));
        if (!fits && isAddress(text(address)))
          causes.invalid(`endpoints[${i}].addresses`, address, `must be an ${text(object.addressType)} address`);
        endpointAddress(text(address), at, causes);
      }
    });
  });
  const names = new Set<string>();
  parts(object, 'ports').forEach((port, i) => {
    const name = text(port.name);
    if (name !== '') causes.invalidAll(`ports[${i}].name`, name, dnsLabel(name));
    if (names.has(name)) causes.duplicate(`ports[${i}].name`, name);
    names.add(name);
    causes.oneOf(`ports[${i}].protocol`, port.protocol, PROTOCOLS);
  });
}

export function endpointSliceUpdate(object: Draft, old: Draft, causes: Causes): void {
  if (object.addressType !== old.addressType) causes.invalid('addressType', object.addressType, 'field is immutable');
}

/** Lease: durations that are positive. */
export function lease(object: Draft, causes: Causes): void {
  const spec = specOf(object);
  if (typeof spec.leaseDurationSeconds === 'number' && spec.leaseDurationSeconds <= 0) {
    causes.invalid('spec.leaseDurationSeconds', spec.leaseDurationSeconds, 'must be greater than 0');
  }
  if (typeof spec.leaseTransitions === 'number' && spec.leaseTransitions < 0) {
    causes.invalid('spec.leaseTransitions', spec.leaseTransitions, 'must be greater than or equal to 0');
  }
}

/** Subsets of Endpoints (core/v1 ValidateEndpoints): addresses are addresses, ports are in range and named where several. */
export function endpoints(object: Draft, causes: Causes): void {
  parts(object, 'subsets').forEach((subset, i) => {
    const at = `subsets[${i}]`;
    const lists = ['addresses', 'notReadyAddresses'] as const;
    if (lists.every(list => parts(subset, list).length === 0))
      causes.required(at, 'must specify `addresses` or `notReadyAddresses`');
    for (const list of lists) {
      parts(subset, list).forEach((one, j) => {
        endpointAddress(text(one.ip), `${at}.${list}[${j}].ip`, causes);
      });
    }
    const ports = parts(subset, 'ports');
    ports.forEach((port, j) => {
      const where = `${at}.ports[${j}]`;
      const name = text(port.name);
      if (ports.length > 1 && name === '') causes.required(`${where}.name`);
      else if (name !== '') causes.invalidAll(`${where}.name`, name, dnsLabel(name));
      causes.invalidAll(`${where}.port`, port.port ?? 0, portNumber(Number(port.port ?? 0)));
      causes.oneOf(`${where}.protocol`, port.protocol, PROTOCOLS);
    });
  });
}
