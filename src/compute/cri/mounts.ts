import { existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { join, normalize, resolve } from 'node:path';
import type { Device, Mount } from '../model.ts';
import { invalid } from './errors.ts';
import { type ContainerConfig, type Mount as CriMount, MountPropagation } from './generated/api.ts';
import { SANDBOX_FILES } from './sandboxes.ts';

const PROPAGATIONS = ['private', 'rslave', 'rshared'] as const;

interface HostMount {
  readonly point: string;
  readonly tags: string;
}

function hostMount(path: string): HostMount {
  const rows = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line): HostMount => {
      const words = line.split(' ');
      return { point: words[4] ?? '/', tags: words.slice(6, words.indexOf('-')).join(' ') };
    });
  const above = rows.filter(({ point }) => point === '/' || path === point || path.startsWith(`${point}/`));
  return above.reduce((best, row) => (row.point.length >= best.point.length ? row : best), { point: '/', tags: '' });
}

/** What the kernel would not propagate is refused, rather than silently mounted otherwise. */
function checkPropagation(source: string, propagation: number): void {
  if (propagation === MountPropagation.PROPAGATION_PRIVATE) return;
  const { point, tags } = hostMount(source);
  const shared = tags.includes('shared:');
  if (propagation === MountPropagation.PROPAGATION_BIDIRECTIONAL && !shared)
    throw invalid(`path "${source}" is mounted on "${point}" but it is not a shared mount`);
  if (propagation === MountPropagation.PROPAGATION_HOST_TO_CONTAINER && !shared && !tags.includes('master:'))
    throw invalid(`path "${source}" is mounted on "${point}" but it is not a shared or slave mount`);
}

function lowerMount(mount: CriMount): Mount {
  const { hostPath, containerPath, readonly, propagation, recursiveReadOnly } = mount;
  if (!containerPath) throw invalid('a mount has no container path');
  if (mount.uidMappings.length + mount.gidMappings.length > 0)
    throw invalid(`mount "${containerPath}": id-mapped mounts are not supported`);
  if (recursiveReadOnly && !readonly) throw invalid(`mount "${containerPath}": recursive_read_only needs readonly`);
  if (recursiveReadOnly && propagation !== MountPropagation.PROPAGATION_PRIVATE)
    throw invalid(`mount "${containerPath}": recursive_read_only needs private propagation`);
  if (!existsSync(hostPath)) mkdirSync(hostPath, { recursive: true, mode: 0o755 });
  const source = realpathSync(hostPath);
  checkPropagation(source, propagation);
  return {
    source,
    target: normalize(join('/', containerPath)),
    kind: 'bind',
    readOnly: readonly,
    ...(readonly && !recursiveReadOnly ? { shallow: true } : {}),
    propagation: PROPAGATIONS[propagation] ?? 'private',
  };
}

/** A container's mounts: what it asks for, images among it, and the pod's own files where nothing is asked for. Outer ones come first. */
export function lowerMounts(
  config: ContainerConfig,
  images: readonly Mount[],
  sandboxFolder: string,
  hostIpc: boolean,
): Mount[] {
  const asked = [...config.mounts.filter(mount => !mount.image?.image).map(lowerMount), ...images];
  const taken = new Set(config.mounts.map(mount => normalize(join('/', mount.containerPath))));
  const readOnly = config.linux?.securityContext?.readonlyRootfs ?? false;
  const own = SANDBOX_FILES.map(
    (name): Mount => ({ source: join(sandboxFolder, name), target: `/etc/${name}`, kind: 'bind', readOnly }),
  );
  const shm = hostIpc ? '/dev/shm' : join(sandboxFolder, 'shm');
  own.push({ source: shm, target: '/dev/shm', kind: 'bind', readOnly: false });
  const all = [...own.filter(({ target }) => !taken.has(target)), ...asked];
  const depth = (mount: Mount): number => mount.target.split('/').filter(Boolean).length;
  return all.sort((left, right) => depth(left) - depth(right));
}

/** Devices of the machine shown inside. */
export function lowerDevices(config: ContainerConfig): Device[] {
  return config.devices.map(({ hostPath, containerPath, permissions }) => {
    const source = resolve(hostPath);
    if (!existsSync(source)) throw invalid(`device "${hostPath}" does not exist`);
    return { source: realpathSync(source), target: containerPath || hostPath, permissions: permissions || 'rwm' };
  });
}
