import { isDeepStrictEqual } from 'node:util';
import { type Draft, isDraft, part, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { IMMUTABLE, specOf, text } from './common.ts';
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
}

export function ingressClass(object: Draft, causes: Causes): void {
  const controller = text(specOf(object).controller);
  if (controller === '') return causes.required('spec.controller');
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
    if (!isDeepStrictEqual(now[field], before[field])) causes.invalid(`spec.${field}`, now[field], IMMUTABLE);
  }
}

export function runtimeClass(object: Draft, causes: Causes): void {
  const handler = text(object.handler);
  causes.invalidAll('handler', handler, dnsLabel(handler));
}

export function runtimeClassUpdate(object: Draft, old: Draft, causes: Causes): void {
  if (object.handler !== old.handler) causes.invalid('handler', object.handler, IMMUTABLE);
}

/** flowcontrol PriorityLevelConfiguration: what its type needs and nothing of the other. */
export function priorityLevel(object: Draft, causes: Causes): void {
  const spec = specOf(object);
  const [limited, exempt] = [part(spec, 'limited'), part(spec, 'exempt')];
  if (spec.type === 'Exempt') {
    if (limited) causes.forbidden('spec.limited', 'must be nil if the type is not Limited');
  } else if (spec.type === 'Limited') {
    if (exempt) causes.forbidden('spec.exempt', 'must be nil if the type is Limited');
    if (limited) limitedLevel(limited, causes);
    else causes.required('spec.limited', 'must not be empty when type is Limited');
  } else causes.notSupported('spec.type', text(spec.type), ['Exempt', 'Limited']);
}

function limitedLevel(limited: Draft, causes: Causes): void {
  const at = 'spec.limited';
  const shares = limited.nominalConcurrencyShares;
  if (typeof shares === 'number' && shares < 0)
    causes.invalid(`${at}.nominalConcurrencyShares`, shares, 'must be a non-negative integer');
  const response = part(limited, 'limitResponse') ?? {};
  if (response.type === 'Reject') {
    if (isDraft(response.queuing))
      causes.forbidden(`${at}.limitResponse.queuing`, 'must be nil if limited.limitResponse.type is not Limited');
  } else if (response.type === 'Queue') {
    const queuing = part(response, 'queuing');
    if (queuing === undefined)
      causes.required(`${at}.limitResponse.queuing`, 'must not be empty if limited.limitResponse.type is Limited');
    else
      for (const field of ['queueLengthLimit', 'queues', 'handSize'])
        if (Number(queuing[field] ?? 0) <= 0)
          causes.invalid(`${at}.limitResponse.queuing.${field}`, queuing[field] ?? 0, 'must be positive');
  } else causes.notSupported(`${at}.limitResponse.type`, text(response.type), ['Queue', 'Reject']);
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
