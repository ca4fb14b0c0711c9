import { isAlive } from './stopping.ts';
import { armProbes, probeSpec } from './probing.ts';
import { containerSpec, type PodState, type Run } from './state.ts';

/** What a restarted agent finds of a pod. */
export interface Found {
  readonly sandbox?: {
    readonly id: string;
    readonly attempt: number;
    readonly ready: boolean;
    readonly ips: readonly string[];
  };
  readonly runs: readonly {
    readonly container: string;
    readonly run: Run;
    readonly imageId: string;
    readonly alive: boolean;
  }[];
}

/**
 * Puts what runs already into a fresh state, so that nothing is started twice. Instants others remembered are wall time: how long
 * ago they were is told by the wall clock once, here, and counted by the monotonic one (`now_ms`) from then on.
 */
export function adopt(state: PodState, found: Found, wall_ms: number, now_ms: number): PodState {
  const steady = (at_ms: number): number => now_ms - Math.max(0, wall_ms - at_ms);
  const next: PodState = { ...state, containers: state.containers.map(container => ({ ...container, probes: {} })) };
  const started = state.pod.status?.startTime ? Date.parse(state.pod.status.startTime) : wall_ms;
  next.startedAt_ms = started;
  next.begunAt_ms = steady(started);
  if (found.sandbox) {
    next.sandboxId = found.sandbox.id;
    next.sandboxAttempt = found.sandbox.attempt + (found.sandbox.ready ? 0 : 1);
    next.sandbox = found.sandbox.ready ? 'ready' : 'none';
    next.ips = [...found.sandbox.ips];
  }
  for (const container of next.containers) {
    const runs = found.runs
      .filter(entry => entry.container === container.name)
      .sort((left, right) => left.run.attempt - right.run.attempt);
    const current = runs.at(-1);
    if (!current) continue;
    container.current = { ...current.run };
    container.imageId = current.imageId;
    container.attempts = current.run.attempt + 1;
    const last = runs.at(-2);
    if (last) container.last = { ...last.run };
    container.phase = current.alive ? 'running' : 'exited';
    container.resources = JSON.stringify(containerSpec(state.pod, container.name)?.resources ?? {});
    if (!current.alive) {
      container.endedAt_ms = steady(current.run.finishedAt_ms ?? wall_ms);
      continue;
    }
    const known = [
      ...(state.pod.status?.containerStatuses ?? []),
      ...(state.pod.status?.initContainerStatuses ?? []),
    ].find(({ name }) => name === container.name);
    armProbes(next, container, now_ms);
    const { startup, readiness } = container.probes;
    container.started = known?.started ?? !probeSpec(state.pod, container.name, 'startup');
    // What was ready stays ready until a probe says otherwise.
    if (startup && container.started) startup.passed = true;
    if (readiness && known?.ready) readiness.passed = true;
  }
  // A pod that had ended before we went away only has to be taken down.
  const phase = state.pod.status?.phase;
  if ((phase === 'Succeeded' || phase === 'Failed') && !next.containers.some(isAlive)) {
    next.finished = phase;
    if (next.sandbox === 'none') next.sandbox = 'gone';
  }
  return next;
}
