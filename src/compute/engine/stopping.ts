import type { ContainerState, Effect, PodState } from './state.ts';

const GRACE_SECONDS = 30;

/** Asks for a container's end once; a second call shortens the time it has. */
export function stopContainer(
  state: PodState,
  container: ContainerState,
  reason: string,
  now_ms: number,
  effects: Effect[],
  grace_ms: number = (state.pod.spec?.terminationGracePeriodSeconds ?? GRACE_SECONDS) * 1000,
): void {
  if (container.phase !== 'running' && container.phase !== 'stopping') return;
  const deadline_ms = now_ms + grace_ms;
  if (container.phase === 'stopping' && (container.stopDeadline_ms ?? 0) <= deadline_ms) return;
  if (container.phase === 'running')
    effects.push({ kind: 'event', type: 'Normal', reason: 'Killing', message: reason, container: container.name });
  container.phase = 'stopping';
  container.stopReason = reason;
  container.stopDeadline_ms = deadline_ms;
  effects.push({ kind: 'stop', container: container.name, id: container.current?.id ?? '', grace_ms });
}

/** Whether a process of this container lives or is about to. */
export const isAlive = ({ phase }: ContainerState): boolean =>
  phase === 'running' || phase === 'stopping' || phase === 'starting';

/** Ends every container: main ones together, then sidecars in reverse order (KEP-753). True when all are gone. */
export function stopAll(
  state: PodState,
  reason: (name: string) => string,
  deadline_ms: number,
  now_ms: number,
  effects: Effect[],
): boolean {
  const grace_ms = Math.max(0, deadline_ms - now_ms);
  const others = state.containers.filter(({ kind }) => kind !== 'sidecar');
  for (const container of others) stopContainer(state, container, reason(container.name), now_ms, effects, grace_ms);
  if (others.some(isAlive)) return false;
  for (const container of state.containers.filter(({ kind }) => kind === 'sidecar').reverse()) {
    if (!isAlive(container)) continue;
    stopContainer(state, container, reason(container.name), now_ms, effects, grace_ms);
    return false;
  }
  return true;
}
