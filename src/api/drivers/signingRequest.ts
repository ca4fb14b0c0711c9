import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { addressBytes, nameOf, pemOf } from './certificate.ts';
import * as der from './der.ts';
import { children, integerOf, objectIdOf, readElement, textOf } from './derReader.ts';

/** A PKCS#10 request (RFC 2986) as far as Kubernetes' signers look at it. */
export interface SigningRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  /** E-mail addresses and URIs. */
  readonly others: readonly string[];
  readonly publicKey: KeyObject;
}

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
/** Signature algorithms requests may be signed with, and the digest each uses; Ed25519 has none of its own. */
const DIGESTS: ReadonlyMap<string, string | null> = new Map([
  [ECDSA_WITH_SHA256, 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  ['1.3.101.112', null],
]);
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
const SUBJECT_ALT_NAME = '2.5.29.17';
const COMMON_NAME = '2.5.4.3';
const ORGANIZATION = '2.5.4.10';
const REQUEST_BYTES_MAX = 32 * 1024;

function subjectOf(name: Buffer): { commonName: string; organizations: string[] } {
  const found = { commonName: '', organizations: [] as string[] };
  for (const set of children(name)) {
    for (const pair of children(set.content)) {
      const [oid, value] = children(pair.content);
      if (!oid || !value) continue;
      const type = objectIdOf(oid);
      if (type === COMMON_NAME) found.commonName = textOf(value);
      else if (type === ORGANIZATION) found.organizations.push(textOf(value));
    }
  }
  return found;
}

function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return [...bytes].join('.');
  if (bytes.length !== 16) throw new Error('an IP address has 4 or 16 bytes');
  return Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16)).join(':');
}

/** GeneralNames (RFC 5280 §4.2.1.6): 1 mail, 2 DNS, 6 URI, 7 address. */
function namesOf(attributes: Buffer): Pick<SigningRequest, 'dnsNames' | 'ipAddresses' | 'others'> {
  const found = { dnsNames: [] as string[], ipAddresses: [] as string[], others: [] as string[] };
  for (const attribute of children(attributes)) {
    const [type, values] = children(attribute.content);
    if (!type || !values || objectIdOf(type) !== EXTENSION_REQUEST) continue;
    for (const extensions of children(values.content)) {
      for (const extension of children(extensions.content)) {
        const parts = children(extension.content);
        if (!parts[0] || objectIdOf(parts[0]) !== SUBJECT_ALT_NAME) continue;
        for (const name of children(readElement(parts.at(-1)!.content, 0).content)) {
          const kind = name.tag & 0x1f;
          if (kind === 2) found.dnsNames.push(name.content.toString('latin1'));
          else if (kind === 7) found.ipAddresses.push(addressText(name.content));
          else found.others.push(name.content.toString('latin1'));
        }
      }
    }
  }
  return found;
}

/** Reads a PEM request and checks that its sender holds the key; throws what is wrong with it. */
export function readSigningRequest(pem: string): SigningRequest {
  const base64 = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]*)-----END/.exec(pem)?.[1];
  if (base64 === undefined) throw new Error('PEM block type must be CERTIFICATE REQUEST');
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length > REQUEST_BYTES_MAX) throw new Error('the request is too long');
  const [info, algorithm, signature] = children(readElement(bytes, 0).content);
  if (!info || !algorithm || !signature) throw new Error('not a PKCS#10 request');
  const [version, subject, key, attributes] = children(info.content);
  if (!version || !subject || !key || integerOf(version) !== 0) throw new Error('not a PKCS#10 request');
  const publicKey = createPublicKey({ key: key.whole, format: 'der', type: 'spki' });
  const digest = DIGESTS.get(objectIdOf(children(algorithm.content)[0]!));
  if (digest === undefined) throw new Error('the request is signed by an unknown algorithm');
  // A bit string's first byte counts unused bits.
  if (!verify(digest, info.whole, publicKey, signature.content.subarray(1)))
    throw new Error('the signature of the request does not match its key');
  const names = attributes ? namesOf(attributes.content) : { dnsNames: [], ipAddresses: [], others: [] };
  return { ...subjectOf(subject.content), ...names, publicKey };
}

/** Makes a key and a request for it; both PEM. */
export function makeSigningRequest(wanted: {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly addresses?: readonly string[];
  readonly dnsNames?: readonly string[];
}): { request: string; key: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const names = [
    ...(wanted.dnsNames ?? []).map(name => der.contextPrimitive(2, Buffer.from(name, 'latin1'))),
    ...(wanted.addresses ?? []).map(address => der.contextPrimitive(7, addressBytes(address))),
  ];
  const extension = der.sequence(der.objectId(SUBJECT_ALT_NAME), der.octets(der.sequence(...names)));
  const attribute = der.sequence(der.objectId(EXTENSION_REQUEST), der.setOf(der.sequence(extension)));
  const info = der.sequence(
    der.integer(Buffer.of(0)),
    nameOf(wanted),
    publicKey.export({ type: 'spki', format: 'der' }),
    names.length > 0 ? der.context(0, attribute) : der.context(0, Buffer.alloc(0)),
  );
  const algorithm = der.sequence(der.objectId(ECDSA_WITH_SHA256));
  return {
    request: pemOf('CERTIFICATE REQUEST', der.sequence(info, algorithm, der.bits(sign('sha256', info, privateKey)))),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}
