import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { Readable } from 'node:stream';
import { constants, createGzip, createZstdCompress } from 'node:zlib';
import type { Digest } from '../images/digest.ts';
import type { Descriptor } from '../images/manifest.ts';
import { OCI_LAYER, OCI_LAYER_GZIP, OCI_LAYER_ZSTD } from '../images/media.ts';
import { encodeHeader, type NewEntry, padding, tarEnd } from '../images/tar-header.ts';
import type { ImageContent } from './image-content.ts';

/** A file of a layer to be: where its bytes are, and what the archive says of it. */
export interface LayerFile extends Omit<NewEntry, 'size' | 'mtime'> {
  readonly source?: string;
  readonly content?: Buffer;
}

export type LayerCompression = 'none' | 'gzip' | 'zstd';

/** A layer written into the store. */
export interface NewLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

const TYPES = { none: OCI_LAYER, gzip: OCI_LAYER_GZIP, zstd: OCI_LAYER_ZSTD } as const;

/** The bytes of an archive, told to `hash` as they go. */
export async function* archive(
  files: readonly LayerFile[],
  mtime: number,
  hash: { update(data: Buffer): unknown },
): AsyncGenerator<Buffer> {
  const emit = (bytes: Buffer): Buffer => {
    hash.update(bytes);
    return bytes;
  };
  for (const { source, content, ...entry } of files) {
    const size = content?.length ?? (source !== undefined && entry.type === 'file' ? fs.statSync(source).size : 0);
    yield emit(encodeHeader({ ...entry, size, mtime }));
    if (content) yield emit(content);
    else if (size > 0) {
      let read = 0;
      for await (const chunk of fs.createReadStream(source!, { highWaterMark: 1024 * 1024 })) {
        read += (chunk as Buffer).length;
        yield emit(chunk as Buffer);
      }
      if (read !== size) throw new Error(`"${source}" changed while it was read`);
    }
    const pad = padding(size);
    if (pad > 0) yield emit(Buffer.alloc(pad));
  }
  yield emit(tarEnd());
}

/** Writes files as a layer: sorted, with one fixed time, so that the same files always give the same digest. */
export async function writeLayer(
  content: ImageContent,
  files: readonly LayerFile[],
  mtime: number,
  compression: LayerCompression,
): Promise<NewLayer> {
  const byName = new Map(files.map(file => [file.name, file]));
  // Folders sort before what is in them: "a/" < "a/b".
  const sorted = [...byName.values()].sort((left, right) =>
    left.name < right.name ? -1 : left.name > right.name ? 1 : 0,
  );
  const hash = createHash('sha256');
  const plain = Readable.from(archive(sorted, mtime, hash), { objectMode: false, highWaterMark: 1024 * 1024 });
  const packer =
    compression === 'gzip'
      ? createGzip({ level: 6 })
      : compression === 'zstd'
        ? createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 } })
        : undefined;
  if (packer) plain.on('error', error => packer.destroy(error));
  const stored = await content.blobs.ingest(packer ? plain.pipe(packer) : plain);
  return { descriptor: { mediaType: TYPES[compression], ...stored }, diffId: `sha256:${hash.digest('hex')}` };
}
