import { fromBigInt } from '../number.ts';
import type { HashName, KeySource, RegoCrypto } from '../ports.ts';
import { type BuiltinContext, BuiltinError } from '../runtime.ts';
import { entriesOf, isArray, objectOf, type Value } from '../value.ts';
import { bytesOf, fromBase64Url, toBase64, toHex } from './bytes.ts';
import { elements } from './der.ts';
import { type Entry, entry, object, text } from './operands.ts';
import { blocksOf, privateKeyOf } from './pem.ts';
import { type Certificate, certificateOf, requestOf } from './x509.ts';

/** The host's cryptography. */
export function cryptoOf(context: BuiltinContext): RegoCrypto {
  if (!context.crypto) throw new BuiltinError('cryptography is not available here');
  return context.crypto;
}

const digest = (hash: HashName): Entry =>
  entry(1, ([value], context) => toHex(cryptoOf(context).digest(hash, bytesOf(text(value!, 1)))));
const hmac = (hash: HashName): Entry =>
  entry(2, ([value, key], context) =>
    toHex(cryptoOf(context).hmac(hash, bytesOf(text(key!, 2)), bytesOf(text(value!, 1)))),
  );

function certificates(source: string): Certificate[] {
  const blocks = blocksOf(source, 'CERTIFICATE').filter(({ type }) => type === 'CERTIFICATE');
  if (blocks.length === 0) throw new BuiltinError('no PEM data found: x509: malformed certificate');
  return blocks.flatMap(({ bytes }) => elements(bytes).map(({ raw }) => certificateOf(raw)));
}

const shown = (list: readonly Certificate[]): Value => list.map(({ fields }) => objectOf(fields));

interface VerifyOptions {
  readonly now: string;
  readonly name: string | undefined;
  readonly usages: readonly number[];
}

const USAGES: Readonly<Record<string, number>> = {
  KeyUsageAny: 0,
  KeyUsageServerAuth: 1,
  KeyUsageClientAuth: 2,
  KeyUsageCodeSigning: 3,
  KeyUsageEmailProtection: 4,
  KeyUsageIPSECEndSystem: 5,
  KeyUsageIPSECTunnel: 6,
  KeyUsageIPSECUser: 7,
  KeyUsageTimeStamping: 8,
  KeyUsageOCSPSigning: 9,
  KeyUsageMicrosoftServerGatedCrypto: 10,
  KeyUsageNetscapeServerGatedCrypto: 11,
};

const isoOf = (nanos: bigint): string => {
  const millis = Number(nanos / 1_000_000n);
  return new Date(millis).toISOString().replace(/\.\d+Z$/, 'Z');
};

function optionsOf(context: BuiltinContext, value?: Value): VerifyOptions {
  let now = context.now_ns;
  let name: string | undefined;
  let usages: number[] = [1];
  for (const [key, item] of value === undefined ? [] : entriesOf(object(value, 2))) {
    if (key === 'DNSName') name = text(item, 2);
    else if (key === 'CurrentTime') now = BigInt(Math.trunc(Number(item as number)));
    else if (key === 'KeyUsages') {
      const list = isArray(item) ? item : [...((item as { members?: Map<string, Value> }).members?.values() ?? [])];
      usages = list.map(usage => {
        const known = typeof usage === 'string' && Object.hasOwn(USAGES, usage) ? USAGES[usage] : undefined;
        if (known === undefined) throw new BuiltinError(`invalid entry for 'KeyUsages' found`);
        return known;
      });
    } else if (key !== 'MaxConstraintComparisons') throw new BuiltinError('invalid key option');
  }
  return { now: isoOf(now), name, usages };
}

const sameBytes = (left: Uint8Array, right: Uint8Array): boolean => toBase64(left) === toBase64(right);

function nameFits(certificate: Certificate, name: string): boolean {
  const wanted = name.toLowerCase();
  return certificate.names.some(each => {
    const pattern = each.toLowerCase();
    if (!pattern.startsWith('*.')) return pattern === wanted;
    const dot = wanted.indexOf('.');
    return dot > 0 && wanted.slice(dot) === pattern.slice(1);
  });
}

/** The first certificate is the root, the last the leaf, the others stand between (OPA, parse_and_verify_certificates). */
function chain(list: readonly Certificate[], crypto: RegoCrypto, options: VerifyOptions): Certificate[] | undefined {
  const root = list[0]!;
  const leaf = list.at(-1)!;
  const inTime = (item: Certificate): boolean => item.notBefore <= options.now && options.now <= item.notAfter;
  const signs = (issuer: Certificate, item: Certificate): boolean =>
    sameBytes(issuer.subject, item.issuer) &&
    crypto.verifyCertificate(item.algorithm, issuer.spki, item.tbs, item.signature);
  const usable = (item: Certificate): boolean =>
    options.usages.includes(0) ||
    item.usages.length === 0 ||
    item.usages.includes(0) ||
    options.usages.some(usage => item.usages.includes(usage));
  if (!inTime(leaf) || !usable(leaf) || (options.name !== undefined && !nameFits(leaf, options.name))) return undefined;
  const walk = (
    item: Certificate,
    rest: readonly Certificate[],
    path: readonly Certificate[],
  ): Certificate[] | undefined => {
    if (sameBytes(item.raw, root.raw)) return [...path];
    if (inTime(root) && root.isAuthority && signs(root, item)) return [...path, root];
    for (const next of rest) {
      if (!inTime(next) || !next.isAuthority || !signs(next, item)) continue;
      const found = walk(
        next,
        rest.filter(other => other !== next),
        [...path, next],
      );
      if (found) return found;
    }
    return undefined;
  };
  return walk(leaf, list.slice(1, -1), [leaf]);
}

function verified(source: string, context: BuiltinContext, options?: Value): Value {
  let list: Certificate[];
  try {
    list = certificates(source);
  } catch (error) {
    if (error instanceof BuiltinError) return [false, []];
    throw error;
  }
  const asked = optionsOf(context, options);
  if (list.length < 2) return [false, []];
  const found = chain(list, cryptoOf(context), asked);
  return found ? [true, shown(found)] : [false, []];
}

const decimal = (text: unknown): Value => {
  let value = 0n;
  for (const byte of fromBase64Url(String(text))) value = (value << 8n) | BigInt(byte);
  return fromBigInt(value);
};

/** A private key in the form of Go's crypto packages. */
function privateKeyValue(source: KeySource, context: BuiltinContext): Value {
  const jwk = cryptoOf(context).jwkOf(source);
  if (!jwk) throw new BuiltinError('x509: failed to parse private key');
  if (jwk.kty === 'RSA') {
    const fields = { Dp: jwk.dp, Dq: jwk.dq, Qinv: jwk.qi };
    return objectOf([
      ['N', decimal(jwk.n)],
      ['E', decimal(jwk.e)],
      ['D', decimal(jwk.d)],
      ['Primes', [decimal(jwk.p), decimal(jwk.q)]],
      [
        'Precomputed',
        objectOf([
          ...Object.entries(fields).map(([name, value]) => [name, decimal(value)] as const),
          ['CRTValues', []],
        ]),
      ],
    ]);
  }
  if (jwk.kty === 'EC')
    return objectOf([
      ['Curve', objectOf([])],
      ['X', decimal(jwk.x)],
      ['Y', decimal(jwk.y)],
      ['D', decimal(jwk.d)],
    ]);
  return toBase64(Uint8Array.from([...fromBase64Url(String(jwk.d)), ...fromBase64Url(String(jwk.x))]));
}

function privateKeys(source: string, context: BuiltinContext): Value {
  if (source === '') return null;
  const keys = blocksOf(source, 'PRIVATE KEY').flatMap(block => privateKeyOf(block) ?? []);
  return keys.map(key => privateKeyValue(key, context));
}

function keyPair(certificate: string, key: string, context: BuiltinContext): Value {
  const blocks = blocksOf(certificate, 'CERTIFICATE').filter(({ type }) => type === 'CERTIFICATE');
  const source = blocksOf(key, 'PRIVATE KEY').flatMap(block => privateKeyOf(block) ?? [])[0];
  if (blocks.length === 0 || !source) throw new BuiltinError('tls: failed to find any PEM data in input');
  const list = blocks.map(({ bytes }) => certificateOf(bytes));
  const own = cryptoOf(context).jwkOf(source);
  const theirs = cryptoOf(context).jwkOf({ format: 'spki', der: list[0]!.spki });
  if (!own || !theirs || own.x !== theirs.x || own.n !== theirs.n)
    throw new BuiltinError('tls: private key does not match public key');
  return objectOf([
    ['Certificate', blocks.map(({ bytes }) => toBase64(bytes))],
    ['Leaf', objectOf(list[0]!.fields)],
    ['OCSPStaple', null],
    ['PrivateKey', privateKeyValue(source, context)],
    ['SignedCertificateTimestamps', null],
    ['SupportedSignatureAlgorithms', null],
  ]);
}

function rsaJwk(source: string, context: BuiltinContext): Value {
  const [block] = blocksOf(source, 'RSA PRIVATE KEY');
  const key = block && (privateKeyOf(block) as KeySource | undefined);
  const jwk = key && cryptoOf(context).jwkOf(key);
  if (!jwk) throw new BuiltinError('failed to parse a RSA private key');
  return objectOf(Object.entries(jwk).map(([name, value]) => [name, String(value)]));
}

/** Hashes, message codes, certificates and keys. */
export const crypto: Readonly<Record<string, Entry>> = {
  'crypto.md5': digest('md5'),
  'crypto.sha1': digest('sha1'),
  'crypto.sha256': digest('sha256'),
  'crypto.hmac.md5': hmac('md5'),
  'crypto.hmac.sha1': hmac('sha1'),
  'crypto.hmac.sha256': hmac('sha256'),
  'crypto.hmac.sha512': hmac('sha512'),
  'crypto.hmac.equal': entry(2, ([left, right]) => text(left!, 1) === text(right!, 2)),
  'crypto.x509.parse_certificates': entry(1, ([source]) => shown(certificates(text(source!, 1)))),
  'crypto.x509.parse_and_verify_certificates': entry(1, ([source], context) => verified(text(source!, 1), context)),
  'crypto.x509.parse_and_verify_certificates_with_options': entry(2, ([source, options], context) =>
    verified(text(source!, 1), context, options),
  ),
  'crypto.x509.parse_certificate_request': entry(1, ([source]) => {
    const [block] = blocksOf(text(source!, 1), 'CERTIFICATE REQUEST');
    if (!block) throw new BuiltinError('invalid PEM-encoded certificate signing request');
    return requestOf(block.bytes);
  }),
  'crypto.x509.parse_rsa_private_key': entry(1, ([source], context) => rsaJwk(text(source!, 1), context)),
  'crypto.x509.parse_keypair': entry(2, ([certificate, key], context) =>
    keyPair(text(certificate!, 1), text(key!, 2), context),
  ),
  'crypto.parse_private_keys': entry(1, ([source], context) => privateKeys(text(source!, 1), context)),
};
