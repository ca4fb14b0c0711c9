import { createPrivateKey, X509Certificate } from 'node:crypto';
import { issue, type KeyPair, makeAuthority } from '../../api/drivers/certificate.ts';
import type { Clock, Random } from '../../base/index.ts';

/** Who signs the webhook's certificates: one authority for all replicas, and whom API servers are told to believe. */
export interface Trust {
  readonly authority: KeyPair;
  /** PEM of the authority and of those before it that have life left: what goes into `caBundle`. */
  readonly bundle: string;
}

/** Names a serving certificate is for. */
export interface ServingNames {
  readonly dnsNames: readonly string[];
  readonly addresses: readonly string[];
}

const AUTHORITY_DAYS = 365;
const LEAF_DAYS = 30;
/**
 * An authority is replaced when less than this share of its life is left. Leaves live shorter than what is left then, so every
 * replica takes its next leaf from the new authority long after the bundle with both was written.
 */
const RENEW_BELOW = 1 / 3;
const BUNDLE_MAX = 3;

function lifeLeft(pem: string, now_ms: number): number {
  const { validFrom, validTo } = new X509Certificate(pem);
  const [from, until] = [Date.parse(validFrom), Date.parse(validTo)];
  return (until - now_ms) / (until - from);
}

const certificatesIn = (bundle: string): string[] =>
  bundle.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----\n?/g) ?? [];

function sound({ certificate, key }: KeyPair): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

/** The trust to go on with: the one that is kept, or a new authority beside those that are still believed. */
export function renewedTrust(kept: Trust | undefined, clock: Clock, random: Random): Trust {
  const whole = kept !== undefined && sound(kept.authority) ? kept : undefined;
  if (whole && lifeLeft(whole.authority.certificate, clock.now()) > RENEW_BELOW) return whole;
  const authority = makeAuthority('tenon-policy', AUTHORITY_DAYS, clock, random);
  const believed = whole ? certificatesIn(whole.bundle).filter(pem => lifeLeft(pem, clock.now()) > 0) : [];
  return { authority, bundle: [authority.certificate, ...believed].slice(0, BUNDLE_MAX).join('') };
}

/** The serving certificate to go on with: the one at hand, or a new one where that ends soon or nobody believes its signer. */
export function renewedLeaf(
  held: KeyPair | undefined,
  trust: Trust,
  names: ServingNames,
  clock: Clock,
  random: Random,
): KeyPair {
  if (held && lifeLeft(held.certificate, clock.now()) > RENEW_BELOW && believes(trust, held)) return held;
  return issue(
    trust.authority,
    {
      commonName: names.dnsNames[0] ?? names.addresses[0] ?? 'tenon-policy',
      usage: 'server',
      days: LEAF_DAYS,
      ...names,
    },
    clock,
    random,
  );
}

function believes({ bundle }: Trust, { certificate }: KeyPair): boolean {
  const leaf = new X509Certificate(certificate);
  return certificatesIn(bundle).some(pem => leaf.verify(new X509Certificate(pem).publicKey));
}
