import { createHash, X509Certificate } from 'node:crypto';
import type { Clock, Random } from '../../base/index.ts';
import type { Client, KubeObject, ResourceRef } from '../../kernel/index.ts';
import { hostFaults } from './faults.ts';

const SECRETS: ResourceRef = { group: '', version: 'v1', resource: 'secrets' };
const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';
const LIFE_MS = 24 * 3_600_000;
const FORM = /^([a-z0-9]{6})\.([a-z0-9]{16})\.([0-9a-f]{64})$/;

/** What a machine shows to join: a bootstrap token, and the hash by which it knows the right API server. */
export interface JoinToken {
  /** `id.secret` (Kubernetes, "Authenticating with Bootstrap Tokens"). */
  readonly bearer: string;
  /** SHA-256 of the authority's public key in DER, as kubeadm's discovery hash. */
  readonly authorityHash: string;
}

/** SHA-256 of a PEM certificate's public key. */
export const authorityHash = (certificate_pem: string): string =>
  createHash('sha256')
    .update(new X509Certificate(certificate_pem).publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');

export const formatJoinToken = ({ bearer, authorityHash: hash }: JoinToken): string => `${bearer}.${hash}`;

/** Reads `id.secret.hash`; anything else is a fault. */
export function parseJoinToken(text: string): JoinToken {
  const match = FORM.exec(text.trim());
  if (!match) throw hostFaults.error('join-token', { reason: 'it is not of the form id.secret.hash' });
  return { bearer: `${match[1]}.${match[2]}`, authorityHash: match[3]! };
}

function letters(random: Random, count: number): string {
  let text = '';
  while (text.length < count) {
    for (const byte of random.bytes(count)) {
      // Bytes over the last whole alphabet would make its first letters likelier.
      if (byte < 252 && text.length < count) text += ALPHABET[byte % 36];
    }
  }
  return text;
}

/** Makes a token that is good for a day: Secret `kube-system/bootstrap-token-ID`. */
export async function createJoinToken(
  client: Client,
  authority_pem: string,
  clock: Clock,
  random: Random,
): Promise<string> {
  const id = letters(random, 6);
  const secret = letters(random, 16);
  const fields = {
    'token-id': id,
    'token-secret': secret,
    expiration: new Date(clock.now() + LIFE_MS).toISOString().replace(/\.\d+Z$/, 'Z'),
    'usage-bootstrap-authentication': 'true',
    description: 'tenon agent',
  };
  const object: KubeObject = {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'bootstrap.kubernetes.io/token',
    metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
    data: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, btoa(value)])),
  };
  await client.create(SECRETS, object, { namespace: 'kube-system' });
  return formatJoinToken({ bearer: `${id}.${secret}`, authorityHash: authorityHash(authority_pem) });
}
