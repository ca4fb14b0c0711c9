import { type Digest, parseDigest } from '../images/digest.ts';
import { FaultError } from '../../base/index.ts';
import { Refusal } from '../registry/errors.ts';
import { BLOB_BYTES_MAX, type BlobUpload } from './image-blobs.ts';
import type { ImageContent } from './image-content.ts';
import type { RefTarget, Repository } from './image-refs.ts';

interface Session {
  readonly at: Repository;
  readonly upload: BlobUpload;
  busy: boolean;
  touched_ms: number;
}

const SESSIONS_MAX = 1000;
const SESSION_IDLE_MS = 60 * 60 * 1000;
const BLOB_TYPE = 'application/octet-stream';

/** Blob uploads that are under way. */
export class Uploads implements AsyncDisposable {
  readonly #content: ImageContent;
  readonly #now: () => number;
  readonly #sessions = new Map<string, Session>();

  constructor(content: ImageContent, now: () => number) {
    this.#content = content;
    this.#now = now;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions.values()) await session.upload.close();
    this.#sessions.clear();
  }

  async begin(at: Repository): Promise<string> {
    await this.#expire();
    if (this.#sessions.size >= SESSIONS_MAX)
      throw new Refusal('TOOMANYREQUESTS', `more than ${SESSIONS_MAX} uploads are open`);
    const upload = await this.#content.blobs.begin();
    this.#sessions.set(upload.id, { at, upload, busy: false, touched_ms: this.#now() });
    return upload.id;
  }

  /** Bytes taken so far. */
  size(at: Repository, id: string): number {
    return this.#session(at, id).upload.size;
  }

  /** Takes a chunk; `range` is its Content-Range (`start-end`, both included), which must continue what is there. */
  async append(
    at: Repository,
    id: string,
    body: AsyncIterable<Uint8Array>,
    range: string | undefined,
  ): Promise<number> {
    const session = this.#session(at, id);
    return this.#exclusively(session, async () => {
      const size = checkRange(range, session.upload.size);
      const before = session.upload.size;
      await session.upload.append(body, size === undefined ? BLOB_BYTES_MAX : before + size);
      if (size !== undefined && session.upload.size !== before + size)
        throw new Refusal('SIZE_INVALID', 'the chunk is shorter than its Content-Range');
      return session.upload.size;
    });
  }

  /** Takes what is left and names the blob. */
  async finish(
    at: Repository,
    id: string,
    body: AsyncIterable<Uint8Array>,
    range: string | undefined,
    digest: string | null,
  ): Promise<RefTarget> {
    await this.append(at, id, body, range);
    const session = this.#session(at, id);
    const wanted = parseDigest(digest ?? '');
    if (!wanted) throw new Refusal('DIGEST_INVALID', `"${String(digest).slice(0, 150)}" is no digest`);
    this.#sessions.delete(id);
    try {
      const stored = await session.upload.commit({ digest: wanted });
      const target = { mediaType: BLOB_TYPE, ...stored };
      await this.#content.refs.linkBlob(at, target);
      return target;
    } catch (error) {
      if (error instanceof FaultError) throw new Refusal('DIGEST_INVALID', error.message);
      throw error;
    }
  }

  async cancel(at: Repository, id: string): Promise<void> {
    const session = this.#session(at, id);
    this.#sessions.delete(id);
    await session.upload.cancel();
  }

  /** Makes a blob of one repository known in another; undefined when it is not there. */
  async mount(at: Repository, digest: Digest, from: Repository | undefined): Promise<RefTarget | undefined> {
    // Without `from` any repository may give it (spec 1.1): this registry has one tenant.
    if (from && !(await this.#content.refs.blob(from, digest))) return undefined;
    const size = await this.#content.blobs.freshen(digest);
    if (size === undefined) return undefined;
    const source: RefTarget = { mediaType: BLOB_TYPE, digest, size };
    await this.#content.refs.linkBlob(at, source);
    return source;
  }

  #session(at: Repository, id: string): Session {
    const session = this.#sessions.get(id);
    if (!session || session.at.repository !== at.repository)
      throw new Refusal('BLOB_UPLOAD_UNKNOWN', `there is no upload "${id.slice(0, 100)}"`);
    session.touched_ms = this.#now();
    return session;
  }

  async #exclusively<T>(session: Session, work: () => Promise<T>): Promise<T> {
    if (session.busy) throw new Refusal('BLOB_UPLOAD_INVALID', 'another request is writing this upload');
    session.busy = true;
    try {
      return await work();
    } finally {
      session.busy = false;
    }
  }

  async #expire(): Promise<void> {
    for (const [id, session] of this.#sessions) {
      if (session.busy || session.touched_ms > this.#now() - SESSION_IDLE_MS) continue;
      this.#sessions.delete(id);
      await session.upload.cancel();
    }
  }
}

/** The length a Content-Range announces, or undefined without one; 416 when it does not continue the upload. */
function checkRange(range: string | undefined, size: number): number | undefined {
  if (range === undefined) return undefined;
  const match = /^(?:bytes[= ])?(\d+)-(\d+)(?:\/(?:\d+|\*))?$/.exec(range);
  const current = { Range: `0-${Math.max(0, size - 1)}` };
  if (!match) throw new Refusal('RANGE_INVALID', `Content-Range "${range.slice(0, 100)}" cannot be read`, current);
  const [start, end] = [Number(match[1]), Number(match[2])];
  if (start !== size || end < start)
    throw new Refusal('RANGE_INVALID', `the next chunk starts at ${size}, not ${start}`, current);
  return end - start + 1;
}
