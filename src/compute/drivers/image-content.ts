import type { Digest } from '../images/digest.ts';
import { imageFaults } from '../images/faults.ts';
import {
  childrenOf,
  type Descriptor,
  type ImageIndex,
  type ImageManifest,
  isManifestType,
  parseManifest,
} from '../images/manifest.ts';
import { formatReference, parseReference, type Reference } from '../images/reference.ts';
import { BlobStore } from './image-blobs.ts';
import { RefStore, type RefTarget, type Repository } from './image-refs.ts';

/** Blobs nobody refers to live this long: a pull or push may be on its way to naming them. */
export const GC_GRACE_MS = 10 * 60 * 1000;

export interface Collected {
  readonly blobs: number;
  readonly bytes: number;
}

/** Content and names together: everything Tenon knows of images, in one folder. */
export class ImageContent {
  readonly root: string;
  readonly blobs: BlobStore;
  readonly refs: RefStore;

  constructor(root: string) {
    this.root = root;
    this.blobs = new BlobStore(root);
    this.refs = new RefStore(root);
  }

  async open(): Promise<this> {
    await this.blobs.open();
    return this;
  }

  /** Where a reference points here; a digest wins over a tag, as everywhere. */
  async lookup(reference: Reference): Promise<RefTarget | undefined> {
    if (reference.digest) {
      const linked = await this.refs.manifest(reference, reference.digest);
      return linked && (await this.blobs.size(linked.digest)) !== undefined ? linked : undefined;
    }
    return this.refs.tag(reference, reference.tag ?? 'latest');
  }

  /** A manifest's text, parsed. */
  async manifest(target: {
    readonly digest: Digest;
    readonly mediaType?: string;
  }): Promise<ImageManifest | ImageIndex> {
    return parseManifest(await this.blobs.read(target.digest), target.digest, target.mediaType);
  }

  /** Stores a manifest and names it in a repository, and by a tag when one is given. */
  async putManifest(at: Repository, bytes: Uint8Array, mediaType: string, tag?: string): Promise<RefTarget> {
    const { digest, size } = await this.blobs.put(bytes);
    const target: RefTarget = { mediaType, digest, size };
    await (tag === undefined ? this.refs.linkManifest(at, target) : this.refs.setTag(at, tag, target));
    return target;
  }

  /** Gives an image one more name. */
  async tag(from: string, to: string): Promise<RefTarget> {
    const target = await this.lookup(parseReference(from));
    if (!target) throw imageFaults.error('not-found', { reference: from });
    const name = parseReference(to);
    if (name.tag === undefined)
      throw imageFaults.error('bad-reference', { reference: to, why: 'a new name needs a tag' });
    await this.refs.setTag(name, name.tag, target);
    return target;
  }

  /** Removes a name; content goes at the next {@link collect}. */
  async untag(text: string): Promise<void> {
    const reference = parseReference(text);
    const target = await this.lookup(reference);
    if (!target) throw imageFaults.error('not-found', { reference: formatReference(reference) });
    if (reference.digest) await this.refs.unlinkManifest(reference, reference.digest);
    else {
      await this.refs.removeTag(reference, reference.tag ?? 'latest');
      const rest = await Promise.all((await this.refs.tags(reference)).map(tag => this.refs.tag(reference, tag)));
      if (!rest.some(other => other?.digest === target.digest))
        await this.refs.unlinkManifest(reference, target.digest);
    }
  }

  /** Every descriptor below a manifest, itself first; parts that are not here are reported, not followed. */
  async closure(target: RefTarget, missing?: (descriptor: Descriptor) => void): Promise<Map<Digest, Descriptor>> {
    const found = new Map<Digest, Descriptor>();
    const todo: Descriptor[] = [target];
    while (todo.length > 0) {
      const next = todo.pop()!;
      if (found.has(next.digest)) continue;
      if ((await this.blobs.size(next.digest)) === undefined) {
        missing?.(next);
        continue;
      }
      found.set(next.digest, next);
      if (isManifestType(next.mediaType)) todo.push(...childrenOf(await this.manifest(next)));
    }
    return found;
  }

  /** Every digest some repository still needs. */
  async live(): Promise<Set<Digest>> {
    const live = new Set<Digest>();
    for await (const repository of this.refs.repositories()) {
      const targets = await this.refs.manifests(repository);
      for (const tag of await this.refs.tags(repository)) {
        const target = await this.refs.tag(repository, tag);
        if (target) targets.push(target);
      }
      for (const target of targets) {
        if (live.has(target.digest)) continue;
        // A foreign or broken body (any registry client may push one) has no children we could keep.
        const below = await this.closure(target).catch(() => undefined);
        live.add(target.digest);
        for (const digest of below?.keys() ?? []) live.add(digest);
      }
    }
    return live;
  }

  /** Removes what nothing refers to and nobody touched for `grace_ms`. */
  async collect(now_ms: number, grace_ms = GC_GRACE_MS): Promise<Collected> {
    const live = await this.live();
    let blobs = 0;
    let bytes = 0;
    for await (const blob of this.blobs.all()) {
      if (live.has(blob.digest) || blob.modified_ms > now_ms - grace_ms) continue;
      await this.blobs.remove(blob.digest);
      blobs++;
      bytes += blob.size;
    }
    await this.blobs.sweepIngest(now_ms - Math.max(grace_ms, GC_GRACE_MS) * 6);
    return { blobs, bytes };
  }
}
