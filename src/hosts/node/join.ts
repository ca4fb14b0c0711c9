import { randomBytes, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { makeSigningRequest } from '../../api/index.ts';
import { type Clock, FaultError, type Random, sleep } from '../../base/index.ts';
import { KUBELET_CLIENT, KUBELET_SERVING } from '../../cluster/index.ts';
import {
  type Client,
  Http2Transport,
  isAlreadyExists,
  isNotFound,
  type kinds,
  type KubeObject,
  remoteClient,
  type RemoteTarget,
} from '../../kernel/index.ts';
import type { AddressPlan } from './addresses.ts';
import { type ClusterInfo, readClusterInfo } from './cluster-info.ts';
import { hostFaults } from './faults.ts';
import { authorityHash, type JoinToken } from './join-token.ts';
import { NODES } from './node-name.ts';
import { keepRenewed, renewalTime } from './renewal.ts';
import { SIGNING_REQUESTS } from './serving-approval.ts';
import type { StateFolder } from './state.ts';

const SIGNED_MS_MAX = 60_000;
const POLL_MS = 200;

/** How this machine is known to the cluster. */
export interface Membership extends AsyncDisposable {
  readonly client: Client;
  readonly authority: string;
  readonly plan: AddressPlan;
}

export interface JoinOptions {
  readonly server: string;
  readonly token?: JoinToken;
  readonly state: StateFolder;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: (line: string) => void;
}

const encode = (text: string): string => Buffer.from(text).toString('base64');

interface Opened {
  readonly client: Client;
  readonly renew: (certificate: string, key: string) => void;
  readonly close: () => Promise<void>;
}

function open(target: Omit<RemoteTarget, 'namespace'>): Opened {
  const transport = new Http2Transport({ namespace: 'default', ...target });
  return {
    client: remoteClient(transport),
    renew: (certificate, key) => transport.renew(certificate, key),
    close: () => transport[Symbol.asyncDispose](),
  };
}

/** The address this machine has towards the server. */
export function addressTowards(server: string): Promise<string> {
  const { hostname, port } = new URL(server);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port || 443), timeout: 10_000 });
    const fail = (reason: string): void => {
      socket.destroy();
      reject(hostFaults.error('join-unreachable', { server, reason }));
    };
    socket.on('connect', () => {
      resolve(socket.localAddress!.replace(/^::ffff:/, ''));
      socket.destroy();
    });
    socket.on('error', error => fail(error.message));
    socket.on('timeout', () => fail('no answer'));
  });
}

/** Asks anybody's copy of the cluster's description, and believes it only when its authority has the key the token names. */
async function discover(server: string, token: JoinToken): Promise<ClusterInfo> {
  const { client, close } = open({ server, insecure: true });
  try {
    const info = await readClusterInfo(client);
    if (authorityHash(info.authority) !== token.authorityHash) throw hostFaults.error('join-authority', { server });
    return info;
  } catch (error) {
    if (error instanceof FaultError) throw error;
    throw hostFaults.error('join-unreachable', { server, reason: (error as Error).message });
  } finally {
    await close();
  }
}

/** Asks for a certificate and waits until it is signed. */
export async function requestCertificate(
  client: Client,
  clock: Clock,
  nodeName: string,
  wanted: {
    readonly purpose: 'client' | 'server';
    readonly addresses?: readonly string[];
    readonly dnsNames?: readonly string[];
  },
): Promise<{ certificate: string; key: string }> {
  const { purpose, ...names } = wanted;
  const { request, key } = makeSigningRequest({
    commonName: `system:node:${nodeName}`,
    organizations: ['system:nodes'],
    ...names,
  });
  const name = `node-csr-${randomBytes(12).toString('hex')}`;
  const object: KubeObject = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: {
      request: encode(request),
      signerName: purpose === 'client' ? KUBELET_CLIENT : KUBELET_SERVING,
      usages: ['digital signature', purpose === 'client' ? 'client auth' : 'server auth'],
    },
  };
  await client.create(SIGNING_REQUESTS, object);
  for (const until = clock.monotonic() + SIGNED_MS_MAX; clock.monotonic() < until; await sleep(clock, POLL_MS)) {
    const known = await client.get<kinds.CertificateSigningRequest>(SIGNING_REQUESTS, { name });
    const certificate = known.status?.certificate;
    if (certificate) return { certificate: Buffer.from(certificate, 'base64').toString(), key };
    if (known.status?.conditions?.some(({ type }) => type === 'Denied' || type === 'Failed')) break;
  }
  throw hostFaults.error('join-unsigned', { name, seconds: SIGNED_MS_MAX / 1000 });
}

interface Kept {
  readonly nodeName: string;
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** What an earlier run was known by, where it is still good. */
function readKept(file: string, nodeName: string, now_ms: number): Kept | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Kept;
    const isGood = Date.parse(new X509Certificate(kept.certificate).validTo) > now_ms;
    return kept.nodeName === nodeName && isGood ? kept : undefined;
  } catch {
    return undefined;
  }
}

const isReady = (node: kinds.Node): boolean =>
  node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

/** Becomes a node: with the certificate kept from before, else with the token. */
export async function joinCluster(options: JoinOptions): Promise<Membership> {
  const { server, state, nodeName, clock, random, log } = options;
  mkdirSync(state.file('pki'), { recursive: true, mode: 0o700 });
  const file = state.file('pki', 'node.json');
  const keep = (kept: Kept): Kept => {
    writeFileSync(`${file}.new`, JSON.stringify(kept), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    return kept;
  };
  let kept = readKept(file, nodeName, clock.now());
  const fresh = kept === undefined;
  if (!kept) {
    const { token } = options;
    if (!token)
      throw hostFaults.error('join-token', { reason: 'there is none, and no certificate from an earlier time' });
    const { authority } = await discover(server, token);
    const bootstrap = open({ server, authority, token: () => token.bearer });
    try {
      const signed = await requestCertificate(bootstrap.client, clock, nodeName, { purpose: 'client' });
      kept = { nodeName, authority, ...signed };
    } finally {
      await bootstrap.close();
    }
  }
  const connection = open({ server, authority: kept.authority, certificate: kept.certificate, key: kept.key });
  try {
    if (fresh) {
      const known = await connection.client.get<kinds.Node>(NODES, { name: nodeName }).catch(absent);
      if (known && isReady(known)) throw hostFaults.error('join-name-taken', { name: nodeName });
      keep(kept);
      log(`joined ${server} as ${nodeName}`);
    } else if (renewalTime(kept.certificate, random) <= clock.now()) {
      const signed = await requestCertificate(connection.client, clock, nodeName, { purpose: 'client' });
      kept = keep({ ...kept, ...signed });
      connection.renew(kept.certificate, kept.key);
    }
    const { plan } = await readClusterInfo(connection.client);
    const { client, renew, close } = connection;
    const { authority, certificate } = kept;
    const renewal = keepRenewed({
      clock,
      random,
      certificate,
      renew: async () => {
        const signed = await requestCertificate(client, clock, nodeName, { purpose: 'client' });
        keep({ nodeName, authority, ...signed });
        renew(signed.certificate, signed.key);
        log('renewed the certificate of this node');
        return signed.certificate;
      },
      report: error => log(`could not renew the certificate of this node: ${(error as Error).message}`),
    });
    const dispose = (): Promise<void> => {
      renewal[Symbol.dispose]();
      return close();
    };
    return { client, authority, plan, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

const absent = (error: unknown): undefined => {
  if (!isNotFound(error)) throw error;
  return undefined;
};

/** Makes this machine's Node with its address, and answers the pod ranges it is given. */
export async function registerNode(
  client: Client,
  clock: Clock,
  name: string,
  address: string,
): Promise<readonly string[]> {
  const object: KubeObject = { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: {} };
  await client.create(NODES, object).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
  const addresses = [
    { type: 'InternalIP', address },
    { type: 'Hostname', address: name },
  ];
  await client.patch(NODES, { name }, { type: 'merge', patch: { status: { addresses } } }, { subresource: 'status' });
  for (const until = clock.monotonic() + SIGNED_MS_MAX; ; await sleep(clock, POLL_MS)) {
    const node = await client.get<kinds.Node>(NODES, { name });
    if (node.spec?.podCIDR) return node.spec.podCIDRs ?? [node.spec.podCIDR];
    if (clock.monotonic() > until)
      throw hostFaults.error('join-unreachable', { server: name, reason: 'the node was given no pod range' });
  }
}
