/** Keeps what expectations can name up to date from what is committed and sent: an observer like any other. */
import type { KubeObject } from '../../kernel/index.ts';
import { LatencyHistogram } from './latency.ts';
import type { Commit, Delivered, Disruption, Observer, Reviewed, Traffic } from './model.ts';
import type {
  AutoscalerView,
  DeliveryView,
  DeploymentView,
  JobView,
  Observables,
  PodCounts,
  TrafficView,
  WebhookView,
  WorkloadView,
} from './scenario/observables.ts';

type Writable<T> = { -readonly [key in keyof T]: T[key] };

const WINDOW_MS = 60_000;
const SLICES = 12;
const SLICE_MS = WINDOW_MS / SLICES;

const noPods = (): Writable<PodCounts> => ({
  total: 0,
  pending: 0,
  running: 0,
  succeeded: 0,
  failed: 0,
  ready: 0,
  terminating: 0,
  unscheduled: 0,
  restarts: 0,
});

interface PodFacts {
  spec?: { nodeName?: string };
  status?: {
    phase?: string;
    conditions?: { type: string; status: string }[];
    containerStatuses?: { restartCount?: number }[];
    initContainerStatuses?: { restartCount?: number }[];
  };
}

const PHASES: Readonly<Record<string, 'pending' | 'running' | 'succeeded' | 'failed'>> = {
  Pending: 'pending',
  Running: 'running',
  Succeeded: 'succeeded',
  Failed: 'failed',
};

function countPod(counts: Writable<PodCounts>, object: KubeObject, by: 1 | -1): void {
  const { spec, status } = object as KubeObject & PodFacts;
  counts.total += by;
  counts[PHASES[status?.phase ?? 'Pending'] ?? 'pending'] += by;
  const terminating = object.metadata.deletionTimestamp !== undefined;
  if (terminating) counts.terminating += by;
  if (!spec?.nodeName) counts.unscheduled += by;
  if (!terminating && isTrue(status?.conditions, 'Ready')) counts.ready += by;
  for (const list of [status?.containerStatuses, status?.initContainerStatuses])
    for (const container of list ?? []) counts.restarts += by * (container.restartCount ?? 0);
}

const isTrue = (conditions: readonly { type: string; status: string }[] | undefined, type: string): boolean =>
  conditions?.some(condition => condition.type === type && condition.status === 'True') ?? false;

const number = (value: unknown, otherwise = 0): number => (typeof value === 'number' ? value : otherwise);

interface Workload {
  metadata: KubeObject['metadata'] & { generation?: number };
  spec?: { replicas?: number; completions?: number };
  status?: Record<string, unknown> & { conditions?: { type: string; status: string; reason?: string }[] };
}

function workloadView({ spec, status = {} }: Workload): WorkloadView {
  return {
    replicas: number(spec?.replicas, 1),
    current: number(status.replicas),
    ready: number(status.readyReplicas),
    updated: number(status.updatedReplicas),
    available: number(status.availableReplicas),
  };
}

function deploymentView(object: KubeObject): DeploymentView {
  const workload = object as unknown as Workload;
  const { metadata, status = {} } = workload;
  const view = workloadView(workload);
  const observed = number(status.observedGeneration) >= number(metadata.generation, 1);
  const { replicas, current, updated, available } = view;
  return {
    ...view,
    complete: observed && updated === replicas && current === replicas && available === replicas,
    stuck: status.conditions?.some(({ reason }) => reason === 'ProgressDeadlineExceeded') ?? false,
    revision: Number(metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0),
  };
}

function daemonSetView(object: KubeObject): WorkloadView {
  const { status = {} } = object as unknown as Workload;
  return {
    replicas: number(status.desiredNumberScheduled),
    current: number(status.currentNumberScheduled),
    ready: number(status.numberReady),
    updated: number(status.updatedNumberScheduled),
    available: number(status.numberAvailable),
  };
}

function jobView(object: KubeObject): JobView {
  const { status = {} } = object as unknown as Workload;
  return {
    active: number(status.active),
    succeeded: number(status.succeeded),
    failed: number(status.failed),
    complete: isTrue(status.conditions, 'Complete'),
  };
}

function autoscalerView(object: KubeObject): AutoscalerView {
  const { spec, status } = object as unknown as { spec: Record<string, unknown>; status?: Workload['status'] };
  return {
    min: number(spec.minReplicas, 1),
    max: number(spec.maxReplicas),
    current: number(status?.currentReplicas),
    desired: number(status?.desiredReplicas),
    limited: isTrue(status?.conditions, 'ScalingLimited'),
  };
}

/** Which map of the observables a collection fills, and how. */
const VIEWS: Readonly<Record<string, readonly [ViewName, (object: KubeObject) => unknown]>> = {
  'apps/deployments': ['deployments', deploymentView],
  'apps/statefulsets': ['statefulsets', object => workloadView(object as unknown as Workload)],
  'apps/daemonsets': ['daemonsets', daemonSetView],
  'batch/jobs': ['jobs', jobView],
  'autoscaling/horizontalpodautoscalers': ['hpas', autoscalerView],
};
/** Objects that say nothing of what may talk, run or be admitted. */
const FLEETING = new Set(['events', 'events.k8s.io/events', 'coordination.k8s.io/leases']);

/** A map by names that come from manifests. */
const bare = <T>(): Record<string, T> => Object.create(null) as Record<string, T>;

type ViewName = 'deployments' | 'statefulsets' | 'daemonsets' | 'jobs' | 'hpas';

/** Requests of one name: all of them, and the last minute in slices. */
class TrafficCount {
  total = 0;
  ok = 0;
  errors = 0;
  readonly #slices = Array.from({ length: SLICES }, () => ({
    from: -1,
    ok: 0,
    errors: 0,
    latency: new LatencyHistogram(),
  }));
  #first = -1;
  #shown: { readonly t: number; readonly view: TrafficView } | undefined;

  add({ t, outcome, latency_ms, count }: Traffic): void {
    if (this.#first < 0) this.#first = t;
    const from = Math.floor(t / SLICE_MS);
    const slice = this.#slices[from % SLICES]!;
    if (slice.from !== from) {
      Object.assign(slice, { from, ok: 0, errors: 0 });
      slice.latency.clear();
    }
    const good = outcome === 'ok';
    this.total += count;
    if (good) {
      this.ok += count;
      slice.ok += count;
    } else {
      this.errors += count;
      slice.errors += count;
    }
    slice.latency.add(latency_ms, count);
  }

  view(t: number): TrafficView {
    if (this.#shown?.t !== t || this.#shown.view.total !== this.total) this.#shown = { t, view: this.#count(t) };
    return this.#shown.view;
  }

  #count(t: number): TrafficView {
    const oldest = Math.floor(t / SLICE_MS) - SLICES + 1;
    const latency = new LatencyHistogram();
    let ok = 0;
    let errors = 0;
    for (const slice of this.#slices) {
      if (slice.from < oldest) continue;
      ok += slice.ok;
      errors += slice.errors;
      latency.merge(slice.latency);
    }
    const seconds = Math.max(1, Math.min(t - Math.max(oldest * SLICE_MS, this.#first), WINDOW_MS) / 1000);
    return {
      rate: (ok + errors) / seconds,
      total: this.total,
      ok: this.ok,
      errors: this.errors,
      errorRate: ok + errors === 0 ? 0 : errors / (ok + errors),
      mean_ms: latency.mean_ms,
      p50_ms: latency.quantile(0.5),
      p90_ms: latency.quantile(0.9),
      p99_ms: latency.quantile(0.99),
    };
  }
}

/** Counts by names, and what they show: made when somebody looks. */
class TrafficCounts {
  readonly views: Record<string, TrafficView> = bare();
  readonly #counts = new Map<string, TrafficCount>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  add(name: string, traffic: Traffic): void {
    let count = this.#counts.get(name);
    if (!count) {
      const made = (count = new TrafficCount());
      this.#counts.set(name, made);
      Object.defineProperty(this.views, name, { enumerable: true, get: () => made.view(this.#now()) });
    }
    count.add(traffic);
  }
}

export interface ObservedOptions {
  /** Money spent so far. */
  readonly cost?: () => number;
  readonly violations?: () => number;
}

/** Every name expressions can begin with. */
export type ObservableName = keyof Observables;

/** The observables of a run at any moment. */
export class Observed implements Observer {
  /** How often what a name stands for has changed: what hangs on none that did need not be looked at again. */
  readonly versions: Record<ObservableName | 'objects', number> = {
    pods: 0,
    nodes: 0,
    deployments: 0,
    statefulsets: 0,
    daemonsets: 0,
    jobs: 0,
    hpas: 0,
    namespaces: 0,
    traffic: 0,
    services: 0,
    deliveries: 0,
    webhooks: 0,
    cost: 0,
    disruptions: 0,
    violations: 0,
    time_s: 0,
    objects: 0,
  };
  readonly #options: ObservedOptions;
  readonly #pods = noPods();
  readonly #namespaces: Record<string, Writable<PodCounts>> = bare();
  readonly #nodes = { total: 0, ready: 0 };
  readonly #views: Record<ViewName, Record<string, unknown>> = {
    deployments: bare(),
    statefulsets: bare(),
    daemonsets: bare(),
    jobs: bare(),
    hpas: bare(),
  };
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  #t = 0;
  readonly #traffic = new TrafficCounts(() => this.#t);
  readonly #services = new TrafficCounts(() => this.#t);
  readonly #webhooks: Record<string, WebhookView> = bare();
  readonly #deliveries: Record<string, DeliveryView> = bare();
  #active = 0;
  #disruptions = 0;

  constructor(options: ObservedOptions = {}) {
    this.#options = options;
  }

  commit({ collection, path, object, before }: Commit): void {
    const { versions } = this;
    if (!FLEETING.has(collection)) this.#keep(collection, path, object);
    if (collection === 'pods') {
      versions.pods++;
      versions.namespaces++;
      this.#pod(object, before);
    } else if (collection === 'nodes') {
      versions.nodes++;
      this.#node(object, before);
    } else {
      const view = VIEWS[collection];
      if (!view) return;
      const [name, show] = view;
      versions[name]++;
      if (object) this.#views[name][path] = show(object);
      else delete this.#views[name][path];
    }
  }

  /** An object that is there, by collection (`apps/deployments`) and `namespace/name`. */
  object(collection: string, path: string): KubeObject | undefined {
    return this.#objects.get(collection)?.get(path);
  }

  /** Every object that is there, but events and leases. */
  *objects(): Generator<KubeObject> {
    for (const objects of this.#objects.values()) yield* objects.values();
  }

  #keep(collection: string, path: string, object: KubeObject | undefined): void {
    this.versions.objects++;
    let objects = this.#objects.get(collection);
    if (!objects) this.#objects.set(collection, (objects = new Map()));
    if (object) objects.set(path, object);
    else objects.delete(path);
  }

  traffic(traffic: Traffic): void {
    this.versions.traffic++;
    this.versions.services++;
    this.#traffic.add(traffic.from, traffic);
    this.#services.add(traffic.to.replace(/:.*$/, ''), traffic);
  }

  reviewed({ webhook, outcome }: Reviewed): void {
    this.versions.webhooks++;
    const { calls, denied, failed } = this.#webhooks[webhook] ?? { calls: 0, denied: 0, failed: 0 };
    this.#webhooks[webhook] = {
      calls: calls + 1,
      denied: denied + (outcome === 'denied' ? 1 : 0),
      failed: failed + (outcome === 'failed' ? 1 : 0),
    };
  }

  delivered({ source, view }: Delivered): void {
    this.versions.deliveries++;
    this.#deliveries[source] = view;
  }

  disrupted(_: Disruption, active: boolean): void {
    this.versions.disruptions++;
    if (active) this.#disruptions++;
    this.#active += active ? 1 : -1;
  }

  /** Everything as it is at `t`, virtual milliseconds since the start: a copy. */
  at(t: number): Observables {
    const now = this.now(t);
    const names = [
      'pods',
      'nodes',
      ...Object.values(VIEWS).map(([name]) => name),
      'traffic',
      'services',
      'deliveries',
      'webhooks',
    ] as const;
    const copies = Object.fromEntries(names.map(name => [name, { ...now[name] }]));
    const namespaces = Object.fromEntries(
      Object.entries(now.namespaces).map(([name, counts]) => [name, { ...counts }]),
    );
    return { ...now, ...copies, namespaces };
  }

  /** The same, made only as far as it is read, and true only until the next thing happens. */
  now(t: number): Observables {
    this.#t = t;
    const options = this.#options;
    return {
      ...(this.#views as unknown as Pick<Observables, ViewName>),
      pods: this.#pods,
      nodes: this.#nodes,
      namespaces: this.#namespaces,
      traffic: this.#traffic.views,
      services: this.#services.views,
      deliveries: this.#deliveries,
      webhooks: this.#webhooks,
      disruptions: { active: this.#active, total: this.#disruptions },
      time_s: t / 1000,
      get cost() {
        return options.cost?.() ?? 0;
      },
      get violations() {
        return options.violations?.() ?? 0;
      },
    };
  }

  #pod(object: KubeObject | undefined, before: KubeObject | undefined): void {
    const namespace = (object ?? before)?.metadata.namespace ?? '';
    const own = (this.#namespaces[namespace] ??= noPods());
    for (const counts of [this.#pods, own]) {
      if (before) countPod(counts, before, -1);
      if (object) countPod(counts, object, 1);
    }
  }

  #node(object: KubeObject | undefined, before: KubeObject | undefined): void {
    const count = (node: KubeObject, by: 1 | -1): void => {
      this.#nodes.total += by;
      if (isTrue((node as unknown as Workload).status?.conditions, 'Ready')) this.#nodes.ready += by;
    };
    if (before) count(before, -1);
    if (object) count(object, 1);
  }
}
