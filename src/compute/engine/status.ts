import type { kinds } from '../../kernel/index.ts';
import { conditionsOf } from './conditions.ts';
import { isReady } from './probing.ts';
import { type ContainerState, containerSpec, type PodState, type Run } from './state.ts';

const time = (at_ms: number): string => new Date(at_ms).toISOString().replace(/\.\d{3}Z$/, 'Z');

/** What the node adds to a pod's status. */
export interface StatusContext {
  readonly now_ms: number;
  readonly hostIps: readonly string[];
  /** `tenon` in `tenon://id`. */
  readonly runtimeName: string;
}

/** The phase as kubelet computes it (Pod Lifecycle, "Pod phase"). */
export function phaseOf(state: PodState): kinds.PodStatus['phase'] {
  if (state.finished && !state.containers.some(({ phase }) => phase === 'running' || phase === 'stopping'))
    return state.finished;
  const policy = state.pod.spec?.restartPolicy ?? 'Always';
  for (const container of state.containers) {
    const begun = container.current !== undefined;
    if (container.kind === 'init' && !(container.phase === 'exited' && container.current?.exitCode === 0)) {
      if (container.phase === 'exited' && policy === 'Never') return 'Failed';
      if (!state.containers.some(({ kind, current }) => kind === 'main' && current)) return 'Pending';
    }
    if (container.kind === 'sidecar' && !begun) return 'Pending';
  }
  const mains = state.containers.filter(({ kind }) => kind === 'main');
  if (mains.some(({ current }) => current === undefined)) return 'Pending';
  return 'Running';
}

function waiting(state: PodState, container: ContainerState): kinds.ContainerState {
  const reason =
    container.waitReason ?? (state.pod.spec?.initContainers?.length ? 'PodInitializing' : 'ContainerCreating');
  return { waiting: { reason, ...(container.waitMessage === undefined ? {} : { message: container.waitMessage }) } };
}

function ended(run: Run, runtimeName: string): kinds.ContainerState {
  return {
    terminated: {
      exitCode: run.exitCode ?? 0,
      ...(run.signal ? { signal: run.signal } : {}),
      reason: run.reason ?? (run.exitCode === 0 ? 'Completed' : 'Error'),
      ...(run.message ? { message: run.message } : {}),
      startedAt: time(run.startedAt_ms),
      finishedAt: time(run.finishedAt_ms ?? run.startedAt_ms),
      containerID: `${runtimeName}://${run.id}`,
    },
  };
}

function statusOfContainer(state: PodState, container: ContainerState, runtimeName: string): kinds.ContainerStatus {
  const { current, last, phase } = container;
  const spec = containerSpec(state.pod, container.name);
  const alive = phase === 'running' || phase === 'stopping';
  // A container that waits for its next start shows why; its end is then the last state.
  const waits =
    !alive && (current === undefined || phase !== 'exited' || container.waitReason !== undefined) && !state.finished;
  const live = current ? { running: { startedAt: time(current.startedAt_ms) } } : {};
  const now = alive ? live : waits || !current ? waiting(state, container) : ended(current, runtimeName);
  const before = waits && current ? current : last;
  const ready = isReady(container);
  return {
    name: container.name,
    state: now,
    lastState: before ? ended(before, runtimeName) : {},
    ready,
    restartCount: Math.max(0, current?.attempt ?? 0),
    image: container.image || (spec?.image ?? ''),
    imageID: container.imageId,
    ...(current ? { containerID: `${runtimeName}://${current.id}` } : {}),
    started: alive && container.started,
    ...(alive && Object.keys(spec?.resources ?? {}).length > 0
      ? { allocatedResources: { ...spec?.resources?.requests }, resources: { ...spec?.resources } }
      : {}),
  } as kinds.ContainerStatus;
}

/** The pod's status as the node knows it. Conditions others own are kept; times change only with their condition. */
export function statusOf(state: PodState, context: StatusContext): kinds.PodStatus {
  const { pod } = state;
  const phase = phaseOf(state);
  const of = (...kindsOf: ContainerState['kind'][]): kinds.ContainerStatus[] =>
    state.containers
      .filter(({ kind }) => kindsOf.includes(kind))
      .map(container => statusOfContainer(state, container, context.runtimeName));
  const init = of('init', 'sidecar');
  const ephemeral = of('ephemeral');
  const ips = pod.spec?.hostNetwork ? (state.sandboxId ? context.hostIps : []) : state.ips;
  const known = ips.length > 0 ? ips.map(ip => ({ ip })) : (pod.status?.podIPs ?? []);
  const keepIps = phase !== 'Pending' || ips.length > 0;
  const reason = state.ending?.reason ?? pod.status?.reason;
  const message = state.ending?.message ?? pod.status?.message;
  return {
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    phase,
    conditions: conditionsOf(state, phase ?? 'Pending', context.now_ms),
    ...(reason ? { reason } : {}),
    ...(message ? { message } : {}),
    ...(context.hostIps[0] ? { hostIP: context.hostIps[0], hostIPs: context.hostIps.map(ip => ({ ip })) } : {}),
    ...(keepIps && known[0]?.ip ? { podIP: known[0].ip, podIPs: known } : {}),
    startTime: pod.status?.startTime ?? time(state.startedAt_ms),
    ...(init.length > 0 ? { initContainerStatuses: init } : {}),
    containerStatuses: of('main'),
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
    ...(pod.status?.qosClass ? { qosClass: pod.status.qosClass } : {}),
    ...(pod.status?.nominatedNodeName ? { nominatedNodeName: pod.status.nominatedNodeName } : {}),
    ...(pod.status?.resourceClaimStatuses ? { resourceClaimStatuses: pod.status.resourceClaimStatuses } : {}),
  } as kinds.PodStatus;
}

/**
 * The strategic merge patch that makes the stored status this one.
 * A merge keeps what it is not told of: words of a condition that has none any more are removed by null,
 * and addresses of a sandbox that is gone by replacing the list (it merges by `ip`).
 */
export function statusPatch(status: kinds.PodStatus): Record<string, unknown> {
  const conditions = (status.conditions ?? []).map(condition => ({ reason: null, message: null, ...condition }));
  const whole = (list: readonly object[]): readonly object[] => [{ $patch: 'replace' }, ...list];
  return {
    reason: null,
    message: null,
    ...status,
    conditions,
    ...(status.podIPs ? { podIPs: whole(status.podIPs) } : {}),
    ...(status.hostIPs ? { hostIPs: whole(status.hostIPs) } : {}),
  };
}

/** Kubelet compares what it knows with what the API has this often (kubelet status manager, syncPeriod). */
export const STATUS_SYNC_MS = 10_000;

/**
 * Whether the API has another phase or condition than the node knows: somebody else wrote it after the node did, as the node
 * controller does when a node seems lost (kubelet status manager, needsReconcile).
 */
export function isOverwritten(pod: kinds.Pod, status: kinds.PodStatus): boolean {
  const there = pod.status;
  if (there === undefined) return false;
  if (status.phase !== undefined && there.phase !== status.phase) return true;
  return (status.conditions ?? []).some(({ type, status: wanted }) => {
    const found = there.conditions?.find(condition => condition.type === type);
    return found !== undefined && found.status !== wanted;
  });
}
