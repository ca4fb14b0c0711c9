import type { KubeObject } from '../../kernel/index.ts';
import { humanDuration } from './format.ts';
import {
  ageCell,
  at,
  containerCells,
  type Fields,
  labelsCell,
  listAt,
  nameOf,
  numberAt,
  shape,
  textAt,
} from './shape.ts';
import type { Cell, TableShape } from './shape.ts';

const restartable = (container: Fields | undefined): boolean => container?.restartPolicy === 'Always';

/** Latest finish among last terminations, in milliseconds; 0 for none. */
const finishedAt = (status: Fields): number => Date.parse(textAt(status, 'lastState.terminated.finishedAt')) || 0;

const condition = (pod: KubeObject, type: string): Fields | undefined =>
  listAt(pod, 'status.conditions').find(one => one.type === type);

const terminatedText = (terminated: unknown): string => {
  const reason = textAt(terminated, 'reason');
  if (reason) return reason;
  const signal = numberAt(terminated, 'signal');
  return signal !== 0 ? `Signal:${signal}` : `ExitCode:${numberAt(terminated, 'exitCode')}`;
};

interface Summary {
  reason: string;
  ready: number;
  total: number;
  restarts: number;
  lastRestart_ms: number;
}

/** What init containers say: whether the pod is still initializing, and the restarts of sidecars. */
function initContainers(
  pod: KubeObject,
  summary: Summary,
): { initializing: boolean; restarts: number; lastRestart_ms: number } {
  const specs = listAt(pod, 'spec.initContainers');
  const byName = new Map(specs.map(spec => [spec.name, spec]));
  const sidecars = { restarts: 0, lastRestart_ms: 0 };
  const statuses = listAt(pod, 'status.initContainerStatuses');
  for (const [i, status] of statuses.entries()) {
    summary.restarts += numberAt(status, 'restartCount');
    summary.lastRestart_ms = Math.max(summary.lastRestart_ms, finishedAt(status));
    const sidecar = restartable(byName.get(status.name));
    if (sidecar) {
      sidecars.restarts += numberAt(status, 'restartCount');
      sidecars.lastRestart_ms = Math.max(sidecars.lastRestart_ms, finishedAt(status));
    }
    const terminated = at(status, 'state.terminated');
    const waiting = textAt(status, 'state.waiting.reason');
    if (terminated && numberAt(terminated, 'exitCode') === 0) continue;
    if (sidecar && status.started === true) {
      if (status.ready === true) summary.ready++;
      continue;
    }
    if (terminated) summary.reason = `Init:${terminatedText(terminated)}`;
    else if (waiting && waiting !== 'PodInitializing') summary.reason = `Init:${waiting}`;
    else summary.reason = `Init:${i}/${specs.length}`;
    return { initializing: true, ...sidecars };
  }
  return { initializing: false, ...sidecars };
}

function mainContainers(pod: KubeObject, summary: Summary): void {
  let running = false;
  for (const status of listAt(pod, 'status.containerStatuses').toReversed()) {
    summary.restarts += numberAt(status, 'restartCount');
    summary.lastRestart_ms = Math.max(summary.lastRestart_ms, finishedAt(status));
    const waiting = textAt(status, 'state.waiting.reason');
    const terminated = at(status, 'state.terminated');
    if (waiting) summary.reason = waiting;
    else if (terminated) summary.reason = terminatedText(terminated);
    else if (status.ready === true && at(status, 'state.running')) {
      running = true;
      summary.ready++;
    }
  }
  if (summary.reason === 'Completed' && running)
    summary.reason = condition(pod, 'Ready')?.status === 'True' ? 'Running' : 'NotReady';
}

/** READY, STATUS and RESTARTS of a pod. */
export function summarize(pod: KubeObject): Summary {
  const phase = textAt(pod, 'status.phase');
  const sidecarSpecs = listAt(pod, 'spec.initContainers').filter(restartable).length;
  const summary: Summary = {
    reason: textAt(pod, 'status.reason') || phase,
    ready: 0,
    total: listAt(pod, 'spec.containers').length + sidecarSpecs,
    restarts: 0,
    lastRestart_ms: 0,
  };
  if (condition(pod, 'PodScheduled')?.reason === 'SchedulingGated') summary.reason = 'SchedulingGated';
  const init = initContainers(pod, summary);
  if (!init.initializing || condition(pod, 'Initialized')?.status === 'True') {
    summary.restarts = init.restarts;
    summary.lastRestart_ms = init.lastRestart_ms;
    mainContainers(pod, summary);
  }
  if (pod.metadata.deletionTimestamp) {
    if (textAt(pod, 'status.reason') === 'NodeLost') summary.reason = 'Unknown';
    else if (phase !== 'Succeeded' && phase !== 'Failed') summary.reason = 'Terminating';
  }
  return summary;
}

function readinessGates(pod: KubeObject): string {
  const gates = listAt(pod, 'spec.readinessGates');
  if (gates.length === 0) return '<none>';
  const met = gates.filter(gate => condition(pod, String(gate.conditionType))?.status === 'True').length;
  return `${met}/${gates.length}`;
}

function podCells(pod: KubeObject, now_ms: number): Cell[] {
  const { reason, ready, total, restarts, lastRestart_ms } = summarize(pod);
  const restartsText =
    restarts !== 0 && lastRestart_ms > 0
      ? `${restarts} (${humanDuration(now_ms - lastRestart_ms)} ago)`
      : String(restarts);
  return [
    nameOf(pod),
    `${ready}/${total}`,
    reason,
    restartsText,
    ageCell(pod, now_ms),
    textAt(listAt(pod, 'status.podIPs')[0], 'ip') || textAt(pod, 'status.podIP', '<none>'),
    textAt(pod, 'spec.nodeName', '<none>'),
    textAt(pod, 'status.nominatedNodeName', '<none>'),
    readinessGates(pod),
  ];
}

export const POD_SHAPES: readonly (readonly [string, TableShape])[] = [
  ['/Pod', shape('Name|Ready|Status|Restarts|Age|IP*|Node*|Nominated Node*|Readiness Gates*', podCells)],
  [
    '/PodTemplate',
    shape('Name|Containers|Images|Pod Labels', object => [
      nameOf(object),
      ...containerCells(object.template),
      labelsCell(at(object, 'template.metadata.labels')),
    ]),
  ],
];
