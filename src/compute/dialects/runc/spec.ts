import { capabilitiesOf } from '../../engine/capabilities.ts';
import { DEVICES, MASKED_PATHS, READ_ONLY_PATHS } from '../../engine/paths.ts';
import { SECCOMP_REFUSED } from '../../engine/seccomp.ts';
import type { ContainerSpec, Mount, Resources, SandboxSpec } from '../../model.ts';

/** What the driver knows of the machine. */
export interface SpecSurroundings {
  readonly rootFolder: string;
  readonly cgroupsPath: string;
  /** Process that holds the pod's namespaces. */
  readonly sandboxPid: number;
  readonly sandbox: SandboxSpec;
  /** False without CAP_SYS_RESOURCE: lowering the score would make the runtime fail. */
  readonly canLowerOomScore: boolean;
}

/** The `config.json` of the OCI runtime specification (v1.0.2). */
export function lowerSpec(spec: ContainerSpec, around: SpecSurroundings): Record<string, unknown> {
  const { security, resources, account } = spec;
  const capabilities = capabilitiesOf(security).map(name => `CAP_${name}`);
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
    mounts: [...kernelMounts(security.privileged), ...spec.mounts.map(lowerMount)],
    annotations: { ...spec.annotations },
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
    ...(sandbox.hostPid ? [] : [sandbox.sharedPid ? shared('pid', 'pid') : { type: 'pid' }]),
  ];
  const masked = !security.privileged && security.procMount === 'default';
  return {
    cgroupsPath: around.cgroupsPath,
    namespaces,
    resources: lowerResources(spec.resources, security.privileged),
    rootfsPropagation: spec.mounts.some(mount => mount.propagation === 'rshared') ? 'rshared' : 'rslave',
    ...(spec.devices.length > 0 || security.privileged ? {} : { devices: [] }),
    ...(masked ? { maskedPaths: [...MASKED_PATHS], readonlyPaths: [...READ_ONLY_PATHS] } : {}),
    ...(security.seccomp === 'default' && !security.privileged ? { seccomp: seccompProfile() } : {}),
  };
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
export function lowerResources(resources: Resources, privileged: boolean): Record<string, unknown> {
  const cpu = {
    ...(resources.cpuShares === undefined ? {} : { shares: resources.cpuShares }),
    ...(resources.cpuQuota_us === undefined ? {} : { quota: resources.cpuQuota_us }),
    ...(resources.cpuPeriod_us === undefined ? {} : { period: resources.cpuPeriod_us }),
    ...(resources.cpuset ? { cpus: resources.cpuset } : {}),
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
      ];
  return {
    devices,
    ...(Object.keys(cpu).length === 0 ? {} : { cpu }),
    ...(resources.memory_bytes === undefined ? {} : { memory: { limit: resources.memory_bytes } }),
    ...(resources.pids_max === undefined ? {} : { pids: { limit: resources.pids_max } }),
  };
}

function kernelMounts(privileged: boolean): Record<string, unknown>[] {
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
  return { destination: mount.target, type: 'bind', source: mount.source, options: ['rbind', propagation, access] };
}

/** Folders a container may not start in: descriptors of the runtime itself (CVE-2024-21626). */
export function refusesWorkingFolder(path: string): boolean {
  const parts = path.split('/').filter(part => part !== '' && part !== '.');
  return parts[0] === 'proc' && /^(self|thread-self|\d+)$/.test(parts[1] ?? '') && parts.includes('fd');
}
