import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import type { NodeImages } from '../compute/index.ts';
import { goBuildInfo, type ImageInventory, isNamedPackage, isPackageFile, readPackages } from '../policy/index.ts';
import { cliFaults } from './faults.ts';

/** No package file is larger; longer ones are cut off. */
const TEXT_BYTES_MAX = 64 * 1024 * 1024;
const BINARY_BYTES_MAX = 256 * 1024 * 1024;
const FILES_MAX = 500_000;

/** What the layers of an image leave of the files that tell of packages. */
class ImageFiles {
  readonly texts = new Map<string, string>();
  readonly names = new Set<string>();
  readonly modules = new Map<string, string>();
  #seen = 0;

  /** An entry of the next layer hides what layers below have at its path. */
  #hide(path: string): void {
    const below = `${path}/`;
    for (const files of [this.texts, this.names, this.modules])
      for (const known of files.keys()) if (known === path || known.startsWith(below)) files.delete(known);
  }

  /** Whether the entry is a whiteout (OCI image-spec, "Layer"). */
  whiteout(path: string): boolean {
    const slash = path.lastIndexOf('/') + 1;
    const name = path.slice(slash);
    if (!name.startsWith('.wh.')) return false;
    const folder = path.slice(0, slash);
    if (name === '.wh..wh..opq') this.#hide(folder.slice(0, -1));
    else this.#hide(`${folder}${name.slice('.wh.'.length)}`);
    return true;
  }

  async add(path: string, executable: boolean, size: number, content: Readable): Promise<void> {
    if (++this.#seen > FILES_MAX) throw cliFaults.error('bad-scan', { reason: `more than ${FILES_MAX} files` });
    if (isNamedPackage(path)) this.names.add(path);
    else if (isPackageFile(path) && size <= TEXT_BYTES_MAX)
      this.texts.set(path, (await bytes(content)).toString('utf8'));
    else if (executable && size > 64 && size <= BINARY_BYTES_MAX) {
      this.modules.delete(path);
      const binary = await bytes(content);
      const info = binary.readUInt32BE(0) === ELF ? goBuildInfo(binary.toString('latin1')) : undefined;
      if (info !== undefined) this.modules.set(path, info);
    }
  }
}

const ELF = 0x7f454c46;

async function bytes(content: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of content as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** `./a//b` as `a/b`. */
const plainPath = (name: string): string =>
  name
    .split('/')
    .filter(part => part !== '' && part !== '.')
    .join('/');

async function readLayer(files: ImageFiles, layer: Readable): Promise<void> {
  const tar = extract();
  layer.on('error', error => tar.destroy(error));
  layer.pipe(tar);
  for await (const item of tar) {
    const path = plainPath(item.header.name);
    const isFile = item.header.type === 'file' || item.header.type === 'contiguous-file';
    if (!files.whiteout(path) && isFile)
      await files.add(
        path,
        ((item.header.mode ?? 0) & 0o111) !== 0,
        item.header.size ?? 0,
        item as unknown as Readable,
      );
    item.resume();
  }
}

/** Packages of an image of the store. */
export async function scanImage(images: NodeImages, name: string): Promise<ImageInventory> {
  const image = await images.find(name);
  if (!image) {
    const known = (await images.list()).flatMap(({ tags }) => tags).join(', ');
    throw cliFaults.error('unknown-target', { what: 'image', name, known });
  }
  const files = new ImageFiles();
  for (const { digest, mediaType } of image.manifest.layers) {
    const raw = images.content.blobs.stream(digest);
    const layer = mediaType.endsWith('zstd')
      ? raw.pipe(createZstdDecompress())
      : mediaType.endsWith('gzip')
        ? raw.pipe(createGunzip())
        : raw;
    raw.on('error', error => layer.destroy(error));
    await readLayer(files, layer);
  }
  return readPackages(files.texts, files.names, files.modules);
}
