/** One autoscaler, one moment: how many replicas, and why. Pure. */
import type {
  Autoscaler,
  Condition,
  Decision,
  Memory,
  Metric,
  MetricStatus,
  Observation,
  Reading,
  Settings,
} from '../model.ts';
import { limit, limitPlain, remember, stabilize, stabilizeDown } from './pace.ts';
import {
  averageReplicas,
  NoProposal,
  type PodsQuestion,
  type Proposal,
  sharedReplicas,
  type Tolerance,
  utilizationReplicas,
  valueReplicas,
} from './replicas.ts';

export const FRESH: Memory = { recommendations: [], ups: [], downs: [] };

const condition = (type: Condition['type'], status: boolean, reason: string, message: string): Condition => ({
  type,
  status,
  reason,
  message,
});

/** What the controller calls a metric in reasons. */
export function metricName(metric: Metric): string {
  switch (metric.kind) {
    case 'resource': {
      if (!('utilization' in metric)) return `${metric.resource} resource`;
      const what = metric.container === undefined ? 'resource' : 'container resource';
      return `${metric.resource} ${what} utilization (percentage of request)`;
    }
    case 'pods':
      return `pods metric ${metric.name}`;
    case 'object':
    case 'external':
      return metric.title;
  }
}

const FAILURE_REASONS: Readonly<Record<Metric['kind'], string>> = {
  resource: 'FailedGetResourceMetric',
  pods: 'FailedGetPodsMetric',
  object: 'FailedGetObjectMetric',
  external: 'FailedGetExternalMetric',
};

const failureReason = (metric: Metric): string =>
  metric.kind === 'resource' && metric.container !== undefined
    ? 'FailedGetContainerResourceMetric'
    : FAILURE_REASONS[metric.kind];

function propose(
  metric: Metric,
  reading: Reading,
  seen: Observation,
  tolerance: Tolerance,
  settings: Settings,
): Proposal {
  if (reading.kind === 'failed') throw new NoProposal(reading.message);
  const { specReplicas: current, statusReplicas, pods, now_ms } = seen;
  if (metric.kind === 'object' || metric.kind === 'external') {
    const { valueMilli } = reading as Extract<Reading, { kind: 'total' }>;
    return 'valueMilli' in metric
      ? valueReplicas(current, valueMilli, metric.valueMilli, pods, tolerance)
      : sharedReplicas(statusReplicas, valueMilli, metric.averageMilli, tolerance);
  }
  const { values } = reading as Extract<Reading, { kind: 'pods' }>;
  const resource = metric.kind === 'resource' ? metric.resource : '';
  const question: PodsQuestion = { current, pods, metrics: values, resource, now_ms, tolerance, settings };
  if (metric.kind === 'resource' && 'utilization' in metric)
    return utilizationReplicas(question, metric.utilization, metric.container);
  return averageReplicas(question, metric.averageMilli);
}

function statusOf(metric: Metric, { utilization, milli }: Proposal): MetricStatus {
  if (metric.kind === 'resource' || metric.kind === 'pods')
    return { metric, averageMilli: milli, ...(utilization === undefined ? {} : { utilization }) };
  return 'valueMilli' in metric ? { metric, valueMilli: milli } : { metric, averageMilli: milli };
}

interface Computed {
  readonly replicas?: number;
  readonly name: string;
  readonly statuses: readonly MetricStatus[];
  readonly failures: Decision['failures'];
  readonly active: Condition;
  readonly error?: string;
}

/** The highest proposal of all metrics; a failed one forbids going down. */
function compute(autoscaler: Autoscaler, seen: Observation, settings: Settings): Computed {
  const { behavior, metrics } = autoscaler;
  const tolerance = {
    up: behavior?.up.tolerance ?? settings.tolerance,
    down: behavior?.down.tolerance ?? settings.tolerance,
  };
  const statuses: MetricStatus[] = [];
  const failures: { reason: string; message: string; metric: Metric }[] = [];
  let best: { replicas: number; name: string } | undefined;
  metrics.forEach((metric, index) => {
    try {
      const proposal = propose(metric, seen.readings[index]!, seen, tolerance, settings);
      statuses.push(statusOf(metric, proposal));
      if (!best || best.replicas === 0 || proposal.replicas > best.replicas)
        best = { replicas: proposal.replicas, name: metricName(metric) };
    } catch (error) {
      if (!(error instanceof NoProposal)) throw error;
      statuses.push({ metric, failed: true });
      failures.push({ reason: failureReason(metric), message: failureText(metric, error.message), metric });
    }
  });
  const [first] = failures;
  if (first && (!best || best.replicas < seen.specReplicas)) {
    const error = `invalid metrics (${failures.length} invalid out of ${metrics.length}), first error is: ${wrapped(first.metric, first.message)}`;
    const told = `the HPA was unable to compute the replica count: ${first.message}`;
    return { name: '', statuses, failures, active: condition('ScalingActive', false, first.reason, told), error };
  }
  const { replicas, name } = best!;
  const message = `the HPA was able to successfully calculate a replica count from ${name}`;
  return { replicas, name, statuses, failures, active: condition('ScalingActive', true, 'ValidMetricFound', message) };
}

/** What went wrong with a metric, as its condition and Event tell it. */
function failureText(metric: Metric, message: string): string {
  if (metric.kind !== 'resource') return message;
  return `failed to get ${metric.resource} ${'utilization' in metric ? 'utilization' : 'usage'}: ${message}`;
}

/** The same as part of what all metrics come to. */
function wrapped(metric: Metric, message: string): string {
  const average = 'averageMilli' in metric;
  switch (metric.kind) {
    case 'resource':
      return `failed to get ${metric.container === undefined ? `${metric.resource} resource` : `${metric.container} container`} metric value: ${message}`;
    case 'pods':
      return `failed to get pods metric value: ${message}`;
    case 'object':
      return `failed to get object metric value: ${average ? `failed to get ${metric.name} object metric: ` : ''}${message}`;
    case 'external': {
      const inner = average ? `${metric.name} external metric` : `external metric ${metric.name}`;
      return `failed to get ${metric.name} external metric value: failed to get ${inner}: ${message}`;
    }
  }
}

function normalize(autoscaler: Autoscaler, wanted: number, seen: Observation, memory: Memory, settings: Settings) {
  const { behavior } = autoscaler;
  const { specReplicas: current, elapsed_ms } = seen;
  const stable = behavior
    ? stabilize(current, wanted, behavior, memory.recommendations, elapsed_ms)
    : stabilizeDown(wanted, memory.recommendations, settings.downscaleWindow_ms, elapsed_ms);
  const last = behavior
    ? limit(current, stable.replicas, autoscaler, behavior, memory, elapsed_ms)
    : limitPlain(current, stable.replicas, autoscaler);
  return {
    replicas: last.replicas,
    recommendations: stable.recommendations,
    conditions: [
      condition('AbleToScale', true, stable.reason, stable.message),
      condition('ScalingLimited', last.replicas !== stable.replicas, last.reason, last.message),
    ],
  };
}

/** Whether metrics are asked: a target that is switched off and bounds come first. */
export const needsMetrics = ({ min, max }: Autoscaler, current: number): boolean =>
  !(current === 0 && min !== 0) && current <= max && current >= min;

/** Decides. `memory` is what the decision before left. */
export function decide(autoscaler: Autoscaler, seen: Observation, before: Memory, settings: Settings): Decision {
  const { min, max } = autoscaler;
  const { specReplicas: current, elapsed_ms: at_ms } = seen;
  const memory =
    before.recommendations.length > 0 ? before : { ...before, recommendations: [{ replicas: current, at_ms }] };
  const plain = { statuses: [], failures: [], memory, conditions: [] } as const;
  if (current === 0 && min !== 0) {
    const message = 'scaling is disabled since the replica count of the target is zero';
    return {
      ...plain,
      replicas: 0,
      reason: '',
      conditions: [condition('ScalingActive', false, 'ScalingDisabled', message)],
    };
  }
  if (current > max) return { ...plain, replicas: max, reason: 'Current number of replicas above Spec.MaxReplicas' };
  if (current < min) return { ...plain, replicas: min, reason: 'Current number of replicas below Spec.MinReplicas' };
  const computed = compute(autoscaler, seen, settings);
  const { statuses, failures, active } = computed;
  if (computed.replicas === undefined)
    return { statuses, failures, memory, conditions: [active], reason: '', error: computed.error! };
  const wanted = computed.replicas;
  const reason =
    wanted > current ? `${computed.name} above target` : wanted < current ? 'All metrics below target' : '';
  const { replicas, recommendations, conditions } = normalize(autoscaler, wanted, seen, memory, settings);
  return {
    replicas,
    statuses,
    failures,
    reason,
    memory: { ...memory, recommendations },
    conditions: [active, ...conditions],
  };
}

/** What is remembered after the target was scaled. */
export function scaled({ behavior }: Autoscaler, memory: Memory, from: number, to: number, now_ms: number): Memory {
  if (!behavior || from === to) return memory;
  return to > from
    ? { ...memory, ups: remember(memory.ups, to - from, behavior.up, now_ms) }
    : { ...memory, downs: remember(memory.downs, from - to, behavior.down, now_ms) };
}
