import { isDeepStrictEqual } from 'node:util';
import { type Draft, isDraft, part } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { specOf, text } from './common.ts';
import { driverName } from './attachment.ts';
import { dnsLabel, dnsSubdomain } from './names.ts';
import { validateNodeSelector } from './node-selector.ts';

const entries = (draft: Draft | undefined, field: string): Draft[] => {
  const list = draft?.[field];
  return Array.isArray(list) ? list.map(one => (isDraft(one) ? one : {})) : [];
};
const textsOf = (draft: Draft, field: string): string[] =>
  (Array.isArray(draft[field]) ? draft[field] : []).map(one => text(one));

const IDENTIFIER = '[A-Za-z_][A-Za-z0-9_]*';
const IDENTIFIER_MAX = 32;
const LIST_MAX = 32;

function identifier(value: string, at: string, causes: Causes): void {
  if (!new RegExp(`^${IDENTIFIER}$`).test(value))
    causes.invalid(
      at,
      value,
      `a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '${IDENTIFIER}')`,
    );
  if (value.length > IDENTIFIER_MAX) causes.tooLong(at, IDENTIFIER_MAX);
}

/** `domain/identifier` (resource/v1 FullyQualifiedName); a plain QualifiedName may do without the domain. */
function qualified(name: string, at: string, full: boolean, causes: Causes): void {
  if (name === '') return causes.required(at);
  const [first, ...rest] = name.split('/');
  // Of more parts than two nothing is said.
  if (rest.length > 1) return;
  if (rest.length === 0) identifier(first!, at, causes);
  else {
    if (first === '') causes.required(at, 'the domain must not be empty');
    else driverName(first!, at, causes);
    if (rest[0] === '') causes.required(at, 'the name must not be empty');
    else identifier(rest[0]!, at, causes);
  }
  if (full && rest.length === 0) causes.invalid(at, name, 'must include a domain');
}

/** Opaque parameters of one driver. */
function configuration(one: Draft, at: string, causes: Causes): void {
  const opaque = part(one, 'opaque');
  if (opaque === undefined) return causes.required(`${at}.opaque`);
  driverName(text(opaque.driver), `${at}.opaque.driver`, causes);
  const parameters = opaque.parameters;
  if (parameters === undefined || parameters === null) causes.required(`${at}.opaque.parameters`);
  else if (!isDraft(parameters))
    causes.invalid(`${at}.opaque.parameters`, '<value omitted>', 'must be a valid JSON object');
}

function selectors(draft: Draft, at: string, causes: Causes): void {
  const list = entries(draft, 'selectors');
  if (list.length > LIST_MAX) causes.tooMany(`${at}.selectors`, list.length, LIST_MAX);
  list.forEach((one, i) => {
    const where = `${at}.selectors[${i}].cel`;
    const cel = part(one, 'cel');
    if (cel === undefined) causes.required(where);
    else if (text(cel.expression) === '') causes.required(`${where}.expression`);
  });
}

/** resource/v1 DeviceClass. */
export function deviceClass(object: Draft, causes: Causes): void {
  const spec = specOf(object);
  selectors(spec, 'spec', causes);
  entries(spec, 'config').forEach((one, i) => configuration(one, `spec.config[${i}]`, causes));
}

function exact(request: Draft, at: string, causes: Causes): void {
  const name = text(request.deviceClassName);
  if (name === '') causes.required(`${at}.deviceClassName`);
  else causes.invalidAll(`${at}.deviceClassName`, name, dnsSubdomain(name));
  selectors(request, at, causes);
  const mode = text(request.allocationMode);
  const count = Number(request.count ?? 0);
  if (mode === 'All') {
    if (count !== 0) causes.invalid(`${at}.count`, count, `must not be specified when allocationMode is 'All'`);
  } else if (mode === 'ExactCount') {
    if (count <= 0) causes.invalid(`${at}.count`, count, 'must be greater than zero');
  } else causes.notSupported(`${at}.allocationMode`, mode, ['All', 'ExactCount']);
}

const requestName = (name: string, at: string, causes: Causes): void => causes.invalidAll(at, name, dnsLabel(name));

/** One request: exactly this, or the first that can be had. Adds what constraints may name. */
function request(one: Draft, at: string, known: Set<string>, causes: Causes): void {
  const name = text(one.name);
  requestName(name, `${at}.name`, causes);
  if (known.has(name)) causes.duplicate(`${at}.name`, name);
  known.add(name);
  const choices = entries(one, 'firstAvailable');
  const own = part(one, 'exactly');
  if (own !== undefined && choices.length > 0)
    causes.add(
      'FieldValueInvalid',
      at,
      'Invalid value: exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set',
    );
  else if (own === undefined && choices.length === 0)
    causes.required(at, 'exactly one of `exactly` or `firstAvailable` is required');
  if (own !== undefined) exact(own, `${at}.exactly`, causes);
  choices.forEach((choice, i) => {
    const where = `${at}.firstAvailable[${i}]`;
    requestName(text(choice.name), `${where}.name`, causes);
    known.add(`${name}/${text(choice.name)}`);
    exact(choice, where, causes);
  });
}

function requestReference(name: string, at: string, known: ReadonlySet<string>, causes: Causes): void {
  for (const piece of name.split('/')) requestName(piece, at, causes);
  if (name.split('/').some(piece => dnsLabel(piece).length > 0) || !known.has(name))
    causes.invalid(
      at,
      name,
      "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
    );
}

function claim(spec: Draft, field: string, causes: Causes): void {
  const at = `${field}.devices`;
  const devices = part(spec, 'devices') ?? {};
  const requests = entries(devices, 'requests');
  if (requests.length > LIST_MAX) causes.tooMany(`${at}.requests`, requests.length, LIST_MAX);
  const known = new Set<string>();
  const sound = new Set<string>();
  requests.forEach((one, i) => {
    request(one, `${at}.requests[${i}]`, known, causes);
  });
  for (const name of known) if (name.split('/').every(piece => dnsLabel(piece).length === 0)) sound.add(name);
  entries(devices, 'constraints').forEach((one, i) => {
    const where = `${at}.constraints[${i}]`;
    textsOf(one, 'requests').forEach((name, j) => requestReference(name, `${where}.requests[${j}]`, sound, causes));
    if (typeof one.distinctAttribute === 'string')
      qualified(one.distinctAttribute, `${where}.distinctAttribute`, true, causes);
    else if (typeof one.matchAttribute === 'string')
      qualified(one.matchAttribute, `${where}.matchAttribute`, true, causes);
    else causes.required(`${where}.matchAttribute`);
  });
  entries(devices, 'config').forEach((one, i) => {
    const where = `${at}.config[${i}]`;
    textsOf(one, 'requests').forEach((name, j) => requestReference(name, `${where}.requests[${j}]`, sound, causes));
    configuration(one, where, causes);
  });
}

/** resource/v1 ResourceClaim. */
export const resourceClaim = (object: Draft, causes: Causes): void => claim(specOf(object), 'spec', causes);

/** resource/v1 ResourceClaimTemplate. */
export const resourceClaimTemplate = (object: Draft, causes: Causes): void =>
  claim(part(specOf(object), 'spec') ?? {}, 'spec.spec', causes);

export function resourceClaimUpdate(object: Draft, old: Draft, causes: Causes, subresource?: string): void {
  if (subresource) return;
  if (!isDeepStrictEqual(specOf(object), specOf(old))) causes.invalid('spec', specOf(object), 'field is immutable');
}

/** Whose devices a slice tells of, and from where, stays. */
export function resourceSliceUpdate(object: Draft, old: Draft, causes: Causes): void {
  const [now, before] = [specOf(object), specOf(old)];
  const pools = [part(now, 'pool')?.name, part(before, 'pool')?.name];
  for (const [field, value, was] of [
    ['spec.driver', now.driver, before.driver],
    ['spec.nodeName', now.nodeName, before.nodeName],
    ['spec.pool.name', pools[0], pools[1]],
  ] as const)
    if (value !== was) causes.invalid(field, value ?? '', 'field is immutable');
}

const KINDS_OF_VALUE = ['string', 'int', 'bool', 'version'];
const PLACES = ['nodeName', 'nodeSelector', 'allNodes', 'perDeviceNodeSelection'];
const DEVICES_MAX = 128;

function pool(own: Draft, causes: Causes): void {
  const at = 'spec.pool';
  const name = text(own.name);
  if (name === '') causes.required(`${at}.name`);
  else for (const piece of name.split('/')) causes.invalidAll(`${at}.name`, piece, dnsSubdomain(piece));
  const count = Number(own.resourceSliceCount ?? 0);
  if (count <= 0) causes.invalid(`${at}.resourceSliceCount`, count, 'must be greater than zero');
  const generation = Number(own.generation ?? 0);
  if (generation < 0) causes.invalid(`${at}.generation`, generation, 'must be greater than or equal to zero');
}

function device(one: Draft, at: string, names: Set<string>, causes: Causes): void {
  const name = text(one.name);
  requestName(name, `${at}.name`, causes);
  if (names.has(name)) causes.duplicate(`${at}.name`, name);
  names.add(name);
  for (const [key, value] of Object.entries(part(one, 'attributes') ?? {})) {
    const where = `${at}.attributes[${key}]`;
    qualified(key, where, false, causes);
    const given = KINDS_OF_VALUE.filter(kind => isDraft(value) && value[kind] !== undefined);
    if (given.length === 0) causes.required(where, 'exactly one value must be specified');
    else if (given.length > 1)
      causes.add('FieldValueInvalid', where, 'Invalid value: exactly one value must be specified');
  }
  for (const key of Object.keys(part(one, 'capacity') ?? {})) qualified(key, `${at}.capacity[${key}]`, false, causes);
}

/** resource/v1 ResourceSlice: whose devices, in which pool, reached from where. */
export function resourceSlice(object: Draft, causes: Causes): void {
  const spec = specOf(object);
  driverName(text(spec.driver), 'spec.driver', causes);
  pool(part(spec, 'pool') ?? {}, causes);
  if (spec.nodeName === '') causes.invalid('spec.nodeName', '', 'must be either unset or set to a non-empty string');
  else if (typeof spec.nodeName === 'string')
    causes.invalidAll('spec.nodeName', spec.nodeName, dnsSubdomain(spec.nodeName));
  const selector = part(spec, 'nodeSelector');
  if (selector) validateNodeSelector(selector, 'spec.nodeSelector', causes);
  const places = PLACES.filter(one => spec[one] !== undefined && spec[one] !== '' && spec[one] !== false);
  const choice = `exactly one of ${PLACES.map(one => `\`${one}\``).join(', ')} is required`;
  if (places.length === 0) causes.required('spec', choice);
  else if (places.length > 1)
    causes.invalid('spec', `{${places.join(', ')}}`, `${choice}, but multiple fields are set`);
  const devices = entries(spec, 'devices');
  if (devices.length > DEVICES_MAX) causes.tooMany('spec.devices', devices.length, DEVICES_MAX);
  const names = new Set<string>();
  devices.forEach((one, i) => device(one, `spec.devices[${i}]`, names, causes));
}
