/** What the engine of this layer decides on: neutral types, no Kubernetes object. Amounts are in thousandths of their unit. */

/** One thing that is measured and held at a target. */
export type Metric =
  | ({ readonly kind: 'resource'; readonly resource: string; readonly container?: string } & ResourceTarget)
  | { readonly kind: 'pods'; readonly name: string; readonly averageMilli: number }
  | ({ readonly kind: 'object'; readonly name: string; readonly title: string } & TotalTarget)
  | ({ readonly kind: 'external'; readonly name: string; readonly title: string } & TotalTarget);

/** Percent of what pods request, or an amount a pod. */
export type ResourceTarget = { readonly utilization: number } | { readonly averageMilli: number };
/** One value for all, or an amount a pod. */
export type TotalTarget = { readonly valueMilli: number } | { readonly averageMilli: number };

export interface ScalingPolicy {
  readonly type: 'Pods' | 'Percent';
  readonly value: number;
  readonly period_s: number;
}

/** How fast one direction may go. */
export interface ScalingRules {
  readonly window_s: number;
  readonly select: 'Max' | 'Min' | 'Disabled';
  readonly policies: readonly ScalingPolicy[];
  /** Deviation from the target that is let be; the controller's own where absent. */
  readonly tolerance?: number;
}

export interface Behavior {
  readonly up: ScalingRules;
  readonly down: ScalingRules;
}

/** What is scaled between which bounds by which metrics. */
export interface Autoscaler {
  readonly min: number;
  readonly max: number;
  readonly metrics: readonly Metric[];
  /** Absent: the rules there were before behaviour could be written. */
  readonly behavior?: Behavior;
}

/** A pod as far as it counts. */
export interface ScaledPod {
  readonly name: string;
  readonly phase: string;
  readonly deleted: boolean;
  readonly startedAt_ms?: number;
  readonly ready?: { readonly status: boolean; readonly since_ms: number };
  /** Requests of the pod as a whole, where it states them: they count before its containers'. */
  readonly podRequests?: Readonly<Record<string, number>>;
  /** Requests of all containers that run beside each other, by resource and container. */
  readonly requests: readonly { readonly container: string; readonly milli: Readonly<Record<string, number>> }[];
}

/** What one pod used. */
export interface PodMetric {
  readonly valueMilli: number;
  readonly at_ms: number;
  readonly window_ms: number;
}

/** What came of asking for one metric. */
export type Reading =
  | { readonly kind: 'pods'; readonly values: ReadonlyMap<string, PodMetric> }
  | { readonly kind: 'total'; readonly valueMilli: number }
  | { readonly kind: 'failed'; readonly message: string };

/** Everything a decision is made of, beside the autoscaler itself. */
export interface Observation {
  /** Wall time: pods say in it when they started. */
  readonly now_ms: number;
  /** Monotonic time: what was wanted and done before is remembered by it, so that a wall clock put right moves no window. */
  readonly elapsed_ms: number;
  /** Wanted by the target's scale. */
  readonly specReplicas: number;
  /** There, by the target's scale. */
  readonly statusReplicas: number;
  readonly pods: readonly ScaledPod[];
  /** One a metric, in their order. */
  readonly readings: readonly Reading[];
}

export interface Recommendation {
  readonly replicas: number;
  readonly at_ms: number;
}

export interface ScaleEvent {
  readonly change: number;
  readonly at_ms: number;
  readonly outdated: boolean;
}

/** What an autoscaler remembers between decisions. */
export interface Memory {
  readonly recommendations: readonly Recommendation[];
  readonly ups: readonly ScaleEvent[];
  readonly downs: readonly ScaleEvent[];
}

/** A condition as it stands after a decision. */
export interface Condition {
  readonly type: 'ScalingActive' | 'AbleToScale' | 'ScalingLimited';
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
}

/** What is told of one metric: an amount a pod or in all, and a percentage. */
export interface MetricStatus {
  readonly metric: Metric;
  /** Nothing is known of it. */
  readonly failed?: true;
  readonly utilization?: number;
  readonly averageMilli?: number;
  readonly valueMilli?: number;
}

/** What the autoscaler wants, and why. */
export interface Decision {
  /** Absent where nothing could be decided. */
  readonly replicas?: number;
  readonly conditions: readonly Condition[];
  readonly statuses: readonly MetricStatus[];
  readonly memory: Memory;
  /** `cpu resource utilization (percentage of request) above target`. */
  readonly reason: string;
  /** Reason and text of every metric that failed. */
  readonly failures: readonly { readonly reason: string; readonly message: string }[];
  /** What all failures together come to, where they stop it. */
  readonly error?: string;
}

/** What the operator of the controller may set. */
export interface Settings {
  readonly tolerance: number;
  /** For so long after its start a pod's CPU counts only when it was ready for a whole window. */
  readonly cpuInitialization_ms: number;
  /** A pod that was unready from the start till now was never ready. */
  readonly initialReadiness_ms: number;
  /** How far back the highest recommendation counts where no behaviour is written. */
  readonly downscaleWindow_ms: number;
}
