import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import { join, posix } from 'node:path';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { imageFaults } from '../images/faults.ts';
import {
  childrenOf,
  type Descriptor,
  isManifestType,
  parseConfig,
  parseJsonObject,
  parseManifest,
} from '../images/manifest.ts';
import { OCI_CONFIG, OCI_LAYER, OCI_LAYER_GZIP, OCI_LAYER_ZSTD, OCI_MANIFEST } from '../images/media.ts';
import { normalReference, parseReference } from '../images/reference.ts';
import { type TarEntry, TarError } from '../images/tar-header.ts';
import { TAR_LIMITS, TarReader, type TarSink } from '../images/tar-reader.ts';
import type { BlobStore, Expectation, Stored } from './image-blobs.ts';
import type { ImageContent } from './image-content.ts';
import type { RefTarget } from './image-refs.ts';
import { sniffFile } from './unpack-layer.ts';

/** An image that came out of an archive. */
export interface Imported {
  readonly references: readonly string[];
  readonly target: RefTarget;
}

/** Files of an archive or folder by their plain name. */
interface Source {
  /** Host path of a member, links inside the archive followed. */
  file(name: string): string | undefined;
  /** Brings one of its files into the store. */
  take(blobs: BlobStore, file: string, expected: Expectation): Promise<Stored>;
  close(): void;
}

const ENTRIES_MAX = 100_000;

const plainName = (name: string): string => posix.normalize(name).replace(/^(\.?\/)+/, '');

/** Spills members of an archive into numbered files, so that no name of the archive ever becomes a path. */
class Spill implements TarSink, Source {
  readonly #folder: string;
  readonly #names = new Map<string, { file?: string; link?: string }>();
  #fd = -1;
  #count = 0;

  constructor(folder: string) {
    this.#folder = folder;
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  entry(entry: TarEntry): void {
    const name = plainName(entry.name);
    if (entry.type === 'symlink')
      this.#names.set(name, { link: posix.normalize(posix.join(posix.dirname(name), entry.linkName)) });
    else if (entry.type === 'hardlink') this.#names.set(name, { link: plainName(entry.linkName) });
    else if (entry.type === 'file') {
      const file = join(this.#folder, String(this.#count++));
      this.#fd = fs.openSync(file, 'wx', 0o600);
      this.#names.set(name, { file });
    }
  }

  data(piece: Buffer): void {
    if (this.#fd < 0) return;
    let at = 0;
    while (at < piece.length) at += fs.writeSync(this.#fd, piece, at);
  }

  end(): void {
    if (this.#fd >= 0) fs.closeSync(this.#fd);
    this.#fd = -1;
  }

  file(name: string): string | undefined {
    let found = this.#names.get(plainName(name));
    for (let hops = 0; found?.link !== undefined && hops < 8; hops++) found = this.#names.get(found.link);
    return found?.file;
  }

  take(blobs: BlobStore, file: string, expected: Expectation): Promise<Stored> {
    return blobs.adopt(file, expected);
  }

  close(): void {
    this.end();
    fs.rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function spill(file: string, folder: string): Promise<Spill> {
  const target = new Spill(folder);
  const reader = new TarReader(target, { ...TAR_LIMITS, entries_max: ENTRIES_MAX });
  const packing = sniffFile(file);
  const raw = fs.createReadStream(file, { highWaterMark: 256 * 1024 });
  const stream =
    packing === 'gzip' ? raw.pipe(createGunzip()) : packing === 'zstd' ? raw.pipe(createZstdDecompress()) : raw;
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) reader.push(piece);
    reader.finish();
    return target;
  } catch (error) {
    target.close();
    const why =
      error instanceof TarError ? `${error.message} (${error.entry.slice(0, 100)})` : (error as Error).message;
    throw imageFaults.error('bad-archive', { file, why });
  } finally {
    raw.destroy();
  }
}

/** An OCI layout folder: only regular files inside it, by names that are digests or fixed. */
function folderSource(folder: string): Source {
  return {
    file: name => {
      const path = join(folder, plainName(name));
      return !plainName(name).startsWith('..') && fs.lstatSync(path, { throwIfNoEntry: false })?.isFile()
        ? path
        : undefined;
    },
    take: (blobs, file, expected) => blobs.ingest(fs.createReadStream(file), expected),
    close: () => undefined,
  };
}

/** Reads a docker-archive or OCI layout (tar, also compressed, or folder) into the store and names its images. */
export async function importArchive(
  content: ImageContent,
  path: string,
  names: readonly string[] = [],
): Promise<Imported[]> {
  const found = fs.statSync(path, { throwIfNoEntry: false });
  if (!found) throw imageFaults.error('bad-archive', { file: path, why: 'there is no such file or folder' });
  const source = found.isDirectory()
    ? folderSource(path)
    : await spill(path, join(content.root, 'ingest', `import-${randomUUID()}`));
  try {
    if (source.file('index.json')) return await importLayout(content, source, path, names);
    if (source.file('manifest.json')) return await importDocker(content, source, path, names);
    throw imageFaults.error('bad-archive', {
      file: path,
      why: 'it has neither index.json (OCI layout) nor manifest.json (docker save)',
    });
  } finally {
    source.close();
  }
}

function small(source: Source, name: string, path: string): Buffer {
  const file = source.file(name);
  if (!file) throw imageFaults.error('bad-archive', { file: path, why: `"${name.slice(0, 200)}" is missing` });
  if (fs.statSync(file).size > 4 * 1024 * 1024) throw imageFaults.error('too-large', { what: name, limit: '4 MiB' });
  return fs.readFileSync(file);
}

/** The names an index entry carries: containerd's full one, or the layout's own tag. */
function namesOf(entry: Descriptor): string[] {
  const full = entry.annotations?.['io.containerd.image.name'];
  const short = entry.annotations?.['org.opencontainers.image.ref.name'];
  if (full) return [full];
  return short && /[/:]/.test(short) ? [short] : [];
}

async function importLayout(
  content: ImageContent,
  source: Source,
  path: string,
  names: readonly string[],
): Promise<Imported[]> {
  const index = parseManifest(small(source, 'index.json', path), 'index.json');
  if (index.form !== 'index') throw imageFaults.error('bad-archive', { file: path, why: 'index.json is no index' });
  const imported: Imported[] = [];
  for (const entry of index.manifests) {
    if (!isManifestType(entry.mediaType)) continue;
    const complete = await ingestTree(content, source, entry, path);
    if (!complete) throw imageFaults.error('bad-archive', { file: path, why: `blob ${entry.digest} is missing` });
    const wanted = names.length > 0 ? names : namesOf(entry);
    if (wanted.length === 0)
      throw imageFaults.error('bad-archive', { file: path, why: 'its image has no name; give one with --tag' });
    const target = { mediaType: entry.mediaType, digest: entry.digest, size: entry.size };
    imported.push({ references: await name(content, target, wanted), target });
  }
  if (imported.length === 0) throw imageFaults.error('bad-archive', { file: path, why: 'it holds no image' });
  return imported;
}

async function name(content: ImageContent, target: RefTarget, wanted: readonly string[]): Promise<string[]> {
  const done: string[] = [];
  for (const text of wanted) {
    const reference = parseReference(text);
    await content.refs.setTag(reference, reference.tag ?? 'latest', target);
    done.push(normalReference(text));
  }
  return done;
}

/** Takes a descriptor and what it needs. An index may lack platforms (skopeo copies one); everything else must be whole. */
async function ingestTree(content: ImageContent, source: Source, entry: Descriptor, path: string): Promise<boolean> {
  const present = await content.blobs.freshen(entry.digest);
  const file = source.file(`blobs/${entry.digest.replace(':', '/')}`);
  if (present === undefined) {
    if (!file) return false;
    await source.take(content.blobs, file, { digest: entry.digest, size: entry.size });
  }
  if (!isManifestType(entry.mediaType)) return true;
  const manifest = await content.manifest(entry);
  let any = manifest.form === 'manifest';
  for (const child of childrenOf(manifest)) {
    const complete = await ingestTree(content, source, child, path);
    if (!complete && manifest.form === 'manifest')
      throw imageFaults.error('bad-archive', { file: path, why: `blob ${child.digest} is missing` });
    any ||= complete;
  }
  return any;
}

interface DockerEntry {
  readonly Config: string;
  readonly RepoTags?: readonly string[] | null;
  readonly Layers: readonly string[];
}

function dockerEntries(bytes: Buffer, path: string): DockerEntry[] {
  const value = parseJsonObject(
    Buffer.concat([Buffer.from('{"entries":'), bytes, Buffer.from('}')]),
    'manifest.json',
  ).entries;
  const isTexts = (list: unknown): list is string[] =>
    Array.isArray(list) && list.every(item => typeof item === 'string');
  if (!Array.isArray(value) || value.length > 1000)
    throw imageFaults.error('bad-archive', { file: path, why: 'manifest.json is no list' });
  return value.map((entry: DockerEntry | null) => {
    if (!entry || typeof entry.Config !== 'string' || !isTexts(entry.Layers) || entry.Layers.length > 1024)
      throw imageFaults.error('bad-archive', { file: path, why: 'manifest.json lacks Config or Layers' });
    if (entry.RepoTags != null && !isTexts(entry.RepoTags))
      throw imageFaults.error('bad-archive', { file: path, why: 'RepoTags is no list of names' });
    return entry;
  });
}

const LAYER_TYPES = { none: OCI_LAYER, gzip: OCI_LAYER_GZIP, zstd: OCI_LAYER_ZSTD } as const;

/** `docker save` has no manifest of its own for an image: one is made, the same for the same archive. */
async function importDocker(
  content: ImageContent,
  source: Source,
  path: string,
  names: readonly string[],
): Promise<Imported[]> {
  const imported: Imported[] = [];
  for (const entry of dockerEntries(small(source, 'manifest.json', path), path)) {
    const configBytes = small(source, entry.Config, path);
    const config = parseConfig(configBytes, entry.Config);
    const layers: { mediaType: string; digest: string; size: number }[] = [];
    for (const [index, layer] of entry.Layers.entries()) {
      const file = source.file(layer);
      if (!file)
        throw imageFaults.error('bad-archive', { file: path, why: `layer "${layer.slice(0, 200)}" is missing` });
      const packing = sniffFile(file);
      const diffId = config.diffIds[index];
      const expected = packing === 'none' && diffId ? { digest: diffId } : {};
      const stored = await source.take(content.blobs, file, expected);
      layers.push({ mediaType: LAYER_TYPES[packing], ...stored });
    }
    const stored = await content.blobs.put(configBytes);
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: OCI_MANIFEST,
        config: { mediaType: OCI_CONFIG, ...stored },
        layers,
      }),
    );
    const wanted = names.length > 0 ? names : (entry.RepoTags ?? []);
    if (wanted.length === 0)
      throw imageFaults.error('bad-archive', { file: path, why: 'its image has no name; give one with --tag' });
    const { digest, size } = await content.blobs.put(manifest);
    const target = { mediaType: OCI_MANIFEST, digest, size };
    imported.push({ references: await name(content, target, wanted), target });
  }
  if (imported.length === 0) throw imageFaults.error('bad-archive', { file: path, why: 'it holds no image' });
  return imported;
}
