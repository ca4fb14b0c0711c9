import { hiddenPaths } from '../engine/paths.ts';
import { computeFaults } from '../faults.ts';
import type { Account, ContainerSpec, ContainerStatus, Mount, Resources, SandboxSpec } from '../model.ts';
import type { PodPort } from '../ports.ts';
import type { Written } from './codec.ts';
import {
  type ContainerConfig,
  ContainerState,
  type ContainerStatus as CriStatus,
  type LinuxContainerResources,
  type LinuxContainerSecurityContext,
  type Mount as CriMount,
  NamespaceMode,
  type PodSandboxConfig,
  ProfileType,
  Protocol,
} from './generated/api.ts';

/** Our own record, kept in the runtime: it comes back unaltered after a restart of ours. */
export const SPEC = 'tenon.dev/spec';
/** Account of an image's user that only the runtime can look up. */
export const IMAGE_USER = -1;
const PROPAGATIONS = { private: 0, rslave: 1, rshared: 2 } as const;
const NS_PER_MS = 1e6;

const namespaces = (sandbox: SandboxSpec) => ({
  network: sandbox.hostNetwork ? NamespaceMode.NODE : NamespaceMode.POD,
  pid: sandbox.hostPid ? NamespaceMode.NODE : sandbox.sharedPid ? NamespaceMode.POD : NamespaceMode.CONTAINER,
  ipc: sandbox.hostIpc ? NamespaceMode.NODE : NamespaceMode.POD,
});

/** A sandbox as CRI wants it. */
export function raiseSandbox(spec: SandboxSpec, ports: readonly PodPort[]): Written<PodSandboxConfig> {
  const { pod, attempt, hostname, hostNetwork, logFolder, labels, annotations, sysctls } = spec;
  return {
    metadata: { ...pod, attempt },
    ...(hostNetwork ? {} : { hostname }),
    logDirectory: logFolder,
    portMappings: ports.map(({ containerPort, hostPort = 0, hostIp = '', protocol }) => ({
      protocol: Protocol[protocol],
      containerPort,
      hostPort,
      hostIp,
    })),
    labels: { ...labels, 'tenon.dev/id': spec.id },
    annotations: { ...annotations, [SPEC]: JSON.stringify(spec) },
    linux: { sysctls, securityContext: { namespaceOptions: namespaces(spec) } },
  };
}

export function raiseResources(resources: Resources): Written<LinuxContainerResources> {
  return {
    cpuPeriod: resources.cpuPeriod_us ?? 0,
    cpuQuota: resources.cpuQuota_us ?? 0,
    cpuShares: resources.cpuShares ?? 0,
    memoryLimitInBytes: resources.memory_bytes ?? 0,
    oomScoreAdj: resources.oomScoreAdj ?? 0,
    cpusetCpus: resources.cpuset ?? '',
    cpusetMems: resources.cpusetMemory ?? '',
  };
}

function raiseMount(mount: Mount): Written<CriMount> {
  if (mount.kind !== 'bind')
    throw computeFaults.error('start-failed', {
      step: `memory file system on ${mount.target}`,
      detail: 'a runtime behind CRI mounts only folders of the machine',
    });
  const propagation = PROPAGATIONS[mount.propagation ?? 'private'];
  return { hostPath: mount.source, containerPath: mount.target, readonly: mount.readOnly, propagation };
}

function raiseUser({ uid, gid, groups }: Account): Written<LinuxContainerSecurityContext> {
  if (uid === IMAGE_USER) return { supplementalGroups: groups };
  return { runAsUser: { value: uid }, runAsGroup: { value: gid }, supplementalGroups: groups };
}

function raiseSecurity(spec: ContainerSpec, sandbox: SandboxSpec): Written<LinuxContainerSecurityContext> {
  const { security, account } = spec;
  const { masked, readOnly } = hiddenPaths(security);
  if (typeof security.seccomp === 'object')
    throw computeFaults.error('start-failed', {
      step: 'seccomp profile',
      detail: 'CRI takes files of the runtime only',
    });
  const profileType = security.seccomp === 'default' ? ProfileType.RuntimeDefault : ProfileType.Unconfined;
  return {
    ...raiseUser(account),
    privileged: security.privileged,
    readonlyRootfs: security.readOnlyRootfs,
    noNewPrivs: security.noNewPrivileges,
    capabilities: { addCapabilities: security.capabilities.add, dropCapabilities: security.capabilities.drop },
    namespaceOptions: namespaces(sandbox),
    maskedPaths: security.privileged ? [] : masked,
    readonlyPaths: security.privileged ? [] : readOnly,
    seccomp: { profileType },
  };
}

/** A container as CRI wants it; its log is named from the pod's log folder. */
export function raiseContainer(spec: ContainerSpec, sandbox: SandboxSpec): Written<ContainerConfig> {
  if (spec.hooks) throw computeFaults.error('hooks-unsupported', { handler: 'cri' });
  return {
    metadata: { name: spec.name, attempt: spec.attempt },
    image: { image: spec.imageId, userSpecifiedImage: spec.image },
    command: spec.args,
    workingDir: spec.workingFolder,
    envs: spec.environment.map(([key, value]) => ({ key, value: Buffer.from(value) })),
    mounts: spec.mounts.map(raiseMount),
    devices: spec.devices.map(({ source, target, permissions }) => ({
      hostPath: source,
      containerPath: target,
      permissions,
    })),
    labels: { ...spec.labels, 'tenon.dev/id': spec.id },
    annotations: { ...spec.annotations, [SPEC]: JSON.stringify(spec) },
    logPath: spec.logPath.startsWith(`${sandbox.logFolder}/`) ? spec.logPath.slice(sandbox.logFolder.length + 1) : '',
    stdin: spec.stdin,
    stdinOnce: spec.stdinOnce,
    tty: spec.tty,
    linux: { resources: raiseResources(spec.resources), securityContext: raiseSecurity(spec, sandbox) },
  };
}

const STATES: Readonly<Record<number, ContainerStatus['state']>> = {
  [ContainerState.CONTAINER_CREATED]: 'created',
  [ContainerState.CONTAINER_RUNNING]: 'running',
  [ContainerState.CONTAINER_EXITED]: 'exited',
};

function reasonOf(status: CriStatus): NonNullable<ContainerStatus['reason']> {
  if (status.reason === 'OOMKilled') return 'OOMKilled';
  if (status.reason === 'StartError') return 'StartError';
  return status.exitCode === 0 ? 'Completed' : 'Error';
}

/** A container's status in our words. */
export function lowerStatus(spec: ContainerSpec, handler: string, status: CriStatus, pid: number): ContainerStatus {
  const state = STATES[status.state] ?? 'unknown';
  const ended = state === 'exited';
  return {
    spec,
    handler,
    state,
    ...(pid > 0 && state === 'running' ? { pid } : {}),
    ...(status.startedAt > 0 ? { startedAt_ms: Math.floor(status.startedAt / NS_PER_MS) } : {}),
    ...(ended ? { finishedAt_ms: Math.floor(status.finishedAt / NS_PER_MS), exitCode: status.exitCode } : {}),
    ...(ended ? { reason: reasonOf(status) } : {}),
    ...(status.message ? { message: status.message } : {}),
  };
}
