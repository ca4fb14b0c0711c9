import { Quantity } from '../../quantity.ts';
import { type Draft, isDraft, part, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { specOf, text } from './common.ts';
import { dnsLabel, pathSegment } from './names.ts';

/** autoscaling/v2 HorizontalPodAutoscaler: bounds, target and metrics (ValidateHorizontalPodAutoscalerSpec). */
export function autoscaler(object: Draft, causes: Causes): void {
  const spec = specOf(object);
  const [low, high] = [Number(spec.minReplicas ?? 1), Number(spec.maxReplicas ?? 0)];
  if (low < 1) causes.invalid('spec.minReplicas', low, 'must be greater than or equal to 1');
  if (high < 1) causes.invalid('spec.maxReplicas', high, 'must be greater than 0');
  if (high < low) causes.invalid('spec.maxReplicas', high, 'must be greater than or equal to `minReplicas`');
  reference(part(spec, 'scaleTargetRef') ?? {}, 'spec.scaleTargetRef', causes);
  const metrics = parts(spec, 'metrics');
  // What autoscaling/v1 says of the processor is the first metric of the newer form.
  const cpu = spec.targetCPUUtilizationPercentage;
  if (typeof cpu === 'number' && cpu < 1)
    causes.invalid('spec.metrics[0].resource.target.averageUtilization', cpu, 'must be greater than 0');
  metrics.forEach((metric, i) => metricSource(metric, `spec.metrics[${i}]`, causes));
  if (low === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External'))
    causes.forbidden(
      'spec.metrics',
      'must specify at least one Object or External metric to support scaling to zero replicas',
    );
  for (const direction of ['scaleUp', 'scaleDown']) {
    const rules = part(part(spec, 'behavior'), direction);
    if (rules) scalingRules(rules, `spec.behavior.${direction}`, causes);
  }
}

const WINDOW_SECONDS_MAX = 3600;
const PERIOD_SECONDS_MAX = 1800;

/** How fast replicas come or go (autoscaling/v2 validateScalingRules). */
function scalingRules(rules: Draft, at: string, causes: Causes): void {
  const window = rules.stabilizationWindowSeconds;
  if (typeof window === 'number') {
    const where = `${at}.stabilizationWindowSeconds`;
    if (window < 0) causes.invalid(where, window, 'must be greater than or equal to zero');
    if (window > WINDOW_SECONDS_MAX)
      causes.invalid(where, window, `must be less than or equal to ${WINDOW_SECONDS_MAX}`);
  }
  if (rules.selectPolicy !== undefined)
    causes.oneOf(`${at}.selectPolicy`, rules.selectPolicy, ['Disabled', 'Max', 'Min']);
  const policies = parts(rules, 'policies');
  if (policies.length === 0) causes.required(`${at}.policies`, 'must specify at least one Policy');
  policies.forEach((policy, i) => {
    const where = `${at}.policies[${i}]`;
    causes.oneOf(`${where}.type`, text(policy.type), ['Percent', 'Pods']);
    const [value, period] = [Number(policy.value ?? 0), Number(policy.periodSeconds ?? 0)];
    if (value <= 0) causes.invalid(`${where}.value`, value, 'must be greater than zero');
    if (period <= 0) causes.invalid(`${where}.periodSeconds`, period, 'must be greater than zero');
    if (period > PERIOD_SECONDS_MAX)
      causes.invalid(`${where}.periodSeconds`, period, `must be less than or equal to ${PERIOD_SECONDS_MAX}`);
  });
}

function named(target: Draft, at: string, causes: Causes): void {
  for (const field of ['kind', 'name']) {
    const value = text(target[field]);
    if (value === '') causes.required(`${at}.${field}`);
    else causes.invalidAll(`${at}.${field}`, value, pathSegment(value));
  }
}

function reference(target: Draft, at: string, causes: Causes): void {
  named(target, at, causes);
  const version = text(target.apiVersion);
  const slashes = version.split('/').length - 1;
  if (slashes > 1) causes.invalid(`${at}.apiVersion`, version, `unexpected GroupVersion string: ${version}`);
  else if ((slashes === 0 || version.startsWith('/')) && !(version === 'v1' && target.kind === 'ReplicationController'))
    causes.invalid(`${at}.apiVersion`, version, 'apiVersion must specify API group');
}

type Source = (source: Draft, at: string, causes: Causes) => void;

/** Metric types, the field each fills and how that is checked. */
const METRICS: ReadonlyMap<string, readonly [string, Source]> = new Map<string, readonly [string, Source]>([
  ['ContainerResource', ['containerResource', containerResource]],
  ['External', ['external', external]],
  ['Object', ['object', objectMetric]],
  ['Pods', ['pods', podsMetric]],
  ['Resource', ['resource', resource]],
]);

function metricSource(metric: Draft, at: string, causes: Causes): void {
  const type = text(metric.type);
  if (type === '') causes.required(`${at}.type`, 'must specify a metric source type');
  const known = METRICS.get(type);
  if (known === undefined) {
    // Said where it is looked up and once more where nothing is found for it.
    for (let times = 0; times < 2; times++) causes.notSupported(`${at}.type`, type, [...METRICS.keys()]);
    return;
  }
  const [field, check] = known;
  for (const [other] of METRICS.values()) {
    if (other !== field && isDraft(metric[other]))
      causes.forbidden(`${at}.${other}`, 'must populate the given metric source only');
  }
  const source = part(metric, field);
  if (source === undefined)
    return causes.required(`${at}.${field}`, 'must populate information for the given metric source');
  return check(source, `${at}.${field}`, causes);
}

function target(source: Draft, at: string, causes: Causes): Draft {
  const own = part(source, 'target') ?? {};
  const type = text(own.type);
  if (type === '') causes.required(`${at}.target.type`, 'must specify a metric target type');
  if (!['Utilization', 'Value', 'AverageValue'].includes(type))
    causes.invalid(`${at}.target.type`, type, 'must be either Utilization, Value, or AverageValue');
  for (const field of ['value', 'averageValue']) {
    if (own[field] === undefined) continue;
    const amount = Quantity.of(String(own[field]));
    if (amount.nano <= 0n) causes.invalid(`${at}.target.${field}`, amount.toString(), 'must be positive');
  }
  if (typeof own.averageUtilization === 'number' && own.averageUtilization < 1)
    causes.invalid(`${at}.target.averageUtilization`, own.averageUtilization, 'must be greater than 0');
  return own;
}

function resource(source: Draft, at: string, causes: Causes): void {
  if (text(source.name) === '') causes.required(`${at}.name`, 'must specify a resource name');
  const own = target(source, at, causes);
  if (own.averageUtilization === undefined && own.averageValue === undefined) {
    causes.required(`${at}.target.averageUtilization`, 'must set either a target raw value or a target utilization');
  } else if (own.averageUtilization !== undefined && own.averageValue !== undefined) {
    causes.forbidden(`${at}.target.averageValue`, 'may not set both a target raw value and a target utilization');
  }
}

function containerResource(source: Draft, at: string, causes: Causes): void {
  const container = text(source.container);
  if (container === '') causes.required(`${at}.container`, 'must specify a container');
  else causes.invalidAll(`${at}.container`, container, dnsLabel(container));
  resource(source, at, causes);
}

function metricName(source: Draft, at: string, causes: Causes): void {
  const metric = part(source, 'metric');
  const name = text(metric?.name);
  if (name === '') causes.required(`${at}.metric.name`, 'must specify a metric name');
  else causes.invalidAll(`${at}.metric.name`, name, pathSegment(name));
}

function external(source: Draft, at: string, causes: Causes): void {
  metricName(source, at, causes);
  const own = target(source, at, causes);
  if (own.value === undefined && own.averageValue === undefined)
    causes.required(`${at}.target.averageValue`, 'must set either a target value for metric or a per-pod target');
  else if (own.value !== undefined && own.averageValue !== undefined)
    causes.forbidden(`${at}.target.value`, 'may not set both a target value for metric and a per-pod target');
}

function objectMetric(source: Draft, at: string, causes: Causes): void {
  named(part(source, 'describedObject') ?? {}, `${at}.describedObject`, causes);
  metricName(source, at, causes);
  const own = target(source, at, causes);
  if (own.value === undefined && own.averageValue === undefined)
    causes.required(`${at}.target.averageValue`, 'must set either a target value or averageValue');
}

function podsMetric(source: Draft, at: string, causes: Causes): void {
  metricName(source, at, causes);
  const own = target(source, at, causes);
  if (own.averageValue === undefined || Quantity.of(String(own.averageValue)).nano <= 0n)
    causes.required(`${at}.target.averageValue`, 'must specify a positive target averageValue');
}
