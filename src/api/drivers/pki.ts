import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Random } from '../../base/index.ts';
import { type CertificateRequest, issue, type KeyPair, makeAuthority } from './certificate.ts';

/** What the API server proves itself and others with; kept in `<state>/pki`. */
export interface Pki {
  readonly authority: KeyPair;
  readonly server: KeyPair;
  /** `CN=kubernetes-admin, O=system:masters`: what `<state>/kubeconfig` carries. */
  readonly admin: KeyPair;
  /** What the server shows node agents: `CN=kube-apiserver-kubelet-client, O=system:masters`. */
  readonly agentClient: KeyPair;
  /** Signs nothing but {@link frontProxy}: only what it signed may say in whose name it asks. */
  readonly frontAuthority: KeyPair;
  /** `CN=front-proxy-client`: what the server shows aggregated API servers. */
  readonly frontProxy: KeyPair;
  /** Signs service-account tokens. */
  readonly tokenKey: KeyObject;
  readonly tokenPublicKey: KeyObject;
}

const AUTHORITY_DAYS = 3650;
const LEAF_DAYS = 365;
/** A leaf is made anew when less than this share of its life is left. */
const RENEW_BELOW = 0.3;

/** The one name aggregated API servers believe. */
export const FRONT_PROXY_NAME = 'front-proxy-client';

export const SERVER_NAMES = [
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
] as const;

async function readPair(folder: string, name: string): Promise<KeyPair | undefined> {
  try {
    const [certificate, key] = await Promise.all([
      readFile(join(folder, `${name}.crt`), 'utf8'),
      readFile(join(folder, `${name}.key`), 'utf8'),
    ]);
    return { certificate, key };
  } catch {
    return undefined;
  }
}

/** Writes a file so that a reader never sees half of it. */
export async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, text, { mode });
  await chmod(temporary, mode);
  await rename(temporary, path);
}

async function keepPair(folder: string, name: string, pair: KeyPair): Promise<KeyPair> {
  await writeWhole(join(folder, `${name}.key`), pair.key, 0o600);
  await writeWhole(join(folder, `${name}.crt`), pair.certificate, 0o644);
  return pair;
}

/** Whether a kept leaf can go on being used: signed by this authority, with enough life left, naming every address asked for. */
function usable(pair: KeyPair, authority: KeyPair, request: CertificateRequest, now_ms: number): boolean {
  try {
    const certificate = new X509Certificate(pair.certificate);
    const from = Date.parse(certificate.validFrom);
    const until = Date.parse(certificate.validTo);
    return (
      until - now_ms > (until - from) * RENEW_BELOW &&
      certificate.verify(new X509Certificate(authority.certificate).publicKey) &&
      certificate.checkPrivateKey(createPrivateKey(pair.key)) &&
      (request.addresses ?? []).every(address => certificate.checkIP(address) !== undefined) &&
      (request.dnsNames ?? []).every(name => certificate.checkHost(name) !== undefined)
    );
  } catch {
    return false;
  }
}

async function leaf(
  folder: string,
  name: string,
  authority: KeyPair,
  request: CertificateRequest,
  clock: Clock,
  random: Random,
): Promise<KeyPair> {
  const kept = await readPair(folder, name);
  if (kept && usable(kept, authority, request, clock.now())) return kept;
  return keepPair(folder, name, issue(authority, request, clock, random));
}

async function tokenKey(folder: string): Promise<KeyObject> {
  const path = join(folder, 'sa.key');
  try {
    return createPrivateKey(await readFile(path, 'utf8'));
  } catch {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await writeWhole(path, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, 0o600);
    return privateKey;
  }
}

/** Where the server can be reached, beside loopback and its in-cluster names. */
export interface ServerPlaces {
  readonly addresses: readonly string[];
  readonly names: readonly string[];
}

/** What every certificate and token hangs on; made once. */
export async function openAuthorities(
  folder: string,
  clock: Clock,
  random: Random,
): Promise<{ authority: KeyPair; frontAuthority: KeyPair; signing: KeyObject }> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const authority =
    (await readPair(folder, 'ca')) ??
    (await keepPair(folder, 'ca', makeAuthority('tenon', AUTHORITY_DAYS, clock, random)));
  const frontAuthority =
    (await readPair(folder, 'front-proxy-ca')) ??
    (await keepPair(folder, 'front-proxy-ca', makeAuthority('tenon-front-proxy', AUTHORITY_DAYS, clock, random)));
  return { authority, frontAuthority, signing: await tokenKey(folder) };
}

/** Reads what the state folder has and makes what is missing or worn out. */
export async function openPki(state: string, places: ServerPlaces, clock: Clock, random: Random): Promise<Pki> {
  const folder = join(state, 'pki');
  const { authority, frontAuthority, signing } = await openAuthorities(folder, clock, random);
  const frontProxy = await leaf(
    folder,
    'front-proxy-client',
    frontAuthority,
    { commonName: FRONT_PROXY_NAME, usage: 'client', days: LEAF_DAYS },
    clock,
    random,
  );
  const [server, admin, agentClient] = await Promise.all([
    leaf(
      folder,
      'server',
      authority,
      {
        commonName: 'kube-apiserver',
        usage: 'server',
        dnsNames: [...SERVER_NAMES, ...places.names],
        addresses: [...new Set(['127.0.0.1', '::1', '10.96.0.1', ...places.addresses])],
        days: LEAF_DAYS,
      },
      clock,
      random,
    ),
    leaf(
      folder,
      'admin',
      authority,
      { commonName: 'kubernetes-admin', organizations: ['system:masters'], usage: 'client', days: LEAF_DAYS },
      clock,
      random,
    ),
    leaf(
      folder,
      'apiserver-kubelet-client',
      authority,
      {
        commonName: 'kube-apiserver-kubelet-client',
        organizations: ['system:masters'],
        usage: 'client',
        days: LEAF_DAYS,
      },
      clock,
      random,
    ),
  ]);
  const tokens = { tokenKey: signing, tokenPublicKey: createPublicKey(signing) };
  return { authority, frontAuthority, frontProxy, server, admin, agentClient, ...tokens };
}
