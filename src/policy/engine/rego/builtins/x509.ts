import { fromBigInt } from '../number.ts';
import { BuiltinError } from '../runtime.ts';
import { Ip } from '../../cel/runtime/network.ts';
import { objectOf, type Value } from '../value.ts';
import { toBase64 } from './bytes.ts';
import { bitsOf, children, type Element, elementAt, integerOf, malformed, objectId, stringOf, timeOf } from './der.ts';

type Fields = [string, Value][];

/** A certificate or request with the parts needed to check it. */
export interface Certificate {
  readonly fields: Map<string, Value>;
  readonly tbs: Uint8Array;
  readonly spki: Uint8Array;
  readonly algorithm: string;
  readonly signature: Uint8Array;
  readonly subject: Uint8Array;
  readonly issuer: Uint8Array;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly isAuthority: boolean;
  readonly names: readonly string[];
  readonly usages: readonly number[];
  readonly raw: Uint8Array;
}

const NAME_FIELDS: readonly (readonly [string, string, boolean])[] = [
  ['2.5.4.6', 'Country', true],
  ['2.5.4.10', 'Organization', true],
  ['2.5.4.11', 'OrganizationalUnit', true],
  ['2.5.4.7', 'Locality', true],
  ['2.5.4.8', 'Province', true],
  ['2.5.4.9', 'StreetAddress', true],
  ['2.5.4.17', 'PostalCode', true],
  ['2.5.4.5', 'SerialNumber', false],
  ['2.5.4.3', 'CommonName', false],
];

/** A distinguished name in the form of Go's pkix.Name. */
function nameOf(element: Element): Value {
  const names: Value[] = [];
  const found = new Map<string, string[]>();
  for (const set of children(element)) {
    for (const pair of children(set)) {
      const [type, value] = children(pair);
      const id = objectId(type ?? malformed());
      const text = stringOf(value ?? malformed());
      names.push(
        objectOf([
          ['Type', id],
          ['Value', text],
        ]),
      );
      found.set(id.join('.'), [...(found.get(id.join('.')) ?? []), text]);
    }
  }
  const entries: Fields = NAME_FIELDS.map(([id, name, many]) => {
    const values = found.get(id);
    return [name, many ? (values ?? null) : (values?.at(-1) ?? '')];
  });
  return objectOf([...entries, ['Names', names], ['ExtraNames', null]]);
}

/** Numbers Go's x509 gives to public key algorithms. */
const KEY_ALGORITHMS: Readonly<Record<string, number>> = {
  '1.2.840.113549.1.1.1': 1,
  '1.2.840.10040.4.1': 2,
  '1.2.840.10045.2.1': 3,
  '1.3.101.112': 4,
};

/** Numbers Go's x509 gives to signature algorithms. */
const SIGNATURE_ALGORITHMS: Readonly<Record<string, number>> = {
  '1.2.840.113549.1.1.4': 2,
  '1.2.840.113549.1.1.5': 3,
  '1.2.840.113549.1.1.11': 4,
  '1.2.840.113549.1.1.12': 5,
  '1.2.840.113549.1.1.13': 6,
  '1.2.840.10045.4.1': 9,
  '1.2.840.10045.4.3.2': 10,
  '1.2.840.10045.4.3.3': 11,
  '1.2.840.10045.4.3.4': 12,
  '1.3.101.112': 16,
};

const number = (value: bigint): Value => fromBigInt(value);
const bytesNumber = (bytes: Uint8Array): bigint =>
  integerOf({ tag: 2, raw: bytes, body: Uint8Array.from([0, ...bytes]) });

function publicKey(spki: Element): Fields {
  const [algorithm, bits] = children(spki);
  const id = objectId(children(algorithm ?? malformed())[0] ?? malformed()).join('.');
  const key = bitsOf(bits ?? malformed());
  const kind = KEY_ALGORITHMS[id] ?? 0;
  let value: Value = null;
  if (kind === 1) {
    const [modulus, exponent] = children(elementAt(key));
    value = objectOf([
      ['N', number(integerOf(modulus ?? malformed()))],
      ['E', number(integerOf(exponent ?? malformed()))],
    ]);
  } else if (kind === 3 && key[0] === 4) {
    const half = (key.length - 1) / 2;
    value = objectOf([
      ['Curve', objectOf([])],
      ['X', number(bytesNumber(key.subarray(1, 1 + half)))],
      ['Y', number(bytesNumber(key.subarray(1 + half)))],
    ]);
  } else if (kind === 4) value = toBase64(key);
  return [
    ['PublicKeyAlgorithm', kind],
    ['PublicKey', value],
  ];
}

interface Alternatives {
  dns: string[];
  emails: string[];
  ips: string[];
  uris: string[];
}

function addressOf(body: Uint8Array): string {
  const value = [...body].reduce((bits, byte) => (bits << 8n) | BigInt(byte), 0n);
  return new Ip(body.length === 4 ? 4 : 6, value).text;
}

function alternatives(value: Uint8Array): Alternatives {
  const found: Alternatives = { dns: [], emails: [], ips: [], uris: [] };
  for (const name of children(elementAt(value))) {
    const kind = name.tag & 0x1f;
    if (kind === 1) found.emails.push(stringOf(name));
    else if (kind === 2) found.dns.push(stringOf(name));
    else if (kind === 6) found.uris.push(stringOf(name));
    else if (kind === 7) found.ips.push(addressOf(name.body));
  }
  return found;
}

/** A URI as Go writes its url.URL. */
function uriOf(text: string): Value {
  const found = /^([A-Za-z][\w+.-]*):(?:\/\/(?:[^/?#@]*@)?([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(text);
  return objectOf([
    ['Scheme', found?.[1] ?? ''],
    ['Opaque', ''],
    ['User', null],
    ['Host', found?.[2] ?? ''],
    ['Path', found?.[3] ?? text],
    ['RawPath', ''],
    ['OmitHost', false],
    ['ForceQuery', false],
    ['RawQuery', found?.[4] ?? ''],
    ['Fragment', found?.[5] ?? ''],
    ['RawFragment', ''],
  ]);
}

const orNull = (list: readonly Value[]): Value => (list.length === 0 ? null : list);

interface Extension {
  readonly id: readonly number[];
  readonly critical: boolean;
  readonly value: Uint8Array;
}

function extensionsOf(element: Element | undefined): Extension[] {
  if (!element) return [];
  return children(element).map(item => {
    const parts = children(item);
    const value = parts.at(-1) ?? malformed();
    return {
      id: objectId(parts[0] ?? malformed()),
      critical: parts.length > 2 && parts[1]!.body[0] !== 0,
      value: value.body,
    };
  });
}

/** Go's numbers of extended key usages, by the last part of id-kp. */
const KEY_PURPOSES: Readonly<Record<string, number>> = {
  '2.5.29.37.0': 0,
  '1.3.6.1.5.5.7.3.1': 1,
  '1.3.6.1.5.5.7.3.2': 2,
  '1.3.6.1.5.5.7.3.3': 3,
  '1.3.6.1.5.5.7.3.4': 4,
  '1.3.6.1.5.5.7.3.5': 5,
  '1.3.6.1.5.5.7.3.6': 6,
  '1.3.6.1.5.5.7.3.7': 7,
  '1.3.6.1.5.5.7.3.8': 8,
  '1.3.6.1.5.5.7.3.9': 9,
  '1.3.6.1.4.1.311.10.3.3': 10,
  '2.16.840.1.113730.4.1': 11,
};

const EMPTY_FIELDS: Fields = [
  ['AuthorityKeyId', null],
  ['BasicConstraintsValid', false],
  ['CRLDistributionPoints', null],
  ['ExcludedDNSDomains', null],
  ['ExcludedEmailAddresses', null],
  ['ExcludedIPRanges', null],
  ['ExcludedURIDomains', null],
  ['ExtKeyUsage', null],
  ['InhibitAnyPolicy', 0],
  ['InhibitAnyPolicyZero', false],
  ['InhibitPolicyMapping', 0],
  ['InhibitPolicyMappingZero', false],
  ['IsCA', false],
  ['IssuingCertificateURL', null],
  ['KeyUsage', 0],
  ['MaxPathLen', 0],
  ['MaxPathLenZero', false],
  ['OCSPServer', null],
  ['PermittedDNSDomains', null],
  ['PermittedDNSDomainsCritical', false],
  ['PermittedEmailAddresses', null],
  ['PermittedIPRanges', null],
  ['PermittedURIDomains', null],
  ['Policies', null],
  ['PolicyIdentifiers', null],
  ['PolicyMappings', null],
  ['RequireExplicitPolicy', 0],
  ['RequireExplicitPolicyZero', false],
  ['SubjectKeyId', null],
  ['UnhandledCriticalExtensions', null],
  ['UnknownExtKeyUsage', null],
];

function keyUsage(value: Uint8Array): number {
  const bits = elementAt(value).body;
  let usage = 0;
  for (let bit = 0; bit < (bits.length - 1) * 8; bit++)
    if (bits[1 + (bit >> 3)]! & (0x80 >> (bit & 7))) usage |= 1 << bit;
  return usage;
}

function locations(value: Uint8Array, method: string): string[] {
  return children(elementAt(value)).flatMap(item => {
    const [id, place] = children(item);
    return id && place && objectId(id).join('.') === method && place.tag === 0x86 ? [stringOf(place)] : [];
  });
}

function applyExtension(fields: Map<string, Value>, { id, value }: Extension): void {
  const key = id.join('.');
  if (key === '2.5.29.14') fields.set('SubjectKeyId', toBase64(elementAt(value).body));
  else if (key === '2.5.29.35') {
    const found = children(elementAt(value)).find(item => item.tag === 0x80);
    if (found) fields.set('AuthorityKeyId', toBase64(found.body));
  } else if (key === '2.5.29.19') {
    const parts = children(elementAt(value));
    const length = parts.find(part => part.tag === 2);
    fields.set('BasicConstraintsValid', true);
    fields.set('IsCA', parts[0]?.tag === 1 && parts[0].body[0] !== 0);
    fields.set('MaxPathLen', length ? number(integerOf(length)) : -1);
    fields.set('MaxPathLenZero', length !== undefined && integerOf(length) === 0n);
  } else if (key === '2.5.29.15') fields.set('KeyUsage', keyUsage(value));
  else if (key === '2.5.29.37') {
    const ids = children(elementAt(value)).map(item => objectId(item).join('.'));
    fields.set('ExtKeyUsage', orNull(ids.filter(name => name in KEY_PURPOSES).map(name => KEY_PURPOSES[name]!)));
    fields.set(
      'UnknownExtKeyUsage',
      orNull(ids.filter(name => !(name in KEY_PURPOSES)).map(name => name.split('.').map(Number))),
    );
  } else if (key === '1.3.6.1.5.5.7.1.1') {
    fields.set('OCSPServer', orNull(locations(value, '1.3.6.1.5.5.7.48.1')));
    fields.set('IssuingCertificateURL', orNull(locations(value, '1.3.6.1.5.5.7.48.2')));
  } else if (key === '2.5.29.31') {
    const points = children(elementAt(value)).flatMap(point =>
      children(point).flatMap(name => (name.tag === 0xa0 ? children(name).flatMap(children) : [])),
    );
    fields.set('CRLDistributionPoints', orNull(points.filter(item => item.tag === 0x86).map(stringOf)));
  }
}

function setAlternatives(fields: Map<string, Value>, extensions: readonly Extension[]): Alternatives {
  const own = extensions.find(({ id }) => id.join('.') === '2.5.29.17');
  const found = own ? alternatives(own.value) : { dns: [], emails: [], ips: [], uris: [] };
  fields.set('DNSNames', orNull(found.dns));
  fields.set('EmailAddresses', orNull(found.emails));
  fields.set('IPAddresses', orNull(found.ips));
  fields.set('URIs', orNull(found.uris.map(uriOf)));
  fields.set(
    'Extensions',
    orNull(
      extensions.map(({ id, critical, value }) =>
        objectOf([
          ['Id', id],
          ['Critical', critical],
          ['Value', toBase64(value)],
        ]),
      ),
    ),
  );
  fields.set('ExtraExtensions', null);
  return found;
}

function signed(der: Uint8Array): { whole: Element; tbs: Element; algorithm: string; signature: Uint8Array } {
  const whole = elementAt(der);
  const [tbs, method, signature] = children(whole);
  if (!tbs || !method || !signature || signature.tag !== 3) malformed();
  return {
    whole,
    tbs,
    algorithm: objectId(children(method)[0] ?? malformed()).join('.'),
    signature: bitsOf(signature),
  };
}

/** Reads one certificate (RFC 5280) into the fields of Go's x509.Certificate. */
export function certificateOf(der: Uint8Array): Certificate {
  const { whole, tbs, algorithm, signature } = signed(der);
  const parts = children(tbs);
  const versioned = parts[0]?.tag === 0xa0;
  const [serial, , issuer, validity, subject, spki] = versioned ? parts.slice(1) : parts;
  if (!serial || !issuer || !validity || !subject || !spki) malformed();
  const [from, to] = children(validity).map(timeOf);
  const version = versioned ? Number(integerOf(elementAt(parts[0]!.body))) + 1 : 1;
  const holder = parts.find(part => part.tag === 0xa3);
  const extensions = extensionsOf(holder && elementAt(holder.body));
  const fields = new Map<string, Value>([
    ...EMPTY_FIELDS,
    ...publicKey(spki),
    ['Raw', toBase64(whole.raw)],
    ['RawTBSCertificate', toBase64(tbs.raw)],
    ['RawSubjectPublicKeyInfo', toBase64(spki.raw)],
    ['RawSubject', toBase64(subject.raw)],
    ['RawIssuer', toBase64(issuer.raw)],
    ['Signature', toBase64(signature)],
    ['SignatureAlgorithm', SIGNATURE_ALGORITHMS[algorithm] ?? 0],
    ['Version', version],
    ['SerialNumber', number(integerOf(serial))],
    ['Issuer', nameOf(issuer)],
    ['Subject', nameOf(subject)],
    ['NotBefore', from ?? malformed()],
    ['NotAfter', to ?? malformed()],
  ]);
  const found = setAlternatives(fields, extensions);
  for (const extension of extensions) applyExtension(fields, extension);
  fields.set('URIStrings', orNull(found.uris));
  return {
    fields,
    tbs: tbs.raw,
    spki: spki.raw,
    algorithm,
    signature,
    subject: subject.raw,
    issuer: issuer.raw,
    notBefore: from!,
    notAfter: to!,
    isAuthority: fields.get('IsCA') === true,
    names: [...found.dns, ...found.ips],
    usages: (fields.get('ExtKeyUsage') as number[] | null) ?? [],
    raw: whole.raw,
  };
}

/** A value as Go's asn1 reads it where any type may come; undefined for what it does not read. */
function anyValue(element: Element): Value | undefined {
  if (element.tag === 1) return element.body[0] !== 0;
  if (element.tag === 2) return number(integerOf(element));
  if (element.tag === 4) return toBase64(element.body);
  if (element.tag === 6) return objectId(element);
  return TEXT_TAGS.has(element.tag) ? stringOf(element) : undefined;
}

const TEXT_TAGS: ReadonlySet<number> = new Set([0x0c, 0x12, 0x13, 0x14, 0x16, 0x1e]);
const [SEQUENCE, SET, OBJECT_ID] = [0x30, 0x31, 6];

/** Attributes that are sets of sequences of named values; Go leaves others (a challenge password) out. */
function attributesOf(holder: Element | undefined): Value {
  const found: Value[] = [];
  for (const attribute of holder ? children(holder) : []) {
    const [type, set] = children(attribute);
    if (type?.tag !== OBJECT_ID || set?.tag !== SET) continue;
    const sets = children(set).map(list => (list.tag === SEQUENCE ? namedValues(list) : undefined));
    if (sets.includes(undefined)) continue;
    found.push(
      objectOf([
        ['Type', objectId(type)],
        ['Value', sets as Value[]],
      ]),
    );
  }
  return orNull(found);
}

function namedValues(list: Element): Value | undefined {
  const pairs = children(list).map(pair => (pair.tag === SEQUENCE ? children(pair) : []));
  if (pairs.some(([type, value]) => type?.tag !== OBJECT_ID || value === undefined)) return undefined;
  return pairs.map(([type, value]) =>
    objectOf([
      ['Type', objectId(type!)],
      ['Value', anyValue(value!) ?? null],
    ]),
  );
}

/** Reads a certificate request (RFC 2986) into the fields of Go's x509.CertificateRequest. */
export function requestOf(der: Uint8Array): Value {
  let parsed: ReturnType<typeof signed>;
  try {
    parsed = signed(der);
  } catch (error) {
    if (error instanceof BuiltinError) malformed('asn1: structure error: tags do not match');
    throw error;
  }
  const [version, subject, spki, attributes] = children(parsed.tbs);
  if (!version || !subject || !spki) malformed('asn1: structure error: request is cut short');
  const asked = attributes
    ? children(attributes).find(item => objectId(children(item)[0]!).join('.') === '1.2.840.113549.1.9.14')
    : undefined;
  const extensions = extensionsOf(asked && children(children(asked)[1]!)[0]);
  const fields = new Map<string, Value>([
    ...publicKey(spki),
    ['Attributes', attributesOf(attributes)],
    ['Raw', toBase64(parsed.whole.raw)],
    ['RawTBSCertificateRequest', toBase64(parsed.tbs.raw)],
    ['RawSubjectPublicKeyInfo', toBase64(spki.raw)],
    ['RawSubject', toBase64(subject.raw)],
    ['Signature', toBase64(parsed.signature)],
    ['SignatureAlgorithm', SIGNATURE_ALGORITHMS[parsed.algorithm] ?? 0],
    ['Subject', nameOf(subject)],
    ['Version', number(integerOf(version))],
  ]);
  setAlternatives(fields, extensions);
  return objectOf(fields);
}
