import { isIPv6 } from 'node:net';
import { type Draft, part, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { isAddress, isCidr, NO_ADDRESS, NO_CIDR, PROTOCOLS, specOf, text } from './common.ts';
import { validateLabels } from './meta.ts';
import { dnsLabel, dnsSubdomain, portName, portNumber, qualifiedName } from './names.ts';

const NONE = 'None';

function servicePort(port: Draft, at: string, named: boolean, names: Set<string>, causes: Causes): void {
  const name = text(port.name);
  if (named && name === '') causes.required(`${at}.name`);
  else if (name !== '') {
    causes.invalidAll(`${at}.name`, name, dnsLabel(name));
    if (names.has(name)) causes.duplicate(`${at}.name`, name);
    names.add(name);
  }
  const protocol = text(port.appProtocol);
  if (port.appProtocol !== undefined) causes.invalidAll(`${at}.appProtocol`, protocol, qualifiedName(protocol));
  causes.invalidAll(`${at}.port`, port.port ?? 0, portNumber(Number(port.port ?? 0)));
  causes.oneOf(`${at}.protocol`, port.protocol, PROTOCOLS);
  const target = port.targetPort ?? 0;
  if (typeof target === 'string') causes.invalidAll(`${at}.targetPort`, target, portName(target));
  else causes.invalidAll(`${at}.targetPort`, target, portNumber(Number(target)));
}

/** No two ports alike; node ports only where the type has them. */
function distinctPorts(spec: Draft, causes: Causes): void {
  const ports = parts(spec, 'ports');
  const nodePorts = new Set<string>();
  const used = new Set<string>();
  if (spec.type === 'ClusterIP')
    ports.forEach((port, i) => {
      if (Number(port.nodePort ?? 0) !== 0)
        causes.forbidden(`spec.ports[${i}].nodePort`, "may not be used when `type` is 'ClusterIP'");
    });
  ports.forEach((port, i) => {
    if (Number(port.nodePort ?? 0) === 0) return;
    const key = `${text(port.protocol)}/${Number(port.nodePort)}`;
    if (nodePorts.has(key)) causes.duplicate(`spec.ports[${i}].nodePort`, port.nodePort);
    nodePorts.add(key);
  });
  ports.forEach((port, i) => {
    const key = `${text(port.protocol)}/${Number(port.port ?? 0)}`;
    // The API server shows the key it compared: a port of its own form with nothing else in it.
    const shown = {
      Name: '',
      Protocol: port.protocol,
      AppProtocol: null,
      Port: port.port ?? 0,
      TargetPort: 0,
      NodePort: 0,
    };
    if (used.has(key))
      causes.add('FieldValueDuplicate', `spec.ports[${i}]`, `Duplicate value: ${JSON.stringify(shown)}`);
    used.add(key);
  });
}

const textsOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(text) : []);
const listed = (value: unknown): unknown => (Array.isArray(value) && value.length > 0 ? value : null);
const headless = (spec: Draft): boolean => {
  const addresses = textsOf(spec.clusterIPs);
  return addresses.length === 1 && addresses[0] === NONE;
};

function familyNames(spec: Draft, causes: Causes): void {
  const seen = new Set<unknown>();
  textsOf(spec.ipFamilies).forEach((family, i) => {
    causes.oneOf(`spec.ipFamilies[${i}]`, family, ['IPv4', 'IPv6']);
    if (seen.has(family)) causes.duplicate(`spec.ipFamilies[${i}]`, family);
    seen.add(family);
  });
  if (spec.ipFamilyPolicy !== undefined)
    causes.oneOf('spec.ipFamilyPolicy', spec.ipFamilyPolicy, ['PreferDualStack', 'RequireDualStack', 'SingleStack']);
}

/** Two addresses are one of each family, and of the families that are named beside them. */
function addressFamilies(spec: Draft, addresses: readonly string[], causes: Causes): void {
  const sixes = addresses.filter(isIPv6).length;
  if (addresses.length > 1 && (sixes === 0 || sixes === addresses.length))
    causes.invalid('spec.clusterIPs', addresses, 'may specify no more than one IP for each IP family');
  if (headless(spec)) return;
  const families = textsOf(spec.ipFamilies);
  addresses.slice(0, families.length).forEach((address, i) => {
    const wanted = families[i];
    if ((wanted === 'IPv4' && isIPv6(address)) || (wanted === 'IPv6' && !isIPv6(address)))
      causes.invalid(
        `spec.clusterIPs[${i}]`,
        address,
        `expected an ${wanted} value as indicated by \`ipFamilies[${i}]\``,
      );
  });
}

/** clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy of a Service that has addresses (ValidateServiceClusterIPsRelatedFields). */
export function clusterAddresses(spec: Draft, causes: Causes): void {
  if (spec.type === 'ExternalName') return;
  const addresses = textsOf(spec.clusterIPs);
  const first = text(spec.clusterIP);
  if (first !== '' && addresses.length === 0) causes.required('spec.clusterIPs');
  else if (first !== '' && addresses[0] !== first)
    causes.invalid('spec.clusterIPs', addresses, 'first value must match `clusterIP`');
  else if (first === '' && addresses.length > 0)
    causes.invalid('spec.clusterIPs', addresses, 'must be empty when `clusterIP` is not specified');
  familyNames(spec, causes);
  let readable = true;
  addresses.forEach((address, i) => {
    if (i === 0 && address === NONE) {
      if (addresses.length === 1) return;
      causes.invalid('spec.clusterIPs', addresses, "'None' must be the first and only value");
    } else if (isAddress(address)) return;
    else causes.invalid(`spec.clusterIPs[${i}]`, address, NO_ADDRESS);
    readable = false;
  });
  if (addresses.length > 2) causes.invalid('spec.clusterIPs', addresses, 'may only hold up to 2 values');
  if (readable) addressFamilies(spec, addresses, causes);
}

/** What each type asks of the cluster address and the external name. */
function byType(spec: Draft, causes: Causes): void {
  const none = headless(spec) || spec.clusterIP === NONE;
  if (spec.type === 'LoadBalancer' && none)
    causes.invalid('spec.clusterIPs[0]', 'None', "may not be set to 'None' for LoadBalancer services");
  if (spec.type === 'NodePort' && none)
    causes.invalid('spec.clusterIPs[0]', 'None', "may not be set to 'None' for NodePort services");
  if (spec.type !== 'ExternalName') return;
  const unused = 'may not be set for ExternalName services';
  if (textsOf(spec.clusterIPs).length > 0) causes.forbidden('spec.clusterIPs', unused);
  if (textsOf(spec.ipFamilies).length > 0) causes.forbidden('spec.ipFamilies', unused);
  if (spec.ipFamilyPolicy !== undefined) causes.forbidden('spec.ipFamilyPolicy', unused);
  const name = text(spec.externalName).replace(/\.$/, '');
  if (name === '') causes.required('spec.externalName');
  else causes.invalidAll('spec.externalName', name, dnsSubdomain(name));
}

export function service(object: Draft, causes: Causes): void {
  const spec = specOf(object);
  const ports = parts(spec, 'ports');
  if (ports.length === 0 && spec.clusterIP !== 'None' && spec.type !== 'ExternalName') causes.required('spec.ports');
  byType(spec, causes);
  const names = new Set<string>();
  ports.forEach((port, i) => servicePort(port, `spec.ports[${i}]`, ports.length > 1, names, causes));
  validateLabels(spec.selector, 'spec.selector', causes);
  causes.oneOf('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None']);
  clusterAddresses(spec, causes);
  (Array.isArray(spec.externalIPs) ? spec.externalIPs : []).forEach((one, i) => {
    if (!isAddress(text(one))) causes.invalid(`spec.externalIPs[${i}]`, one, NO_ADDRESS);
  });
  causes.oneOf('spec.type', spec.type, ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']);
  distinctPorts(spec, causes);
  (Array.isArray(spec.loadBalancerSourceRanges) ? spec.loadBalancerSourceRanges : []).forEach((one, i) => {
    if (!isCidr(text(one).trim())) causes.invalid(`spec.LoadBalancerSourceRanges[${i}]`, one, NO_CIDR);
  });
  traffic(spec, causes);
  for (const field of ['internalTrafficPolicy', 'externalTrafficPolicy'])
    if (spec[field] !== undefined) causes.oneOf(`spec.${field}`, spec[field], ['Cluster', 'Local']);
}

const AFFINITY_SECONDS_MAX = 86_400;

/** What only Services that are reached from outside may say, and how long a client is kept. */
function traffic(spec: Draft, causes: Causes): void {
  if (spec.type !== 'LoadBalancer' && Array.isArray(spec.loadBalancerSourceRanges))
    causes.forbidden('spec.LoadBalancerSourceRanges', "may only be used when `type` is 'LoadBalancer'");
  const external =
    spec.type === 'LoadBalancer' ||
    spec.type === 'NodePort' ||
    (spec.type === 'ClusterIP' && Array.isArray(spec.externalIPs) && spec.externalIPs.length > 0);
  if (!external && text(spec.externalTrafficPolicy) !== '')
    causes.invalid(
      'spec.externalTrafficPolicy',
      spec.externalTrafficPolicy,
      'may only be set for externally-accessible services',
    );
  const balancer = text(spec.loadBalancerClass);
  if (spec.type === 'LoadBalancer') {
    if (spec.loadBalancerClass !== undefined)
      causes.invalidAll('spec.loadBalancerClass', balancer, qualifiedName(balancer));
  } else if (spec.loadBalancerClass !== undefined)
    causes.forbidden('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'");
  const seconds = part(part(spec, 'sessionAffinityConfig'), 'clientIP')?.timeoutSeconds;
  if (typeof seconds === 'number' && (seconds <= 0 || seconds > AFFINITY_SECONDS_MAX))
    causes.invalid(
      'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
      seconds,
      `must be greater than 0 and less than ${AFFINITY_SECONDS_MAX}`,
    );
}

/** Addresses and families stay; the second of each may come, and go where the policy says so. */
function keptFamilies(now: Draft, before: Draft, causes: Causes): void {
  const single = now.ipFamilyPolicy === 'SingleStack';
  const lists = [
    ['clusterIPs', 'clusterIP', 'clusterIP'],
    ['ipFamilies', 'ipFamily', 'ipFamily'],
  ] as const;
  for (const [field, primary, secondary] of lists) {
    const [is, was] = [textsOf(now[field]), textsOf(before[field])];
    const at = `spec.${field}`;
    const refuse = (i: number, why: string): void => causes.invalid(`${at}[${i}]`, listed(now[field]), why);
    if (field === 'ipFamilies' && (headless(now) || headless(before))) continue;
    if (field === 'clusterIPs' && headless(now) && headless(before)) continue;
    if (is.length === was.length) {
      was.forEach((one, i) => {
        if (is[i] !== one) refuse(field === 'clusterIPs' ? i : 0, 'may not change once set');
      });
      continue;
    }
    if (was.length > 0 && is.length === 0) refuse(0, `primary ${primary} can not be unset`);
    if (was.length > 0 && is.length > 0 && is[0] !== was[0]) refuse(0, 'may not change once set');
    if (is.length < was.length && is.length === 1 && !single)
      causes.invalid(
        'spec.ipFamilyPolicy',
        now.ipFamilyPolicy ?? 'null',
        `must be set to 'SingleStack' when releasing the secondary ${secondary}`,
      );
  }
}

export function serviceUpdate(object: Draft, old: Draft, causes: Causes): void {
  const [now, before] = [specOf(object), specOf(old)];
  if (
    now.type === 'LoadBalancer' &&
    before.type === 'LoadBalancer' &&
    now.loadBalancerClass !== before.loadBalancerClass
  )
    causes.invalid('spec.loadBalancerClass', now.loadBalancerClass ?? 'null', 'may not change once set');
  if (before.type === 'ExternalName' || now.type === 'ExternalName') return;
  keptFamilies(now, before, causes);
}
