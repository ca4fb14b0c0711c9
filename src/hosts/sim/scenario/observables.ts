/**
 * What expectations and `--break-when` can name: the run as somebody beside it sees it. Rates and latencies are over the last
 * minute of virtual time (less at the beginning of a load).
 */
export interface Observables {
  readonly pods: PodCounts;
  readonly nodes: { readonly total: number; readonly ready: number };
  /** By `namespace/name`, as all maps here that are of objects. */
  readonly deployments: Readonly<Record<string, DeploymentView>>;
  readonly statefulsets: Readonly<Record<string, WorkloadView>>;
  readonly daemonsets: Readonly<Record<string, WorkloadView>>;
  readonly jobs: Readonly<Record<string, JobView>>;
  readonly hpas: Readonly<Record<string, AutoscalerView>>;
  /** Pods of a namespace. */
  readonly namespaces: Readonly<Record<string, PodCounts>>;
  /** Requests by the load that sent them (`send.name`). */
  readonly traffic: Readonly<Record<string, TrafficView>>;
  /** Requests by the service they were sent to, calls between workloads too. */
  readonly services: Readonly<Record<string, TrafficView>>;
  /** Calls of admission webhooks by the Service (`namespace/name`) or host that answers. */
  readonly webhooks: Readonly<Record<string, WebhookView>>;
  /** By the source as it was named. */
  readonly deliveries: Readonly<Record<string, DeliveryView>>;
  /** Money spent so far. */
  readonly cost: number;
  readonly disruptions: { readonly active: number; readonly total: number };
  /** How often an invariant was found broken so far. */
  readonly violations: number;
  /** Virtual seconds since the start. */
  readonly time_s: number;
}

export interface PodCounts {
  readonly total: number;
  readonly pending: number;
  readonly running: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Ready by their condition, and not being deleted. */
  readonly ready: number;
  readonly terminating: number;
  readonly unscheduled: number;
  /** Restarts of all containers of the pods that are there. */
  readonly restarts: number;
}

export interface WorkloadView {
  /** Wanted. */
  readonly replicas: number;
  readonly current: number;
  readonly ready: number;
  readonly updated: number;
  readonly available: number;
}

export interface DeploymentView extends WorkloadView {
  /** The rollout is over: every replica is of the newest template and available. */
  readonly complete: boolean;
  /** The progress deadline passed. */
  readonly stuck: boolean;
  readonly revision: number;
}

export interface JobView {
  readonly active: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly complete: boolean;
}

export interface AutoscalerView {
  readonly min: number;
  readonly max: number;
  readonly current: number;
  readonly desired: number;
  /** At its limit: condition ScalingLimited. */
  readonly limited: boolean;
}

export interface WebhookView {
  readonly calls: number;
  /** Answers that refused. */
  readonly denied: number;
  /** Calls without an answer in time, or with one that is none. */
  readonly failed: number;
}

export interface DeliveryView {
  /** Everything the last revision that was read wants is applied. */
  readonly synced: boolean;
  readonly wanted: number;
  readonly applied: number;
  /** What is wrong with the source, or was refused. */
  readonly faults: number;
  /** Revisions of the branch that were not read yet. */
  readonly behind: number;
}

export interface TrafficView {
  /** Requests a second. */
  readonly rate: number;
  /** Since the start of the run. */
  readonly total: number;
  readonly ok: number;
  readonly errors: number;
  /** Share of the last minute's requests that failed, 0 to 1. */
  readonly errorRate: number;
  readonly mean_ms: number;
  readonly p50_ms: number;
  readonly p90_ms: number;
  readonly p99_ms: number;
}
