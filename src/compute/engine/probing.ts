import type { kinds } from '../../kernel/index.ts';
import {
  type ContainerState,
  containerSpec,
  type Effect,
  type PodState,
  type ProbeName,
  type ProbeState,
} from './state.ts';

/** Until its first success a probe is repeated faster than its period, so that readiness shows when it is there. */
const EAGER_MS_MIN = 20;
const EAGER_EXEC_MS_MIN = 100;
const EAGER_GROWTH = 1.6;
const TITLES: Readonly<Record<ProbeName, string>> = {
  startup: 'Startup',
  liveness: 'Liveness',
  readiness: 'Readiness',
};

const seconds = (value: number | undefined, fallback: number): number => (value ?? fallback) * 1000;

/** A container's probe of one kind. */
export function probeSpec(pod: kinds.Pod, name: string, probe: ProbeName): kinds.Probe | undefined {
  const container = containerSpec(pod, name);
  if (probe === 'startup') return container?.startupProbe;
  return probe === 'liveness' ? container?.livenessProbe : container?.readinessProbe;
}

/** Arms the probes of a container whose process has just started. */
export function armProbes(state: PodState, container: ContainerState, now_ms: number): void {
  container.probes = {};
  for (const name of ['startup', 'liveness', 'readiness'] as const) {
    const spec = probeSpec(state.pod, container.name, name);
    if (!spec || container.kind === 'init' || container.kind === 'ephemeral') continue;
    const first_ms = now_ms + seconds(spec.initialDelaySeconds, 0);
    container.probes[name] = {
      nextAt_ms: first_ms,
      gridAt_ms: first_ms,
      eager_ms: spec.exec ? EAGER_EXEC_MS_MIN : EAGER_MS_MIN,
      inFlight: false,
      successes: 0,
      failures: 0,
      passed: name === 'liveness',
    };
  }
}

/** Whether a probe may run now: liveness and readiness wait for the startup probe (KEP-950). */
const enabled = (container: ContainerState, name: ProbeName): boolean => {
  if (container.phase !== 'running' || container.hook === 'running') return false;
  const startup = container.probes.startup;
  return name === 'startup' ? startup !== undefined && !startup.passed : !startup || startup.passed;
};

/** Starts due probes; gives the time of the next one. */
export function runProbes(state: PodState, now_ms: number, effects: Effect[]): number | undefined {
  let wake_ms: number | undefined;
  for (const container of state.containers) {
    for (const [name, probe] of Object.entries(container.probes) as [ProbeName, ProbeState][]) {
      if (probe.inFlight || !enabled(container, name)) continue;
      if (probe.nextAt_ms > now_ms) {
        wake_ms = Math.min(wake_ms ?? Number.POSITIVE_INFINITY, probe.nextAt_ms);
        continue;
      }
      probe.inFlight = true;
      effects.push({ kind: 'probe', container: container.name, id: container.current?.id ?? '', probe: name });
    }
  }
  return wake_ms;
}

/** Takes in a result. Returns words when the container must be restarted because of it. */
export function probeResult(
  state: PodState,
  container: ContainerState,
  name: ProbeName,
  outcome: { readonly success: boolean; readonly output: string },
  now_ms: number,
  effects: Effect[],
): string | undefined {
  const probe = container.probes[name];
  const spec = probeSpec(state.pod, container.name, name);
  if (!probe || !spec) return undefined;
  probe.inFlight = false;
  const period_ms = Math.max(1000, seconds(spec.periodSeconds, 10));
  const onGrid = now_ms >= probe.gridAt_ms;
  while (probe.gridAt_ms <= now_ms) probe.gridAt_ms += period_ms;
  if (outcome.success) {
    probe.failures = 0;
    probe.successes++;
    if (probe.successes >= (spec.successThreshold ?? 1)) probe.passed = true;
    probe.nextAt_ms = probe.gridAt_ms;
    if (name === 'startup' && probe.passed) container.started = true;
    return undefined;
  }
  probe.successes = 0;
  const eager = !probe.passed && name !== 'liveness';
  probe.nextAt_ms = eager ? Math.min(now_ms + probe.eager_ms, probe.gridAt_ms) : probe.gridAt_ms;
  probe.eager_ms = Math.min(probe.eager_ms * EAGER_GROWTH, period_ms);
  if (!onGrid) return undefined;
  probe.failures++;
  effects.push({
    kind: 'event',
    type: 'Warning',
    reason: 'Unhealthy',
    message: `${TITLES[name]} probe failed: ${outcome.output}`,
    container: container.name,
  });
  if (probe.failures < (spec.failureThreshold ?? 3)) return undefined;
  if (name === 'readiness') {
    probe.passed = false;
    return undefined;
  }
  probe.failures = 0;
  return `Container ${container.name} failed ${name} probe, will be restarted`;
}

/** Ready as containerStatuses say it: running, started, and the readiness probe (if any) passes. */
export function isReady(container: ContainerState): boolean {
  if (container.kind === 'init') return container.phase === 'exited' && container.current?.exitCode === 0;
  if (container.phase !== 'running' && container.phase !== 'stopping') return false;
  return container.started && (container.probes.readiness?.passed ?? true);
}
