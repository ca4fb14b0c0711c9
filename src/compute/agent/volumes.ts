import { chmod, chown, lstat, mkdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import type { Timer } from '../../base/index.ts';
import { makeFolder, type kinds } from '../../kernel/index.ts';
import type { DownwardContext } from '../engine/downward.ts';
import { bytesOf } from '../engine/resources.ts';
import type { Device, Mount, PodIdentity } from '../model.ts';
import { writeAtomically } from './atomic-folder.ts';
import { boundVolume, claimOf, mountFailure } from './claims.ts';
import { ConfigError } from './environment.ts';
import type { NodeContext } from './node-context.ts';
import { project } from './projection.ts';
import { CONFIG_MAPS, SECRETS } from './refs.ts';

const REFRESH_RETRY_MS = 5_000;
/** How often a token's time is held against the wall clock, which may have been put forward meanwhile. */
const RENEWAL_CHECK_MS = 60_000;

type Ready =
  | { readonly kind: 'folder'; readonly path: string; readonly readOnly: boolean }
  | { readonly kind: 'device'; readonly path: string; readonly readOnly: boolean }
  | { readonly kind: 'memory'; readonly size_bytes?: number; readonly path: string };

/** The volumes of one pod: made before its containers, kept up to date, taken away at its end. */
export class PodVolumes {
  readonly #node: NodeContext;
  readonly #identity: PodIdentity;
  readonly #folder: string;
  readonly #ready = new Map<string, Ready>();
  readonly #follows: { close(): void }[] = [];
  readonly #timers = new Set<Timer>();
  #closed = false;

  constructor(node: NodeContext, identity: PodIdentity) {
    this.#node = node;
    this.#identity = identity;
    this.#folder = join(node.stateFolder, 'pods', identity.uid, 'volumes');
  }

  /** Makes every volume; rejects with words for a FailedMount event. */
  async prepare(pod: kinds.Pod, downward: DownwardContext): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o711 });
    for (const volume of pod.spec?.volumes ?? []) {
      if (this.#ready.has(volume.name)) continue;
      try {
        this.#ready.set(volume.name, await this.#make(pod, volume, downward));
      } catch (error) {
        throw mountFailure(volume.name, error);
      }
    }
  }

  async #make(pod: kinds.Pod, volume: kinds.Volume, downward: DownwardContext): Promise<Ready> {
    const path = join(this.#folder, volume.name);
    if (volume.emptyDir) return this.#empty(pod, volume.emptyDir, path);
    if (volume.hostPath) return hostPath(volume.hostPath);
    const claim = claimOf(pod, volume);
    if (claim !== undefined) return this.#claim(pod, claim, volume);
    if (volume.csi && this.#node.volumes.inline) {
      const namespace = pod.metadata.namespace ?? '';
      const { nodePublishSecretRef: secret, ...source } = volume.csi;
      const named = secret ? { ...source, nodePublishSecretRef: { ...secret, namespace } } : source;
      const { path: made } = await this.#node.volumes.inline(this.#identity, volume.name, named);
      await own(made, pod.spec?.securityContext?.fsGroup);
      return { kind: 'folder', path: made, readOnly: source.readOnly ?? false };
    }
    if (await this.#project(pod, volume, path, downward)) {
      this.#follow(pod, volume, path, downward);
      return { kind: 'folder', path, readOnly: true };
    }
    const kind = Object.keys(volume).find(key => key !== 'name') ?? 'nothing';
    throw new Error(`volumes of kind ${kind} are not supported on this node`);
  }

  async #empty(pod: kinds.Pod, source: kinds.EmptyDirVolumeSource, path: string): Promise<Ready> {
    await mkdir(path, { recursive: true });
    await chmod(path, 0o777);
    await own(path, pod.spec?.securityContext?.fsGroup);
    const size_bytes = bytesOf({ limit: source.sizeLimit as string }, 'limit');
    if (source.medium !== 'Memory') return { kind: 'folder', path, readOnly: false };
    // After a restart of ours it is mounted already.
    if ((await stat(path)).dev === (await stat(this.#folder)).dev) await this.#node.mountMemory?.(path, size_bytes);
    await chmod(path, 0o777);
    await own(path, pod.spec?.securityContext?.fsGroup);
    return { kind: 'memory', path, ...(size_bytes === undefined ? {} : { size_bytes }) };
  }

  async #claim(pod: kinds.Pod, claim: string, volume: kinds.Volume): Promise<Ready> {
    const namespace = pod.metadata.namespace ?? '';
    const { volumeName, spec } = await boundVolume(this.#node.client, namespace, claim);
    const readOnly = volume.persistentVolumeClaim?.readOnly ?? false;
    const { path } = await this.#node.volumes.publish({
      pod: this.#identity,
      claim,
      volumeName,
      volume: spec,
      readOnly,
    });
    this.#claims.push(volumeName);
    if (spec.volumeMode === 'Block') {
      if (!(await stat(path)).isBlockDevice()) throw new Error(`volume "${volumeName}" is no block device`);
      return { kind: 'device', path, readOnly };
    }
    await own(path, pod.spec?.securityContext?.fsGroup);
    return { kind: 'folder', path, readOnly };
  }

  readonly #claims: string[] = [];

  /** True when the volume shows API objects; arms the renewal of tokens. */
  async #project(pod: kinds.Pod, volume: kinds.Volume, path: string, downward: DownwardContext): Promise<boolean> {
    const projection = await project(this.#node, pod, volume, downward);
    if (!projection) return false;
    await writeAtomically(path, projection.files, pod.spec?.securityContext?.fsGroup);
    const { renewAt_ms } = projection;
    if (renewAt_ms !== undefined)
      this.#renewLater(renewAt_ms, this.#node.clock.now(), () => this.#refresh(pod, volume, path, downward));
    return true;
  }

  /**
   * A token is good until a wall time, so it is the wall clock that is asked, every minute: one put forward renews the token then. One
   * put back to before the token was made renews it too, for the token was not yet valid then (RFC 7519, `nbf`).
   */
  #renewLater(renewAt_ms: number, madeAt_ms: number, renew: () => void): void {
    const left_ms = renewAt_ms - this.#node.clock.now();
    this.#after(Math.max(0, Math.min(left_ms, RENEWAL_CHECK_MS)), () => {
      const now_ms = this.#node.clock.now();
      if (now_ms >= renewAt_ms || now_ms < madeAt_ms) renew();
      else this.#renewLater(renewAt_ms, madeAt_ms, renew);
    });
  }

  #after(delay_ms: number, action: () => void): void {
    if (this.#closed) return;
    const timer = this.#node.clock.after(delay_ms, () => {
      this.#timers.delete(timer);
      action();
    });
    this.#timers.add(timer);
  }

  #refresh(pod: kinds.Pod, volume: kinds.Volume, path: string, downward: DownwardContext): void {
    if (this.#closed) return;
    this.#project(pod, volume, path, downward).catch(error => {
      this.#node.report(error, `volume ${volume.name}`);
      this.#after(REFRESH_RETRY_MS, () => this.#refresh(pod, volume, path, downward));
    });
  }

  #follow(pod: kinds.Pod, volume: kinds.Volume, path: string, downward: DownwardContext): void {
    const sources = [volume, ...(volume.projected?.sources ?? [])] as kinds.VolumeProjection[];
    const namespace = pod.metadata.namespace ?? '';
    const names: (readonly ['ConfigMap' | 'Secret', string | undefined])[] = [
      ...sources.map(source => ['ConfigMap', source.configMap?.name] as const),
      ...sources.map(source => ['Secret', source.secret?.name] as const),
      ['Secret', volume.secret?.secretName],
    ];
    for (const [kind, name] of names) {
      if (!name) continue;
      const ref = kind === 'Secret' ? SECRETS : CONFIG_MAPS;
      this.#follows.push(
        this.#node.objects.follow(ref, namespace, name, () => this.#refresh(pod, volume, path, downward)),
      );
    }
  }

  /** The pod's labels or annotations changed: downward files follow. */
  update(pod: kinds.Pod, downward: DownwardContext): void {
    for (const volume of pod.spec?.volumes ?? []) {
      const isDownward = volume.downwardAPI ?? volume.projected?.sources?.some(source => source.downwardAPI);
      if (isDownward && this.#ready.has(volume.name))
        this.#refresh(pod, volume, join(this.#folder, volume.name), downward);
    }
  }

  /** A container's mounts; `expand` fills subPathExpr. */
  async mounts(container: kinds.Container, expand: (text: string) => string): Promise<Mount[]> {
    const result: Mount[] = [];
    for (const mount of container.volumeMounts ?? []) {
      const ready = this.#ready.get(mount.name);
      if (!ready) throw new Error(`volume "${mount.name}" of container "${container.name}" is not known`);
      if (ready.kind === 'device')
        throw new ConfigError(`volume "${mount.name}" has volumeMode Block, but is specified in volumeMounts`);
      const inner = mount.subPathExpr === undefined ? mount.subPath : expand(mount.subPathExpr);
      const writable = !(mount.readOnly ?? false) && !(ready.kind === 'folder' && ready.readOnly);
      const source = inner ? await subPath(ready.path, inner, writable) : ready.path;
      const propagation =
        mount.mountPropagation === 'Bidirectional'
          ? 'rshared'
          : mount.mountPropagation === 'HostToContainer'
            ? 'rslave'
            : 'private';
      result.push({
        source,
        target: normalize(join('/', mount.mountPath)),
        kind: 'bind',
        readOnly: !writable,
        propagation,
      });
    }
    return result;
  }

  /** A container's block devices; one of a volume that is only read may not be written to. */
  devices(container: kinds.Container): Device[] {
    return (container.volumeDevices ?? []).map(({ name, devicePath }) => {
      const ready = this.#ready.get(name);
      if (ready?.kind !== 'device')
        throw new ConfigError(`volume "${name}" has volumeMode Filesystem, but is specified in volumeDevices`);
      return {
        source: ready.path,
        target: normalize(join('/', devicePath)),
        permissions: ready.readOnly ? 'r' : 'rwm',
      };
    });
  }

  close(): void {
    this.#closed = true;
    for (const follow of this.#follows) follow.close();
    for (const timer of this.#timers) timer.cancel();
  }

  /** Removes what was made; data of claims and of the host stays. */
  async remove(): Promise<void> {
    this.close();
    for (const claim of this.#claims) await this.#node.volumes.unpublish(this.#identity, claim);
    await this.#node.volumes.release?.(this.#identity);
    const folder = join(this.#node.stateFolder, 'pods', this.#identity.uid);
    this.#node.unmountBelow?.(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

async function own(path: string, group: number | undefined): Promise<void> {
  if (group === undefined || process.getuid?.() !== 0) return;
  const { uid } = await stat(path);
  await chown(path, uid, group);
  await chmod(path, 0o2775);
}

/** Checks or makes a host path by its type (HostPathType). */
async function hostPath(source: kinds.HostPathVolumeSource): Promise<Ready> {
  const { path, type = '' } = source;
  const found = await stat(path).catch(() => undefined);
  if (type === 'DirectoryOrCreate' && !found) makeFolder(path, 0o755);
  else if (type === 'FileOrCreate' && !found) await writeFile(path, '', { mode: 0o644 });
  else if (type === 'Directory' && !found?.isDirectory())
    throw new Error(`hostPath type check failed: ${path} is not a directory`);
  else if (type === 'File' && !found?.isFile()) throw new Error(`hostPath type check failed: ${path} is not a file`);
  else if (type === 'Socket' && !found?.isSocket())
    throw new Error(`hostPath type check failed: ${path} is not a socket file`);
  else if (type === 'CharDevice' && !found?.isCharacterDevice())
    throw new Error(`hostPath type check failed: ${path} is not a character device`);
  else if (type === 'BlockDevice' && !found?.isBlockDevice())
    throw new Error(`hostPath type check failed: ${path} is not a block device`);
  else if (type === '' && !found) makeFolder(path, 0o755);
  return { kind: 'folder', path, readOnly: false };
}

/**
 * A path inside a volume, whose content the pod may control: links that leave the volume are refused. The real path is
 * given, so that a link put there later is not followed by the mount.
 */
async function subPath(volume: string, inner: string, writable: boolean): Promise<string> {
  const root = await realpath(volume);
  const parts = inner.split('/').filter(part => part !== '' && part !== '.');
  if (inner.startsWith('/') || parts.includes('..'))
    throw new ConfigError(`subPath "${inner}" must stay inside the volume`);
  let path = root;
  for (const part of parts) {
    path = join(path, part);
    const found = await lstat(path).catch(() => undefined);
    if (!found) {
      if (!writable) throw new ConfigError(`subPath "${inner}" does not exist in the volume`);
      await mkdir(path, { mode: 0o755 });
      continue;
    }
    if (found.isSymbolicLink()) path = await realpath(path);
    if (path !== root && !path.startsWith(`${root}/`)) throw new ConfigError(`subPath "${inner}" leaves the volume`);
  }
  return path;
}
