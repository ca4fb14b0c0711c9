import * as fs from 'node:fs';
import { basename, join, posix } from 'node:path';
import { globMatcher, type Ignore } from '../build/ignore.ts';
import { RecipeError } from '../build/recipe.ts';
import type { LayerFile } from './image-layer-tar.ts';

const MEANT_BITS = 0o7002;

/** Where COPY takes files from: the build context, or another stage's files. */
export interface CopySource {
  readonly root: string;
  readonly ignored: Ignore;
  /** Keep modes and owners as they are (stages); the context's are normalised. */
  readonly exact: boolean;
}

export interface CopyOptions {
  readonly sources: readonly string[];
  /** Absolute in the image; a trailing slash says it is a folder. */
  readonly target: string;
  readonly uid: number;
  readonly gid: number;
  readonly chmod?: number;
  /** Whether the image already has a folder there. */
  readonly isFolder: (path: string) => boolean;
}

const FILES_MAX = 500_000;

/** Host paths a source names: a plain path, or everything a wildcard matches. Never outside the root. */
function matches(source: CopySource, pattern: string): string[] {
  const relative = posix.normalize(`/${pattern}`).slice(1).replace(/\/+$/, '');
  if (relative === '') return [''];
  if (!/[*?]/.test(relative)) {
    const found = fs.lstatSync(join(source.root, relative), { throwIfNoEntry: false });
    return found && realParents(source.root, relative) && !source.ignored(relative) ? [relative] : [];
  }
  const fits = globMatcher(relative);
  const depth = relative.split('/').length;
  const found: string[] = [];
  const walk = (folder: string, level: number): void => {
    for (const entry of fs.readdirSync(join(source.root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (!source.ignored(path) && fits(path)) found.push(path);
      else if (entry.isDirectory() && (level < depth || relative.includes('**'))) walk(path, level + 1);
    }
  };
  walk('', 1);
  return found.sort();
}

/** A symlinked folder on the way would lead out of the context. */
function realParents(root: string, path: string): boolean {
  let folder = root;
  for (const part of path.split('/').slice(0, -1)) {
    folder = join(folder, part);
    if (!fs.lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) return false;
  }
  return true;
}

class Collector {
  readonly files = new Map<string, LayerFile>();
  readonly #source: CopySource;
  readonly #options: CopyOptions;

  constructor(source: CopySource, options: CopyOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** Folders above a target that the image may lack. */
  parents(target: string): void {
    const parts = target.split('/').filter(Boolean).slice(0, -1);
    for (let i = 1; i <= parts.length; i++) {
      const path = parts.slice(0, i).join('/');
      if (this.#options.isFolder(`/${path}`) || this.files.has(`${path}/`)) continue;
      this.files.set(`${path}/`, { name: `${path}/`, type: 'folder', mode: 0o755, uid: 0, gid: 0 });
    }
  }

  add(relative: string, target: string, contents: boolean): void {
    if (this.files.size > FILES_MAX) throw new Error(`more than ${FILES_MAX} files are copied`);
    const host = join(this.#source.root, relative);
    const found = fs.lstatSync(host);
    const name = target.replace(/^\/+/, '').replace(/\/+$/, '');
    if (found.isDirectory()) {
      if (!contents || !this.#options.isFolder(`/${name}`))
        this.#put({ name: name === '' ? '' : `${name}/`, type: 'folder', mode: this.#mode(found, 0o755) }, found);
      for (const child of fs.readdirSync(host).sort()) {
        const path = relative === '' ? child : `${relative}/${child}`;
        if (!this.#source.ignored(path)) this.add(path, `${name}/${child}`, false);
      }
    } else if (found.isSymbolicLink())
      this.#put({ name, type: 'symlink', mode: 0o777, linkName: fs.readlinkSync(host) }, found);
    else if (found.isFile())
      this.#put(
        { name, type: 'file', mode: this.#mode(found, found.mode & 0o111 ? 0o755 : 0o644), source: host },
        found,
      );
  }

  /**
   * Of a checkout only the executable bit means something; the rest depends on a person's umask. What no umask gives
   * (set-user-id, set-group-id, sticky, writable by all) somebody meant.
   */
  #mode(found: fs.Stats, normal: number): number {
    const kept = this.#source.exact || (found.mode & MEANT_BITS) !== 0;
    return this.#options.chmod ?? (kept ? found.mode & 0o7777 : normal);
  }

  #put(file: LayerFile, found: fs.Stats): void {
    if (file.name === '') return;
    const owner =
      this.#source.exact && this.#options.uid === 0 && this.#options.gid === 0
        ? { uid: found.uid, gid: found.gid }
        : { uid: this.#options.uid, gid: this.#options.gid };
    this.files.set(file.name, { ...file, ...owner });
  }
}

/** The members one COPY adds, parents included. */
export function copiedFiles(source: CopySource, options: CopyOptions): LayerFile[] {
  const collector = new Collector(source, options);
  const found = options.sources.flatMap(pattern => {
    const paths = matches(source, pattern);
    if (paths.length === 0) throw new RecipeError(0, pattern, `"${pattern}" matches no file of the build context`);
    return paths;
  });
  const many = found.length > 1;
  if (many && !options.target.endsWith('/'))
    throw new RecipeError(0, options.target, 'several files need a target that ends with "/"');
  const target = posix.normalize(options.target);
  for (const relative of found) {
    const isFolder = fs.lstatSync(join(source.root, relative)).isDirectory();
    const into = !isFolder && (target.endsWith('/') || options.isFolder(target));
    const place = into ? posix.join(target, basename(relative)) : target;
    collector.parents(place);
    collector.add(relative, place, isFolder);
  }
  return [...collector.files.values()];
}
