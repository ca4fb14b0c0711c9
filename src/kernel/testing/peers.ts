import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { EtcdClient, parseEtcdAddress } from '../drivers/etcd-client.ts';
import { Http2Transport } from '../remote/drivers/http2Transport.ts';
import type { RemoteTarget } from '../remote/kubeconfig.ts';

/** A peer's program: in the peers folder (bench/peers.sh) or on PATH; undefined when it is not there. */
export function peerPath(name: string): string | undefined {
  const folder = join(process.env.PEERS ?? join(homedir(), '.cache', 'tenon-peers'), 'bin');
  const folders = [folder, ...(process.env.PATH ?? '').split(delimiter), '/usr/bin'];
  return folders.map(each => join(each, name)).find(path => existsSync(path));
}

/** Why a test is skipped; undefined when the peer is there. */
export const missingPeer = (name: string): string | undefined =>
  peerPath(name) ? undefined : `${name} is not on PATH: bench/peers.sh ${name}`;

/** A started peer; disposing ends it and removes its folder. */
export interface Peer extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
}

/** A port nobody listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function end(child: ChildProcess, folder: string): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      rmSync(folder, { recursive: true, force: true });
      resolve();
    };
    if (child.exitCode !== null || child.signalCode !== null) return done();
    child.once('exit', done);
    return child.kill('SIGKILL');
  });
}

const READY_MS_MAX = 60_000;

async function until(what: string, child: ChildProcess, ready: () => Promise<boolean>): Promise<void> {
  const limit = performance.now() + READY_MS_MAX;
  while (!(await ready().catch(() => false))) {
    if (child.exitCode !== null || performance.now() > limit) throw new Error(`${what} did not start`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

/** A real etcd on a free port and an empty folder. */
export async function startEtcd(): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-kernel-etcd-'));
  const [client, peer] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  const args = ['--data-dir', join(folder, 'data'), '--log-level', 'error', '--listen-client-urls', url];
  args.push('--advertise-client-urls', url, '--listen-peer-urls', peerUrl);
  args.push('--initial-advertise-peer-urls', peerUrl, '--initial-cluster', `default=${peerUrl}`);
  const child = spawn(peerPath('etcd')!, args, { stdio: 'ignore' });
  const probe = new EtcdClient(parseEtcdAddress(`etcd://127.0.0.1:${client}`));
  await until('etcd', child, async () => (await probe.range(new Uint8Array([1]), undefined)).revision > 0);
  probe.close();
  return { url, pid: child.pid!, [Symbol.asyncDispose]: () => end(child, folder) };
}

/** The bearer token of the administrator of {@link startApiServer}. */
export const PEER_TOKEN = 'peer-administrator';

/** A real kube-apiserver over an etcd; the target is its administrator. */
export interface ApiServerPeer extends Peer {
  readonly target: RemoteTarget;
}

export async function startApiServer(etcd: string, more: readonly string[] = []): Promise<ApiServerPeer> {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-kernel-apiserver-'));
  const port = await freePort();
  const key = join(folder, 'sa.key');
  const tokens = join(folder, 'tokens.csv');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(key, privateKey.export({ type: 'pkcs1', format: 'pem' }));
  writeFileSync(tokens, `${PEER_TOKEN},admin,admin,system:masters\n`);
  const options: Record<string, string> = {
    'etcd-servers': etcd,
    'secure-port': String(port),
    'bind-address': '127.0.0.1',
    'cert-dir': join(folder, 'certs'),
    'service-account-key-file': key,
    'service-account-signing-key-file': key,
    'service-account-issuer': 'https://kubernetes.default.svc',
    'token-auth-file': tokens,
    'authorization-mode': 'RBAC',
    'service-cluster-ip-range': '10.0.0.0/24',
    'disable-admission-plugins': 'ServiceAccount',
  };
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const child = spawn(peerPath('kube-apiserver')!, [...args, ...more], { stdio: 'ignore' });
  const url = `https://127.0.0.1:${port}`;
  const target: RemoteTarget = { server: url, namespace: 'default', insecure: true, token: () => PEER_TOKEN };
  const peer = { url, pid: child.pid!, target, [Symbol.asyncDispose]: () => end(child, folder) };
  try {
    await until('kube-apiserver', child, async () => {
      await using transport = new Http2Transport(target);
      return (await transport.send({ method: 'GET', path: '/readyz' })).status === 200;
    });
  } catch (error) {
    await peer[Symbol.asyncDispose]();
    throw error;
  }
  return peer;
}
