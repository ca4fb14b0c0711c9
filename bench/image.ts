import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildImage, hostPlatform, importArchive, openImages, saveArchive } from '../src/compute/index.ts';
import { seededRandom } from '../src/base/index.ts';
import { type Bench, type BenchContext, median, spread } from './runner.ts';

const run = promisify(execFile);

/** 200 MB as images have it: mostly small files and some large ones, made of a real program's bytes. */
function writeTree(folder: string, megabytes: number): void {
  const material = readFileSync(realpathSync(process.execPath));
  const random = seededRandom(7);
  let left = megabytes * 1e6;
  for (let i = 0; left > 0; i++) {
    const size = Math.min(left, i % 40 === 0 ? 3_000_000 : 2000 + Math.floor(random.next() * 30_000));
    const at = Math.floor(random.next() * (material.length - size));
    const home = join(folder, `lib/${i % 200}`);
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, `file-${i}.so`), material.subarray(at, at + size));
    left -= size;
  }
}

/** Waits until a daemon's socket answers. */
async function ready(socket: string): Promise<void> {
  for (let i = 0; i < 100; i++) {
    if (
      existsSync(socket) &&
      (await run('ctr', ['-a', socket, 'version']).then(
        () => true,
        () => false,
      ))
    )
      return;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  throw new Error('containerd did not start');
}

/** A containerd of its own, without CRI, everything under the scratch folder. */
async function containerd(scratch: string): Promise<{ socket: string; stop(): Promise<void> } | undefined> {
  const found = await run('containerd', ['--version']).catch(() => undefined);
  if (!found || process.getuid?.() !== 0) return undefined;
  const home = join(scratch, 'containerd');
  const socket = join(home, 'c.sock');
  mkdirSync(home, { recursive: true });
  const config = join(home, 'config.toml');
  writeFileSync(
    config,
    `version = 2\nroot = "${home}/root"\nstate = "${home}/state"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "${socket}"\n[ttrpc]\naddress = "${socket}.ttrpc"\n`,
  );
  const child = spawn('containerd', ['--config', config], { stdio: 'ignore' });
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
  await ready(socket);
  return {
    socket,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

export const bench: Bench = {
  name: 'image',
  what: 'import and unpack an image of 200 MB, beside containerd',
  async *run({ scratch, quick }: BenchContext) {
    const megabytes = quick ? 40 : 200;
    const rounds = quick ? 3 : 5;
    const tree = join(scratch, 'tree');
    writeTree(tree, megabytes);
    writeFileSync(join(tree, 'Dockerfile'), 'FROM scratch\nCOPY lib /usr/lib/\n');
    const archive = join(scratch, 'image.tar');
    {
      await using open = await openImages({ folder: join(scratch, 'made'), offline: true });
      await buildImage({
        images: open.images,
        folder: tree,
        names: ['bench/image:1'],
        platform: hostPlatform(),
        compression: 'gzip',
      });
      await saveArchive(open.images.content, ['bench/image:1'], archive, hostPlatform());
    }
    const peer = await containerd(scratch);
    const ours: number[] = [];
    const theirs: number[] = [];
    let cpu_s = 0;
    try {
      for (let round = 0; round < rounds; round++) {
        const folder = join(scratch, `store-${round}`);
        const before = process.cpuUsage();
        {
          await using open = await openImages({ folder, offline: true });
          ours.push(
            await timed(async () => {
              await importArchive(open.images.content, archive);
              const record = await open.images.resolve('bench/image:1');
              const rootfs = await open.images.prepareRootfs(record!.id, 'c');
              const file = rootfs.kind === 'overlay' ? rootfs.lower[0]! : rootfs.kind === 'folder' ? rootfs.path : '';
              if (statSync(join(file, 'usr/lib/0/file-0.so')).size !== 3_000_000)
                throw new Error('the image came out wrong');
            }),
          );
        }
        const used = process.cpuUsage(before);
        cpu_s += (used.user + used.system) / 1e6;
        rmSync(folder, { recursive: true, force: true });
        if (!peer) continue;
        theirs.push(
          await timed(() =>
            run('ctr', ['-a', peer.socket, 'images', 'import', '--local', archive]).catch(() =>
              run('ctr', ['-a', peer.socket, 'images', 'import', archive]),
            ),
          ),
        );
        await run('ctr', ['-a', peer.socket, 'images', 'rm', '--sync', 'docker.io/bench/image:1']);
      }
    } finally {
      await peer?.stop();
    }
    const version = peer ? (await run('containerd', ['--version'])).stdout.trim().split(' ').at(2)! : '';
    yield {
      name: `image/import+unpack-${megabytes}MB`,
      unit: 'MB/s',
      ours: megabytes / median(ours),
      ...(peer
        ? { peer: { value: megabytes / median(theirs), which: 'containerd', version } }
        : { missingPeer: 'containerd, and root to run it' }),
      better: 'higher',
      n: rounds,
      spread: spread(ours),
      cpu_s,
      target: { kind: 'ratio', bound: 1 },
    };
  },
};
