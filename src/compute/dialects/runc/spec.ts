import { capabilitiesOf } from '../../engine/capabilities.ts';
import { DEVICES, hiddenPaths } from '../../engine/paths.ts';
import { pidsOf } from '../../engine/pids.ts';
import { SECCOMP_REFUSED } from '../../engine/seccomp.ts';
import type { ContainerSpec, Mount, Resources, SandboxSpec, Security } from '../../model.ts';

/** A device of the machine, looked up. */
export interface DeviceNode {
  readonly path: string;
  readonly type: 'c' | 'b';
  readonly major: number;
  readonly minor: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly permissions: string;
}

/** What the driver knows of the machine. */
export interface SpecSurroundings {
  readonly rootFolder: string;
  readonly cgroupsPath: string;
  /** What kind of groups the machine has; a unified one is shown as the container's own root. */
  readonly cgroupMode?: 'v1' | 'v2' | 'none';
  /** Process that holds the pod's namespaces. */
  readonly sandboxPid: number;
  /** Process whose pid namespace is joined instead of the pod's. */
  readonly targetPid?: number;
  readonly devices: readonly DeviceNode[];
  /** Those this process could give away. */
  readonly capabilities: ReadonlySet<string>;
  readonly sandbox: SandboxSpec;
  /** False without CAP_SYS_RESOURCE: lowering the score would make the runtime fail. */
  readonly canLowerOomScore: boolean;
}

/** The `config.json` of the OCI runtime specification (v1.0.2). */
export function lowerSpec(spec: ContainerSpec, around: SpecSurroundings): Record<string, unknown> {
  const { security, resources, account } = spec;
  const everything = security.privileged || security.capabilities.add.some(name => /^(CAP_)?ALL$/i.test(name));
  // "All" means all that this machine has to give; a single one that it has not is the runtime's to refuse.
  const capabilities = capabilitiesOf(security)
    .filter(name => !everything || around.capabilities.has(name))
    .map(name => `CAP_${name}`);
  const score = resources.oomScoreAdj;
  const usableScore = score !== undefined && (score >= 0 || around.canLowerOomScore);
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: spec.tty,
      user: { uid: account.uid, gid: account.gid, additionalGids: [...account.groups], umask: 0o22 },
      args: [...spec.args],
      env: spec.environment.map(([name, value]) => `${name}=${value}`),
      cwd: spec.workingFolder || '/',
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      noNewPrivileges: security.noNewPrivileges,
      ...(usableScore ? { oomScoreAdj: score } : {}),
      ...(security.apparmor === undefined ? {} : { apparmorProfile: security.apparmor }),
    },
    root: { path: around.rootFolder, readonly: security.readOnlyRootfs },
    mounts: [...kernelMounts(security.privileged, around), ...spec.mounts.map(lowerMount)],
    annotations: { ...spec.annotations },
    ...(spec.hooks ? { hooks: spec.hooks } : {}),
    linux: lowerLinux(spec, around),
  };
}

function lowerLinux(spec: ContainerSpec, around: SpecSurroundings): Record<string, unknown> {
  const { security } = spec;
  const { sandbox, sandboxPid } = around;
  const shared = (type: string, file: string): Record<string, unknown> => ({
    type,
    path: `/proc/${sandboxPid}/ns/${file}`,
  });
  const namespaces = [
    { type: 'mount' },
    ...(sandbox.hostNetwork ? [] : [shared('network', 'net'), shared('uts', 'uts')]),
    ...(sandbox.hostIpc ? [] : [shared('ipc', 'ipc')]),
    ...pidNamespace(pidsOf(spec, sandbox), around),
    ...(around.cgroupMode === 'v2' && !security.privileged ? [{ type: 'cgroup' }] : []),
  ];
  const hidden = security.privileged ? { masked: [], readOnly: [] } : hiddenPaths(security);
  return {
    cgroupsPath: around.cgroupsPath,
    namespaces,
    resources: lowerResources(spec.resources, security.privileged, around.devices),
    rootfsPropagation: spec.mounts.some(mount => mount.propagation === 'rshared') ? 'rshared' : 'rslave',
    devices: around.devices.map(({ path, type, major, minor, mode, uid, gid }) => ({
      path,
      type,
      major,
      minor,
      fileMode: mode,
      uid,
      gid,
    })),
    maskedPaths: [...hidden.masked],
    readonlyPaths: [...hidden.readOnly],
    ...(security.privileged ? {} : lowerSeccomp(security)),
  };
}

function pidNamespace(pids: string, { sandboxPid, targetPid }: SpecSurroundings): Record<string, unknown>[] {
  if (targetPid !== undefined) return [{ type: 'pid', path: `/proc/${targetPid}/ns/pid` }];
  if (pids === 'machine') return [];
  return [pids === 'pod' ? { type: 'pid', path: `/proc/${sandboxPid}/ns/pid` } : { type: 'pid' }];
}

/** A profile of the user's own is written in the specification's words already. */
function lowerSeccomp({ seccomp }: Security): Record<string, unknown> {
  if (seccomp === 'unconfined') return {};
  return { seccomp: seccomp === 'default' ? seccompProfile() : (JSON.parse(seccomp.profile) as unknown) };
}

/** The default profile of our own in OCI words. */
function seccompProfile(): Record<string, unknown> {
  return {
    defaultAction: 'SCMP_ACT_ALLOW',
    architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
    syscalls: [{ names: [...SECCOMP_REFUSED], action: 'SCMP_ACT_ERRNO', errnoRet: 1 }],
  };
}

/** Limits as `linux.resources` has them; also the body of `update`. */
export function lowerResources(
  resources: Resources,
  privileged: boolean,
  nodes: readonly DeviceNode[],
): Record<string, unknown> {
  const cpu = {
    ...(resources.cpuShares === undefined ? {} : { shares: resources.cpuShares }),
    ...(resources.cpuQuota_us === undefined ? {} : { quota: resources.cpuQuota_us }),
    ...(resources.cpuPeriod_us === undefined ? {} : { period: resources.cpuPeriod_us }),
    ...(resources.cpuset ? { cpus: resources.cpuset } : {}),
    ...(resources.cpusetMemory ? { mems: resources.cpusetMemory } : {}),
  };
  const memory = {
    ...(resources.memory_bytes === undefined ? {} : { limit: resources.memory_bytes }),
    ...(resources.memorySwap_bytes === undefined ? {} : { swap: resources.memorySwap_bytes }),
  };
  const character = (major: number, minor: number): Record<string, unknown> => ({
    allow: true,
    type: 'c',
    major,
    minor,
    access: 'rwm',
  });
  const devices = privileged
    ? [{ allow: true, access: 'rwm' }]
    : [
        { allow: false, access: 'rwm' },
        ...DEVICES.map(([, major, minor]) => character(major, minor)),
        character(5, 2),
        { allow: true, type: 'c', major: 136, access: 'rwm' },
        ...nodes.map(({ type, major, minor, permissions }) => ({
          allow: true,
          type,
          major,
          minor,
          access: permissions,
        })),
      ];
  return {
    devices,
    ...(Object.keys(cpu).length === 0 ? {} : { cpu }),
    ...(Object.keys(memory).length === 0 ? {} : { memory }),
    ...(resources.hugePages ? { hugepageLimits: resources.hugePages } : {}),
    ...(resources.unified ? { unified: resources.unified } : {}),
    ...(resources.pids_max === undefined ? {} : { pids: { limit: resources.pids_max } }),
  };
}

/** A container's own control groups, where programs read their limits. */
const GROUPS = {
  destination: '/sys/fs/cgroup',
  type: 'cgroup',
  source: 'cgroup',
  options: ['nosuid', 'noexec', 'nodev', 'relatime'],
};

function kernelMounts(privileged: boolean, { cgroupMode = 'none' }: SpecSurroundings): Record<string, unknown>[] {
  const access = privileged ? 'rw' : 'ro';
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    {
      destination: '/dev/shm',
      type: 'tmpfs',
      source: 'shm',
      options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'],
    },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', access] },
    ...(cgroupMode === 'none' ? [] : [{ ...GROUPS, options: [...GROUPS.options, access] }]),
  ];
}

function lowerMount(mount: Mount): Record<string, unknown> {
  const access = mount.readOnly ? 'ro' : 'rw';
  if (mount.kind === 'tmpfs') {
    const size = mount.size_bytes ? [`size=${mount.size_bytes}`] : [];
    return {
      destination: mount.target,
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'nodev', 'mode=1777', access, ...size],
    };
  }
  const propagation =
    mount.propagation === undefined || mount.propagation === 'private' ? 'rprivate' : mount.propagation;
  const recursive = mount.readOnly && !mount.shallow ? ['rro'] : [];
  const options = ['rbind', propagation, access, ...recursive, ...(mount.noExec ? ['noexec', 'nosuid', 'nodev'] : [])];
  return { destination: mount.target, type: 'bind', source: mount.source, options };
}

/** Folders a container may not start in: descriptors of the runtime itself (CVE-2024-21626). */
export function refusesWorkingFolder(path: string): boolean {
  const parts = path.split('/').filter(part => part !== '' && part !== '.');
  return parts[0] === 'proc' && /^(self|thread-self|\d+)$/.test(parts[1] ?? '') && parts.includes('fd');
}
