import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import {
  type ArchiveEntry,
  encodeArchive,
  moduleName,
  moduleNeeds,
  moduleOrder,
} from '../dialects/microvm/initramfs.ts';
import { packingOf, payloadOf } from '../dialects/microvm/kernel-image.ts';
import { KERNEL_INSTALL } from '../dialects/microvm/machine.ts';
import { computeFaults } from '../faults.ts';
import { GUEST_X64 } from './generated/guest.ts';
import { STAGE_X64 } from './generated/stage.ts';

/** Virtio over memory-mapped registers, the port to the host, the network card, shared folders. */
const MODULES = ['virtio_mmio', 'virtio_console', 'virtio_net', 'virtio_rng', '9pnet_virtio', '9p', 'overlay'];
/** A kernel unpacked is about 50 MB. */
const UNPACKED_BYTES_MAX = 512 * 1024 * 1024;
const FOLDER = 0o040755;
const FILE = 0o100755;
const DEVICE = 0o020600;

/** A kernel and initial file system ready to be started; `key` changes when either does. */
export interface GuestImage {
  /** Ticks a millisecond of this machine's processors. */
  readonly ticks: number;
  readonly kernel: string;
  readonly initramfs: string;
  readonly release: string;
  readonly key: string;
}

interface Installed {
  readonly release: string;
  readonly image: string;
  readonly modules: string;
}

/** Kernels whose modules hold what a guest needs, newest first, below each of `roots` (an unpacked package or `/`). */
function installedKernels(roots: readonly string[]): Installed[] {
  const found: Installed[] = [];
  for (const root of roots) {
    const boot = join(root, 'boot');
    if (!existsSync(boot)) continue;
    for (const name of readdirSync(boot).filter(entry => entry.startsWith('vmlinuz-'))) {
      const release = name.slice('vmlinuz-'.length);
      const modules = [join(root, 'lib/modules', release), join(root, 'usr/lib/modules', release)].find(path =>
        existsSync(join(path, 'kernel')),
      );
      if (modules) found.push({ release, image: join(boot, name), modules });
    }
  }
  return found.sort((left, right) => right.release.localeCompare(left.release, 'en', { numeric: true }));
}

/** The modules of a kernel by name. */
function modulesBelow(folder: string): ReadonlyMap<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(path => /\.ko(\.\w+)?$/.test(path));
  return new Map(files.map(path => [moduleName(basename(path).replace(/\.ko(\.\w+)?$/, '')), join(folder, path)]));
}

const run = (program: string, args: readonly string[], input?: Uint8Array): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const options = { encoding: 'buffer' as const, maxBuffer: UNPACKED_BYTES_MAX, timeout: 60_000 };
    const child = execFile(program, [...args], options, (error, stdout) => (error ? reject(error) : resolve(stdout)));
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });

async function unpack(bytes: Uint8Array): Promise<Uint8Array> {
  const packing = packingOf(bytes);
  // The payload carries its unpacked length behind the packed stream, which strict readers refuse.
  if (packing === 'gzip') return gunzipSync(bytes, { maxOutputLength: UNPACKED_BYTES_MAX });
  if (packing === 'zstd') return zstdDecompressSync(bytes, { maxOutputLength: UNPACKED_BYTES_MAX });
  if (packing === 'xz') return run('xz', ['-dc', '--single-stream'], bytes);
  if (packing === 'lz4') return run('lz4', ['-dcq'], bytes);
  return bytes;
}

const entry = (path: string, mode: number, content: Uint8Array = new Uint8Array(0)): ArchiveEntry => ({
  path,
  mode,
  content,
});

async function makeInitramfs(kernel: Installed): Promise<Uint8Array> {
  const paths = modulesBelow(join(kernel.modules, 'kernel'));
  const contents = new Map<string, Uint8Array>();
  const pending = MODULES.map(moduleName);
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const path = paths.get(name);
    if (path === undefined || contents.has(name)) continue;
    const content = await unpack(readFileSync(path));
    contents.set(name, content);
    pending.push(...moduleNeeds(content).map(moduleName));
  }
  const order = moduleOrder(MODULES, name => (contents.has(name) ? moduleNeeds(contents.get(name)!) : undefined));
  const modules = order.map((name, index) => entry(`m/${index + 10}.ko`, FILE, contents.get(name)!));
  return encodeArchive([
    entry('dev', FOLDER),
    { ...entry('dev/console', DEVICE), device: [5, 1] },
    { ...entry('dev/null', DEVICE), device: [1, 3] },
    entry('m', FOLDER),
    ...modules,
    entry('stage', FILE, Buffer.from(STAGE_X64, 'base64')),
    entry('init', FILE, gunzipSync(Buffer.from(GUEST_X64, 'base64'))),
  ]);
}

function keep(path: string, bytes: Uint8Array): void {
  writeFileSync(`${path}.new`, bytes, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** The guest's first process, started here, measures the processor. */
async function measureTicks(folder: string): Promise<number> {
  const path = join(folder, 'guest');
  writeFileSync(path, gunzipSync(Buffer.from(GUEST_X64, 'base64')), { mode: 0o700 });
  return Number((await run(path, [])).toString());
}

/**
 * Finds a kernel (in `roots`, each laid out as `/` is) and makes what a machine is started from, once per kernel, in
 * `folder`. Rejects with `compute/kernel-missing`.
 */
export async function guestImage(folder: string, roots: readonly string[]): Promise<GuestImage> {
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  const kernel = installedKernels(roots).find(({ modules }) => existsSync(join(modules, 'kernel/net/9p')));
  if (!kernel) throw computeFaults.error('kernel-missing', { places: roots.join(', '), install: KERNEL_INSTALL });
  const digest = createHash('sha256').update(GUEST_X64).update(STAGE_X64).update(kernel.image);
  const key = `${kernel.release}-${digest.digest('hex').slice(0, 12)}`;
  const image = { kernel: join(folder, `${key}.vmlinux`), initramfs: join(folder, `${key}.cpio`) };
  if (!existsSync(image.kernel)) {
    const packed = readFileSync(kernel.image);
    keep(image.kernel, await unpack(payloadOf(packed) ?? packed));
  }
  if (!existsSync(image.initramfs)) keep(image.initramfs, await makeInitramfs(kernel));
  const ticks = await measureTicks(folder);
  return { ...image, ticks, release: kernel.release, key };
}
