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
    if (isWhole(name) && amount.nano % 1_000_000_000n !== 0n)
      causes.invalid(at, amount.toString(), 'must be an integer');
  }
  quotaScopes(specOf(object), causes);
}

const COUNTED =
  /^(?:pods|services|replicationcontrollers|resourcequotas|secrets|configmaps|persistentvolumeclaims|services\.(?:nodeports|loadbalancers))$/;

/** Resources of which there is no half: things that are counted, and devices. */
const isWhole = (name: string): boolean =>
  COUNTED.test(name) || (name.includes('/') && !name.includes('kubernetes.io/') && !name.startsWith('requests.'));

const PHASE_SCOPES = ['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity'];
const SCOPES: ReadonlySet<string> = new Set([...PHASE_SCOPES, 'PriorityClass', 'VolumeAttributesClass']);
const OF_PODS = /^(?:pods|(?:(?:requests|limits)\.)?(?:cpu|memory))$/;

/** Whether a scope means something for a resource; of what quotas do not know themselves nothing is said. */
function fitsScope(scope: string, resource: string): boolean {
  if (!isStandardResource(resource)) return true;
  if (scope === 'VolumeAttributesClass') return /^(?:requests\.storage|persistentvolumeclaims)$/.test(resource);
  return scope === 'BestEffort' ? resource === 'pods' : OF_PODS.test(resource);
}

/** `scopes` and `scopeSelector` of a quota (core/v1 validateResourceQuotaScopes, validateScopeSelector). */
function quotaScopes(spec: Draft, causes: Causes): void {
  const scopes = (Array.isArray(spec.scopes) ? spec.scopes : []).map(text);
  const resources = Object.keys(part(spec, 'hard') ?? {});
  for (const scope of scopes) {
    if (!SCOPES.has(scope)) causes.invalid('spec.scopes', scopes, 'unsupported scope');
    for (const resource of resources)
      if (!fitsScope(scope, resource)) causes.invalid('spec.scopes', scopes, 'unsupported scope applied to resource');
  }
  for (const pair of [PHASE_SCOPES.slice(0, 2), PHASE_SCOPES.slice(2, 4)])
    if (pair.every(one => scopes.includes(one))) causes.invalid('spec.scopes', scopes, 'conflicting scopes');
  for (const one of parts(part(spec, 'scopeSelector'), 'matchExpressions')) scopeRequirement(one, resources, causes);
}

function scopeRequirement(one: Draft, resources: readonly string[], causes: Causes): void {
  const at = 'spec.scopeSelector.matchExpressions';
  const [scope, operator] = [text(one.scopeName), text(one.operator)];
  if (!SCOPES.has(scope)) causes.invalid(`${at}.scopeName`, scope, 'unsupported scope');
  for (const resource of resources)
    if (!fitsScope(scope, resource)) causes.invalid(at, one, 'unsupported scope applied to resource');
  if (PHASE_SCOPES.includes(scope) && operator !== 'Exists')
    causes.invalid(
      `${at}.operator`,
      operator,
      "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
    );
  const values = Array.isArray(one.values) ? one.values : [];
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0)
      causes.required(
        `${at}.values`,
        "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
      );
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0)
      causes.invalid(
        `${at}.values`,
        values,
        "must be no value when `operator` is 'Exists' or 'DoesNotExist' for scope selector",
      );
  } else causes.invalid(`${at}.operator`, operator, 'not a valid selector operator');
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
    if (type === 'PersistentVolumeClaim' && !['min', 'max'].some(one => part(limit, one)?.storage !== undefined))
      causes.required(`${at}.limits`, 'either minimum or maximum storage value is required, but neither was provided');
    orderOfAmounts(limit, at, causes);
  });
}

/** Which amount may not be above which; the second names whose field is told of and whose value is shown. */
const ORDER = [
  ['min', 'max', 'min', 'min', 'min value', 'max value'],
  ['min', 'defaultRequest', 'defaultRequest', 'defaultRequest', 'min value', 'default request value'],
  ['defaultRequest', 'max', 'defaultRequest', 'defaultRequest', 'default request value', 'max value'],
  ['defaultRequest', 'default', 'defaultRequest', 'defaultRequest', 'default request value', 'default limit value'],
  ['min', 'default', 'default', 'min', 'min value', 'default value'],
  ['default', 'max', 'default', 'max', 'default value', 'max value'],
] as const;

function orderOfAmounts(limit: Draft, at: string, causes: Causes): void {
  const fields = ['min', 'max', 'default', 'defaultRequest', 'maxLimitRequestRatio'];
  const amounts = new Map(fields.map(field => [field, new Map(entries(limit, field))]));
  for (const name of new Set(fields.flatMap(field => [...amounts.get(field)!.keys()]))) {
    const of = (field: string): Quantity | undefined => amounts.get(field)!.get(name);
    for (const [smaller, larger, field, shown, small, large] of ORDER) {
      const [left, right] = [of(smaller), of(larger)];
      if (left && right && left.compare(right) > 0)
        causes.invalid(
          `${at}.${field}[${name}]`,
          of(shown)!.toString(),
          `${small} ${left.toString()} is greater than ${large} ${right.toString()}`,
        );
    }
    const ratio = of('maxLimitRequestRatio');
    if (ratio === undefined) continue;
    const where = `${at}.maxLimitRequestRatio[${name}]`;
    if (ratio.nano < 1_000_000_000n)
      causes.invalid(where, ratio.toString(), `ratio ${ratio.toString()} is less than 1`);
    const [low, high] = [of('min'), of('max')];
    const most = low && high ? Number(high.nano) / Number(low.nano) : Number.NaN;
    if (Number(ratio.nano) / 1e9 > most)
      causes.invalid(where, ratio.toString(), `ratio ${ratio.toString()} is greater than max/min = ${most.toFixed(6)}`);
  }
}

function endpointAddress(address: string, at: string, causes: Causes): void {
  if (!isAddress(address)) return causes.invalid(at, address, NO_ADDRESS);
  const wrong = unreachable(address);
  if (wrong !== undefined) causes.invalid(at, address, wrong);
}

/** EndpointSlice: addresses of its type, ports with unique names. */
export function endpointSlice(object: Draft, causes: Causes): void {
  const type = text(object.addressType);
  const known = ['FQDN', 'IPv4', 'IPv6'].includes(type);
  if (type === '') causes.required('addressType');
  else causes.oneOf('addressType', type, ['FQDN', 'IPv4', 'IPv6']);
  parts(object, 'endpoints').forEach((endpoint, i) => {
    const addresses = Array.isArray(endpoint.addresses) ? endpoint.addresses : [];
    if (addresses.length === 0) causes.required(`endpoints[${i}].addresses`, 'must contain at least 1 address');
    addresses.forEach((address, j) => {
      const at = `endpoints[${i}].addresses[${j}]`;
      if (object.addressType === 'FQDN') causes.invalidAll(at, address, dnsSubdomain(text(address)));
      else if (known) {
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
        const where = `${at}.${list}[${j}]`;
        endpointAddress(text(one.ip), `${where}.ip`, causes);
        // The second look, at where it leads, calls it no address either.
        if (!isAddress(text(one.ip))) causes.invalid(`${where}.ip`, text(one.ip), 'must be a valid IP address');
        const host = text(one.hostname);
        if (host !== '') causes.invalidAll(`${where}.hostname`, host, dnsLabel(host));
        const node = text(one.nodeName);
        if (node !== '') causes.invalidAll(`${where}.nodeName`, node, dnsSubdomain(node));
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
