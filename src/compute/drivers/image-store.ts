import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Account, Rootfs } from '../model.ts';
import type { ImageRecord, ImageStore, PullOptions } from '../ports.ts';
import { type Digest, parseDigest } from '../images/digest.ts';
import { imageFaults, pullFaults } from '../images/faults.ts';
import {
  formatPlatform,
  type ImageConfig,
  type ImageManifest,
  parseConfig,
  type Platform,
  selectPlatform,
} from '../images/manifest.ts';
import { isWasmLayer, WASM_COMPAT, WASM_VARIANT } from '../images/media.ts';
import { formatReference, parseReference, type Reference } from '../images/reference.ts';
import { wasmForm, wasmWorld } from '../images/wasm.ts';
import { accountIn } from './image-account.ts';
import { GC_GRACE_MS, type ImageContent } from './image-content.ts';
import { type Layer, Layers } from './image-layers.ts';
import { findInLayers, mergeLayers } from './image-merge.ts';
import type { RefTarget } from './image-refs.ts';
import { transpiledComponent } from './image-wasm.ts';
import type { UnpackPool } from './unpack-pool.ts';

/** Brings an image's content in from a registry; see image-pull.ts. */
export type PullContent = (content: ImageContent, reference: Reference, options: PullOptions) => Promise<RefTarget>;

export interface NodeImagesOptions {
  readonly content: ImageContent;
  readonly pool: UnpackPool;
  readonly platform: Platform;
  /** Keep owners and make overlayfs markers: true with root. */
  readonly privileged: boolean;
  /** Whether runtimes here can mount overlayfs; otherwise every container gets a copied tree. */
  readonly overlay: boolean;
  readonly pull?: PullContent;
  /** Checks signatures after a pull and before anything is unpacked; throws to refuse. */
  readonly admit?: (reference: string, digest: string) => Promise<void>;
  /** `host:port` of the embedded registry: such names are looked up here without a network. */
  readonly ownRegistries?: () => readonly string[];
}

/** Where the embedded registry keeps what is pushed to it. */
export const OWN_REGISTRY = 'registry.tenon.local';

/** An image with everything needed to run it. */
export interface ResolvedImage {
  readonly record: ImageRecord;
  readonly manifest: ImageManifest;
  readonly config: ImageConfig;
}

const CONTAINER_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** The platform images are chosen for. */
export function hostPlatform(arch: string = process.arch): Platform {
  const names: Record<string, string> = {
    x64: 'amd64',
    arm64: 'arm64',
    arm: 'arm',
    s390x: 's390x',
    ppc64: 'ppc64le',
    riscv64: 'riscv64',
  };
  return { os: 'linux', architecture: names[arch] ?? arch, ...(arch === 'arm' ? { variant: 'v7' } : {}) };
}

/** The node's images: content store, unpacked layers, and root file systems of containers. */
export class NodeImages implements ImageStore {
  readonly content: ImageContent;
  readonly layers: Layers;
  readonly #options: NodeImagesOptions;
  readonly #byId = new Map<string, RefTarget & { reference: Reference }>();

  constructor(options: NodeImagesOptions) {
    this.#options = options;
    this.content = options.content;
    this.layers = new Layers({
      root: options.content.root,
      blobs: options.content.blobs,
      pool: options.pool,
      privileged: options.privileged,
    });
  }

  async resolve(reference: string): Promise<ImageRecord | undefined> {
    return (await this.find(reference))?.record;
  }

  /** Like {@link resolve}, with manifest and configuration. Also takes an image id, as CRI does. */
  async find(text: string): Promise<ResolvedImage | undefined> {
    const id = parseDigest(text) ?? (/^[a-f0-9]{64}$/.test(text) ? parseDigest(`sha256:${text}`) : undefined);
    if (id) return this.#findById(id);
    for (const reference of this.#places(parseReference(text))) {
      const target = await this.content.lookup(reference);
      if (target) return this.#load(reference, target);
    }
    return undefined;
  }

  async pull(text: string, options: PullOptions): Promise<ImageRecord> {
    const reference = parseReference(text);
    if (this.#isOwn(reference)) {
      const own = await this.resolve(text);
      if (own) return own;
      throw pullFaults.error('image-not-found', { reference: text });
    }
    if (!this.#options.pull) {
      // `imagePullPolicy: Always` asks for the newest there is: offline that is the one here.
      const kept = await this.resolve(text);
      if (kept) return kept;
      throw pullFaults.error('image-offline', { reference: text });
    }
    const target = await this.#options.pull(this.content, reference, options);
    const image = await this.#load(reference, target);
    await this.#options.admit?.(formatReference(reference), target.digest);
    await this.warm(image.record.id);
    return image.record;
  }

  /** Does beforehand what the first container would wait for: unpacks layers, transpiles components. */
  async warm(reference: string): Promise<void> {
    const image = await this.find(reference);
    if (!image) throw imageFaults.error('not-found', { reference });
    const layers = await this.#unpack(image);
    if (image.record.kind !== 'wasm') return;
    const module = this.#module(image, layers);
    const head = module ? await readFile(module) : Buffer.alloc(0);
    if (module && wasmForm(head) === 'component') await transpiledComponent(this.content.root, module);
  }

  async prepareRootfs(imageId: string, containerId: string): Promise<Rootfs> {
    if (!CONTAINER_ID.test(containerId)) throw new Error(`Not a container id: ${containerId}`);
    const home = join(this.content.root, 'containers', containerId);
    const present = await readFile(join(home, 'rootfs.json'), 'utf8').catch(() => undefined);
    if (present) return (JSON.parse(present) as { rootfs: Rootfs }).rootfs;
    const image = await this.find(imageId);
    if (!image) throw imageFaults.error('not-found', { reference: imageId });
    await rm(home, { recursive: true, force: true });
    await mkdir(home, { recursive: true, mode: 0o711 });
    const layers = await this.#unpack(image);
    const rootfs = await this.#make(image, layers, home);
    const file = join(home, 'rootfs.json');
    const temporary = `${file}.${randomUUID()}`;
    const handle = await open(temporary, 'wx');
    await handle.writeFile(
      JSON.stringify({ rootfs, imageId: image.record.id, diffIds: layers.map(layer => layer.diffId) }),
    );
    await handle.close();
    await rename(temporary, file);
    return rootfs;
  }

  async release(containerId: string): Promise<void> {
    if (!CONTAINER_ID.test(containerId)) return;
    await rm(join(this.content.root, 'containers', containerId), { recursive: true, force: true });
  }

  async list(): Promise<readonly ImageRecord[]> {
    const images = new Map<string, ImageRecord>();
    for await (const repository of this.content.refs.repositories()) {
      const seen = new Map<Digest, RefTarget>();
      for (const tag of await this.content.refs.tags(repository)) {
        const target = await this.content.refs.tag(repository, tag);
        if (target) seen.set(target.digest, target);
      }
      for (const target of seen.values()) {
        // A tag without a runnable image for this machine (index of others, artifact) is no image of this node.
        const loaded = await this.#load(repository, target).catch(() => undefined);
        if (!loaded) continue;
        const before = images.get(loaded.record.id);
        images.set(
          loaded.record.id,
          before
            ? {
                ...before,
                tags: [...before.tags, ...loaded.record.tags],
                digests: [...before.digests, ...loaded.record.digests],
              }
            : loaded.record,
        );
      }
    }
    return [...images.values()];
  }

  async remove(reference: string): Promise<void> {
    const image = await this.find(reference);
    if (!image) return;
    const isId = parseDigest(reference) !== undefined || /^[a-f0-9]{64}$/.test(reference);
    const names = isId
      ? ((await this.list()).find(record => record.id === image.record.id)?.tags ?? [])
      : [formatReference(parseReference(reference))];
    for (const name of names) await this.content.untag(name);
    this.#byId.delete(image.record.id);
  }

  /** Looks a `user[:group]` up in the image's files; undefined when a name is not there. */
  async account(imageId: string, user: string): Promise<Account | undefined> {
    const image = await this.find(imageId);
    if (!image) throw imageFaults.error('not-found', { reference: imageId });
    return accountIn(await this.#unpack(image), user);
  }

  /** Removes content and layers nothing needs. */
  async collect(now_ms: number, grace_ms?: number): Promise<{ blobs: number; bytes: number; layers: number }> {
    const live = new Set<Digest>();
    for (const record of await this.list()) {
      const image = await this.find(record.id);
      for (const diffId of image?.config.diffIds ?? []) live.add(diffId);
    }
    const containers = join(this.content.root, 'containers');
    for (const id of await readdir(containers).catch(() => [] as string[])) {
      const text = await readFile(join(containers, id, 'rootfs.json'), 'utf8').catch(() => undefined);
      if (text === undefined) {
        const begun = await stat(join(containers, id)).catch(() => undefined);
        // Being prepared right now: leave everything for the next time. An old one is a crash's leftover.
        if (begun && begun.mtimeMs > now_ms - GC_GRACE_MS) return { blobs: 0, bytes: 0, layers: 0 };
        continue;
      }
      for (const diffId of (JSON.parse(text) as { diffIds: Digest[] }).diffIds) live.add(diffId);
    }
    const layers = await this.layers.collect(live);
    return { ...(await this.content.collect(now_ms, grace_ms)), layers };
  }

  #isOwn(reference: Reference): boolean {
    return reference.registry === OWN_REGISTRY || (this.#options.ownRegistries?.() ?? []).includes(reference.registry);
  }

  #places(reference: Reference): readonly Reference[] {
    return this.#isOwn(reference) ? [{ ...reference, registry: OWN_REGISTRY }] : [reference];
  }

  async #findById(id: Digest): Promise<ResolvedImage | undefined> {
    const known = this.#byId.get(id);
    if (known && (await this.content.blobs.size(known.digest)) !== undefined) return this.#load(known.reference, known);
    await this.list();
    const found = this.#byId.get(id);
    return found ? this.#load(found.reference, found) : undefined;
  }

  async #load(reference: Reference, target: RefTarget): Promise<ResolvedImage> {
    const name = `${reference.registry}/${reference.repository}`;
    let manifest = await this.content.manifest(target);
    let size_bytes = target.size;
    if (manifest.form === 'index') {
      const chosen = selectPlatform(manifest, this.#options.platform);
      if (!chosen)
        throw imageFaults.error('no-platform', {
          reference: name,
          platform: formatPlatform(this.#options.platform),
          offered: manifest.manifests.map(entry => (entry.platform ? formatPlatform(entry.platform) : '?')).join(', '),
        });
      manifest = await this.content.manifest(chosen);
    }
    if (manifest.form === 'index')
      throw imageFaults.error('bad-manifest', { digest: target.digest, why: 'an index leads to an index' });
    const config = parseConfig(await this.content.blobs.read(manifest.config.digest), manifest.config.digest);
    for (const part of [manifest.config, ...manifest.layers]) size_bytes += part.size;
    const tags: string[] = [];
    for (const tag of await this.content.refs.tags(reference))
      if ((await this.content.refs.tag(reference, tag))?.digest === target.digest) tags.push(`${name}:${tag}`);
    const record: ImageRecord = {
      id: manifest.config.digest,
      digest: target.digest,
      tags,
      digests: [`${name}@${target.digest}`],
      size_bytes,
      kind: isWasm(manifest, config) ? 'wasm' : 'oci',
      config: {
        entrypoint: config.entrypoint,
        command: config.cmd,
        environment: config.env,
        workingFolder: config.workingDir,
        user: config.user,
        ...(config.stopSignal ? { stopSignal: config.stopSignal } : {}),
        exposedPorts: config.exposedPorts,
        volumes: config.volumes,
        labels: config.labels,
      },
    };
    this.#byId.set(record.id, { ...target, reference });
    return { record, manifest, config };
  }

  async #unpack(image: ResolvedImage): Promise<Layer[]> {
    if (image.manifest.layers.every(layer => isWasmLayer(layer.mediaType))) return [];
    return this.layers.ensureAll(image.manifest, image.config);
  }

  async #make(image: ResolvedImage, layers: readonly Layer[], home: string): Promise<Rootfs> {
    if (image.record.kind === 'wasm') return this.#wasm(image, layers, home);
    const plain = layers.every(layer => layer.whiteouts.length === 0 && layer.opaques.length === 0);
    if (this.#options.overlay && layers.length > 0 && (this.#options.privileged || plain)) {
      const [upper, work] = [join(home, 'upper'), join(home, 'work')];
      await mkdir(upper, { mode: 0o755 });
      await mkdir(work, { mode: 0o700 });
      return { kind: 'overlay', lower: layers.map(layer => layer.folder).reverse(), upper, work };
    }
    const path = join(home, 'rootfs');
    mergeLayers(layers, path, { privileged: this.#options.privileged, link: false });
    return { kind: 'folder', path };
  }

  #module(image: ResolvedImage, layers: readonly Layer[]): string | undefined {
    const blob = image.manifest.layers.find(layer => isWasmLayer(layer.mediaType));
    if (blob) return this.content.blobs.path(blob.digest);
    const entry = wasmEntry(image.config);
    if (entry !== undefined || !isCompat(image.manifest)) return findInLayers(layers, entry ?? '');
    const [first] = [...image.config.entrypoint, ...image.config.cmd];
    return (first && findInLayers(layers, first)) ?? findInLayers(layers, COMPAT_MODULE);
  }

  /** The module is a layer blob (artifact layout) or the entrypoint's file (container layout); the rest is its files. */
  async #wasm(image: ResolvedImage, layers: readonly Layer[], home: string): Promise<Rootfs> {
    const module = this.#module(image, layers);
    if (!module)
      throw imageFaults.error('bad-manifest', {
        digest: image.record.digest,
        why: 'its entrypoint names no .wasm file it has',
      });
    const binary = await readFile(module);
    if (!wasmForm(binary))
      throw imageFaults.error('bad-manifest', { digest: image.record.digest, why: 'its module is no WebAssembly' });
    const world = wasmWorld(binary);
    const component =
      wasmForm(binary) === 'component' ? { component: await transpiledComponent(this.content.root, module) } : {};
    if (layers.length === 0) return { kind: 'wasm', module, world, ...component };
    const files = join(home, 'rootfs');
    mergeLayers(layers, files, { privileged: this.#options.privileged, link: false });
    return { kind: 'wasm', module, files, world, ...component };
  }
}

const wasmEntry = (config: ImageConfig): string | undefined =>
  [...config.entrypoint, ...config.cmd].slice(0, 1).find(word => word.endsWith('.wasm'));

/** Where the compat variant has its module when no entrypoint names one. */
const COMPAT_MODULE = '/plugin.wasm';
const isCompat = (manifest: ImageManifest): boolean => manifest.annotations[WASM_VARIANT] === WASM_COMPAT;

function isWasm(manifest: ImageManifest, config: ImageConfig): boolean {
  return (
    manifest.layers.some(layer => isWasmLayer(layer.mediaType)) || isCompat(manifest) || wasmEntry(config) !== undefined
  );
}
