import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, rmdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { capabilityOf, type VolumeCapability } from '../csi/messages.ts';
import { computeFaults } from '../faults.ts';
import type { PodIdentity } from '../model.ts';
import type { ClaimRequest, Volumes } from '../ports.ts';
import type { CsiDriver } from './csi-client.ts';

/** A PersistentVolume's `spec.csi`, or a pod's own `volumes[].csi`. */
export interface CsiSource {
  readonly driver: string;
  readonly volumeHandle?: string;
  readonly readOnly?: boolean;
  readonly fsType?: string;
  readonly volumeAttributes?: Readonly<Record<string, string>>;
  readonly nodeStageSecretRef?: SecretName;
  readonly nodePublishSecretRef?: SecretName;
  readonly controllerPublishSecretRef?: SecretName;
}

export type SecretName = { readonly name?: string; readonly namespace?: string };

export interface CsiVolumesOptions {
  readonly drivers: ReadonlyMap<string, CsiDriver>;
  /** Of this node alone: staging folders, mount points and records. */
  readonly folder: string;
  /** A secret's data, decoded. */
  readonly secret: (name: SecretName | undefined) => Promise<Readonly<Record<string, string>>>;
  /** Makes the volume reachable from this node; the driver's publish context. Idempotent by volume. */
  readonly attach: (
    volumeName: string,
    source: CsiSource,
    capability: VolumeCapability,
  ) => Promise<Readonly<Record<string, string>>>;
  /** After the last pod of the node let go of it. */
  readonly detach: (volumeName: string, source: CsiSource) => Promise<void>;
  /** Volumes that are no driver's. */
  readonly others: Volumes;
}

/** One mount of a pod, kept in a file so that a restart can undo it. */
interface Published {
  readonly pod: PodIdentity;
  readonly volumeName: string;
  readonly source: CsiSource;
  readonly target: string;
  readonly staging: string;
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

/** Volumes of CSI drivers, mounted for pods: attach, stage once a node, publish once a pod, and back. */
export class CsiVolumes implements Volumes {
  readonly #options: CsiVolumesOptions;
  /** Calls for one volume one after another, as drivers expect. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(options: CsiVolumesOptions) {
    this.#options = options;
  }

  async publish(request: ClaimRequest): Promise<{ readonly path: string }> {
    const { volume, volumeName, pod, readOnly } = request;
    const source = volume.csi as CsiSource | undefined;
    if (!source) return this.#options.others.publish(request);
    const modes = (volume.accessModes as readonly string[] | undefined) ?? ['ReadWriteOnce'];
    const flags = (volume.mountOptions as readonly string[] | undefined) ?? [];
    const capability = capabilityOf(modes, source.fsType ?? '', flags, volume.volumeMode);
    return this.#turn(volumeName, () =>
      this.#mount(pod, volumeName, source, capability, readOnly || (source.readOnly ?? false)),
    );
  }

  /** A volume written into the pod itself (`volumes[].csi`): it lives as long as the pod. */
  inline(pod: PodIdentity, name: string, source: CsiSource): Promise<{ readonly path: string }> {
    const volumeName = `csi-${digest(`${pod.uid}/${name}`)}`;
    const { readOnly = false, fsType = '' } = source;
    const volumeAttributes = { ...source.volumeAttributes, 'csi.storage.k8s.io/ephemeral': 'true' };
    const whole = { ...source, volumeHandle: volumeName, volumeAttributes };
    const capability = capabilityOf(['ReadWriteOnce'], fsType, []);
    return this.#turn(volumeName, () => this.#mount(pod, volumeName, whole, capability, readOnly, true));
  }

  #driver(name: string): CsiDriver {
    const driver = this.#options.drivers.get(name);
    if (driver) return driver;
    const known = [...this.#options.drivers.keys()].join(', ');
    throw computeFaults.error('csi-unknown', { driver: name, known: known || '-' });
  }

  async #mount(
    pod: PodIdentity,
    volumeName: string,
    source: CsiSource,
    volumeCapability: VolumeCapability,
    readonly: boolean,
    inline = false,
  ): Promise<{ readonly path: string }> {
    const { attach, secret, folder } = this.#options;
    const driver = this.#driver(source.driver);
    const volumeId = source.volumeHandle ?? '';
    const publishContext = !inline && driver.facts.can.attach ? await attach(volumeName, source, volumeCapability) : {};
    const staging =
      !inline && driver.facts.can.stage ? join(folder, 'staged', digest(`${source.driver}/${volumeId}`)) : '';
    const info = {
      'csi.storage.k8s.io/pod.name': pod.name,
      'csi.storage.k8s.io/pod.namespace': pod.namespace,
      'csi.storage.k8s.io/pod.uid': pod.uid,
    };
    const volumeContext = { ...source.volumeAttributes };
    const common = { volumeId, publishContext, stagingTargetPath: staging, volumeCapability, volumeContext };
    const target = join(folder, 'mounts', pod.uid, volumeName);
    await this.#record({ pod, volumeName, source, target, staging });
    if (staging) {
      await mkdir(staging, { recursive: true, mode: 0o750 });
      await driver.call('NodeStageVolume', { ...common, secrets: await secret(source.nodeStageSecretRef) });
    }
    // The driver makes the mount point itself, below a folder that is there: a folder, or a file for a block volume.
    await mkdir(join(target, '..'), { recursive: true, mode: 0o711 });
    const secrets = await secret(source.nodePublishSecretRef);
    await driver.call('NodePublishVolume', {
      ...common,
      volumeContext: { ...volumeContext, ...info },
      secrets,
      targetPath: target,
      readonly,
    });
    return { path: target };
  }

  async unpublish(pod: PodIdentity, volumeName: string): Promise<void> {
    const published = (await this.#published()).find(
      each => each.pod.uid === pod.uid && each.volumeName === volumeName,
    );
    if (!published) return this.#options.others.unpublish(pod, volumeName);
    await this.#turn(volumeName, () => this.#unmount(published));
  }

  /** Undoes every mount of a pod, also those an earlier agent made. */
  async release(pod: PodIdentity): Promise<void> {
    for (const published of await this.#published())
      if (published.pod.uid === pod.uid) await this.#turn(published.volumeName, () => this.#unmount(published));
  }

  /** Undoes what is left of pods that are gone: a driver may have refused the first time. */
  async sweep(isHere: (uid: string) => boolean): Promise<void> {
    for (const published of await this.#published())
      if (!isHere(published.pod.uid)) await this.#turn(published.volumeName, () => this.#unmount(published));
  }

  async #unmount(published: Published): Promise<void> {
    const { source, target, staging, volumeName, pod } = published;
    const driver = this.#driver(source.driver);
    const volumeId = source.volumeHandle ?? '';
    await driver.call('NodeUnpublishVolume', { volumeId, targetPath: target });
    await rmdir(target).catch(() => unlink(target).catch(() => {}));
    await rmdir(join(target, '..')).catch(() => {});
    await rm(this.#file(pod, volumeName), { force: true });
    const others = (await this.#published()).some(each => each.volumeName === volumeName);
    if (others) return;
    if (staging) {
      await driver.call('NodeUnstageVolume', { volumeId, stagingTargetPath: staging });
      await rmdir(staging).catch(() => {});
    }
    if (driver.facts.can.attach && source.volumeAttributes?.['csi.storage.k8s.io/ephemeral'] === undefined)
      await this.#options.detach(volumeName, source);
  }

  /** Tells the driver's node part that a volume has grown; nothing where no pod here uses it. */
  async expand(volumeName: string, capability: VolumeCapability, requiredBytes: number): Promise<void> {
    const published = (await this.#published()).find(each => each.volumeName === volumeName);
    if (!published) return;
    const driver = this.#driver(published.source.driver);
    if (!driver.facts.can.expandOnNode) return;
    const { target, staging, source } = published;
    const paths = { volumePath: target, stagingTargetPath: staging };
    const volume = {
      volumeId: source.volumeHandle ?? '',
      volumeCapability: capability,
      capacityRange: { requiredBytes },
    };
    await this.#turn(volumeName, () => driver.call('NodeExpandVolume', { ...volume, ...paths }));
  }

  async #turn<T>(volumeName: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(volumeName) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#turns.set(
      volumeName,
      mine.catch(() => {}),
    );
    return mine;
  }

  #file(pod: PodIdentity, volumeName: string): string {
    return join(this.#options.folder, 'published', `${pod.uid}_${digest(volumeName)}.json`);
  }

  async #record(published: Published): Promise<void> {
    await mkdir(join(this.#options.folder, 'published'), { recursive: true, mode: 0o700 });
    await writeFile(this.#file(published.pod, published.volumeName), JSON.stringify(published), { mode: 0o600 });
  }

  async #published(): Promise<Published[]> {
    const folder = join(this.#options.folder, 'published');
    const names = await readdir(folder).catch(() => []);
    const texts = await Promise.all(names.map(name => readFile(join(folder, name), 'utf8').catch(() => '')));
    return texts.filter(Boolean).map(text => JSON.parse(text) as Published);
  }
}
