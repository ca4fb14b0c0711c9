/** A decision as the status of a HorizontalPodAutoscaler. */
import type { KubeObject, kinds } from '../../../kernel/index.ts';
import type { Condition, Decision, MetricStatus } from '../../model.ts';
import type { Hpa } from './parse.ts';

type HpaStatus = NonNullable<kinds.HorizontalPodAutoscaler['status']>;
type HpaCondition = NonNullable<HpaStatus['conditions']>[number];

export const timeText = (at_ms: number): string => new Date(at_ms).toISOString().replace(/\.\d{3}Z$/, 'Z');

/** Thousandths as the shortest quantity of the decimal kind. */
export function quantityText(milli: number): string {
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}

/** Conditions taken over, with the time of the last change of each. */
export function withConditions(
  before: readonly HpaCondition[],
  fresh: readonly Condition[],
  now_ms: number,
): HpaCondition[] {
  const conditions = [...before];
  for (const { type, status, reason, message } of fresh) {
    const at = conditions.findIndex(each => each.type === type);
    const text = status ? 'True' : 'False';
    const lastTransitionTime = conditions[at]?.status === text ? conditions[at]!.lastTransitionTime! : timeText(now_ms);
    const made = { type, status: text, lastTransitionTime, reason, message };
    if (at < 0) conditions.push(made);
    else conditions[at] = made;
  }
  return conditions;
}

function currentOf({ utilization, averageMilli, valueMilli }: MetricStatus): object {
  return {
    ...(utilization === undefined ? {} : { averageUtilization: utilization }),
    ...(averageMilli === undefined ? {} : { averageValue: quantityText(averageMilli) }),
    ...(valueMilli === undefined ? {} : { value: quantityText(valueMilli) }),
  };
}

function metricStatus(status: MetricStatus, spec: Record<string, never> | undefined): object {
  const current = currentOf(status);
  const { metric } = status;
  // Its place stays, so that what is known of the others is read at theirs.
  if (status.failed) return { type: '' };
  if (metric.kind === 'resource') {
    const base = { name: metric.resource, current };
    return metric.container === undefined
      ? { type: 'Resource', resource: base }
      : { type: 'ContainerResource', containerResource: { ...base, container: metric.container } };
  }
  const written = spec as unknown as { [part: string]: { metric?: object; describedObject?: object } } | undefined;
  const type = { pods: 'Pods', object: 'Object', external: 'External' }[metric.kind];
  const part = written?.[metric.kind];
  const described = metric.kind === 'object' ? { describedObject: part?.describedObject } : {};
  return { type, [metric.kind]: { metric: part?.metric ?? { name: metric.name }, current, ...described } };
}

export interface StatusFacts {
  readonly current: number;
  readonly desired: number;
  readonly decision: Decision;
  readonly conditions: readonly Condition[];
  readonly specs: readonly object[];
  readonly rescaledAt_ms?: number;
  readonly now_ms: number;
}

/** The whole status; the caller writes it where it differs. */
export function statusOf(hpa: Hpa, facts: StatusFacts): HpaStatus {
  const { current, desired, decision, conditions, specs, rescaledAt_ms, now_ms } = facts;
  const before = hpa.status;
  const statuses = decision.statuses.map((status, index) =>
    metricStatus(status, specs[index] as Record<string, never> | undefined),
  );
  const lastScaleTime = rescaledAt_ms === undefined ? before?.lastScaleTime : timeText(rescaledAt_ms);
  return {
    ...((hpa as KubeObject).metadata.generation === undefined || before?.observedGeneration === undefined
      ? {}
      : { observedGeneration: before.observedGeneration }),
    currentReplicas: current,
    desiredReplicas: desired,
    ...(statuses.length > 0 ? { currentMetrics: statuses as never } : { currentMetrics: null as never }),
    conditions: withConditions(before?.conditions ?? [], conditions, now_ms),
    ...(lastScaleTime === undefined ? {} : { lastScaleTime }),
  };
}
