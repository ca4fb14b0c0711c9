import { createHash, createHmac, X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { builtinCatalog, isObject, type Json, type JsonObject, schemaOf } from '../kernel/index.ts';
import { JmesError, type TestFiles, type TestPorts } from '../policy/index.ts';

const FILE_BYTES_MAX = 32 * 1024 * 1024;
const DOCUMENTS = /\.(?:ya?ml|json)$/;

/** Every document of a YAML or JSON text; broken ones are left out. */
export function documentsOf(text: string): JsonObject[] {
  if (/^\s*[{[]/.test(text)) {
    try {
      const value = JSON.parse(text) as Json;
      return Array.isArray(value) ? value.filter(isObject) : isObject(value) ? [value] : [];
    } catch {
      // Not JSON after all: YAML may start with a brace too.
    }
  }
  return parseAllDocuments(text, { merge: true, uniqueKeys: false, logLevel: 'silent' }).flatMap(document => {
    if (!('toJS' in document) || document.errors.length > 0) return [];
    const value = document.toJS({ maxAliasCount: 1000 }) as Json;
    return isObject(value) ? [value] : [];
  });
}

/** Files under a folder, each read once. */
export function filesUnder(folder: string, cache: Map<string, readonly JsonObject[]> = new Map()): TestFiles {
  const documents = (path: string): readonly JsonObject[] | undefined => {
    const file = resolve(folder, path);
    const known = cache.get(file);
    if (known !== undefined) return known;
    if (!existsSync(file)) return undefined;
    const stat = statSync(file);
    if (stat.isDirectory())
      return readdirSync(file)
        .filter(name => DOCUMENTS.test(name))
        .sort()
        .flatMap(name => documents(join(file, name)) ?? []);
    if (stat.size > FILE_BYTES_MAX) return undefined;
    const found = documentsOf(readFileSync(file, 'utf8'));
    cache.set(file, found);
    return found;
  };
  return { documents };
}

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

/** The machine's clock, digests and parsers, and the types Kubernetes knows. */
export const testPorts: TestPorts = {
  now: () => Date.now(),
  random: () => Math.random(),
  digest: (algorithm, text) => createHash(algorithm).update(text).digest('hex'),
  hmac: (hash, key, text) => createHmac(hash, key).update(text).digest('base64url'),
  parseYaml: text => parse(text) as Json,
  decodeX509,
  resourceOf: kind => builtinCatalog().kind(kind),
  schemaOf,
};
