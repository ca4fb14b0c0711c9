/** From what pods use to how many there should be (Kubernetes documentation, "Horizontal Pod Autoscaling", Algorithm details). */
import type { PodMetric, ScaledPod, Settings } from '../model.ts';

/** Deviations from 1 that are let be. */
export interface Tolerance {
  readonly up: number;
  readonly down: number;
}

export interface Proposal {
  readonly replicas: number;
  /** Percent of the requests; only of resources with a utilization target. */
  readonly utilization?: number;
  /** An amount a pod, or the whole value. */
  readonly milli: number;
}

/** A metric that no count can be computed from; the message is the controller's. */
export class NoProposal extends Error {
  override readonly name = 'NoProposal';
}

export interface Groups {
  readonly ready: number;
  readonly unready: readonly string[];
  readonly missing: readonly string[];
  readonly ignored: readonly string[];
}

const within = (ratio: number, { up, down }: Tolerance): boolean => 1 - down <= ratio && ratio <= 1 + up;

/** Pods that count, that do not yet, that nothing is known of, and that are on their way out. */
export function groupPods(
  pods: readonly ScaledPod[],
  metrics: ReadonlyMap<string, PodMetric>,
  resource: string,
  now_ms: number,
  settings: Settings,
): Groups {
  let ready = 0;
  const unready: string[] = [];
  const missing: string[] = [];
  const ignored: string[] = [];
  for (const pod of pods) {
    const metric = metrics.get(pod.name);
    if (pod.deleted || pod.phase === 'Failed') ignored.push(pod.name);
    else if (pod.phase === 'Pending') unready.push(pod.name);
    else if (!metric) missing.push(pod.name);
    else if (resource === 'cpu' && isUnready(pod, metric, now_ms, settings)) unready.push(pod.name);
    else ready++;
  }
  return { ready, unready, missing, ignored };
}

function isUnready(pod: ScaledPod, metric: PodMetric, now_ms: number, settings: Settings): boolean {
  const { ready, startedAt_ms } = pod;
  if (!ready || startedAt_ms === undefined) return true;
  if (startedAt_ms + settings.cpuInitialization_ms > now_ms)
    return !ready.status || metric.at_ms < ready.since_ms + metric.window_ms;
  return !ready.status && startedAt_ms + settings.initialReadiness_ms > ready.since_ms;
}

interface Ratio {
  readonly ratio: number;
  readonly utilization?: number;
  readonly milli: number;
}

function utilizationRatio(
  metrics: ReadonlyMap<string, number>,
  requests: ReadonlyMap<string, number>,
  target: number,
): Ratio {
  let used = 0;
  let requested = 0;
  let entries = 0;
  for (const [name, value] of metrics) {
    const request = requests.get(name);
    if (request === undefined) continue;
    used += value;
    requested += request;
    entries++;
  }
  if (requested === 0) throw new NoProposal('no metrics returned matched known pods');
  const utilization = Math.trunc((used * 100) / requested);
  return { ratio: utilization / target, utilization, milli: Math.trunc(used / entries) };
}

function plainRatio(metrics: ReadonlyMap<string, number>, target: number): Ratio {
  let total = 0;
  for (const value of metrics.values()) total += value;
  const milli = Math.trunc(total / metrics.size);
  return { ratio: milli / target, milli };
}

export interface PodsQuestion {
  readonly current: number;
  readonly pods: readonly ScaledPod[];
  readonly metrics: ReadonlyMap<string, PodMetric>;
  /** Empty for metrics that are no resource. */
  readonly resource: string;
  readonly now_ms: number;
  readonly tolerance: Tolerance;
  readonly settings: Settings;
}

/** Requests of a resource by pod, of one container or of all. */
function requestsOf(pods: readonly ScaledPod[], resource: string, container?: string): Map<string, number> {
  const requests = new Map<string, number>();
  for (const pod of pods) {
    const whole = container === undefined ? pod.podRequests?.[resource] : undefined;
    if (whole !== undefined) {
      requests.set(pod.name, whole);
      continue;
    }
    let sum = 0;
    for (const { container: name, milli } of pod.requests) {
      if (container !== undefined && name !== container) continue;
      const request = milli[resource];
      if (request === undefined)
        throw new NoProposal(`missing request for ${resource} in container ${name} of Pod ${pod.name}`);
      sum += request;
    }
    requests.set(pod.name, sum);
  }
  return requests;
}

/** Replicas that bring pods to a percentage of their requests. */
export function utilizationReplicas(question: PodsQuestion, target: number, container?: string): Proposal {
  const counted = count(question);
  const requests = requestsOf(question.pods, question.resource, container);
  refuseNone(counted);
  const ratio = (metrics: ReadonlyMap<string, number>): Ratio => utilizationRatio(metrics, requests, target);
  // What is not known of a pod is taken as a full one when going down.
  const full = (name: string): number => Math.trunc(((requests.get(name) ?? 0) * Math.max(100, target)) / 100);
  return settle(question, counted, { ratio, full, idleAtTarget: false });
}

/** Replicas that bring pods to an amount each. */
export function averageReplicas(question: PodsQuestion, targetMilli: number): Proposal {
  const counted = count(question);
  refuseNone(counted);
  const ratio = (metrics: ReadonlyMap<string, number>): Ratio => plainRatio(metrics, targetMilli);
  return settle(question, counted, { ratio, full: () => targetMilli, idleAtTarget: true });
}

interface Counted {
  readonly groups: Groups;
  readonly metrics: Map<string, number>;
}

function count({ pods, metrics, resource, now_ms, settings }: PodsQuestion): Counted {
  if (pods.length === 0) throw new NoProposal('no pods returned by selector while calculating replica count');
  const groups = groupPods(pods, metrics, resource, now_ms, settings);
  const values = new Map<string, number>();
  for (const [name, metric] of metrics) values.set(name, metric.valueMilli);
  for (const name of [...groups.ignored, ...groups.unready]) values.delete(name);
  return { groups, metrics: values };
}

/** A pod that states no request is told first: readings are missed after that. */
function refuseNone({ metrics }: Counted): void {
  if (metrics.size === 0) throw new NoProposal('did not receive metrics for targeted pods (pods might be unready)');
}

interface Way {
  readonly ratio: (metrics: ReadonlyMap<string, number>) => Ratio;
  /** What a pod of which nothing is known is taken to use on the way down. */
  readonly full: (name: string) => number;
  /** Exactly at the target such a pod counts as idle; otherwise it is left out. */
  readonly idleAtTarget: boolean;
}

function settle(
  { current, tolerance }: PodsQuestion,
  { groups, metrics }: Counted,
  { ratio: ratioOf, full, idleAtTarget }: Way,
): Proposal {
  const { ratio, utilization, milli } = ratioOf(metrics);
  const told = { milli, ...(utilization === undefined ? {} : { utilization }) };
  const unreadyCount = groups.unready.length > 0 && ratio > 1;
  if (!unreadyCount && groups.missing.length === 0)
    return { replicas: within(ratio, tolerance) ? current : Math.ceil(ratio * groups.ready), ...told };
  for (const name of groups.missing) {
    if (ratio < 1) metrics.set(name, full(name));
    else if (ratio > 1 || idleAtTarget) metrics.set(name, 0);
  }
  if (unreadyCount) for (const name of groups.unready) metrics.set(name, 0);
  const again = ratioOf(metrics).ratio;
  // The doubtful pods must not turn the direction round.
  if (within(again, tolerance) || (ratio < 1 && again > 1) || (ratio > 1 && again < 1))
    return { replicas: current, ...told };
  const replicas = Math.ceil(again * metrics.size);
  const turned = (again < 1 && replicas > current) || (again > 1 && replicas < current);
  return { replicas: turned ? current : replicas, ...told };
}

/** Replicas by one value for all of them. */
export function valueReplicas(
  current: number,
  valueMilli: number,
  targetMilli: number,
  pods: readonly ScaledPod[],
  tolerance: Tolerance,
): Proposal {
  const ratio = valueMilli / targetMilli;
  if (current === 0) return { replicas: Math.ceil(ratio), milli: valueMilli };
  if (within(ratio, tolerance)) return { replicas: current, milli: valueMilli };
  if (pods.length === 0)
    throw new NoProposal(
      'unable to calculate ready pods: no pods returned by selector while calculating replica count',
    );
  const ready = pods.filter(({ phase, ready: state }) => phase === 'Running' && state?.status === true).length;
  return { replicas: Math.ceil(ratio * ready), milli: valueMilli };
}

/** Replicas by one value that is shared among them. */
export function sharedReplicas(
  statusReplicas: number,
  valueMilli: number,
  averageMilli: number,
  tolerance: Tolerance,
): Proposal {
  const ratio = valueMilli / (averageMilli * statusReplicas);
  const replicas = within(ratio, tolerance) ? statusReplicas : Math.ceil(valueMilli / averageMilli);
  return { replicas, milli: statusReplicas === 0 ? valueMilli : Math.ceil(valueMilli / statusReplicas) };
}
