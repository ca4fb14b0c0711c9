import { isDeepStrictEqual } from 'node:util';
import { Quantity } from '../../quantity.ts';
import { type Draft, part, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { IMMUTABLE, isCidr, NO_CIDR, specOf, text } from './common.ts';
import { dnsLabel, dnsSubdomain, labelValue, qualifiedName } from './names.ts';

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** Taints of a node: sound keys, known effects, each pair once (core/v1 ValidateNode; it names them below metadata). */
export function node(object: Draft, causes: Causes): void {
  const seen = new Set<string>();
  parts(specOf(object), 'taints').forEach((taint, i) => {
    const at = `metadata.taints[${i}]`;
    const [key, value, effect] = [text(taint.key), text(taint.value), text(taint.effect)];
    causes.invalidAll(`${at}.key`, key, qualifiedName(key));
    causes.invalidAll(`${at}.value`, value, labelValue(value));
    if (effect === '') causes.required(`${at}.effect`);
    else causes.oneOf(`${at}.effect`, effect, EFFECTS);
    const pair = `${key}:${effect}`;
    if (seen.has(pair)) {
      const shown = JSON.stringify({ Key: key, Value: value, Effect: effect, TimeAdded: null });
      causes.add('FieldValueDuplicate', at, `Duplicate value: ${shown}: taints must be unique by key and effect pair`);
    }
    seen.add(pair);
  });
  nodeAddresses(specOf(object), causes);
  const status = part(object, 'status');
  for (const list of ['capacity', 'allocatable'])
    for (const [name, amount] of Object.entries(part(status, list) ?? {})) {
      const size = Quantity.parse(String(amount));
      if (size && size.nano < 0n)
        causes.invalid(`status.${list}.${name}`, size.toString(), 'must be greater than or equal to 0');
    }
}

/** Where a machine comes from is told once. */
export function nodeUpdate(object: Draft, old: Draft, causes: Causes, subresource?: string): void {
  if (subresource) return;
  const before = text(specOf(old).providerID);
  if (before !== '' && text(specOf(object).providerID) !== before)
    causes.forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid');
}

/** The pod ranges of a node: one, or one of each family. */
function nodeAddresses(spec: Draft, causes: Causes): void {
  const ranges = (Array.isArray(spec.podCIDRs) ? spec.podCIDRs : []).map(text);
  ranges.forEach((range, i) => {
    if (!isCidr(range)) causes.invalid(`spec.podCIDRs[${i}]`, range, NO_CIDR);
  });
  const families = new Set(ranges.map(range => range.includes(':')));
  if (ranges.length > 2 || (ranges.length === 2 && families.size === 1))
    causes.invalid('spec.podCIDRs', ranges, 'may specify no more than one CIDR for each IP family');
}

/** Bytes the name of a controller may have. */
const CONTROLLER_MAX = 250;

export function ingressClass(object: Draft, causes: Causes): void {
  const controller = text(specOf(object).controller);
  if (controller === '') return causes.required('spec.controller');
  if (controller.length > CONTROLLER_MAX) causes.tooLong('spec.controller', CONTROLLER_MAX);
  const [domain, ...path] = controller.split('/');
  if (path.length === 0 || path.join('/') === '' || dnsSubdomain(domain!).length > 0)
    causes.invalid('spec.controller', controller, 'must be a domain-prefixed path (such as "acme.io/foo")');
}

export function ingressClassUpdate(object: Draft, old: Draft, causes: Causes): void {
  const controller = text(specOf(object).controller);
  if (controller !== text(specOf(old).controller)) causes.invalid('spec.controller', controller, IMMUTABLE);
}

export function csiDriver(object: Draft, causes: Causes): void {
  const spec = specOf(object);
  if (spec.attachRequired === undefined) causes.required('spec.attachedRequired');
  if (spec.podInfoOnMount === undefined) causes.required('spec.podInfoOnMount');
  (Array.isArray(spec.volumeLifecycleModes) ? spec.volumeLifecycleModes : []).forEach(mode =>
    causes.oneOf('spec.volumeLifecycleModes', mode, ['Persistent', 'Ephemeral']),
  );
  if (spec.fsGroupPolicy !== undefined)
    causes.oneOf('spec.fsGroupPolicy', spec.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType']);
}

export function csiDriverUpdate(object: Draft, old: Draft, causes: Causes): void {
  const [now, before] = [specOf(object), specOf(old)];
  for (const field of ['attachRequired', 'volumeLifecycleModes']) {
    // The API server names the one otherwise.
    const named = field === 'attachRequired' ? 'attachedRequired' : field;
    if (!isDeepStrictEqual(now[field], before[field])) causes.invalid(`spec.${named}`, now[field], IMMUTABLE);
  }
}

export function runtimeClass(object: Draft, causes: Causes): void {
  const handler = text(object.handler);
  causes.invalidAll('handler', handler, dnsLabel(handler));
}

export function runtimeClassUpdate(object: Draft, old: Draft, causes: Causes): void {
  if (object.handler !== old.handler) causes.invalid('handler', object.handler, IMMUTABLE);
}

/** certificates/v1 KeyUsage. */
const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];
const REQUEST = /^-----BEGIN CERTIFICATE REQUEST-----\s[\s\S]+?-----END CERTIFICATE REQUEST-----/m;

/** A certificate request in PEM, for a signer, with usages (validateCertificateSigningRequest). */
export function signingRequest(object: Draft, causes: Causes): void {
  const spec = specOf(object);
  const request = text(spec.request);
  if (!REQUEST.test(Buffer.from(request, 'base64').toString('latin1')))
    causes.invalid('spec.request', request === '' ? null : request, 'PEM block type must be CERTIFICATE REQUEST');
  const usages = Array.isArray(spec.usages) ? spec.usages : [];
  if (usages.length === 0) causes.required('spec.usages');
  usages.forEach((usage, i) => causes.oneOf(`spec.usages[${i}]`, usage, USAGES));
  if (text(spec.signerName) === '') causes.required('spec.signerName');
  const seconds = spec.expirationSeconds;
  if (typeof seconds === 'number' && seconds < 600)
    causes.invalid('spec.expirationSeconds', seconds, 'may not specify a duration less than 600 seconds (10 minutes)');
}
