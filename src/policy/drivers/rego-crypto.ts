import {
  constants,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import type { HashName, KeySource, RegoCrypto, SignatureName } from '../engine/rego/index.ts';

function publicKey(source: KeySource): KeyObject | undefined {
  try {
    if (source.format === 'jwk') return createPublicKey({ key: JSON.parse(source.jwk) as never, format: 'jwk' });
    const key = Buffer.from(source.der);
    if (source.format === 'pkcs1-public') return createPublicKey({ key, format: 'der', type: 'pkcs1' });
    if (source.format === 'spki') return createPublicKey({ key, format: 'der', type: 'spki' });
    return createPublicKey(createPrivateKey({ key, format: 'der', type: source.format }));
  } catch {
    return undefined;
  }
}

function privateKey(source: KeySource): KeyObject | undefined {
  try {
    if (source.format === 'jwk') return createPrivateKey({ key: JSON.parse(source.jwk) as never, format: 'jwk' });
    if (source.format === 'spki' || source.format === 'pkcs1-public') return undefined;
    return createPrivateKey({ key: Buffer.from(source.der), format: 'der', type: source.format });
  } catch {
    return undefined;
  }
}

interface Scheme {
  readonly hash: HashName | null;
  readonly type: readonly string[];
  readonly curve?: string;
  readonly pss?: boolean;
}

const hashOf = (name: string): HashName => `sha${name.slice(2)}` as HashName;
const CURVES: Readonly<Record<string, string>> = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' };

function schemeOf(name: SignatureName): Scheme {
  if (name === 'EdDSA') return { hash: null, type: ['ed25519', 'ed448'] };
  if (name.startsWith('ES')) return { hash: hashOf(name), type: ['ec'], curve: CURVES[name]! };
  return { hash: hashOf(name), type: ['rsa', 'rsa-pss'], pss: name.startsWith('PS') };
}

const fits = (key: KeyObject, scheme: Scheme): boolean =>
  scheme.type.includes(key.asymmetricKeyType ?? '') &&
  (scheme.curve === undefined || key.asymmetricKeyDetails?.namedCurve === scheme.curve);

const options = (key: KeyObject, scheme: Scheme): object => ({
  key,
  ...(scheme.curve ? { dsaEncoding: 'ieee-p1363' } : {}),
  ...(scheme.pss ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO } : {}),
});

/** Object identifiers of certificate signatures (RFC 8017, RFC 5758, RFC 8410). */
const CERTIFICATE_HASHES: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.4': 'md5',
  '1.2.840.113549.1.1.5': 'sha1',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.1': 'sha1',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
};

/** Cryptography by Node. */
export const nodeCrypto: RegoCrypto = {
  digest: (hash, data) => createHash(hash).update(data).digest(),
  hmac: (hash, key, data) => createHmac(hash, key).update(data).digest(),
  verify(name, source, data, signature) {
    const key = publicKey(source);
    if (!key) return undefined;
    const scheme = schemeOf(name);
    if (!fits(key, scheme)) return false;
    try {
      return verify(scheme.hash, data, options(key, scheme) as never, signature);
    } catch {
      return false;
    }
  },
  sign(name, source, data) {
    const key = privateKey(source);
    const scheme = schemeOf(name);
    if (!key || !fits(key, scheme)) return undefined;
    const how = options(key, scheme) as { saltLength?: number };
    if (scheme.pss) how.saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
    return sign(scheme.hash, data, how as never);
  },
  verifyCertificate(algorithm, spki, data, signature) {
    const key = publicKey({ format: 'spki', der: spki });
    if (!key || !Object.hasOwn(CERTIFICATE_HASHES, algorithm)) return false;
    try {
      return verify(CERTIFICATE_HASHES[algorithm], data, key, signature);
    } catch {
      return false;
    }
  },
  jwkOf(source) {
    const key = privateKey(source) ?? publicKey(source);
    try {
      return key?.export({ format: 'jwk' }) as { readonly [name: string]: unknown } | undefined;
    } catch {
      return undefined;
    }
  },
};
