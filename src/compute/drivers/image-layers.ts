import { randomUUID } from 'node:crypto';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, requireDigest, splitDigest } from '../images/digest.ts';
import { imageFaults } from '../images/faults.ts';
import { type Descriptor, type ImageConfig, type ImageManifest } from '../images/manifest.ts';
import { compressionOf, isWasmLayer } from '../images/media.ts';
import type { TarLimits } from '../images/tar-reader.ts';
import { type BlobStore, writeDurable } from './image-blobs.ts';
import type { UnpackPool } from './unpack-pool.ts';

/** An unpacked layer. */
export interface Layer {
  readonly diffId: Digest;
  /** Its files, ready to be an overlayfs lower folder. */
  readonly folder: string;
  readonly bytes: number;
  readonly whiteouts: readonly string[];
  readonly opaques: readonly string[];
}

export interface LayersOptions {
  readonly root: string;
  readonly blobs: BlobStore;
  readonly pool: UnpackPool;
  readonly privileged: boolean;
  readonly limits?: TarLimits;
}

/** `layer.json`. */
interface LayerRecord {
  readonly diffId: Digest;
  readonly bytes: number;
  readonly whiteouts: readonly string[];
  readonly opaques: readonly string[];
  readonly privileged: boolean;
  /** The boot it was unpacked in; what counts until `synced`. */
  readonly boot: string;
  readonly synced: boolean;
}

/** Names this run of the kernel (random(4)); empty where there is none, which then never counts as another. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

/** Waiting for the disk would cost every first start seconds; so it happens behind, and only a lost machine unpacks again. */
async function markSynced(home: string, record: LayerRecord): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const child = execFile('sync', ['-f', join(home, 'fs')], error => (error ? reject(error) : resolve()));
    child.unref();
  })
    .then(() =>
      existsSync(join(home, 'fs'))
        ? writeDurable(join(home, 'layer.json'), JSON.stringify({ ...record, synced: true }))
        : undefined,
    )
    // The layer was removed meanwhile, or there is no sync(1): it stays as it is.
    .catch(() => undefined);
}

/**
 * Unpacked layers by diff id, shared by all images that have them. A layer appears whole (unpacked aside, then renamed); its
 * `layer.json` is written last, so a folder without one is a crash's leftover.
 */
export class Layers {
  readonly #options: LayersOptions;
  readonly #folder: string;
  readonly #running = new Map<Digest, Promise<Layer>>();

  constructor(options: LayersOptions) {
    this.#options = options;
    this.#folder = join(options.root, 'layers');
  }

  #home(diffId: Digest): string {
    const { algorithm, hex } = splitDigest(diffId);
    // Short names keep overlayfs' option string (one page) good for more than a hundred layers.
    return join(this.#folder, algorithm === 'sha256' ? hex.slice(0, 32) : hex.slice(0, 40));
  }

  /** An unpacked layer, or undefined. */
  async get(diffId: Digest): Promise<Layer | undefined> {
    const home = this.#home(diffId);
    let text: string;
    try {
      text = await readFile(join(home, 'layer.json'), 'utf8');
    } catch {
      return undefined;
    }
    const body = JSON.parse(text) as LayerRecord;
    if (body.diffId !== diffId || body.privileged !== this.#options.privileged) return undefined;
    // The machine went down before the files were on the disk: they may be cut.
    if (!body.synced && body.boot !== bootId()) return undefined;
    if (!existsSync(join(home, 'fs'))) return undefined;
    return { diffId, folder: join(home, 'fs'), bytes: body.bytes, whiteouts: body.whiteouts, opaques: body.opaques };
  }

  /** Unpacks a layer unless it is there; concurrent calls for one layer share the work. */
  ensure(diffId: Digest, blob: Descriptor): Promise<Layer> {
    const running = this.#running.get(diffId);
    if (running) return running;
    const work = this.#ensure(diffId, blob).finally(() => this.#running.delete(diffId));
    this.#running.set(diffId, work);
    return work;
  }

  /** All layers of an image, lowest first. */
  async ensureAll(manifest: ImageManifest, config: ImageConfig): Promise<Layer[]> {
    const layers = manifest.layers.filter(layer => !isWasmLayer(layer.mediaType));
    if (layers.length !== config.diffIds.length)
      throw imageFaults.error('bad-manifest', {
        digest: manifest.config.digest,
        why: `it has ${layers.length} layers and ${config.diffIds.length} diff ids`,
      });
    return Promise.all(layers.map((layer, index) => this.ensure(config.diffIds[index]!, layer)));
  }

  async #ensure(diffId: Digest, blob: Descriptor): Promise<Layer> {
    const present = await this.get(diffId);
    if (present) return present;
    if (compressionOf(blob.mediaType) === undefined)
      throw imageFaults.error('layer-media', { mediaType: blob.mediaType.slice(0, 200) });
    if ((await this.#options.blobs.size(blob.digest)) === undefined)
      throw imageFaults.error('blob-missing', { digest: blob.digest });
    const home = this.#home(diffId);
    const staging = join(this.#folder, `new-${randomUUID()}`);
    await mkdir(this.#folder, { recursive: true, mode: 0o711 });
    await mkdir(staging, { mode: 0o711 });
    try {
      const result = await this.#options.pool.unpack({
        blob: this.#options.blobs.path(blob.digest),
        folder: join(staging, 'fs'),
        diffId,
        privileged: this.#options.privileged,
        ...(this.#options.limits ? { limits: this.#options.limits } : {}),
      });
      const { whiteouts, opaques, bytes } = result;
      const { privileged } = this.#options;
      const record: LayerRecord = { diffId, bytes, whiteouts, opaques, privileged, boot: bootId(), synced: false };
      await writeDurable(join(staging, 'layer.json'), JSON.stringify(record));
      await rename(staging, home).catch(async (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
        // Another process was first, or a leftover is in the way.
        if (await this.get(diffId)) return;
        await rm(home, { recursive: true, force: true });
        await rename(staging, home);
      });
      void markSynced(home, record);
      return { diffId, folder: join(home, 'fs'), bytes, whiteouts, opaques };
    } finally {
      if (existsSync(staging)) await rm(staging, { recursive: true, force: true });
    }
  }

  /** Removes layers that are not in `live`, and leftovers; returns how many went. */
  async collect(live: ReadonlySet<Digest>): Promise<number> {
    let removed = 0;
    const entries = await readdir(this.#folder).catch(() => [] as string[]);
    const keep = new Set([...live].map(diffId => this.#home(diffId)));
    if (this.#running.size > 0) return 0;
    for (const entry of entries) {
      const home = join(this.#folder, entry);
      if (keep.has(home) || entry.startsWith('new-')) continue;
      const text = await readFile(join(home, 'layer.json'), 'utf8').catch(() => undefined);
      if (text && live.has(requireDigest((JSON.parse(text) as { diffId: unknown }).diffId))) continue;
      await rm(home, { recursive: true, force: true });
      removed++;
    }
    return removed;
  }
}
