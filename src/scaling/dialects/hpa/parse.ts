/** HorizontalPodAutoscaler, autoscaling/v2, to the layer's model. */
import { type KubeObject, type kinds, Quantity } from '../../../kernel/index.ts';
import type { Autoscaler, Behavior, Metric, ScalingRules } from '../../model.ts';

export type Hpa = kinds.HorizontalPodAutoscaler & KubeObject;

const NANO_PER_MILLI = 1_000_000n;

/** A quantity in thousandths, rounded up as Quantity.MilliValue does. */
export function milliOf(text: string | number | undefined): number {
  const { nano } = Quantity.of(text);
  return Number(nano / NANO_PER_MILLI) + (nano % NANO_PER_MILLI > 0n ? 1 : 0);
}

type Spec = NonNullable<NonNullable<kinds.HorizontalPodAutoscaler['spec']>['metrics']>[number];
type Target = { averageUtilization?: number; averageValue?: string | number; value?: string | number };

const resourceTarget = (target: Target): { utilization: number } | { averageMilli: number } =>
  target.averageUtilization === undefined
    ? { averageMilli: milliOf(target.averageValue) }
    : { utilization: target.averageUtilization };

const totalTarget = (target: Target): { valueMilli: number } | { averageMilli: number } =>
  target.value === undefined ? { averageMilli: milliOf(target.averageValue) } : { valueMilli: milliOf(target.value) };

/** A selector as programs written in Go print it: that is how the reference names a metric. */
export function selectorText(selector: kinds.LabelSelector | undefined): string {
  if (!selector) return 'nil';
  const labels = Object.entries(selector.matchLabels ?? {}).sort(([left], [right]) => (left < right ? -1 : 1));
  const pairs = labels.map(([key, value]) => `${key}: ${value},`).join('');
  const requirements = (selector.matchExpressions ?? [])
    .map(
      ({ key, operator, values }) =>
        `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${(values ?? []).join(' ')}],},`,
    )
    .join('');
  return `&LabelSelector{MatchLabels:map[string]string{${pairs}},MatchExpressions:[]LabelSelectorRequirement{${requirements}},}`;
}

function metricOf(spec: Spec): Metric | undefined {
  const { resource, containerResource, pods, object, external } = spec;
  if (spec.type === 'Resource' && resource)
    return { kind: 'resource', resource: resource.name, ...resourceTarget(resource.target) };
  if (spec.type === 'ContainerResource' && containerResource) {
    const { name, container, target } = containerResource;
    return { kind: 'resource', resource: name, container, ...resourceTarget(target) };
  }
  if (spec.type === 'Pods' && pods)
    return { kind: 'pods', name: pods.metric.name, averageMilli: milliOf(pods.target.averageValue) };
  if (spec.type === 'Object' && object)
    return {
      kind: 'object',
      name: object.metric.name,
      title:
        object.target.type === 'AverageValue'
          ? `external metric ${object.metric.name}(${selectorText(object.metric.selector)})`
          : `${object.describedObject.kind} metric ${object.metric.name}`,
      ...totalTarget(object.target),
    };
  if (spec.type === 'External' && external) {
    const { name, selector } = external.metric;
    const title = `external metric ${name}(${selectorText(selector)})`;
    return { kind: 'external', name, title, ...totalTarget(external.target) };
  }
  return undefined;
}

type Rules = NonNullable<NonNullable<kinds.HorizontalPodAutoscaler['spec']>['behavior']>['scaleUp'];

/** What the API fills in where a behaviour is written and a part of it is not. */
const DEFAULT_UP: ScalingRules = {
  window_s: 0,
  select: 'Max',
  policies: [
    { type: 'Pods', value: 4, period_s: 15 },
    { type: 'Percent', value: 100, period_s: 15 },
  ],
};
const DEFAULT_DOWN: ScalingRules = {
  window_s: 300,
  select: 'Max',
  policies: [{ type: 'Percent', value: 100, period_s: 15 }],
};

export function rulesOf(rules: Rules, byDefault: ScalingRules): ScalingRules {
  if (!rules) return byDefault;
  const { stabilizationWindowSeconds, selectPolicy, policies, tolerance } = rules;
  return {
    window_s: stabilizationWindowSeconds ?? byDefault.window_s,
    select: (selectPolicy ?? byDefault.select) as ScalingRules['select'],
    policies:
      policies?.map(({ type, value, periodSeconds }) => ({
        type: type as 'Pods' | 'Percent',
        value,
        period_s: periodSeconds,
      })) ?? byDefault.policies,
    ...(tolerance === undefined ? {} : { tolerance: milliOf(tolerance) / 1000 }),
  };
}

/** Both directions with their defaults. */
export const behaviorOf = (behavior: { scaleUp?: Rules; scaleDown?: Rules } | undefined): Behavior => ({
  up: rulesOf(behavior?.scaleUp, DEFAULT_UP),
  down: rulesOf(behavior?.scaleDown, DEFAULT_DOWN),
});

/** The autoscaler, and each metric's part of the spec beside it. */
export function parseHpa({ spec }: Hpa): { readonly autoscaler: Autoscaler; readonly specs: readonly Spec[] } {
  const known = (spec?.metrics ?? []).flatMap(each => {
    const metric = metricOf(each);
    return metric ? [{ metric, each }] : [];
  });
  return {
    autoscaler: {
      min: spec?.minReplicas ?? 1,
      max: spec?.maxReplicas ?? 1,
      metrics: known.map(({ metric }) => metric),
      ...(spec?.behavior ? { behavior: behaviorOf(spec.behavior) } : {}),
    },
    specs: known.map(({ each }) => each),
  };
}
