import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { FaultError } from '../../base/index.ts';
import { buildKustomization } from '../dialects/kustomize/build.ts';
import type { SourceTree } from '../model.ts';

const FILE_BYTES_MAX = 3 * 1024 * 1024;

/** Files read when they are asked for: a build that refers to its neighbours need not read all of them. */
class OpenFiles extends Map<string, string> {
  readonly #root: string;
  readonly #known = new Map<string, string | undefined>();

  constructor(root: string) {
    super();
    this.#root = root;
  }

  override get(path: string): string | undefined {
    if (!this.#known.has(path)) this.#known.set(path, this.#read(path));
    return this.#known.get(path);
  }

  override has(path: string): boolean {
    return this.get(path) !== undefined;
  }

  /** What has been read, as a plain map. */
  get taken(): Map<string, string> {
    const taken = new Map<string, string>();
    for (const [path, text] of this.#known) if (text !== undefined) taken.set(path, text);
    return taken;
  }

  #read(path: string): string | undefined {
    let file: number | undefined;
    try {
      const real = realpathSync(join(this.#root, path));
      if (real !== this.#root && !real.startsWith(this.#root.endsWith(sep) ? this.#root : this.#root + sep))
        return undefined;
      // Non-blocking, so that a named pipe cannot hold the reader.
      file = openSync(real, constants.O_RDONLY | constants.O_NONBLOCK);
      const stat = fstatSync(file);
      return stat.isFile() && stat.size <= FILE_BYTES_MAX ? readFileSync(file, 'utf8') : undefined;
    } catch {
      return undefined;
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }
}

/** The folder of the repository around a folder, else the folder's own root. */
function rootAround(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    try {
      statSync(join(at, '.git'));
      return at;
    } catch {
      if (dirname(at) === at) return at;
    }
  }
}

/** A folder whose files are read when asked for, with everything around it in the same repository; `keys()` is empty. */
export function openTree(folder: string): { readonly tree: SourceTree; readonly path: string } {
  const real = realpathSync(resolve(folder));
  const root = rootAround(real);
  return {
    tree: { name: folder, revision: '', files: new OpenFiles(root) },
    path: relative(root, real).split(sep).join('/'),
  };
}

/** The deepest folder that holds all of these paths and `folder`. */
function common(folder: string, paths: Iterable<string>): string {
  let parts = folder === '' ? [] : folder.split('/');
  for (const path of paths) {
    const other = path.split('/').slice(0, -1);
    const differs = parts.findIndex((part, index) => part !== other[index]);
    if (differs >= 0) parts = parts.slice(0, differs);
  }
  return parts.join('/');
}

/**
 * Every file the kustomization of a folder uses, those of its neighbours too, once. The tree begins at the folder itself
 * unless something outside of it is used; `path` is where the folder lies in it.
 */
export function readKustomizationTree(folder: string): { readonly tree: SourceTree; readonly path: string } {
  const { tree, path } = openTree(folder);
  try {
    buildKustomization(tree, path);
  } catch (error) {
    // The renderer tells what is wrong; what was read up to there is enough for that.
    if (!(error instanceof FaultError)) throw error;
  }
  const taken = (tree.files as OpenFiles).taken;
  const top = common(path, taken.keys());
  const files = new Map<string, string>();
  const hash = createHash('sha256');
  for (const [name, text] of [...taken].sort(([left], [right]) => (left < right ? -1 : 1))) {
    const own = top === '' ? name : name.slice(top.length + 1);
    files.set(own, text);
    hash.update(`${own}\0${text}\0`);
  }
  const revision = hash.digest('hex').slice(0, 12);
  return { tree: { name: folder, revision, files }, path: top === '' ? path : path.slice(top.length + 1) };
}
