/** The public face of scaling/: how many replicas, and why. */
export { type Scaling, type ScalingOptions, startScaling } from './controller.ts';
export { behaviorOf, type Hpa, parseHpa, rulesOf } from './dialects/hpa/parse.ts';
export { type PodMetricsObject, podMetricsSource } from './pod-metrics.ts';
export { decide, FRESH, metricName, scaled } from './engine/decide.ts';
export { changeIn, limit, remember, stabilize, stabilizeDown } from './engine/pace.ts';
export * from './engine/replicas.ts';
export { explainReplicas, type ReplicasAnswer } from './explain.ts';
export { DEFAULT_SETTINGS } from './engine/settings.ts';
export { servedMetrics, type ServedMetricsOptions } from './served-metrics.ts';
export type * from './model.ts';
export type { MetricsSource, PodScope } from './ports.ts';
