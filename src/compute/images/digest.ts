import { createHash } from 'node:crypto';
import { imageFaults } from './faults.ts';

/** Content address `algorithm:hex` (OCI image-spec descriptor.md, "Digests"); only built by {@link parseDigest} or hashing. */
export type Digest = `${'sha256' | 'sha512'}:${string}`;

const DIGEST = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;

/** The digest, or undefined when the text is none of an algorithm kept here. */
export function parseDigest(text: string): Digest | undefined {
  return DIGEST.test(text) ? (text as Digest) : undefined;
}

/** The digest; throws a fault otherwise. */
export function requireDigest(text: unknown): Digest {
  const digest = typeof text === 'string' ? parseDigest(text) : undefined;
  if (!digest) throw imageFaults.error('digest-syntax', { digest: String(text).slice(0, 160) });
  return digest;
}

export type DigestAlgorithm = 'sha256' | 'sha512';

export function splitDigest(digest: Digest): { algorithm: DigestAlgorithm; hex: string } {
  const colon = digest.indexOf(':');
  return { algorithm: digest.slice(0, colon) as DigestAlgorithm, hex: digest.slice(colon + 1) };
}

/** The digest of bytes at hand. */
export function digestOf(bytes: Uint8Array | string, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}
