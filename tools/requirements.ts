/** Programs the tests use where the machine has them, and how each is added. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Requirement {
  readonly name: string;
  /** What is tested only with it. */
  readonly brings: string;
  /** Debian package, where one has it. */
  readonly debian?: string;
  readonly remedy: string;
}

const debian = (name: string, brings: string, debianPackage = name): Requirement => ({
  name,
  brings,
  debian: debianPackage,
  remedy: `apt-get install ${debianPackage}`,
});

export const REQUIREMENTS: readonly Requirement[] = [
  debian('ip', 'pod networks', 'iproute2'),
  debian('nft', 'services', 'nftables'),
  debian('runc', 'runc pods'),
  debian('crun', 'crun pods'),
  debian('containerd', 'pods in another CRI runtime, which our own is compared with'),
  debian('busybox', 'container root file systems', 'busybox-static'),
  debian('strace', 'the fsync-before-acknowledge test'),
  debian('skopeo', 'registry push and pull by another client'),
  debian('etcd', 'the etcd store', 'etcd-server'),
  debian('chromium', 'console tests'),
  debian('mkfs.ext4', 'full-disk tests', 'e2fsprogs'),
  debian('redis-server', 'databases in pods'),
  debian('pg_lsclusters', 'databases in pods', 'postgresql'),
  { name: 'go', brings: 'podinfo and client-go tests', remedy: 'install Go from your distribution' },
];

/** Finds a program on PATH. */
export function findProgram(name: string): string | undefined {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']) {
    const file = join(folder, name);
    if (folder && existsSync(file)) return file;
  }
  return undefined;
}

export function missingRequirements(): Requirement[] {
  const missing = REQUIREMENTS.filter(({ name }) => findProgram(name) === undefined);
  if (process.getuid?.() !== 0)
    missing.push({ name: 'root', brings: 'pod networks, runc, eBPF', remedy: 'run as root' });
  return missing;
}

/** Where the real kubectl and Helm of the tests are kept. */
export const toolsFolder = (): string =>
  join(process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? '/root', '.cache'), 'tenon/tools');

/** In CI: fetches the real clients the tests drive. Without them those tests are skipped and counted as such. */
export function fetchClients(root: string): void {
  if (existsSync(join(toolsFolder(), 'kubectl-1.35'))) return;
  console.log('fetching kubectl and Helm');
  const { status } = spawnSync('sh', [join(root, 'tools/get-kubectl.sh')], { stdio: 'ignore', timeout: 300_000 });
  if (status !== 0) console.log('could not fetch kubectl and Helm');
}

/** In CI, as root: adds what is missing. A package that cannot be had stays missing and is counted as skipped. */
export function installDebianPackages(): void {
  const packages = missingRequirements().flatMap(({ debian: name }) => name ?? []);
  if (packages.length === 0 || findProgram('apt-get') === undefined) return;
  console.log(`installing ${packages.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-q'], { env, stdio: 'ignore' });
  for (const name of packages) {
    const { status } = spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', name], {
      env,
      stdio: 'ignore',
    });
    if (status !== 0) console.log(`could not install ${name}`);
  }
}
