import { Readable } from 'node:stream';
import type { Credential } from '../images/auth.ts';
import { imageFaults } from '../images/faults.ts';
import { childrenOf, type Descriptor, isManifestType } from '../images/manifest.ts';
import { formatReference, type Reference } from '../images/reference.ts';
import type { ImageContent } from './image-content.ts';
import { refusal, RegistryError, type RegistryOptions, RegistrySession } from './registry-http.ts';

/** Sends an image and everything it needs to its registry; blobs that are there are not sent again. */
export async function pushImage(
  content: ImageContent,
  from: Reference,
  to: Reference,
  auth: readonly Credential[],
  options: RegistryOptions,
  signal?: AbortSignal,
): Promise<void> {
  const target = await content.lookup(from);
  if (!target) throw imageFaults.error('not-found', { reference: formatReference(from) });
  using session = new RegistrySession(to.registry, to.repository, options, auth, 'pull,push');
  const push = new Push(content, session, signal);
  try {
    await push.manifest(target, to.tag ?? target.digest);
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    throw imageFaults.error(
      'registry',
      { registry: to.registry, what: formatReference(to), why: error.message },
      undefined,
      { cause: error },
    );
  }
}

class Push {
  readonly #content: ImageContent;
  readonly #session: RegistrySession;
  readonly #base: string;
  readonly #signal: AbortSignal | undefined;

  constructor(content: ImageContent, session: RegistrySession, signal?: AbortSignal) {
    this.#content = content;
    this.#session = session;
    this.#base = session.bases().at(-1)!;
    this.#signal = signal;
  }

  /** Children first: a registry may refuse a manifest whose parts it lacks. An index goes with the platforms that are here. */
  async manifest(target: Descriptor, reference: string): Promise<void> {
    const body = await this.#content.manifest(target);
    for (const child of childrenOf(body)) {
      if (body.form === 'index' && (await this.#content.blobs.size(child.digest)) === undefined) continue;
      await (isManifestType(child.mediaType) ? this.manifest(child, child.digest) : this.#blob(child));
    }
    const bytes = await this.#content.blobs.read(target.digest);
    await this.#expect([200, 201, 202], `/v2/${this.#session.repository}/manifests/${reference}`, {
      method: 'PUT',
      headers: { 'content-type': target.mediaType, 'content-length': String(bytes.length) },
      bytes,
    });
  }

  async #blob(blob: Descriptor): Promise<void> {
    const path = `/v2/${this.#session.repository}/blobs`;
    const head = await this.#session.request(this.#base, `${path}/${blob.digest}`, {
      method: 'HEAD',
      ...this.#abort(),
    });
    head.body.resume();
    if (head.status === 200) return;
    const start = await this.#expect([202], `${path}/uploads/`, { method: 'POST', headers: { 'content-length': '0' } });
    const location = new URL(String(start.headers.location ?? ''), start.url);
    location.searchParams.set('digest', blob.digest);
    const response = await this.#session.request(location.origin, `${location.pathname}${location.search}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream', 'content-length': String(blob.size) },
      body: () => (blob.size === 0 ? Readable.from([]) : this.#content.blobs.stream(blob.digest)),
      ...this.#abort(),
    });
    if (response.status !== 201) throw await refusal(response);
    response.body.resume();
  }

  async #expect(
    statuses: readonly number[],
    path: string,
    options: { method: string; headers: Record<string, string>; bytes?: Buffer },
  ) {
    const { bytes } = options;
    const response = await this.#session.request(this.#base, path, {
      method: options.method,
      headers: options.headers,
      ...(bytes ? { body: () => Readable.from([bytes]) } : {}),
      ...this.#abort(),
    });
    if (!statuses.includes(response.status)) throw await refusal(response);
    response.body.resume();
    return response;
  }

  #abort(): { signal?: AbortSignal } {
    return this.#signal ? { signal: this.#signal } : {};
  }
}
