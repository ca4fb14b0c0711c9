import { backoffEnd, formatDelay, nextBackoff } from './backoff.ts';
import { runProbes } from './probing.ts';
import { type ContainerState, containerSpec, type Effect, type PodState } from './state.ts';
import { isAlive, stopAll, stopContainer } from './stopping.ts';

/** What is still to be waited for: the earliest instant at which time alone changes something. */
class Wake {
  at_ms: number | undefined;
  by(at_ms: number | undefined): void {
    if (at_ms !== undefined && (this.at_ms === undefined || at_ms < this.at_ms)) this.at_ms = at_ms;
  }
}

/** Brings a pod one level nearer to what its spec and its end want; level-triggered. */
export function advance(state: PodState, now_ms: number, effects: Effect[]): number | undefined {
  const wake = new Wake();
  const { pod } = state;
  checkDeadline(state, now_ms, wake);
  if (pod.metadata.deletionTimestamp) {
    // Counted from here, as kubelet does: the timestamp is of the wall clock of another machine, or of one put forward since.
    const grace_ms = (pod.metadata.deletionGracePeriodSeconds ?? 30) * 1000;
    const deadline_ms = Math.min(state.ending?.deadline_ms ?? Number.POSITIVE_INFINITY, now_ms + grace_ms);
    state.ending = { ...(state.ending ?? { fail: false }), deadline_ms };
  }
  const terminal = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
  if (terminal && !state.finished && !state.containers.some(isAlive))
    state.finished = pod.status?.phase as 'Succeeded' | 'Failed';
  if (state.ending || state.finished) {
    wind(state, now_ms, effects);
    return wake.at_ms;
  }
  if (!prepare(state, now_ms, effects, wake)) return wake.at_ms;
  if (runInit(state, now_ms, effects, wake)) runMain(state, now_ms, effects, wake);
  for (const container of state.containers)
    if (container.kind === 'ephemeral' && container.phase === 'idle' && !container.current)
      want(state, container, now_ms, effects, wake);
  resize(state, now_ms, effects);
  if (state.finished) wind(state, now_ms, effects);
  else wake.by(runProbes(state, now_ms, effects));
  return wake.at_ms;
}

function checkDeadline(state: PodState, now_ms: number, wake: Wake): void {
  const limit = state.pod.spec?.activeDeadlineSeconds;
  if (limit === undefined || state.ending || state.finished) return;
  const deadline_ms = state.begunAt_ms + limit * 1000;
  if (now_ms < deadline_ms) return wake.by(deadline_ms);
  state.ending = {
    reason: 'DeadlineExceeded',
    message: 'Pod was active on the node longer than the specified deadline',
    deadline_ms: now_ms + (state.pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000,
    fail: true,
  };
}

/** The way down: containers, sandbox, volumes and mounts, then (deleted pods) the object itself. */
function wind(state: PodState, now_ms: number, effects: Effect[]): void {
  const deadline_ms =
    state.ending?.deadline_ms ?? now_ms + (state.pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000;
  const down = stopAll(state, name => `Stopping container ${name}`, deadline_ms, now_ms, effects);
  if (!down || state.sandbox === 'starting' || state.volumes === 'preparing') return;
  if (state.containers.some(({ phase }) => phase === 'pulling' || phase === 'starting')) return;
  if (state.ending) state.finished ??= endPhase(state);
  if (state.sandbox === 'ready' || state.sandbox === 'failed') {
    state.sandbox = 'stopping';
    effects.push({ kind: 'stop-sandbox' });
    return;
  }
  if (state.sandbox === 'stopping' || !state.pod.metadata.deletionTimestamp) return;
  if (state.cleaned === 'no') {
    state.cleaned = 'cleaning';
    effects.push({ kind: 'clean' });
  } else if (state.cleaned === 'yes' && !state.deleted) {
    state.deleted = true;
    effects.push({ kind: 'delete' });
  }
}

/** A pod that was ended is Failed when told so or when any container did not end well. */
function endPhase(state: PodState): 'Succeeded' | 'Failed' {
  if (state.ending?.fail) return 'Failed';
  const mains = state.containers.filter(({ kind }) => kind === 'main');
  return mains.every(({ current }) => current?.exitCode === 0) ? 'Succeeded' : 'Failed';
}

function prepare(state: PodState, now_ms: number, effects: Effect[], wake: Wake): boolean {
  if (state.volumes === 'failed') {
    if (now_ms < state.volumesRetryAt_ms) wake.by(state.volumesRetryAt_ms);
    else state.volumes = 'none';
  }
  if (state.volumes === 'none') {
    state.volumes = 'preparing';
    effects.push({ kind: 'volumes' });
  }
  if (state.sandbox === 'failed') {
    if (now_ms < state.sandboxRetryAt_ms) wake.by(state.sandboxRetryAt_ms);
    else {
      state.sandbox = 'none';
      state.sandboxAttempt++;
    }
  }
  // Containers of a sandbox that died end with it; the next one waits for them.
  if (state.sandbox === 'none' && !state.containers.some(isAlive)) {
    state.sandbox = 'starting';
    effects.push({ kind: 'sandbox', attempt: state.sandboxAttempt });
  }
  return state.volumes === 'ready' && state.sandbox === 'ready';
}

/** Runs init containers and sidecars in order; true when main containers may run. */
function runInit(state: PodState, now_ms: number, effects: Effect[], wake: Wake): boolean {
  const mainsOver = isOver(state);
  for (const container of state.containers) {
    if (container.kind === 'sidecar') {
      if (mainsOver) continue;
      if (container.phase === 'idle' || container.phase === 'exited') want(state, container, now_ms, effects, wake);
      if (!container.started && !hasMains(state)) return false;
    } else if (container.kind === 'init') {
      if (container.phase === 'exited' && container.current?.exitCode === 0) continue;
      // Once main containers have run, init containers are history (their records may be gone after a restart of ours).
      if (hasMains(state) && container.phase !== 'running') continue;
      if (container.phase === 'exited' && state.pod.spec?.restartPolicy === 'Never') {
        state.finished = 'Failed';
        return false;
      }
      if (container.phase === 'idle' || container.phase === 'exited') want(state, container, now_ms, effects, wake);
      return false;
    }
  }
  return true;
}

const hasMains = (state: PodState): boolean =>
  state.containers.some(({ kind, current, phase }) => kind === 'main' && (current !== undefined || phase !== 'idle'));

/** Whether the restart policy wants an ended main container again. */
const wantsRestart = (state: PodState, container: ContainerState): boolean => {
  const policy = state.pod.spec?.restartPolicy ?? 'Always';
  return policy === 'Always' || (policy === 'OnFailure' && container.current?.exitCode !== 0);
};

const isOver = (state: PodState): boolean => {
  const mains = state.containers.filter(({ kind }) => kind === 'main');
  return mains.length > 0 && mains.every(main => main.phase === 'exited' && !wantsRestart(state, main));
};

function runMain(state: PodState, now_ms: number, effects: Effect[], wake: Wake): void {
  for (const container of state.containers) {
    if (container.kind !== 'main') continue;
    if (container.phase === 'idle' || (container.phase === 'exited' && wantsRestart(state, container)))
      want(state, container, now_ms, effects, wake);
  }
  if (!isOver(state)) return;
  const mains = state.containers.filter(({ kind }) => kind === 'main');
  state.finished = mains.every(({ current }) => current?.exitCode === 0) ? 'Succeeded' : 'Failed';
}

/** Pulls and starts a container that does not run, unless it must wait. */
function want(state: PodState, container: ContainerState, now_ms: number, effects: Effect[], wake: Wake): void {
  if (container.pullBackoff_ms > 0 && container.phase === 'idle') {
    const end_ms = container.pullFailedAt_ms + container.pullBackoff_ms;
    if (now_ms < end_ms) {
      wake.by(end_ms);
      pullWaits(container, now_ms, effects, wake);
      return;
    }
  }
  if (container.phase === 'exited' && container.current) {
    const failedAt_ms = container.endedAt_ms ?? now_ms;
    const end_ms = backoffEnd(container.backoff_ms, container.backoffSince_ms, failedAt_ms);
    if (now_ms < end_ms) {
      wake.by(end_ms);
      restartWaits(state, container, effects);
      return;
    }
    container.backoff_ms = nextBackoff(container.backoff_ms, container.backoffSince_ms, failedAt_ms);
    container.backoffSince_ms = now_ms;
  }
  delete container.waitReason;
  delete container.waitMessage;
  container.phase = 'pulling';
  effects.push({ kind: 'pull', container: container.name });
}

/** How long the error itself is shown before the words of waiting replace it. */
const ERROR_SHOWN_MS = 1_000;

function pullWaits(container: ContainerState, now_ms: number, effects: Effect[], wake: Wake): void {
  if (container.waitReason !== 'ErrImagePull') return;
  const shown_ms = container.pullFailedAt_ms + ERROR_SHOWN_MS;
  if (now_ms < shown_ms) return wake.by(shown_ms);
  container.waitReason = 'ImagePullBackOff';
  container.waitMessage = `Back-off pulling image "${container.image}": ErrImagePull: ${container.waitMessage ?? ''}`;
  const message = `Back-off pulling image "${container.image}"`;
  effects.push({ kind: 'event', type: 'Normal', reason: 'BackOff', message, container: container.name });
  effects.push({
    kind: 'event',
    type: 'Warning',
    reason: 'Failed',
    message: 'Error: ImagePullBackOff',
    container: container.name,
  });
}

function restartWaits(state: PodState, container: ContainerState, effects: Effect[]): void {
  if (container.waitReason === 'CrashLoopBackOff') return;
  const { name, namespace, uid } = state.pod.metadata;
  const pod = `${name}_${namespace}(${uid})`;
  container.waitReason = 'CrashLoopBackOff';
  container.waitMessage = `back-off ${formatDelay(container.backoff_ms)} restarting failed container=${container.name} pod=${pod}`;
  const message = `Back-off restarting failed container ${container.name} in pod ${pod}`;
  effects.push({ kind: 'event', type: 'Warning', reason: 'BackOff', message, container: container.name });
}

/** In-place resize (KEP-1287): new limits reach the running container; RestartContainer policies stop it first. */
function resize(state: PodState, now_ms: number, effects: Effect[]): void {
  for (const container of state.containers) {
    if (container.phase !== 'running' || container.resources === undefined) continue;
    const spec = containerSpec(state.pod, container.name);
    const wanted = JSON.stringify(spec?.resources ?? {});
    if (wanted === container.resources) continue;
    container.resources = wanted;
    if (spec?.resizePolicy?.some(({ restartPolicy }) => restartPolicy === 'RestartContainer'))
      stopContainer(state, container, `Container ${container.name} resize requires restart`, now_ms, effects);
    else effects.push({ kind: 'update-resources', container: container.name, id: container.current?.id ?? '' });
  }
}
