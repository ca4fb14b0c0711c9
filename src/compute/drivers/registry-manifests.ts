import { FaultError } from '../../base/index.ts';
import { type Digest, digestOf, splitDigest } from '../images/digest.ts';
import {
  childrenOf,
  type Descriptor,
  type ImageIndex,
  type ImageManifest,
  isManifestType,
  MANIFEST_BYTES_MAX,
  parseManifest,
} from '../images/manifest.ts';
import { OCI_INDEX } from '../images/media.ts';
import { Refusal } from '../registry/errors.ts';
import type { ImageContent } from './image-content.ts';
import type { RefTarget, Repository } from './image-refs.ts';

/** What a manifest push is told. */
export interface Pushed {
  readonly target: RefTarget;
  readonly subject?: Digest;
}

/** Manifests of the registry: push with checks, and who refers to whom. */
export class Manifests {
  readonly #content: ImageContent;
  /** Content never changes, so neither does what a digest refers to. */
  readonly #parsed = new Map<Digest, ImageManifest | ImageIndex | undefined>();

  constructor(content: ImageContent) {
    this.#content = content;
  }

  async find(
    at: Repository,
    reference: { readonly tag?: string; readonly digest?: Digest },
  ): Promise<RefTarget | undefined> {
    const target = reference.digest
      ? await this.#content.refs.manifest(at, reference.digest)
      : await this.#content.refs.tag(at, reference.tag ?? '');
    return target && (await this.#content.blobs.size(target.digest)) !== undefined ? target : undefined;
  }

  /** Checks and stores a manifest. `tags` name it; `digest` is what the client says it is. */
  async push(
    at: Repository,
    bytes: Buffer,
    mediaType: string,
    tags: readonly string[],
    digest?: Digest,
  ): Promise<Pushed> {
    if (bytes.length > MANIFEST_BYTES_MAX)
      throw new Refusal('SIZE_INVALID', `a manifest may have ${MANIFEST_BYTES_MAX} bytes`);
    const algorithm = digest ? splitDigest(digest).algorithm : 'sha256';
    const actual = digestOf(bytes, algorithm);
    if (digest && actual !== digest) throw new Refusal('DIGEST_INVALID', `the content is "${actual}"`);
    const manifest = readManifest(bytes, actual, mediaType);
    await this.#checkParts(at, manifest);
    const { size } = await this.#content.blobs.put(bytes, algorithm);
    const target: RefTarget = { mediaType: manifest.mediaType, digest: actual, size };
    await this.#content.refs.linkManifest(at, target);
    for (const tag of tags) await this.#content.refs.setTag(at, tag, target);
    return { target, ...(manifest.subject ? { subject: manifest.subject.digest } : {}) };
  }

  /** Blobs must be there first; an index may be pushed with parts to come (sparse), and a subject need not exist. */
  async #checkParts(at: Repository, manifest: ImageManifest | ImageIndex): Promise<void> {
    if (manifest.form === 'index') return;
    for (const part of childrenOf(manifest)) {
      if (/nondistributable|foreign/.test(part.mediaType)) continue;
      const known =
        (await this.#content.refs.blob(at, part.digest)) ??
        (isManifestType(part.mediaType) ? await this.#content.refs.manifest(at, part.digest) : undefined);
      if (!known || (await this.#content.blobs.freshen(part.digest)) === undefined)
        throw new Refusal('MANIFEST_BLOB_UNKNOWN', `blob "${part.digest}" was not pushed to "${at.repository}"`);
    }
  }

  /** Every manifest of the repository whose subject is `subject`, newest content unordered, by digest. */
  async referrers(at: Repository, subject: Digest): Promise<Descriptor[]> {
    const found: Descriptor[] = [];
    for (const target of await this.#content.refs.manifests(at)) {
      const manifest = await this.#parse(target);
      if (manifest?.subject?.digest !== subject) continue;
      // image-spec: without artifactType, the config's media type says what an image manifest is.
      const artifactType =
        manifest.artifactType ?? (manifest.form === 'manifest' ? manifest.config.mediaType : undefined);
      found.push({
        mediaType: target.mediaType,
        digest: target.digest,
        size: target.size,
        ...(artifactType ? { artifactType } : {}),
        ...(Object.keys(manifest.annotations).length > 0 ? { annotations: manifest.annotations } : {}),
      });
    }
    return found;
  }

  async #parse(target: RefTarget): Promise<ImageManifest | ImageIndex | undefined> {
    if (!this.#parsed.has(target.digest))
      this.#parsed.set(target.digest, await this.#content.manifest(target).catch(() => undefined));
    return this.#parsed.get(target.digest);
  }
}

function readManifest(bytes: Buffer, digest: Digest, mediaType: string): ImageManifest | ImageIndex {
  try {
    const manifest = parseManifest(bytes, digest, mediaType === '' ? undefined : mediaType);
    if (mediaType !== '' && manifest.mediaType !== mediaType)
      throw new Refusal(
        'MANIFEST_INVALID',
        `Content-Type "${mediaType.slice(0, 100)}" is not the manifest's "${manifest.mediaType}"`,
      );
    return manifest;
  } catch (error) {
    if (error instanceof FaultError) throw new Refusal('MANIFEST_INVALID', error.message);
    throw error;
  }
}

/** The answer of the referrers API. */
export const referrersIndex = (manifests: readonly Descriptor[]): string =>
  JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests });
