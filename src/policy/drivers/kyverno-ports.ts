import { createHash, createHmac, X509Certificate } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { parse } from 'yaml';
import type { Clock, Random } from '../../base/index.ts';
import type { Json, JsonObject } from '../../kernel/index.ts';
import type { KyvernoPorts } from '../dialects/kyverno/set.ts';
import { JmesError } from '../engine/jmespath/index.ts';

const UNPACKED_BYTES_MAX = 4 * 1024 * 1024;

function decodeX509(pem: string): Json {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    throw new JmesError('failed to decode PEM block');
  }
  const name = (text: string): JsonObject => {
    const parts: JsonObject = {};
    for (const line of text.split('\n')) {
      const at = line.indexOf('=');
      const key = { CN: 'CommonName', O: 'Organization', OU: 'OrganizationalUnit', C: 'Country' }[line.slice(0, at)];
      if (key === 'CommonName') parts[key] = line.slice(at + 1);
      else if (key !== undefined) parts[key] = [line.slice(at + 1)];
    }
    return parts;
  };
  const key = certificate.publicKey.export({ format: 'jwk' });
  return {
    Subject: name(certificate.subject),
    Issuer: name(certificate.issuer),
    SerialNumber: Number.parseInt(certificate.serialNumber, 16),
    NotBefore: new Date(certificate.validFrom).toISOString().replace('.000Z', 'Z'),
    NotAfter: new Date(certificate.validTo).toISOString().replace('.000Z', 'Z'),
    IsCA: certificate.ca,
    DNSNames:
      certificate.subjectAltName
        ?.split(', ')
        .filter(each => each.startsWith('DNS:'))
        .map(each => each.slice(4)) ?? null,
    ...(key.kty === 'RSA'
      ? {
          PublicKeyAlgorithm: 'RSA',
          PublicKey: {
            N: String(BigInt(`0x${Buffer.from(key.n!, 'base64url').toString('hex')}`)),
            E: Number(BigInt(`0x${Buffer.from(key.e!, 'base64url').toString('hex')}`)),
          },
        }
      : { PublicKeyAlgorithm: key.kty === 'EC' ? 'ECDSA' : String(key.kty) }),
  };
}

/** Digests and parsers of this machine, beside the given clock and randomness; kinds come from whoever knows them. */
export function kyvernoPorts(
  clock: Pick<Clock, 'now'>,
  random: Pick<Random, 'next'>,
): Omit<KyvernoPorts, 'resourceOf'> {
  return {
    now: () => clock.now(),
    random: () => random.next(),
    digest: (algorithm, text) => createHash(algorithm).update(text).digest('hex'),
    hmac: (hash, key, text) => createHmac(hash, key).update(text).digest('base64url'),
    gunzip: bytes => gunzipSync(bytes, { maxOutputLength: UNPACKED_BYTES_MAX }),
    parseYaml: text => parse(text) as Json,
    decodeX509,
  };
}
