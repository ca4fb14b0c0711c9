import { existsSync } from 'node:fs';
import type { Resources, SandboxStatus } from '../model.ts';
import type { ContainerStatus as RuntimeStatus } from '../model.ts';
import type { Written } from './codec.ts';
import type { CriContext } from './context.ts';
import { invalid } from './errors.ts';
import type { EventKind } from './events.ts';
import {
  type Container,
  ContainerEventType,
  ContainerState,
  type ContainerStatus,
  type HugepageLimit,
  type LinuxContainerResources,
  type PodSandbox,
  PodSandboxState,
  type PodSandboxStatus,
  Signal,
} from './generated/api.ts';
import type { ContainerEntry, SandboxEntry } from './records.ts';

const NS_PER_MS = 1_000_000n;

/** CRI counts nanoseconds; 0 is "not yet". */
export const nanoseconds = (at_ms: number | undefined): bigint =>
  at_ms === undefined ? 0n : BigInt(Math.round(at_ms)) * NS_PER_MS;

/** Whether every wanted label is there. */
export function labelsMatch(
  wanted: Readonly<Record<string, string>> | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted ?? {}).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value);
}

const STATES = {
  created: ContainerState.CONTAINER_CREATED,
  running: ContainerState.CONTAINER_RUNNING,
  exited: ContainerState.CONTAINER_EXITED,
  unknown: ContainerState.CONTAINER_UNKNOWN,
} as const;

/** A container's state in CRI's numbers; one that its runtime lost is unknown. */
export const stateOf = (status: RuntimeStatus | undefined): number => STATES[status?.state ?? 'unknown'];

/** What says a sandbox is alive: its runtime, unless it was stopped here. */
export function sandboxState(entry: SandboxEntry, alive: readonly SandboxStatus[]): number {
  const ready = !entry.stopped && alive.some(({ spec, state }) => spec.id === entry.id && state === 'ready');
  return ready ? PodSandboxState.SANDBOX_READY : PodSandboxState.SANDBOX_NOTREADY;
}

/** Every sandbox any runtime knows. */
export async function aliveSandboxes(context: CriContext): Promise<SandboxStatus[]> {
  const runtimes = new Set(context.options.runtimes.values());
  return (await Promise.all([...runtimes].map(runtime => runtime.listSandboxes()))).flat();
}

export function podSandbox(entry: SandboxEntry, alive: readonly SandboxStatus[]): Written<PodSandbox> {
  const { id, config, handler, createdAt_ms } = entry;
  const { metadata, labels, annotations } = config;
  return {
    id,
    metadata,
    labels,
    annotations,
    state: sandboxState(entry, alive),
    createdAt: nanoseconds(createdAt_ms),
    runtimeHandler: handler,
  };
}

export function podSandboxStatus(entry: SandboxEntry, alive: readonly SandboxStatus[]): Written<PodSandboxStatus> {
  const { attachment, config, stopped } = entry;
  const [ip = '', ...more] = stopped || !attachment.netnsPath ? [] : attachment.ips;
  return {
    ...podSandbox(entry, alive),
    network: { ip, additionalIps: more.map(other => ({ ip: other })) },
    linux: { namespaces: { options: config.linux?.securityContext?.namespaceOptions ?? {} } },
  };
}

export function containerOf(entry: ContainerEntry, status: RuntimeStatus | undefined): Written<Container> {
  const { id, sandboxId, config, imageId, imageRef, createdAt_ms } = entry;
  return {
    id,
    podSandboxId: sandboxId,
    metadata: config.metadata,
    image: config.image,
    imageRef,
    imageId,
    state: stateOf(status),
    createdAt: nanoseconds(createdAt_ms),
    labels: config.labels,
    annotations: config.annotations,
  };
}

/** The name users know an image by, where the caller told it. */
const imageSpec = ({ config }: ContainerEntry): Written<ContainerStatus['image']> => ({
  ...config.image,
  image: config.image?.userSpecifiedImage || config.image?.image || '',
});

export function containerStatus(entry: ContainerEntry, status: RuntimeStatus | undefined): Written<ContainerStatus> {
  const signal = entry.stopSignal as keyof typeof Signal;
  const { config, imageRef, imageId, mounts, user, logPath } = entry;
  return {
    ...containerOf(entry, status),
    image: imageSpec(entry),
    imageRef,
    imageId,
    startedAt: nanoseconds(status?.startedAt_ms),
    finishedAt: nanoseconds(status?.finishedAt_ms),
    exitCode: status?.exitCode ?? 0,
    reason: status?.reason ?? '',
    message: status?.message ?? '',
    mounts,
    logPath,
    user: { linux: user },
    resources: { linux: config.linux?.resources ?? {} },
    stopSignal: Signal[signal] ?? Signal.RUNTIME_DEFAULT,
  };
}

/** A limit of zero is told too: no such pages for this container. */
function huge(limits: readonly Written<HugepageLimit>[]): Pick<Resources, 'hugePages'> {
  const hugePages = limits
    .filter(({ pageSize = '' }) => existsSync(`/sys/kernel/mm/hugepages/hugepages-${kibibytes(pageSize)}kB`))
    .map(({ pageSize = '', limit = 0 }) => ({ pageSize, limit: Number(limit) }));
  return hugePages.length > 0 ? { hugePages } : {};
}

/** `2MB`, `1GB`: powers of two, as the runtime specification names sizes. */
function kibibytes(pageSize: string): number {
  const [, count = '', unit = ''] = /^(\d{1,6})([KMG])B$/.exec(pageSize) ?? [];
  return Number(count) * ({ K: 1, M: 1024, G: 1024 ** 2 }[unit] ?? 0);
}

/** Files of a group, never a path; the number of processes has a field of its own. */
function unified(values: Written<LinuxContainerResources>['unified']): Pick<Resources, 'unified'> {
  const said = Object.entries(values ?? {}).map(([file, value]): [string, string] => [file, value ?? '']);
  const rest = said.filter(([file]) => file !== 'pids.max');
  const wrong = rest.find(([file]) => !/^[a-z][a-z0-9_]*(\.[A-Za-z0-9_-]+)+$/.test(file) || file.startsWith('cgroup.'));
  if (wrong) throw invalid(`"${wrong[0]}" is no limit of a unified control group`);
  return rest.length > 0 ? { unified: Object.fromEntries(rest) } : {};
}

/** Zero means "not said" for all of CRI's limits. */
export function lowerResources(resources: Written<LinuxContainerResources> | undefined): Resources {
  if (!resources) return {};
  const number = (value: number | bigint | undefined): number => Number(value ?? 0);
  const positive = <Key extends string>(key: Key, value: number | bigint | undefined): Partial<Record<Key, number>> =>
    number(value) === 0 ? {} : ({ [key]: number(value) } as Record<Key, number>);
  const pids = Number(resources.unified?.['pids.max']);
  return {
    ...positive('cpuShares', resources.cpuShares),
    ...positive('cpuQuota_us', resources.cpuQuota),
    ...positive('cpuPeriod_us', resources.cpuPeriod),
    ...positive('memory_bytes', resources.memoryLimitInBytes),
    ...positive('memorySwap_bytes', resources.memorySwapLimitInBytes),
    ...(pids > 0 ? { pids_max: pids } : {}),
    ...(resources.cpusetCpus ? { cpuset: resources.cpusetCpus } : {}),
    ...(resources.cpusetMems ? { cpusetMemory: resources.cpusetMems } : {}),
    ...huge(resources.hugepageLimits ?? []),
    ...unified(resources.unified),
    oomScoreAdj: number(resources.oomScoreAdj),
  };
}

/** Tells listeners what happened to a container or sandbox, with the state of the whole pod. */
export async function tell(context: CriContext, kind: EventKind, id: string, sandbox: SandboxEntry): Promise<void> {
  if (!context.events.watched) return;
  const createdAt = nanoseconds(context.options.clock.now());
  const alive = await aliveSandboxes(context);
  const statuses = context
    .containersOf(sandbox.id)
    .map(async entry => containerStatus(entry, await context.statusOf(entry)));
  context.events.emit({
    containerId: id,
    containerEventType: ContainerEventType[kind],
    createdAt,
    podSandboxStatus: podSandboxStatus(sandbox, alive),
    containersStatuses: await Promise.all(statuses),
  });
}
