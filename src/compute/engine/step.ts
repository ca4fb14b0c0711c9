import { advance } from './advance.ts';
import { nextBackoff } from './backoff.ts';
import { armProbes, probeResult, probeSpec } from './probing.ts';
import {
  type ContainerState,
  containerSpec,
  type Effect,
  type Environment,
  type Input,
  type PodState,
  type Run,
  type Step,
  withContainers,
} from './state.ts';
import { stopContainer } from './stopping.ts';

const SANDBOX_RETRY_MS_MIN = 500;
const SANDBOX_RETRY_MS_MAX = 60_000;
const VOLUME_RETRY_MS = 2_000;

const copy = (state: PodState): PodState => ({
  ...state,
  containers: state.containers.map(container => ({
    ...container,
    probes: Object.fromEntries(Object.entries(container.probes).map(([name, probe]) => [name, { ...probe }])),
  })),
});

/** One pod, one input: the next state and what must be done, in order. Pure: the given state stays as it was. */
export function step(before: PodState, input: Input, environment: Environment): Step {
  const state = copy(before);
  const effects: Effect[] = [];
  apply(state, input, environment.now_ms, effects);
  const wakeAt_ms = advance(state, environment.now_ms, effects);
  return { state, effects, ...(wakeAt_ms === undefined ? {} : { wakeAt_ms }) };
}

function apply(state: PodState, input: Input, now_ms: number, effects: Effect[]): void {
  switch (input.kind) {
    case 'tick':
      return;
    case 'spec':
      state.pod = input.pod;
      state.containers = withContainers(state.containers, input.pod);
      return;
    case 'volumes':
      return applyVolumes(state, input.error, now_ms, effects);
    case 'sandbox':
      state.sandbox = 'ready';
      state.sandboxId = input.id;
      state.ips = [...input.ips];
      state.sandboxFailures = 0;
      return;
    case 'sandbox-failed':
      return sandboxFailed(state, input.message, now_ms, effects);
    case 'sandbox-died':
      return sandboxDied(state, effects);
    case 'sandbox-stopped':
      state.sandbox = 'gone';
      return;
    case 'cleaned':
      state.cleaned = 'yes';
      return;
    case 'deleted':
      state.deleted = true;
      return;
    case 'end':
      state.ending ??= {
        reason: input.reason,
        message: input.message,
        deadline_ms: now_ms + input.grace_ms,
        fail: true,
      };
      return;
    default: {
      const container = state.containers.find(({ name }) => name === input.container);
      if (container) applyContainer(state, container, input, now_ms, effects);
    }
  }
}

type ContainerInput = Extract<Input, { readonly container: string }>;

function applyContainer(
  state: PodState,
  container: ContainerState,
  input: ContainerInput,
  now_ms: number,
  effects: Effect[],
): void {
  switch (input.kind) {
    case 'image':
      container.imageId = input.imageId;
      container.image = input.image;
      container.pullBackoff_ms = 0;
      container.phase = 'starting';
      delete container.waitReason;
      delete container.waitMessage;
      effects.push({ kind: 'start', container: container.name, attempt: container.attempts });
      return;
    case 'image-failed':
      container.phase = 'idle';
      container.waitReason = input.reason;
      container.waitMessage = input.message;
      container.pullBackoff_ms = nextBackoff(container.pullBackoff_ms, container.pullFailedAt_ms, now_ms);
      container.pullFailedAt_ms = now_ms;
      return;
    case 'started':
      return started(state, container, input.run, now_ms, effects);
    case 'start-failed':
      return startFailed(container, input, now_ms, effects);
    case 'exited':
      return exited(container, input.run, now_ms);
    case 'hook':
      return hookDone(state, container, input, now_ms, effects);
    case 'probe':
      return probed(state, container, input, now_ms, effects);
  }
}

function applyVolumes(state: PodState, error: string | undefined, now_ms: number, effects: Effect[]): void {
  state.volumes = error === undefined ? 'ready' : 'failed';
  if (error === undefined) return;
  state.volumesRetryAt_ms = now_ms + VOLUME_RETRY_MS;
  effects.push({ kind: 'event', type: 'Warning', reason: 'FailedMount', message: error });
}

function sandboxFailed(state: PodState, message: string, now_ms: number, effects: Effect[]): void {
  state.sandbox = 'failed';
  const delay_ms = Math.min(SANDBOX_RETRY_MS_MIN * 2 ** state.sandboxFailures, SANDBOX_RETRY_MS_MAX);
  state.sandboxFailures++;
  state.sandboxRetryAt_ms = now_ms + delay_ms;
  effects.push({
    kind: 'event',
    type: 'Warning',
    reason: 'FailedCreatePodSandBox',
    message: `Failed to create pod sandbox: ${message}`,
  });
}

function sandboxDied(state: PodState, effects: Effect[]): void {
  if (state.sandbox !== 'ready') return;
  state.sandbox = 'none';
  state.sandboxAttempt++;
  effects.push({
    kind: 'event',
    type: 'Normal',
    reason: 'SandboxChanged',
    message: 'Pod sandbox changed, it will be killed and re-created.',
  });
}

function started(state: PodState, container: ContainerState, run: Run, now_ms: number, effects: Effect[]): void {
  if (container.current) {
    const previous = container.last;
    container.last = container.current;
    if (previous && previous.id !== run.id) effects.push({ kind: 'remove', id: previous.id });
  }
  container.current = { ...run };
  container.phase = 'running';
  container.attempts = run.attempt + 1;
  delete container.waitReason;
  delete container.waitMessage;
  delete container.stopReason;
  delete container.stopDeadline_ms;
  const spec = containerSpec(state.pod, container.name);
  container.resources = JSON.stringify(spec?.resources ?? {});
  container.hook = spec?.lifecycle?.postStart ? 'running' : 'none';
  container.started = container.hook === 'none' && !probeSpec(state.pod, container.name, 'startup');
  if (container.hook === 'running') effects.push({ kind: 'hook', container: container.name, id: run.id });
  armProbes(state, container, now_ms);
}

function startFailed(
  container: ContainerState,
  input: Extract<Input, { kind: 'start-failed' }>,
  now_ms: number,
  effects: Effect[],
): void {
  if (input.run) {
    if (container.current) container.last = container.current;
    container.current = { ...input.run };
    container.attempts = input.run.attempt + 1;
    container.endedAt_ms = now_ms;
    container.phase = 'exited';
  } else {
    container.phase = container.current ? 'exited' : 'idle';
    container.pullBackoff_ms = nextBackoff(container.pullBackoff_ms, container.pullFailedAt_ms, now_ms);
    container.pullFailedAt_ms = now_ms;
  }
  container.waitReason = input.reason;
  container.waitMessage = input.message;
  effects.push({
    kind: 'event',
    type: 'Warning',
    reason: 'Failed',
    message: `Error: ${input.message}`,
    container: container.name,
  });
}

function exited(container: ContainerState, run: Run, now_ms: number): void {
  if (container.current && container.current.id !== run.id) {
    if (container.last?.id === run.id) container.last = { ...run };
    return;
  }
  // A later word about the same end does not move it.
  if (container.phase !== 'exited') container.endedAt_ms = now_ms;
  container.current = { ...run };
  container.attempts = Math.max(container.attempts, run.attempt + 1);
  container.phase = 'exited';
  container.started = false;
  container.hook = 'none';
  container.probes = {};
  delete container.stopReason;
  delete container.stopDeadline_ms;
}

function hookDone(
  state: PodState,
  container: ContainerState,
  input: Extract<Input, { kind: 'hook' }>,
  now_ms: number,
  effects: Effect[],
): void {
  if (container.current?.id !== input.id || container.hook !== 'running') return;
  container.hook = 'done';
  if (input.error === undefined) {
    container.started = !probeSpec(state.pod, container.name, 'startup');
    return;
  }
  const message = `PostStartHook failed: ${input.error}`;
  effects.push({ kind: 'event', type: 'Warning', reason: 'FailedPostStartHook', message, container: container.name });
  stopContainer(state, container, 'FailedPostStartHook', now_ms, effects);
}

function probed(
  state: PodState,
  container: ContainerState,
  input: Extract<Input, { kind: 'probe' }>,
  now_ms: number,
  effects: Effect[],
): void {
  if (container.current?.id !== input.id || container.phase !== 'running') return;
  const words = probeResult(state, container, input.probe, input, now_ms, effects);
  if (words === undefined) return;
  const grace = probeSpec(state.pod, container.name, input.probe)?.terminationGracePeriodSeconds;
  stopContainer(state, container, words, now_ms, effects, grace === undefined ? undefined : grace * 1000);
}
