import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { imageFaults } from '../images/faults.ts';
import { sniffCompression } from '../images/media.ts';
import { TarError } from '../images/tar-header.ts';
import { TAR_LIMITS, type TarLimits, TarReader } from '../images/tar-reader.ts';
import { type LayerMarkers, LayerWriter } from './unpack-writer.ts';

/** One layer to unpack. */
export interface UnpackJob {
  /** The blob's file; its own digest was checked when it was written. */
  readonly blob: string;
  /** Target folder; made here, must not exist. */
  readonly folder: string;
  /** The uncompressed digest the image configuration promises. */
  readonly diffId?: string;
  readonly privileged: boolean;
  readonly limits?: TarLimits;
}

export interface UnpackResult extends LayerMarkers {
  readonly diffId: string;
  readonly entries: number;
  readonly bytes: number;
}

const CHUNK = 256 * 1024;

function decompressor(kind: 'none' | 'gzip' | 'zstd'): Transform | undefined {
  if (kind === 'gzip') return createGunzip({ chunkSize: CHUNK });
  // A window beyond 128 MiB (RFC 8878 §3.1.1.1.2 lets decoders refuse) fails by itself: zlib's default maximum.
  return kind === 'zstd' ? createZstdDecompress({ chunkSize: CHUNK }) : undefined;
}

/** The first bytes of a file tell its packing, whatever its media type claims. */
export function sniffFile(file: string): 'none' | 'gzip' | 'zstd' {
  const fd = fs.openSync(file, 'r');
  try {
    const head = Buffer.alloc(4);
    const count = fs.readSync(fd, head, 0, 4, 0);
    return sniffCompression(head.subarray(0, count));
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * Unpacks one layer in one pass: decompress (thread pool), hash, parse and write (this thread). On any failure the folder
 * is removed. Meant for a worker: system calls are synchronous.
 */
export async function unpackLayer(job: UnpackJob): Promise<UnpackResult> {
  fs.mkdirSync(job.folder, { mode: 0o755 });
  const writer = new LayerWriter({ root: job.folder, privileged: job.privileged });
  try {
    return await unpackInto(job, writer);
  } catch (error) {
    writer.abort();
    fs.rmSync(job.folder, { recursive: true, force: true });
    if (error instanceof TarError)
      throw imageFaults.error('bad-layer', { name: error.entry.slice(0, 200), why: error.message });
    const code = (error as NodeJS.ErrnoException).code;
    if (typeof code === 'string' && /^(Z_|ZSTD|ERR_ZLIB)/.test(code))
      throw imageFaults.error('bad-layer', { name: 'archive', why: (error as Error).message });
    throw error;
  }
}

async function unpackInto(job: UnpackJob, writer: LayerWriter): Promise<UnpackResult> {
  const limits = job.limits ?? TAR_LIMITS;
  const reader = new TarReader(writer, limits);
  const hash = createHash('sha256');
  let bytes = 0;
  const file = fs.createReadStream(job.blob, { highWaterMark: CHUNK });
  const unpacking = decompressor(sniffFile(job.blob));
  const stream = unpacking ? file.pipe(unpacking) : file;
  if (unpacking) file.on('error', error => unpacking.destroy(error));
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      bytes += piece.length;
      // Headers and padding count as well: a bomb may be made of nothing else.
      if (bytes > limits.bytes_max) throw new TarError('archive', `it unpacks to more than ${limits.bytes_max} bytes`);
      hash.update(piece);
      reader.push(piece);
    }
  } finally {
    file.destroy();
  }
  reader.finish();
  const diffId = `sha256:${hash.digest('hex')}`;
  if (job.diffId !== undefined && job.diffId !== diffId)
    throw imageFaults.error('bad-digest', { expected: job.diffId, actual: diffId });
  return { ...writer.finish(), diffId, entries: reader.entries, bytes };
}
