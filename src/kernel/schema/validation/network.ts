import { type Draft, isDraft, part, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { isAddress, isCidr, NO_CIDR, specOf, text } from './common.ts';
import { dns1035Label, dnsSubdomain, pathSegment, portName, portNumber } from './names.ts';
import { validateSelector } from './selector.ts';

const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];

function backend(value: Draft, field: string, causes: Causes): void {
  const target = part(value, 'service');
  if (target === undefined && !isDraft(value.resource))
    return causes.invalid(field, '', 'resource or service backend is required');
  if (target === undefined) return resourceBackend(part(value, 'resource')!, `${field}.resource`, causes);
  if (isDraft(value.resource)) causes.invalid(field, '', 'cannot set both resource and service backends');
  if (text(target.name) === '') causes.required(`${field}.service.name`);
  else causes.invalidAll(`${field}.service.name`, target.name, dns1035Label(text(target.name)));
  const port = part(target, 'port') ?? {};
  const number = Number(port.number ?? 0);
  if (text(port.name) !== '' && number !== 0) causes.invalid(field, '', 'cannot set both port name & port number');
  else if (text(port.name) !== '')
    causes.invalidAll(`${field}.service.port.name`, port.name, portName(text(port.name)));
  else if (number === 0) causes.required(field, 'port name or number is required');
  else causes.invalidAll(`${field}.service.port.number`, number, portNumber(number));
}

/** A backend that is another object (core/v1 TypedLocalObjectReference). */
function resourceBackend(value: Draft, at: string, causes: Causes): void {
  const group = text(value.apiGroup);
  if (group !== '') causes.invalidAll(`${at}.apiGroup`, group, dnsSubdomain(group));
  for (const field of ['kind', 'name']) {
    const given = text(value[field]);
    if (given === '') causes.required(`${at}.${field}`);
    else causes.invalidAll(`${at}.${field}`, given, pathSegment(given));
  }
}

const hostName = (host: string): string[] => dnsSubdomain(host.replace(/^\*\./, ''));

export function ingress(object: Draft, causes: Causes): void {
  const spec = specOf(object);
  const rules = parts(spec, 'rules');
  if (rules.length === 0 && !isDraft(spec.defaultBackend)) {
    causes.invalid('spec', spec.rules, 'either `defaultBackend` or `rules` must be specified');
  }
  if (isDraft(spec.defaultBackend)) backend(part(spec, 'defaultBackend')!, 'spec.defaultBackend', causes);
  const name = text(spec.ingressClassName);
  if (name !== '') causes.invalidAll('spec.ingressClassName', name, dnsSubdomain(name));
  parts(spec, 'tls').forEach((one, i) => {
    const at = `spec.tls[${i}]`;
    (Array.isArray(one.hosts) ? one.hosts : []).map(text).forEach((host, j) => {
      causes.invalidAll(`${at}.hosts[${j}]`, host, hostName(host));
    });
    const secret = text(one.secretName);
    if (secret !== '') causes.invalidAll(`${at}.secretName`, secret, dnsSubdomain(secret));
  });
  rules.forEach((rule, i) => {
    const at = `spec.rules[${i}]`;
    const host = text(rule.host);
    if (isAddress(host)) causes.invalid(`${at}.host`, host, 'must be a DNS name, not an IP address');
    else if (host !== '') causes.invalidAll(`${at}.host`, host, hostName(host));
    const http = part(rule, 'http');
    if (http === undefined) return;
    const paths = parts(http, 'paths');
    if (paths.length === 0) causes.required(`${at}.http.paths`);
    paths.forEach((one, j) => {
      const where = `${at}.http.paths[${j}]`;
      if (one.pathType === undefined) return causes.required(`${where}.pathType`, 'pathType must be specified');
      causes.oneOf(`${where}.pathType`, one.pathType, PATH_TYPES);
      const path = text(one.path);
      if (one.pathType === 'Exact' || one.pathType === 'Prefix') {
        if (!path.startsWith('/')) causes.invalid(`${where}.path`, path, 'must be an absolute path');
        for (const bad of ['//', '/./', '/../', '%2f', '%2F'])
          if (path.includes(bad)) causes.invalid(`${where}.path`, path, `must not contain '${bad}'`);
      }
      return backend(part(one, 'backend') ?? {}, `${where}.backend`, causes);
    });
  });
}

function peer(value: Draft, field: string, causes: Causes): void {
  const block = part(value, 'ipBlock');
  const count = ['podSelector', 'namespaceSelector'].filter(one => isDraft(value[one])).length;
  if (block === undefined && count === 0) causes.required(field, 'must specify a peer');
  if (block !== undefined && count > 0) causes.forbidden(field, 'may not specify both ipBlock and another peer');
  validateSelector(part(value, 'podSelector'), `${field}.podSelector`, causes);
  validateSelector(part(value, 'namespaceSelector'), `${field}.namespaceSelector`, causes);
  if (block === undefined) return;
  if (text(block.cidr) === '') causes.required(`${field}.ipBlock.cidr`);
  else if (!isCidr(text(block.cidr))) causes.invalid(`${field}.ipBlock.cidr`, block.cidr, NO_CIDR);
  (Array.isArray(block.except) ? block.except : []).forEach((one, i) => {
    if (!isCidr(text(one))) causes.invalid(`${field}.ipBlock.except[${i}]`, one, NO_CIDR);
  });
}

/** A port, or those up to `endPort` (networking/v1 ValidateNetworkPolicyPort). */
function portRange({ port, endPort }: Draft, at: string, causes: Causes): void {
  const end = endPort === undefined ? undefined : Number(endPort);
  if (typeof port === 'number') {
    causes.invalidAll(`${at}.port`, port, portNumber(port));
    if (end === undefined) return;
    if (end < port) causes.invalid(`${at}.endPort`, port, 'must be greater than or equal to `port`');
    causes.invalidAll(`${at}.endPort`, end, portNumber(end));
  } else if (typeof port === 'string') {
    if (end !== undefined) causes.invalid(`${at}.endPort`, end, 'may not be specified when `port` is non-numeric');
    causes.invalidAll(`${at}.port`, port, portName(port));
  } else if (end !== undefined)
    causes.invalid(`${at}.endPort`, end, 'may not be specified when `port` is not specified');
}

export function networkPolicy(object: Draft, causes: Causes): void {
  const spec = specOf(object);
  validateSelector(part(spec, 'podSelector'), 'spec.podSelector', causes);
  for (const [direction, peers] of [
    ['ingress', 'from'],
    ['egress', 'to'],
  ] as const) {
    parts(spec, direction).forEach((rule, i) => {
      const at = `spec.${direction}[${i}]`;
      parts(rule, 'ports').forEach((port, j) => {
        const where = `${at}.ports[${j}]`;
        if (port.protocol !== undefined) causes.oneOf(`${where}.protocol`, port.protocol, ['TCP', 'UDP', 'SCTP']);
        portRange(port, where, causes);
      });
      parts(rule, peers).forEach((one, j) => peer(one, `${at}.${peers}[${j}]`, causes));
    });
  }
  const types = Array.isArray(spec.policyTypes) ? spec.policyTypes : [];
  if (types.length > 2) return causes.invalid('spec.policyTypes', types, 'may not specify more than two policyTypes');
  types.forEach((one, i) => causes.oneOf(`spec.policyTypes[${i}]`, one, ['Ingress', 'Egress']));
}
