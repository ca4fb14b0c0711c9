import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, type ReadStream } from 'node:fs';
import { type FileHandle, link, mkdir, open, readdir, readFile, rename, stat, unlink, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Digest, type DigestAlgorithm, digestOf, parseDigest, splitDigest } from '../images/digest.ts';
import { imageFaults } from '../images/faults.ts';

/** What is known of bytes before they come. */
export interface Expectation {
  readonly digest?: Digest;
  readonly size?: number;
  readonly algorithm?: DigestAlgorithm;
  readonly size_max?: number;
}

/** Where a blob came to lie. */
export interface Stored {
  readonly digest: Digest;
  readonly size: number;
}

/** A single blob larger than this is refused. */
export const BLOB_BYTES_MAX = 64 * 1024 ** 3;

const errnoOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/** Makes a rename durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces a file so that after a crash either the old or the new text is there, whole. */
export async function writeDurable(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const temporary = join(dirname(file), `.${randomUUID()}.tmp`);
  const handle = await open(temporary, 'wx', 0o644);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  await syncFolder(dirname(file));
}

async function writeAll(handle: FileHandle, chunk: Uint8Array, at: number): Promise<void> {
  let done = 0;
  while (done < chunk.length) done += (await handle.write(chunk, done, chunk.length - done, at + done)).bytesWritten;
}

/**
 * Content by digest, in the OCI image layout's own folders (`blobs/sha256/…`). A blob appears only whole, verified and
 * synced: written aside, hashed on the way, then renamed. Safe for several processes at once.
 */
export class BlobStore {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** Makes the folders; idempotent. */
  async open(): Promise<this> {
    for (const folder of ['blobs/sha256', 'blobs/sha512', 'ingest'])
      await mkdir(join(this.root, folder), { recursive: true, mode: 0o700 });
    return this;
  }

  path(digest: Digest): string {
    const { algorithm, hex } = splitDigest(digest);
    return join(this.root, 'blobs', algorithm, hex);
  }

  /** Size of a blob, or undefined when it is not here. */
  async size(digest: Digest): Promise<number | undefined> {
    try {
      return (await stat(this.path(digest))).size;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Like {@link size}, and keeps garbage collection away from the blob for its grace time. */
  async freshen(digest: Digest): Promise<number | undefined> {
    const size = await this.size(digest);
    if (size === undefined) return undefined;
    const now = new Date();
    await utimes(this.path(digest), now, now);
    return size;
  }

  /** The whole of a small blob (manifest, config). */
  async read(digest: Digest, bytes_max = 4 * 1024 * 1024): Promise<Buffer> {
    const size = await this.size(digest);
    if (size === undefined) throw imageFaults.error('blob-missing', { digest });
    if (size > bytes_max) throw imageFaults.error('too-large', { what: digest, limit: `${bytes_max} bytes` });
    const bytes = await readFile(this.path(digest));
    const actual = digestOf(bytes, splitDigest(digest).algorithm);
    if (actual !== digest) throw imageFaults.error('bad-digest', { expected: digest, actual });
    return bytes;
  }

  /** Bytes `start`..`end` (both included) of a blob. */
  stream(digest: Digest, range?: { readonly start: number; readonly end: number }): ReadStream {
    return createReadStream(this.path(digest), { highWaterMark: 256 * 1024, ...range });
  }

  async put(bytes: Uint8Array | string, algorithm: DigestAlgorithm = 'sha256'): Promise<Stored> {
    const buffer = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    const digest = digestOf(buffer, algorithm);
    if ((await this.freshen(digest)) !== undefined) return { digest, size: buffer.length };
    return this.ingest([buffer], { digest, algorithm });
  }

  /** Takes bytes in; refuses them when digest or size are not the expected ones. */
  async ingest(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, expected: Expectation = {}): Promise<Stored> {
    const upload = await this.begin();
    try {
      await upload.append(source, expected.size ?? expected.size_max ?? BLOB_BYTES_MAX);
      return await upload.commit(expected);
    } catch (error) {
      await upload.cancel();
      throw error;
    }
  }

  /**
   * Takes in a file of this store's file system that nobody writes to any more: read once, not copied. It stays where it
   * is under its own name too.
   */
  async adopt(file: string, expected: Expectation = {}): Promise<Stored> {
    const name = randomUUID();
    const linked = join(this.root, 'ingest', name);
    await link(file, linked);
    try {
      return await (await this.begin(name)).commit(expected);
    } finally {
      // A file that is the blob already keeps this name: rename(2) does nothing between two links of one file.
      await unlink(linked).catch(() => undefined);
    }
  }

  /** Starts or continues taking bytes in pieces, by a name the caller may give (pull resumes by it). */
  async begin(name: string = randomUUID()): Promise<BlobUpload> {
    const file = join(this.root, 'ingest', name);
    return new BlobUpload(this, name, file, await open(file, 'a+', 0o600)).recover();
  }

  /** An upload begun before, also by another process; undefined when there is none. */
  async resume(name: string): Promise<BlobUpload | undefined> {
    if (!/^[a-z0-9-]{1,200}$/.test(name)) return undefined;
    try {
      await stat(join(this.root, 'ingest', name));
    } catch {
      return undefined;
    }
    return this.begin(name);
  }

  async remove(digest: Digest): Promise<void> {
    await unlink(this.path(digest)).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw error;
    });
  }

  /** Every blob with its age. */
  async *all(): AsyncGenerator<{ digest: Digest; size: number; modified_ms: number }> {
    for (const algorithm of ['sha256', 'sha512'] as const)
      for (const hex of await readdir(join(this.root, 'blobs', algorithm))) {
        const digest = parseDigest(`${algorithm}:${hex}`);
        if (!digest) continue;
        const found = await stat(this.path(digest)).catch(() => undefined);
        if (found) yield { digest, size: found.size, modified_ms: found.mtimeMs };
      }
  }

  /** Removes parts of uploads nobody has touched for a while. */
  async sweepIngest(before_ms: number): Promise<number> {
    let removed = 0;
    for (const name of await readdir(join(this.root, 'ingest'))) {
      const file = join(this.root, 'ingest', name);
      const found = await stat(file).catch(() => undefined);
      if (!found || found.mtimeMs >= before_ms) continue;
      await unlink(file).catch(() => undefined);
      removed++;
    }
    return removed;
  }
}

/** Bytes on their way into the store. One writer at a time. */
export class BlobUpload {
  readonly id: string;
  readonly #store: BlobStore;
  readonly #file: string;
  readonly #handle: FileHandle;
  #size = 0;
  #hash = createHash('sha256');

  constructor(store: BlobStore, id: string, file: string, handle: FileHandle) {
    this.#store = store;
    this.id = id;
    this.#file = file;
    this.#handle = handle;
  }

  get size(): number {
    return this.#size;
  }

  /** Hashes what an earlier try left, so that the rest can follow it. */
  async recover(): Promise<this> {
    for await (const chunk of this.#handle.createReadStream({
      autoClose: false,
      start: 0,
      highWaterMark: 1024 * 1024,
    })) {
      this.#hash.update(chunk as Buffer);
      this.#size += (chunk as Buffer).length;
    }
    return this;
  }

  async append(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, size_max: number): Promise<void> {
    for await (const chunk of source) {
      if (this.#size + chunk.length > size_max)
        throw imageFaults.error('too-large', { what: 'blob', limit: `${size_max} bytes` });
      await writeAll(this.#handle, chunk, this.#size);
      this.#hash.update(chunk);
      this.#size += chunk.length;
    }
  }

  /** Drops everything taken so far (a server that ignored a range starts over). */
  async restart(): Promise<void> {
    await this.#handle.truncate(0);
    this.#size = 0;
    this.#hash = createHash('sha256');
  }

  /** Verifies, syncs and names the blob. The upload is over whatever happens. */
  async commit(expected: Expectation = {}): Promise<Stored> {
    const algorithm = expected.digest ? splitDigest(expected.digest).algorithm : (expected.algorithm ?? 'sha256');
    const digest =
      algorithm === 'sha256' ? (`sha256:${this.#hash.digest('hex')}` as Digest) : await this.#digestAs(algorithm);
    if (
      (expected.digest && digest !== expected.digest) ||
      (expected.size !== undefined && expected.size !== this.#size)
    ) {
      await this.cancel();
      throw imageFaults.error('bad-digest', {
        expected: expected.digest ?? `${expected.size} bytes`,
        actual: expected.digest === digest ? `${this.#size} bytes` : digest,
      });
    }
    await this.#handle.sync();
    await this.#handle.close();
    const target = this.#store.path(digest);
    await rename(this.#file, target);
    await syncFolder(dirname(target));
    return { digest, size: this.#size };
  }

  /** Leaves the bytes where they are, to be resumed. */
  async close(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
  }

  async cancel(): Promise<void> {
    await this.close();
    await unlink(this.#file).catch(() => undefined);
  }

  async #digestAs(algorithm: DigestAlgorithm): Promise<Digest> {
    const hash = createHash(algorithm);
    for await (const chunk of this.#handle.createReadStream({ autoClose: false, start: 0, highWaterMark: 1024 * 1024 }))
      hash.update(chunk as Buffer);
    return `${algorithm}:${hash.digest('hex')}`;
  }
}
