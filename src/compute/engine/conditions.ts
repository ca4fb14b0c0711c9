import type { kinds } from '../../kernel/index.ts';
import { isReady } from './probing.ts';
import type { ContainerState, PodState } from './state.ts';

interface Verdict {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason?: string;
  readonly message?: string;
}

const OWN = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'];

const list = (containers: readonly ContainerState[]): string => `[${containers.map(({ name }) => name).join(' ')}]`;

function initialized(state: PodState, done: boolean): Verdict {
  const type = 'Initialized';
  const incomplete = state.containers.filter(container =>
    container.kind === 'init' ? !isReady(container) : container.kind === 'sidecar' && !container.started,
  );
  const begun = state.containers.some(({ kind, current }) => kind === 'main' && current);
  if (state.finished === 'Succeeded') return { type, status: 'True', reason: 'PodCompleted' };
  if (incomplete.length === 0 || begun || done) return { type, status: 'True' };
  return {
    type,
    status: 'False',
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: ${list(incomplete)}`,
  };
}

function containersReady(state: PodState, phase: string): Verdict {
  const type = 'ContainersReady';
  if (phase === 'Succeeded') return { type, status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { type, status: 'False', reason: 'PodFailed' };
  const counted = state.containers.filter(({ kind }) => kind === 'main' || kind === 'sidecar');
  const unready = counted.filter(container => !isReady(container));
  if (unready.length === 0) return { type, status: 'True' };
  const message = `containers with unready status: ${list(unready)}`;
  return { type, status: 'False', reason: 'ContainersNotReady', message };
}

/** Ready is ContainersReady and every readiness gate (KEP-580). */
function ready(state: PodState, containers: Verdict): Verdict {
  if (containers.status === 'False') return { ...containers, type: 'Ready' };
  const conditions = state.pod.status?.conditions ?? [];
  const messages = (state.pod.spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
    const found = conditions.find(({ type }) => type === conditionType);
    if (!found) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    return found.status === 'True'
      ? []
      : [`the status of pod readiness gate "${conditionType}" is not "True", but ${found.status}`];
  });
  if (messages.length === 0) return { type: 'Ready', status: 'True' };
  return { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady', message: messages.join(', ') };
}

/** A pod's conditions; a transition time moves only when the status does. */
export function conditionsOf(state: PodState, phase: string, now_ms: number): kinds.PodCondition[] {
  const before = state.pod.status?.conditions ?? [];
  const containers = containersReady(state, phase);
  const verdicts: Verdict[] = [
    { type: 'PodReadyToStartContainers', status: state.sandbox === 'ready' ? 'True' : 'False' },
    initialized(state, phase === 'Running'),
    ready(state, containers),
    containers,
    { type: 'PodScheduled', status: 'True' },
  ];
  const now = new Date(now_ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
  const own = verdicts.map(verdict => {
    const known = before.find(({ type }) => type === verdict.type);
    const same = known?.status === verdict.status;
    const generation = state.pod.metadata.generation;
    return {
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      ...verdict,
      lastProbeTime: null,
      lastTransitionTime: same && known.lastTransitionTime ? known.lastTransitionTime : now,
    };
  });
  return [...own, ...before.filter(({ type }) => !OWN.includes(type))] as kinds.PodCondition[];
}
