import { type Draft, part, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { isAddress, isCidr, NO_ADDRESS, NO_CIDR, PROTOCOLS, specOf, text } from './common.ts';
import { validateLabels } from './meta.ts';
import { dnsLabel, dnsSubdomain, portName, portNumber, qualifiedName } from './names.ts';

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

/** ipFamilies, ipFamilyPolicy and clusterIPs (ValidateServiceClusterIPsRelatedFields). */
function families(spec: Draft, causes: Causes): void {
  const list = Array.isArray(spec.ipFamilies) ? spec.ipFamilies : [];
  const seen = new Set<unknown>();
  list.forEach((family, i) => {
    causes.oneOf(`spec.ipFamilies[${i}]`, family, ['IPv4', 'IPv6']);
    if (seen.has(family)) causes.duplicate(`spec.ipFamilies[${i}]`, family);
    seen.add(family);
  });
  if (spec.ipFamilyPolicy !== undefined)
    causes.oneOf('spec.ipFamilyPolicy', spec.ipFamilyPolicy, ['PreferDualStack', 'RequireDualStack', 'SingleStack']);
  const address = text(spec.clusterIP);
  if (address !== '' && address !== 'None' && !isAddress(address))
    causes.invalid('spec.clusterIPs[0]', address, NO_ADDRESS);
}

/** What each type asks of the cluster address and the external name. */
function byType(spec: Draft, causes: Causes): void {
  const headless = spec.clusterIP === 'None';
  if (spec.type === 'LoadBalancer' && headless)
    causes.invalid('spec.clusterIPs[0]', 'None', "may not be set to 'None' for LoadBalancer services");
  if (spec.type === 'NodePort' && headless)
    causes.invalid('spec.clusterIPs[0]', 'None', "may not be set to 'None' for NodePort services");
  if (spec.type !== 'ExternalName') return;
  if (text(spec.clusterIP) !== '')
    causes.forbidden('spec.clusterIPs[0]', "may not be set when `type` is 'ExternalName'");
  const name = text(spec.externalName).replace(/\.$/, '');
  if (name === '') causes.required('spec.externalName');
  else causes.invalidAll('spec.externalName', name, dnsSubdomain(name));
}

export function service(object: Draft, causes: Causes): void {
  const spec = specOf(object);
  // Which families a Service gets is settled before anything else is looked at.
  const several = Array.isArray(spec.ipFamilies) && spec.ipFamilies.length > 1;
  if (several && spec.ipFamilyPolicy === 'SingleStack' && spec.type !== 'ExternalName') {
    return causes.invalid(
      'spec.ipFamilyPolicy',
      'SingleStack',
      "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
    );
  }
  const ports = parts(spec, 'ports');
  if (ports.length === 0 && spec.clusterIP !== 'None' && spec.type !== 'ExternalName') causes.required('spec.ports');
  byType(spec, causes);
  const names = new Set<string>();
  ports.forEach((port, i) => servicePort(port, `spec.ports[${i}]`, ports.length > 1, names, causes));
  validateLabels(spec.selector, 'spec.selector', causes);
  causes.oneOf('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None']);
  families(spec, causes);
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
  const seconds = part(part(spec, 'sessionAffinityConfig'), 'clientIP')?.timeoutSeconds;
  if (typeof seconds === 'number' && (seconds <= 0 || seconds > AFFINITY_SECONDS_MAX))
    causes.invalid(
      'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
      seconds,
      `must be greater than 0 and less than ${AFFINITY_SECONDS_MAX}`,
    );
}

export function serviceUpdate(object: Draft, old: Draft, causes: Causes): void {
  const [now, before] = [specOf(object), specOf(old)];
  if (before.type === 'ExternalName' || now.type === 'ExternalName') return;
  if (text(before.clusterIP) !== '' && now.clusterIP !== before.clusterIP) {
    causes.invalid('spec.clusterIPs[0]', now.clusterIP ?? [], 'may not change once set');
  }
}
