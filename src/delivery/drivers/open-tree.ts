import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
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
