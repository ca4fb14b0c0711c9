import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { imageFaults } from '../images/faults.ts';
import type { LayerFile } from './image-layer-tar.ts';

export interface RunOptions {
  /** A writable copy of the stage's files; changed in place. */
  readonly root: string;
  readonly argv: readonly string[];
  readonly env: readonly string[];
  readonly workingDir: string;
  readonly output: (text: string) => void;
  readonly signal?: AbortSignal;
}

interface Seen {
  readonly ino: number;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly ctimeMs: number;
}

/** Mounts what programs expect, then enters the image; `"$@"` is the command, so no word of it is ever read as shell. */
const SCRIPT = `set -e
root=$1; dir=$2; shift 2
mount --make-rprivate /
mount --bind "$root" "$root"
mkdir -p "$root/proc" "$root/dev" "$root/tmp"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for d in null zero full random urandom tty; do : > "$root/dev/$d"; mount --bind "/dev/$d" "$root/dev/$d"; done
exec chroot "$root" /bin/sh -c 'cd "$1" && shift && exec "$@"' sh "$dir" "$@"`;

function snapshot(root: string): Map<string, Seen> {
  const seen = new Map<string, Seen>();
  const walk = (folder: string): void => {
    for (const entry of fs.readdirSync(join(root, folder))) {
      const path = folder === '' ? entry : `${folder}/${entry}`;
      const found = fs.lstatSync(join(root, path));
      const { ino, size, mode, uid, gid, ctimeMs } = found;
      seen.set(path, {
        ino,
        size: found.isDirectory() ? 0 : size,
        mode,
        uid,
        gid,
        ctimeMs: found.isDirectory() ? 0 : ctimeMs,
      });
      if (found.isDirectory()) walk(path);
    }
  };
  walk('');
  return seen;
}

const sameEntry = (left: Seen, right: Seen): boolean =>
  left.ino === right.ino &&
  left.size === right.size &&
  left.mode === right.mode &&
  left.uid === right.uid &&
  left.gid === right.gid &&
  left.ctimeMs === right.ctimeMs;

/** What a command changed, as members of a layer: new and changed files, whiteouts for what is gone. */
function difference(root: string, before: ReadonlyMap<string, Seen>): LayerFile[] {
  const after = snapshot(root);
  const files: LayerFile[] = [];
  const mounts = (path: string): boolean => /^(dev|proc)(\/|$)/.test(path) || (path === 'tmp' && !before.has('tmp'));
  for (const [path, seen] of after) {
    const old = before.get(path);
    if (mounts(path) || (old && sameEntry(old, seen))) continue;
    const host = join(root, path);
    const found = fs.lstatSync(host);
    const common = { mode: found.mode & 0o7777, uid: found.uid, gid: found.gid };
    if (found.isDirectory()) files.push({ ...common, name: `${path}/`, type: 'folder' });
    else if (found.isSymbolicLink())
      files.push({ ...common, name: path, type: 'symlink', linkName: fs.readlinkSync(host) });
    else if (found.isFile()) files.push({ ...common, name: path, type: 'file', source: host });
  }
  for (const path of before.keys()) {
    const slash = path.lastIndexOf('/');
    const parent = path.slice(0, Math.max(0, slash));
    if (after.has(path) || mounts(path) || (parent !== '' && !after.has(parent))) continue;
    files.push({
      name: `${parent === '' ? '' : `${parent}/`}.wh.${path.slice(slash + 1)}`,
      type: 'file',
      mode: 0o644,
      content: Buffer.alloc(0),
    });
  }
  return files;
}

/** Runs one RUN in its own mount, pid, uts and ipc namespaces (a user namespace as well without root). */
export async function runInImage(options: RunOptions): Promise<LayerFile[]> {
  const words = options.argv.join(' ').slice(0, 300);
  if (
    !fs.existsSync(join(options.root, 'bin/sh')) &&
    fs.lstatSync(join(options.root, 'bin/sh'), { throwIfNoEntry: false }) === undefined
  )
    throw imageFaults.error('build-run', {
      command: words,
      code: 127,
      why: 'the image has no /bin/sh; copy what you need with COPY instead',
    });
  const before = snapshot(options.root);
  const rootless = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const environment = Object.fromEntries(
    options.env.map(pair => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
  const child = spawn(
    'unshare',
    [
      ...rootless,
      '--mount',
      '--pid',
      '--uts',
      '--ipc',
      '--fork',
      '--kill-child',
      '/bin/sh',
      '-c',
      SCRIPT,
      'sh',
      options.root,
      options.workingDir,
      ...options.argv,
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', ...environment },
      ...(options.signal ? { signal: options.signal } : {}),
    },
  );
  let last = '';
  const take = (chunk: Buffer): void => {
    const text = chunk.toString('utf8');
    last = (last + text).slice(-500);
    options.output(text);
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve(status ?? (signal ? 137 : 1)));
  });
  if (code !== 0)
    throw imageFaults.error('build-run', { command: words, code, why: last.trim() || 'it wrote nothing' });
  return difference(options.root, before);
}
