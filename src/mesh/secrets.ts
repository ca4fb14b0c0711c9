import { X509Certificate } from 'node:crypto';
import type { kinds } from '../kernel/index.ts';
import { REFS } from './drivers/backends.ts';
import type { Certificate } from './model.ts';
import type { MeshReads } from './ports.ts';

const decode = (value: string | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');

/** The certificate of a kubernetes.io/tls Secret; undefined when it is absent or no certificate. */
export function certificateOf(informers: MeshReads, secret: string, hosts: readonly string[]): Certificate | undefined {
  const found = informers.of<kinds.Secret>(REFS.secrets).get(secret);
  const cert = decode(found?.data?.['tls.crt']);
  const key = decode(found?.data?.['tls.key']);
  if (cert === undefined || key === undefined || !key.includes('PRIVATE KEY')) return undefined;
  try {
    const names = (new X509Certificate(cert).subjectAltName ?? '').split(', ');
    const own = names.filter(name => name.startsWith('DNS:')).map(name => name.slice(4).toLowerCase());
    return { hosts: hosts.length > 0 ? hosts : own, cert, key };
  } catch {
    return undefined;
  }
}
