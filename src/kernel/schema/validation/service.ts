import { type Draft, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { isAddress, isCidr, NO_ADDRESS, NO_CIDR, PROTOCOLS, specOf, text } from './common.ts';
import { validateLabels } from './meta.ts';
import { dnsLabel, dnsSubdomain, portName, portNumber } from './names.ts';

function servicePorts(spec: Draft, causes: Causes): void {
  const ports = parts(spec, 'ports');
  if (ports.length === 0 && spec.clusterIP !== 'None' && spec.type !== 'ExternalName') causes.required('spec.ports');
  const names = new Set<string>();
  const used = new Set<string>();
  const nodePorts = new Set<string>();
  ports.forEach((port, i) => {
    const at = `spec.ports[${i}]`;
    const name = text(port.name);
    if (ports.length > 1 && name === '') causes.required(`${at}.name`);
    else if (name !== '') {
      causes.invalidAll(`${at}.name`, name, dnsLabel(name));
      if (names.has(name)) causes.duplicate(`${at}.name`, name);
      names.add(name);
    }
    causes.invalidAll(`${at}.port`, port.port ?? 0, portNumber(Number(port.port ?? 0)));
    causes.oneOf(`${at}.protocol`, port.protocol, PROTOCOLS);
    if (typeof port.targetPort === 'string')
      causes.invalidAll(`${at}.targetPort`, port.targetPort, portName(port.targetPort));
    else if (port.targetPort !== undefined)
      causes.invalidAll(`${at}.targetPort`, port.targetPort, portNumber(Number(port.targetPort)));
    const key = `${text(port.protocol)}/${Number(port.port)}`;
    if (used.has(key)) causes.duplicate(at, { port: port.port, protocol: port.protocol });
    used.add(key);
    if (typeof port.nodePort !== 'number' || port.nodePort === 0) return;
    if (spec.type === 'ClusterIP' || spec.type === 'ExternalName') {
      causes.forbidden(`${at}.nodePort`, `may not be used when \`type\` is '${text(spec.type)}'`);
    }
    const nodeKey = `${text(port.protocol)}/${port.nodePort}`;
    if (nodePorts.has(nodeKey)) causes.duplicate(`${at}.nodePort`, port.nodePort);
    nodePorts.add(nodeKey);
  });
}

export function service(object: Draft, causes: Causes): void {
  const spec = specOf(object);
  causes.oneOf('spec.type', spec.type, ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']);
  servicePorts(spec, causes);
  validateLabels(spec.selector, 'spec.selector', causes);
  causes.oneOf('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None']);
  if (spec.type === 'ExternalName') {
    const name = text(spec.externalName).replace(/\.$/, '');
    if (text(spec.clusterIP) !== '')
      causes.forbidden('spec.clusterIPs[0]', "may not be set when `type` is 'ExternalName'");
    if (name === '') causes.required('spec.externalName');
    else causes.invalidAll('spec.externalName', name, dnsSubdomain(name));
  }
  if (spec.type === 'LoadBalancer' && spec.clusterIP === 'None')
    causes.invalid('spec.clusterIPs[0]', 'None', "may not be set to 'None' for LoadBalancer services");
  if (spec.type === 'NodePort' && spec.clusterIP === 'None')
    causes.invalid('spec.clusterIPs[0]', 'None', "may not be set to 'None' for NodePort services");
  const address = text(spec.clusterIP);
  if (address !== '' && address !== 'None' && !isAddress(address))
    causes.invalid('spec.clusterIPs[0]', address, NO_ADDRESS);
  (Array.isArray(spec.externalIPs) ? spec.externalIPs : []).forEach((one, i) => {
    if (!isAddress(text(one))) causes.invalid(`spec.externalIPs[${i}]`, one, NO_ADDRESS);
  });
  (Array.isArray(spec.loadBalancerSourceRanges) ? spec.loadBalancerSourceRanges : []).forEach((one, i) => {
    if (!isCidr(text(one).trim())) causes.invalid(`spec.loadBalancerSourceRanges[${i}]`, one, NO_CIDR);
  });
}

export function serviceUpdate(object: Draft, old: Draft, causes: Causes): void {
  const [now, before] = [specOf(object), specOf(old)];
  if (before.type === 'ExternalName' || now.type === 'ExternalName') return;
  if (text(before.clusterIP) !== '' && now.clusterIP !== before.clusterIP) {
    causes.invalid('spec.clusterIPs[0]', now.clusterIP ?? [], 'may not change once set');
  }
}
