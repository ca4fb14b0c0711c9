import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, parseDigest, requireDigest, splitDigest } from '../images/digest.ts';
import { isRepository, isTag } from '../images/reference.ts';
import { writeDurable } from './image-blobs.ts';

/** What a tag or a manifest link holds. */
export interface RefTarget {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

/** A repository of the store: registry and path. */
export interface Repository {
  readonly registry: string;
  readonly repository: string;
}

const missing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');

async function names(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter(name => !name.startsWith('.'));
  } catch (error) {
    if (missing(error)) return [];
    throw error;
  }
}

/**
 * Names for content: tags, manifests and blobs of each repository, one small file each, replaced atomically. Path parts are
 * checked names (never `..`, never starting with `_`), so `_tags` cannot collide with a repository.
 */
export class RefStore {
  readonly #root: string;

  constructor(root: string) {
    this.#root = join(root, 'refs');
  }

  #folder(at: Repository): string {
    if (!isRepository(at.repository) || !/^[A-Za-z0-9.:[\]-]{1,255}$/.test(at.registry) || at.registry.startsWith('.'))
      throw new Error(`Not a repository: ${at.registry}/${at.repository}`);
    return join(this.#root, at.registry, at.repository);
  }

  #linkFile(at: Repository, kind: '_manifests' | '_blobs', digest: Digest): string {
    const { algorithm, hex } = splitDigest(digest);
    return join(this.#folder(at), kind, algorithm, hex);
  }

  async #read(file: string): Promise<RefTarget | undefined> {
    try {
      const body = JSON.parse(await readFile(file, 'utf8')) as { mediaType: string; digest: string; size: number };
      return { mediaType: String(body.mediaType), digest: requireDigest(body.digest), size: Number(body.size) };
    } catch (error) {
      if (missing(error)) return undefined;
      throw error;
    }
  }

  async tag(at: Repository, tag: string): Promise<RefTarget | undefined> {
    return isTag(tag) ? this.#read(join(this.#folder(at), '_tags', tag)) : undefined;
  }

  async setTag(at: Repository, tag: string, target: RefTarget): Promise<void> {
    if (!isTag(tag)) throw new Error(`Not a tag: ${tag}`);
    await this.linkManifest(at, target);
    await writeDurable(join(this.#folder(at), '_tags', tag), JSON.stringify(target));
  }

  async removeTag(at: Repository, tag: string): Promise<boolean> {
    if (!(await this.tag(at, tag))) return false;
    await rm(join(this.#folder(at), '_tags', tag), { force: true });
    return true;
  }

  /** Tags in the order the distribution-spec wants: "lexical" (ASCIIbetical). */
  async tags(at: Repository): Promise<string[]> {
    return (await names(join(this.#folder(at), '_tags'))).sort();
  }

  async linkManifest(at: Repository, target: RefTarget): Promise<void> {
    await writeDurable(this.#linkFile(at, '_manifests', target.digest), JSON.stringify(target));
  }

  async manifest(at: Repository, digest: Digest): Promise<RefTarget | undefined> {
    return this.#read(this.#linkFile(at, '_manifests', digest));
  }

  async unlinkManifest(at: Repository, digest: Digest): Promise<void> {
    await rm(this.#linkFile(at, '_manifests', digest), { force: true });
    for (const tag of await this.tags(at))
      if ((await this.tag(at, tag))?.digest === digest) await this.removeTag(at, tag);
  }

  async manifests(at: Repository): Promise<RefTarget[]> {
    const found: RefTarget[] = [];
    for (const algorithm of ['sha256', 'sha512'])
      for (const hex of await names(join(this.#folder(at), '_manifests', algorithm))) {
        const digest = parseDigest(`${algorithm}:${hex}`);
        const target = digest && (await this.manifest(at, digest));
        if (target) found.push(target);
      }
    return found;
  }

  async linkBlob(at: Repository, target: RefTarget): Promise<void> {
    await writeDurable(this.#linkFile(at, '_blobs', target.digest), JSON.stringify(target));
  }

  async blob(at: Repository, digest: Digest): Promise<RefTarget | undefined> {
    return this.#read(this.#linkFile(at, '_blobs', digest));
  }

  async unlinkBlob(at: Repository, digest: Digest): Promise<void> {
    await rm(this.#linkFile(at, '_blobs', digest), { force: true });
  }

  /** Whether anything was ever named in a repository. */
  async exists(at: Repository): Promise<boolean> {
    return (await names(this.#folder(at))).some(name => name.startsWith('_'));
  }

  /** Every repository that holds something. */
  async *repositories(): AsyncGenerator<Repository> {
    for (const registry of await names(this.#root)) yield* this.#below(registry, '');
  }

  async *#below(registry: string, path: string): AsyncGenerator<Repository> {
    const entries = await names(join(this.#root, registry, path));
    if (entries.some(name => name.startsWith('_'))) yield { registry, repository: path };
    for (const name of entries)
      if (!name.startsWith('_')) yield* this.#below(registry, path === '' ? name : `${path}/${name}`);
  }
}
