import { posix } from 'node:path';
import { TarError } from './tar-header.ts';

/** What stands at a path of the layer being unpacked. */
export interface TreeNode {
  readonly kind: 'folder' | 'file' | 'symlink' | 'other';
  readonly target?: string;
  /** True for a folder that only exists because something below it came first. */
  readonly implied?: boolean;
}

const LINKS_MAX = 40;
const DEPTH_MAX = 256;

/** Splits an archive name; `..` anywhere, NUL and empty names are refused, a leading `/` or `./` only names the root. */
export function splitPath(name: string): readonly string[] {
  if (name.includes('\0')) throw new TarError(name, 'the name has a NUL');
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') throw new TarError(name, 'the name leaves the image by ".."');
    if (Buffer.byteLength(part) > 255) throw new TarError(name.slice(0, 80), 'a part of the name exceeds 255 bytes');
    parts.push(part);
  }
  if (parts.length > DEPTH_MAX) throw new TarError(name.slice(0, 80), `the name is deeper than ${DEPTH_MAX}`);
  return parts;
}

/**
 * The layer as unpacked so far, held in memory. Every path is resolved here, inside the layer's root, before the kernel sees it,
 * so no system call ever follows a link that came out of an archive (the guarantee openat2 RESOLVE_IN_ROOT gives).
 */
export class LayerTree {
  readonly #nodes = new Map<string, TreeNode>();

  get(path: string): TreeNode | undefined {
    return path === '' ? { kind: 'folder' } : this.#nodes.get(path);
  }

  set(path: string, node: TreeNode): void {
    this.#nodes.set(path, node);
  }

  /** Forgets a path and everything below it. */
  remove(path: string): void {
    const node = this.#nodes.get(path);
    this.#nodes.delete(path);
    if (node?.kind !== 'folder') return;
    const prefix = `${path}/`;
    for (const key of this.#nodes.keys()) if (key.startsWith(prefix)) this.#nodes.delete(key);
  }

  /**
   * The real folder an entry goes into and its last part. Links at parents are walked in memory, clamped to the root;
   * `missing` lists folders to make first, outermost first.
   */
  place(name: string): { path: string; missing: readonly string[] } | undefined {
    const parts = splitPath(name);
    const last = parts.at(-1);
    if (last === undefined) return undefined;
    const { folder, missing } = this.#walk(parts.slice(0, -1), name);
    return { path: folder === '' ? last : `${folder}/${last}`, missing };
  }

  #walk(parents: readonly string[], name: string): { folder: string; missing: readonly string[] } {
    const todo = [...parents].reverse();
    const missing: string[] = [];
    const made = new Set<string>();
    let folder = '';
    let links = 0;
    while (todo.length > 0) {
      const part = todo.pop()!;
      if (part === '' || part === '.') continue;
      if (part === '..') {
        folder = folder.includes('/') ? folder.slice(0, folder.lastIndexOf('/')) : '';
        continue;
      }
      const path = folder === '' ? part : `${folder}/${part}`;
      const node = made.has(path) ? { kind: 'folder' as const } : this.#nodes.get(path);
      if (!node) {
        missing.push(path);
        made.add(path);
        folder = path;
      } else if (node.kind === 'folder') folder = path;
      else if (node.kind === 'symlink') {
        if (++links > LINKS_MAX) throw new TarError(name, 'too many symbolic links lead to it');
        const target = node.target ?? '';
        if (target.startsWith('/')) folder = '';
        todo.push(...target.split('/').reverse());
      } else throw new TarError(name, `"${path}" is no folder`);
    }
    return { folder, missing };
  }

  /** The file a hard link names: it must be a file of this layer, reached without leaving it. */
  linkTarget(linkName: string, name: string): string {
    const parts = splitPath(linkName);
    const last = parts.at(-1);
    if (last === undefined) throw new TarError(name, 'a hard link names no file');
    const { folder, missing } = this.#walk(parts.slice(0, -1), name);
    const path = folder === '' ? last : `${folder}/${last}`;
    const node = this.#nodes.get(path);
    if (missing.length > 0 || !node) throw new TarError(name, `hard link target "${linkName}" is not in this layer`);
    if (node.kind === 'folder') throw new TarError(name, 'a hard link names a folder');
    return path;
  }
}

/** AUFS-style markers of layers (image-spec layer.md, "Whiteouts"). */
export type Marker =
  | { readonly kind: 'whiteout'; readonly path: string }
  | { readonly kind: 'opaque'; readonly path: string };

/** Tells markers from files; AUFS' own metadata (`.wh..wh.plnk` …) is dropped. */
export function markerOf(path: string): Marker | 'metadata' | undefined {
  const base = posix.basename(path);
  if (!base.startsWith('.wh.')) return undefined;
  const folder = posix.dirname(path) === '.' ? '' : posix.dirname(path);
  if (base === '.wh..wh..opq') return { kind: 'opaque', path: folder };
  if (base.startsWith('.wh..wh.')) return 'metadata';
  const hidden = base.slice(4);
  if (hidden === '' || hidden === '.' || hidden === '..') throw new TarError(path, 'a whiteout names no file');
  return { kind: 'whiteout', path: folder === '' ? hidden : `${folder}/${hidden}` };
}
