import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  X509Certificate,
} from 'node:crypto';
import { isIPv4 } from 'node:net';
import type { Clock, Random } from '../../base/index.ts';
import * as der from './der.ts';

/** A certificate and its key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** Who a certificate is for. */
export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly usage: 'authority' | 'server' | 'client' | 'both';
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
  readonly days: number;
}

const DAY_ms = 86_400_000;
/** Certificates start a little in the past, so that clocks may differ. */
const BACKDATE_ms = 5 * 60_000;
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';

/** PEM around DER. */
export const pemOf = (label: string, bytes: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(bytes)
    .toString('base64')
    .replace(/(.{64})(?=.)/g, '$1\n')}\n-----END ${label}-----\n`;

const attribute = (oid: string, value: string): Buffer => der.setOf(der.sequence(der.objectId(oid), der.utf8(value)));

/** RFC 5280 Name: organizations (groups, to Kubernetes) then the common name (the user). */
export const nameOf = (request: Pick<CertificateRequest, 'commonName' | 'organizations'>): Buffer =>
  der.sequence(
    ...(request.organizations ?? []).map(organization => attribute('2.5.4.10', organization)),
    attribute('2.5.4.3', request.commonName),
  );

const keyIdentifier = (spki: Buffer): Buffer => createHash('sha1').update(spki).digest();

const extension = (oid: string, critical: boolean, value: Buffer): Buffer =>
  der.sequence(der.objectId(oid), ...(critical ? [der.truth(true)] : []), der.octets(value));

/** An address as certificates carry it: 4 or 16 bytes. */
export function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const words = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const left = words(head);
  const right = tail === undefined ? [] : words(tail);
  const all = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => '0'), ...right];
  return Buffer.from(all.flatMap(word => [Number.parseInt(word, 16) >> 8, Number.parseInt(word, 16) & 0xff]));
}

function extensionsOf(request: CertificateRequest, subjectKey: Buffer, issuerKey: Buffer): Buffer {
  const authority = request.usage === 'authority';
  const usages = [
    ...(request.usage === 'server' || request.usage === 'both' ? ['1.3.6.1.5.5.7.3.1'] : []),
    ...(request.usage === 'client' || request.usage === 'both' ? ['1.3.6.1.5.5.7.3.2'] : []),
  ];
  const names = [
    ...(request.dnsNames ?? []).map(name => der.contextPrimitive(2, Buffer.from(name, 'latin1'))),
    ...(request.addresses ?? []).map(address => der.contextPrimitive(7, addressBytes(address))),
  ];
  return der.context(
    3,
    der.sequence(
      extension('2.5.29.19', true, authority ? der.sequence(der.truth(true)) : der.sequence()),
      // digitalSignature + keyCertSign + cRLSign, or digitalSignature + keyEncipherment (RFC 5280 §4.2.1.3).
      extension('2.5.29.15', true, authority ? der.bits(Buffer.of(0x86), 1) : der.bits(Buffer.of(0xa0), 5)),
      extension('2.5.29.14', false, der.octets(subjectKey)),
      extension('2.5.29.35', false, der.sequence(der.contextPrimitive(0, issuerKey))),
      ...(usages.length > 0 ? [extension('2.5.29.37', false, der.sequence(...usages.map(der.objectId)))] : []),
      ...(names.length > 0 ? [extension('2.5.29.17', false, der.sequence(...names))] : []),
    ),
  );
}

interface Signer {
  readonly name: Buffer;
  readonly key: KeyObject;
  readonly identifier: Buffer;
}

function writeCertificate(
  request: CertificateRequest,
  publicKey: KeyObject,
  signer: Signer,
  clock: Clock,
  random: Random,
): string {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const serial = Buffer.from(random.bytes(16));
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  const algorithm = der.sequence(der.objectId(ECDSA_WITH_SHA256));
  const body = der.sequence(
    der.context(0, der.integer(Buffer.of(2))),
    der.integer(serial),
    algorithm,
    signer.name,
    der.sequence(der.instant(clock.now() - BACKDATE_ms), der.instant(clock.now() + request.days * DAY_ms)),
    nameOf(request),
    spki,
    extensionsOf(request, keyIdentifier(spki), signer.identifier),
  );
  return pemOf('CERTIFICATE', der.sequence(body, algorithm, der.bits(sign('sha256', body, signer.key))));
}

const newKey = (): { privateKey: KeyObject; publicKey: KeyObject } =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' });

const keyPem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string;

/** Makes a self-signed authority (ECDSA P-256). */
export function makeAuthority(commonName: string, days: number, clock: Clock, random: Random): KeyPair {
  const { privateKey, publicKey } = newKey();
  const request: CertificateRequest = { commonName, usage: 'authority', days };
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const signer: Signer = { name: nameOf(request), key: privateKey, identifier: keyIdentifier(spki) };
  return { certificate: writeCertificate(request, publicKey, signer, clock, random), key: keyPem(privateKey) };
}

/** Signs somebody else's public key; answers the certificate as PEM. The authority must be one of ours (its name is one common name). */
export function signPublicKey(
  authority: KeyPair,
  request: CertificateRequest,
  publicKey: KeyObject,
  clock: Clock,
  random: Random,
): string {
  const issuer = new X509Certificate(authority.certificate);
  const signer: Signer = {
    name: nameOf({ commonName: issuer.subject.replace(/^CN=/, '') }),
    key: createPrivateKey(authority.key),
    identifier: keyIdentifier(issuer.publicKey.export({ type: 'spki', format: 'der' })),
  };
  return writeCertificate(request, publicKey, signer, clock, random);
}

/** Makes a certificate with a new key, signed by `authority`. */
export function issue(authority: KeyPair, request: CertificateRequest, clock: Clock, random: Random): KeyPair {
  const { privateKey } = newKey();
  return {
    certificate: signPublicKey(authority, request, createPublicKey(privateKey), clock, random),
    key: keyPem(privateKey),
  };
}
