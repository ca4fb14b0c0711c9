import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findBinary } from '../../drivers/runtime-oci.ts';
import { CriClient } from '../../drivers/cri-client.ts';
import { BUSYBOX, NAMED, NUMBERED, PAUSE } from './images.ts';
import { until } from './world.ts';

const run = promisify(execFile);
const CNI = ['/usr/lib/cni', '/opt/cni/bin'].find(folder => existsSync(join(folder, 'ptp')));

/** A containerd of its own, everything under one folder. */
export interface Containerd extends AsyncDisposable {
  readonly endpoint: string;
  readonly pid: number;
}

/** Why there is no containerd to compare with, if so. */
export function noContainerd(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  if (!findBinary('containerd') || !findBinary('ctr')) return 'needs containerd: apt-get install containerd';
  return CNI ? undefined : 'needs CNI plugins: apt-get install containernetworking-plugins';
}

function configure(folder: string, socket: string, subnet: string): string {
  const network = join(folder, 'net.d');
  mkdirSync(network, { recursive: true });
  const ipam = { type: 'host-local', subnet, dataDir: join(folder, 'ipam'), routes: [{ dst: '0.0.0.0/0' }] };
  writeFileSync(
    join(network, '10-ptp.conflist'),
    JSON.stringify({ cniVersion: '0.4.0', name: 'tenon-test', plugins: [{ type: 'ptp', ipam }] }),
  );
  const file = join(folder, 'config.toml');
  const cri = '[plugins."io.containerd.grpc.v1.cri"';
  writeFileSync(
    file,
    [
      'version = 2',
      `root = "${folder}/root"`,
      `state = "${folder}/state"`,
      `[grpc]\naddress = "${socket}"`,
      `[ttrpc]\naddress = "${socket}.ttrpc"`,
      `${cri}]\nsandbox_image = "${PAUSE}"\nstream_server_port = "0"\ndisable_apparmor = true\nrestrict_oom_score_adj = true`,
      `${cri}.cni]\nbin_dir = "${CNI}"\nconf_dir = "${network}"`,
    ].join('\n'),
  );
  return file;
}

/** Starts it with images already in it; `subnet` is what its pods get addresses from. */
export async function startContainerd(
  folder: string,
  archives: readonly string[],
  subnet: string,
): Promise<Containerd> {
  mkdirSync(folder, { recursive: true });
  const socket = join(folder, 'c.sock');
  const child = spawn('containerd', ['--config', configure(folder, socket, subnet)], { stdio: 'ignore' });
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
  const endpoint = `unix://${socket}`;
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    // Its shims let go a little later than it does.
    const mounts = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map(line => line.split(' ')[1] ?? '');
    for (const path of mounts.filter(point => point.startsWith(`${folder}/`)).reverse())
      await run('umount', ['-l', path]).catch(() => {});
  };
  try {
    using client = new CriClient(endpoint, 2000);
    for (let tries = 0; ; tries++) {
      const status = await client.call('Version', {}).catch(() => undefined);
      if (status) break;
      if (tries > 600) throw new Error('containerd did not start');
      await wait(100);
    }
    for (const archive of archives)
      await run('ctr', ['-a', socket, '-n', 'k8s.io', 'images', 'import', '--no-unpack', archive]);
    // Its CRI part hears of new images a little later.
    for (const image of [BUSYBOX, NAMED, NUMBERED, PAUSE])
      await until(
        () => client.call('ImageStatus', { image: { image } }),
        found => found.image !== undefined,
      );
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, pid: child.pid!, [Symbol.asyncDispose]: stop };
}
