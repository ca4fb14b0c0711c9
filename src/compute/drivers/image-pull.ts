import { FaultError } from '../../base/index.ts';
import type { Credential } from '../images/auth.ts';
import { type Digest, digestOf, parseDigest, splitDigest } from '../images/digest.ts';
import { imageFaults, pullFaults } from '../images/faults.ts';
import {
  childrenOf,
  type Descriptor,
  type ImageIndex,
  type ImageManifest,
  MANIFEST_BYTES_MAX,
  parseManifest,
  type Platform,
  formatPlatform,
  selectPlatform,
} from '../images/manifest.ts';
import { MANIFEST_TYPES } from '../images/media.ts';
import { formatReference, type Reference } from '../images/reference.ts';
import type { ImageContent } from './image-content.ts';
import type { RefTarget } from './image-refs.ts';
import { readBody, refusal, RegistryError, type RegistryOptions, RegistrySession } from './registry-http.ts';

export interface PullerOptions extends RegistryOptions {
  readonly platform: Platform;
  /** Layers fetched at once. */
  readonly parallel?: number;
  readonly tries?: number;
}

interface Fetched {
  readonly target: RefTarget;
  readonly bytes: Buffer;
  readonly body: ImageManifest | ImageIndex;
}

/** Pulls images from registries by the OCI distribution API: verified, resumable, several layers at once. */
export class ImagePuller {
  readonly #options: PullerOptions;
  /** Blobs on their way, so that two pulls of one layer share it. */
  readonly #running = new Map<Digest, Promise<void>>();

  constructor(options: PullerOptions) {
    this.#options = options;
  }

  /** Brings an image (for this platform) in and names it. Rejects with the codes ImageStore.pull promises. */
  async pull(
    content: ImageContent,
    reference: Reference,
    auth: readonly Credential[],
    signal?: AbortSignal,
  ): Promise<RefTarget> {
    const name = formatReference(reference);
    using session = new RegistrySession(reference.registry, reference.repository, this.#options, auth);
    let last: unknown;
    for (const base of session.bases()) {
      try {
        return await this.#pullFrom(content, session, base, reference, signal);
      } catch (error) {
        if (signal?.aborted) throw signal.reason as Error;
        last = error;
      }
    }
    throw pullFault(last, name, reference.registry);
  }

  async #pullFrom(
    content: ImageContent,
    session: RegistrySession,
    base: string,
    reference: Reference,
    signal?: AbortSignal,
  ): Promise<RefTarget> {
    const top = await this.#manifest(session, base, reference.digest ?? reference.tag ?? 'latest', signal);
    let image = top;
    if (top.body.form === 'index') {
      const chosen = selectPlatform(top.body, this.#options.platform);
      if (!chosen)
        throw imageFaults.error('no-platform', {
          reference: formatReference(reference),
          platform: formatPlatform(this.#options.platform),
          offered: top.body.manifests.map(entry => (entry.platform ? formatPlatform(entry.platform) : '?')).join(', '),
        });
      image = await this.#manifest(session, base, chosen.digest, signal);
    }
    if (image.body.form === 'index')
      throw imageFaults.error('bad-manifest', { digest: image.target.digest, why: 'an index leads to an index' });
    await this.#blobs(content, session, base, childrenOf(image.body), signal);
    await content.blobs.put(image.bytes, splitDigest(image.target.digest).algorithm);
    await content.blobs.put(top.bytes, splitDigest(top.target.digest).algorithm);
    if (reference.tag !== undefined) await content.refs.setTag(reference, reference.tag, top.target);
    else await content.refs.linkManifest(reference, top.target);
    return top.target;
  }

  async #manifest(session: RegistrySession, base: string, reference: string, signal?: AbortSignal): Promise<Fetched> {
    const response = await session.request(base, `/v2/${session.repository}/manifests/${reference}`, {
      headers: { accept: MANIFEST_TYPES.join(', ') },
      ...(signal ? { signal } : {}),
    });
    if (response.status !== 200) throw await refusal(response);
    const bytes = await readBody(response.body, MANIFEST_BYTES_MAX);
    const wanted = parseDigest(reference) ?? parseDigest(String(response.headers['docker-content-digest'] ?? ''));
    const digest = digestOf(bytes, wanted ? splitDigest(wanted).algorithm : 'sha256');
    if (wanted && wanted !== digest) throw imageFaults.error('bad-digest', { expected: wanted, actual: digest });
    const type = String(response.headers['content-type'] ?? '')
      .split(';')[0]!
      .trim();
    const body = parseManifest(bytes, digest, MANIFEST_TYPES.includes(type) ? type : undefined);
    return { target: { mediaType: body.mediaType, digest, size: bytes.length }, bytes, body };
  }

  async #blobs(
    content: ImageContent,
    session: RegistrySession,
    base: string,
    wanted: readonly Descriptor[],
    signal?: AbortSignal,
  ): Promise<void> {
    const queue = [...new Map(wanted.map(blob => [blob.digest, blob])).values()];
    const failed = new AbortController();
    const any = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
    const lane = async (): Promise<void> => {
      for (let blob = queue.shift(); blob; blob = queue.shift()) await this.#blob(content, session, base, blob, any);
    };
    const lanes = Array.from({ length: this.#options.parallel ?? 3 }, () =>
      lane().catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
    );
    const results = await Promise.allSettled(lanes);
    if (failed.signal.aborted) throw failed.signal.reason as Error;
    for (const result of results) if (result.status === 'rejected') throw result.reason as Error;
  }

  #blob(
    content: ImageContent,
    session: RegistrySession,
    base: string,
    blob: Descriptor,
    signal: AbortSignal,
  ): Promise<void> {
    const running = this.#running.get(blob.digest);
    // Another pull's end (it may have been aborted) does not decide ours.
    if (running) return running.catch(() => this.#blob(content, session, base, blob, signal));
    const work = this.#fetch(content, session, base, blob, signal).finally(() => this.#running.delete(blob.digest));
    this.#running.set(blob.digest, work);
    return work;
  }

  async #fetch(
    content: ImageContent,
    session: RegistrySession,
    base: string,
    blob: Descriptor,
    signal: AbortSignal,
  ): Promise<void> {
    if ((await content.blobs.freshen(blob.digest)) !== undefined) return;
    const upload = await content.blobs.begin(`pull-${blob.digest.replace(':', '-')}`);
    try {
      if (upload.size > blob.size) await upload.restart();
      await this.#fill(session, base, blob, upload, signal);
      await upload.commit({ digest: blob.digest, size: blob.size });
    } catch (error) {
      // What came stays for the next try, unless it is wrong (commit has then removed it).
      await upload.close();
      throw error;
    }
  }

  async #fill(
    session: RegistrySession,
    base: string,
    blob: Descriptor,
    upload: Awaited<ReturnType<ImageContent['blobs']['begin']>>,
    signal: AbortSignal,
  ): Promise<void> {
    for (let attempt = 1; upload.size < blob.size; attempt++) {
      const before = upload.size;
      try {
        const headers: Record<string, string> = before > 0 ? { range: `bytes=${before}-` } : {};
        const response = await session.request(base, `/v2/${session.repository}/blobs/${blob.digest}`, {
          headers,
          signal,
        });
        if (response.status === 200 && before > 0) await upload.restart();
        else if (response.status !== 200 && response.status !== 206) throw await refusal(response);
        if (response.status === 206 && !String(response.headers['content-range'] ?? '').startsWith(`bytes ${before}-`))
          throw new RegistryError(0, 'it answered another range than asked');
        await upload.append(response.body, blob.size);
        if (upload.size < blob.size) throw new RegistryError(0, 'the connection ended early');
      } catch (error) {
        const final =
          signal.aborted ||
          error instanceof FaultError ||
          (error instanceof RegistryError && error.status >= 400 && error.status < 500);
        if (final || (attempt >= (this.#options.tries ?? 4) && upload.size <= before)) throw error;
      }
    }
  }
}

function pullFault(error: unknown, reference: string, registry: string): Error {
  if (error instanceof RegistryError) {
    if (error.status === 401 || error.status === 403)
      return pullFaults.error('image-unauthorized', { reference, registry, why: error.message }, undefined, {
        cause: error,
      });
    if (error.status === 404) return pullFaults.error('image-not-found', { reference }, undefined, { cause: error });
    return pullFaults.error('registry-unreachable', { registry, reference, why: error.message }, undefined, {
      cause: error,
    });
  }
  if (error instanceof FaultError)
    return pullFaults.error('image-invalid', { reference, why: error.message }, undefined, { cause: error });
  const why =
    error instanceof Error
      ? error.message || String((error as NodeJS.ErrnoException).code ?? error.name)
      : String(error);
  return pullFaults.error('registry-unreachable', { registry, reference, why }, undefined, { cause: error as Error });
}
