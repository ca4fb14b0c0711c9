import { createHash } from 'node:crypto';
import { opendirSync, readFileSync, realpathSync, statSync, watch, type FSWatcher } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import type { Clock, Timer } from '../../base/index.ts';
import { deliveryFaults } from '../faults.ts';
import type { SourceTree } from '../model.ts';

/** Bounds of one source. Files over FILE_BYTES_MAX are no manifests and are left out. */
const FILES_MAX = 20_000;
const FILE_BYTES_MAX = 3 * 1024 * 1024;
/** A file whose name tells nothing may still be a text that a chart or a generator uses. */
const OTHER_BYTES_MAX = 256 * 1024;
const TREE_BYTES_MAX = 256 * 1024 * 1024;
const SETTLE_MS = 100;
const TEXT =
  /\.(ya?ml|json|env|properties|txt|conf|cfg|toml|ini|sh|js|ts|sql|html|css|tpl|md|crt|pem|key|lock|star|libsonnet|jsonnet|rego|cel|lua)$|(^|\/)[^./]+$/;
const SKIPPED = new Set(['.git', 'node_modules', '.build', '.cache']);

/** Whether a file may hold a text that somebody uses: by its name, or for being small. */
const mayBeText = (name: string, size: number): boolean =>
  size <= FILE_BYTES_MAX && (TEXT.test(name) || size <= OTHER_BYTES_MAX);

/** Makes a tree of texts that were read elsewhere, under the limits of folders. Fault: too large. */
export function treeOf(
  path: string,
  entries: Iterable<readonly [name: string, content: Buffer]>,
  identity: Partial<Pick<SourceTree, 'repository' | 'commit' | 'known'>>,
): SourceTree {
  const files = new Map<string, string>();
  let bytes = 0;
  for (const [name, content] of entries) {
    if (name.split('/').some(step => SKIPPED.has(step)) || !mayBeText(name, content.length)) continue;
    bytes += content.length;
    if (files.size >= FILES_MAX)
      throw deliveryFaults.error('folder-too-large', { path, limit: FILES_MAX, what: 'files' });
    if (bytes > TREE_BYTES_MAX)
      throw deliveryFaults.error('folder-too-large', { path, limit: TREE_BYTES_MAX, what: 'bytes' });
    const text = content.toString('utf8');
    if (TEXT.test(name) || !text.includes('\0')) files.set(name, text);
  }
  return { name: path, revision: identity.commit ?? '', files, ...identity };
}

function readAll(root: string): { files: Map<string, string>; unread: string[] } {
  const files = new Map<string, string>();
  const unread: string[] = [];
  let bytes = 0;
  const visit = (folder: string): void => {
    const entries = [];
    const handle = opendirSync(folder);
    for (let entry = handle.readSync(); entry; entry = handle.readSync()) entries.push(entry);
    handle.closeSync();
    for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (SKIPPED.has(entry.name)) continue;
      // A link may be followed only to a place inside the source.
      const real = entry.isSymbolicLink() ? safeTarget(root, path) : path;
      if (real === undefined) continue;
      const stat = statSync(real);
      if (stat.isDirectory()) {
        if (!entry.isSymbolicLink()) visit(path);
      } else if (stat.isFile() && stat.size > FILE_BYTES_MAX && /\.ya?ml$/.test(entry.name)) {
        unread.push(relative(root, path).split(sep).join('/'));
      } else if (stat.isFile() && mayBeText(entry.name, stat.size)) {
        bytes += stat.size;
        if (files.size >= FILES_MAX)
          throw deliveryFaults.error('folder-too-large', { path: root, limit: FILES_MAX, what: 'files' });
        if (bytes > TREE_BYTES_MAX)
          throw deliveryFaults.error('folder-too-large', { path: root, limit: TREE_BYTES_MAX, what: 'bytes' });
        const text = readFileSync(real, 'utf8');
        if (TEXT.test(entry.name) || !text.includes('\0')) files.set(relative(root, path).split(sep).join('/'), text);
      }
    }
  };
  visit(root);
  return { files, unread };
}

/** Where a link leads, when that is inside the root and exists. */
function safeTarget(root: string, path: string): string | undefined {
  try {
    const real = realpathSync(path);
    return real === root || real.startsWith(root + sep) ? real : undefined;
  } catch {
    return undefined;
  }
}

/** Reads a folder once. Links out of it are not followed. Fault: unreadable, too large. */
export function readFolder(
  path: string,
  identity: Partial<Pick<SourceTree, 'name' | 'repository' | 'commit' | 'revision' | 'known'>> = {},
): SourceTree {
  let files: Map<string, string>;
  let unread: string[] = [];
  try {
    const root = realpathSync(resolve(path));
    if (statSync(root).isFile()) files = new Map([[root.slice(root.lastIndexOf(sep) + 1), readFileSync(root, 'utf8')]]);
    else ({ files, unread } = readAll(root));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw deliveryFaults.error('folder-unreadable', { path, reason: (error as Error).message }, undefined, {
      cause: error,
    });
  }
  const hash = createHash('sha256');
  for (const [name, text] of files) hash.update(`${name}\0${text}\0`);
  const left = unread.length > 0 ? { unread } : {};
  return { name: path, revision: hash.digest('hex').slice(0, 12), files, ...left, ...identity };
}

/** Calls `changed` after a folder changed and then rested a moment. */
export function watchFolder(path: string, clock: Clock, changed: () => void): Disposable {
  let settle: Timer | undefined;
  const watcher: FSWatcher = watch(resolve(path), { recursive: true, persistent: false }, () => {
    settle?.cancel();
    settle = clock.after(SETTLE_MS, changed);
  });
  watcher.on('error', () => changed());
  return {
    [Symbol.dispose]() {
      settle?.cancel();
      watcher.close();
    },
  };
}
