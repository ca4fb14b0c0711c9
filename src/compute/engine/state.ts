import type { kinds } from '../../kernel/index.ts';

export type ContainerKind = 'init' | 'sidecar' | 'main' | 'ephemeral';
export type ProbeName = 'startup' | 'liveness' | 'readiness';

/** One process a container had: the current one or the one before. */
export interface Run {
  readonly id: string;
  readonly attempt: number;
  startedAt_ms: number;
  finishedAt_ms?: number;
  exitCode?: number;
  signal?: number;
  reason?: string;
  message?: string;
}

export interface ProbeState {
  nextAt_ms: number;
  /** The regular grid; probes before it are eager ones, whose failures do not count. */
  gridAt_ms: number;
  eager_ms: number;
  inFlight: boolean;
  successes: number;
  failures: number;
  passed: boolean;
}

export interface ContainerState {
  readonly name: string;
  readonly kind: ContainerKind;
  /**
   * idle: nothing runs, nothing is under way; pulling, starting: an effect is under way; running, stopping: a process
   * lives; exited: it ended.
   */
  phase: 'idle' | 'pulling' | 'starting' | 'running' | 'stopping' | 'exited';
  waitReason?: string;
  waitMessage?: string;
  attempts: number;
  backoff_ms: number;
  backoffSince_ms: number;
  pullBackoff_ms: number;
  pullFailedAt_ms: number;
  imageId: string;
  image: string;
  current?: Run;
  last?: Run;
  hook: 'none' | 'running' | 'done';
  /** Startup probe passed (or there is none) and the postStart hook is done. */
  started: boolean;
  probes: Partial<Record<ProbeName, ProbeState>>;
  /** Words for the Killing event and the restart decision of a stop that is under way. */
  stopReason?: string;
  stopDeadline_ms?: number;
  /** When the end of `current` was heard of, by the same clock as `Environment.now_ms`. */
  endedAt_ms?: number;
  resources?: string;
}

/** Why the pod as a whole ends. */
export interface Ending {
  readonly reason?: string;
  readonly message?: string;
  readonly deadline_ms: number;
  readonly fail: boolean;
}

/** Everything the engine remembers of one pod. Plain data. */
export interface PodState {
  pod: kinds.Pod;
  /** Wall time at which the node took the pod up: what its status tells, and nothing else. */
  startedAt_ms: number;
  /** The same instant by the clock of `Environment.now_ms`. */
  begunAt_ms: number;
  volumes: 'none' | 'preparing' | 'ready' | 'failed';
  volumesRetryAt_ms: number;
  sandbox: 'none' | 'starting' | 'ready' | 'failed' | 'stopping' | 'gone';
  sandboxId: string;
  sandboxAttempt: number;
  sandboxRetryAt_ms: number;
  sandboxFailures: number;
  ips: string[];
  containers: ContainerState[];
  ending?: Ending;
  /** Latched terminal phase. */
  finished?: 'Succeeded' | 'Failed';
  cleaned: 'no' | 'cleaning' | 'yes';
  deleted: boolean;
}

export type Input =
  | { readonly kind: 'spec'; readonly pod: kinds.Pod }
  | { readonly kind: 'tick' }
  | { readonly kind: 'volumes'; readonly error?: string }
  | { readonly kind: 'sandbox'; readonly id: string; readonly ips: readonly string[] }
  | { readonly kind: 'sandbox-failed'; readonly message: string }
  | { readonly kind: 'sandbox-died' }
  | { readonly kind: 'sandbox-stopped' }
  | { readonly kind: 'cleaned' }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'image'; readonly container: string; readonly imageId: string; readonly image: string }
  | { readonly kind: 'image-failed'; readonly container: string; readonly reason: string; readonly message: string }
  | { readonly kind: 'started'; readonly container: string; readonly run: Run }
  | {
      readonly kind: 'start-failed';
      readonly container: string;
      readonly reason: string;
      readonly message: string;
      readonly run?: Run;
    }
  | { readonly kind: 'exited'; readonly container: string; readonly run: Run }
  | { readonly kind: 'hook'; readonly container: string; readonly id: string; readonly error?: string }
  | {
      readonly kind: 'probe';
      readonly container: string;
      readonly id: string;
      readonly probe: ProbeName;
      readonly success: boolean;
      readonly output: string;
    }
  | { readonly kind: 'end'; readonly reason: string; readonly message: string; readonly grace_ms: number };

export type Effect =
  | { readonly kind: 'volumes' }
  | { readonly kind: 'sandbox'; readonly attempt: number }
  | { readonly kind: 'stop-sandbox' }
  | { readonly kind: 'pull'; readonly container: string }
  | { readonly kind: 'start'; readonly container: string; readonly attempt: number }
  | { readonly kind: 'stop'; readonly container: string; readonly id: string; readonly grace_ms: number }
  | { readonly kind: 'hook'; readonly container: string; readonly id: string }
  | { readonly kind: 'probe'; readonly container: string; readonly id: string; readonly probe: ProbeName }
  | { readonly kind: 'update-resources'; readonly container: string; readonly id: string }
  | { readonly kind: 'remove'; readonly id: string }
  | { readonly kind: 'clean' }
  | { readonly kind: 'delete' }
  | {
      readonly kind: 'event';
      readonly type: 'Normal' | 'Warning';
      readonly reason: string;
      readonly message: string;
      readonly container?: string;
    };

/** What a step may know beside state and input. */
export interface Environment {
  /** Monotonic time: every wait, deadline and back-off is counted by it, so that a wall clock put back or forward moves none. */
  readonly now_ms: number;
}

/** The outcome of a step; `wakeAt_ms` is when time alone next changes something. */
export interface Step {
  readonly state: PodState;
  readonly effects: readonly Effect[];
  readonly wakeAt_ms?: number;
}

/** A container's part of the spec, whatever its kind. */
export function containerSpec(pod: kinds.Pod, name: string): kinds.Container | undefined {
  const { spec } = pod;
  return (
    spec?.initContainers?.find(container => container.name === name) ??
    spec?.containers.find(container => container.name === name) ??
    (spec?.ephemeralContainers?.find(container => container.name === name) as kinds.Container | undefined)
  );
}

const fresh = (name: string, kind: ContainerKind, image: string): ContainerState => ({
  name,
  kind,
  phase: 'idle',
  attempts: 0,
  backoff_ms: 0,
  backoffSince_ms: 0,
  pullBackoff_ms: 0,
  pullFailedAt_ms: 0,
  imageId: '',
  image,
  hook: 'none',
  started: false,
  probes: {},
});

/** Adds states for containers the spec has and the state does not (ephemeral ones appear later). */
export function withContainers(known: readonly ContainerState[], pod: kinds.Pod): ContainerState[] {
  const wanted: [string, ContainerKind, string][] = [
    ...(pod.spec?.initContainers ?? []).map(({ name, restartPolicy, image = '' }): [string, ContainerKind, string] => [
      name,
      restartPolicy === 'Always' ? 'sidecar' : 'init',
      image,
    ]),
    ...(pod.spec?.containers ?? []).map(({ name, image = '' }): [string, ContainerKind, string] => [
      name,
      'main',
      image,
    ]),
    ...(pod.spec?.ephemeralContainers ?? []).map(({ name, image = '' }): [string, ContainerKind, string] => [
      name,
      'ephemeral',
      image,
    ]),
  ];
  return wanted.map(([name, kind, image]) => known.find(state => state.name === name) ?? fresh(name, kind, image));
}

/** The state of a pod nothing was done for yet: begun at a wall time, which is now by the monotonic clock. */
export function initialState(pod: kinds.Pod, startedAt_ms: number, begunAt_ms: number): PodState {
  return {
    pod,
    startedAt_ms,
    begunAt_ms,
    volumes: 'none',
    volumesRetryAt_ms: 0,
    sandbox: 'none',
    sandboxId: '',
    sandboxAttempt: 0,
    sandboxRetryAt_ms: 0,
    sandboxFailures: 0,
    ips: [],
    containers: withContainers([], pod),
    cleaned: 'no',
    deleted: false,
  };
}
