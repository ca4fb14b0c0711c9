import type { KeySource, RegoCrypto, SignatureName } from '../ports.ts';
import { BuiltinError } from '../runtime.ts';
import { children, elementAt } from './der.ts';
import { pemBlocks } from './pem.ts';

export interface JwtKey {
  readonly source: KeySource;
  readonly id?: string;
  readonly algorithm?: string;
}

/** Names of RFC 7518 §3.1 with a key pair. */
export const isSignatureName = (name: string): name is SignatureName =>
  /^(?:(?:RS|PS|ES)(?:256|384|512)|EdDSA)$/.test(name);

function certificateKey(der: Uint8Array): KeySource {
  try {
    const tbs = children(children(elementAt(der))[0]!);
    const spki = tbs[tbs[0]!.tag === 0xa0 ? 6 : 5]!;
    if (spki.tag !== 0x30) throw new BuiltinError('no key');
    return { format: 'spki', der: spki.raw };
  } catch {
    throw new BuiltinError('failed to parse a PEM certificate: x509: malformed certificate');
  }
}

function keyOfBlock(type: string, bytes: Uint8Array, crypto: RegoCrypto): KeySource {
  if (type === 'CERTIFICATE') return certificateKey(bytes);
  const format = type === 'PUBLIC KEY' ? 'spki' : type === 'RSA PUBLIC KEY' ? 'pkcs1-public' : undefined;
  if (!format) throw new BuiltinError('failed to extract a Key from the PEM certificate');
  const key: KeySource = { format, der: bytes };
  if (!crypto.jwkOf(key)) throw new BuiltinError('failed to parse a PEM key');
  return key;
}

/** Keys of a PEM certificate or public key, or of a JSON Web Key or key set. */
export function jwtKeys(text: string, crypto: RegoCrypto): JwtKey[] {
  if (text.includes('-----BEGIN')) {
    const [block] = pemBlocks(text);
    if (!block) throw new BuiltinError('failed to extract a Key from the PEM certificate');
    const end = text.indexOf(`-----END ${block.type}-----`) + `-----END ${block.type}-----`.length;
    if (text.slice(end).trim() !== '') throw new BuiltinError('extra data after a PEM certificate block');
    return [{ source: keyOfBlock(block.type, block.bytes, crypto) }];
  }
  return jsonKeys(text, crypto);
}

const isKey = (type: string, key: Jwk, crypto: RegoCrypto): boolean =>
  type === 'oct' || crypto.jwkOf({ format: 'jwk', jwk: JSON.stringify(key) }) !== undefined;

interface Jwk {
  readonly kid?: unknown;
  readonly alg?: unknown;
  readonly kty?: unknown;
}

function jsonKeys(text: string, crypto: RegoCrypto): JwtKey[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BuiltinError('failed to parse a JWK key (set)');
  }
  const keys = (value as { keys?: unknown } | null)?.keys;
  const list = (Array.isArray(keys) ? keys : [value]) as (Jwk | null)[];
  if (
    list.some(
      key => typeof key !== 'object' || key === null || typeof key.kty !== 'string' || !isKey(key.kty, key, crypto),
    )
  )
    throw new BuiltinError('failed to parse a JWK key (set)');
  return list.map(key => ({
    source: { format: 'jwk', jwk: JSON.stringify(key) },
    ...(typeof key!.kid === 'string' ? { id: key!.kid } : {}),
    ...(typeof key!.alg === 'string' ? { algorithm: key!.alg } : {}),
  }));
}
