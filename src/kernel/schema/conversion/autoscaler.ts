import type { Json, JsonObject, KindRef, KubeObject } from '../../object.ts';
import { type Draft, isDraft, part, parts } from '../defaults/fill.ts';

const METRICS = 'autoscaling.alpha.kubernetes.io/metrics';
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior';
const CURRENT = 'autoscaling.alpha.kubernetes.io/current-metrics';
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions';

const isCpuUtilization = (metric: Draft): boolean =>
  metric.type === 'Resource' &&
  part(metric, 'resource')?.name === 'cpu' &&
  part(part(metric, 'resource'), 'target')?.averageUtilization !== undefined;

function toV1(object: KubeObject): KubeObject {
  const spec = isDraft(object.spec) ? { ...object.spec } : {};
  const status = isDraft(object.status) ? { ...object.status } : {};
  const annotations: { [key: string]: string } = { ...object.metadata.annotations };
  const metrics = parts(spec, 'metrics');
  const cpu = metrics.find(isCpuUtilization);
  if (cpu) spec.targetCPUUtilizationPercentage = part(part(cpu, 'resource'), 'target')!.averageUtilization;
  const rest = metrics.filter(metric => metric !== cpu);
  if (rest.length > 0) annotations[METRICS] = JSON.stringify(rest);
  if (spec.behavior !== undefined) annotations[BEHAVIOR] = JSON.stringify(spec.behavior);
  const current = parts(status, 'currentMetrics');
  const currentCpu = current.find(metric => metric.type === 'Resource' && part(metric, 'resource')?.name === 'cpu');
  const utilization = part(part(currentCpu, 'resource'), 'current')?.averageUtilization;
  if (utilization !== undefined) status.currentCPUUtilizationPercentage = utilization;
  if (current.some(metric => metric !== currentCpu)) annotations[CURRENT] = JSON.stringify(current);
  if (Array.isArray(status.conditions) && status.conditions.length > 0)
    annotations[CONDITIONS] = JSON.stringify(status.conditions);
  delete spec.metrics;
  delete spec.behavior;
  delete status.currentMetrics;
  delete status.conditions;
  return withParts(object, 'autoscaling/v1', spec, status, annotations);
}

function parsed(annotations: { [key: string]: string }, name: string): Json | undefined {
  const text = annotations[name];
  delete annotations[name];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function toV2(object: KubeObject): KubeObject {
  const spec = isDraft(object.spec) ? { ...object.spec } : {};
  const status = isDraft(object.status) ? { ...object.status } : {};
  const annotations: { [key: string]: string } = { ...object.metadata.annotations };
  const metrics = parsed(annotations, METRICS);
  const behavior = parsed(annotations, BEHAVIOR);
  const current = parsed(annotations, CURRENT);
  const conditions = parsed(annotations, CONDITIONS);
  const list: Json[] = Array.isArray(metrics) ? [...metrics] : [];
  if (typeof spec.targetCPUUtilizationPercentage === 'number') {
    const target: JsonObject = { type: 'Utilization', averageUtilization: spec.targetCPUUtilizationPercentage };
    list.unshift({ type: 'Resource', resource: { name: 'cpu', target } });
  }
  if (list.length > 0) spec.metrics = list;
  if (behavior !== undefined) spec.behavior = behavior;
  if (Array.isArray(current)) status.currentMetrics = current;
  else if (typeof status.currentCPUUtilizationPercentage === 'number') {
    const averageUtilization = status.currentCPUUtilizationPercentage;
    status.currentMetrics = [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization } } }];
  }
  if (Array.isArray(conditions)) status.conditions = conditions;
  delete spec.targetCPUUtilizationPercentage;
  delete status.currentCPUUtilizationPercentage;
  return withParts(object, 'autoscaling/v2', spec, status, annotations);
}

function withParts(
  object: KubeObject,
  apiVersion: string,
  spec: Draft,
  status: Draft,
  annotations: { [key: string]: string },
): KubeObject {
  const { annotations: _old, ...metadata } = object.metadata;
  const kept = Object.keys(annotations).length > 0 ? { annotations } : {};
  return {
    ...object,
    apiVersion,
    metadata: { ...metadata, ...kept },
    spec,
    ...(object.status === undefined ? {} : { status }),
  };
}

/** autoscaling v1 <-> v2: what v1 cannot say travels in annotations, as the API server keeps it. */
export function convertAutoscaler(object: KubeObject, to: KindRef): KubeObject {
  return to.version === 'v1' ? toV1(object) : toV2(object);
}
