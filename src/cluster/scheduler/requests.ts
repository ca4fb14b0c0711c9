import { amountsOf } from '../quantity.ts';
import type { Container, Pod } from '../types.ts';

/** Amounts by resource: cpu in thousandths, everything else in whole units. */
export type Amounts = Map<string, number>;

/** What the scores count for containers that ask for nothing (100m, 200Mi). */
const DEFAULT_CPU = 100;
const DEFAULT_MEMORY = 200 * 2 ** 20;

function add(into: Amounts, other: Amounts): void {
  for (const [resource, amount] of other) into.set(resource, (into.get(resource) ?? 0) + amount);
}

function raise(into: Amounts, other: Amounts): void {
  for (const [resource, amount] of other) into.set(resource, Math.max(into.get(resource) ?? 0, amount));
}

function requestsOf(container: Container, nonzero: boolean): Amounts {
  // A limit without a request is a request (resource defaulting of containers).
  const amounts = amountsOf({ ...container.resources?.limits, ...container.resources?.requests });
  if (nonzero && !amounts.has('cpu')) amounts.set('cpu', DEFAULT_CPU);
  if (nonzero && !amounts.has('memory')) amounts.set('memory', DEFAULT_MEMORY);
  return amounts;
}

const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always';

/**
 * What a pod takes of its node: the sum of its containers and sidecars, or the peak while an init container runs beside
 * the sidecars started before it, whichever is more, and the overhead (KEP-753). Pod-level requests come before (KEP-2837).
 * The answer must not be changed.
 */
export function podRequests(pod: Pod, nonzero = false): Amounts {
  const { spec } = pod;
  // One decision asks several times for the same pod.
  if (last?.spec !== spec) last = { spec };
  return nonzero ? (last.nonzero ??= known(pod, true)) : (last.plain ??= known(pod, false));
}

/** What pods of one container ask for, by the object that says so: pods of one workload share it. */
const ofOne = { plain: new WeakMap<object, Amounts>(), nonzero: new WeakMap<object, Amounts>() };

function known(pod: Pod, nonzero: boolean): Amounts {
  const { containers, initContainers, resources, overhead } = pod.spec;
  const key = containers.length === 1 ? containers[0]!.resources : undefined;
  if (key === undefined || initContainers?.length || resources || overhead) return summed(pod, nonzero);
  const amounts = nonzero ? ofOne.nonzero : ofOne.plain;
  let sum = amounts.get(key);
  if (sum === undefined) amounts.set(key, (sum = summed(pod, nonzero)));
  return sum;
}

let last: { readonly spec: Pod['spec']; plain?: Amounts; nonzero?: Amounts } | undefined;

function summed(pod: Pod, nonzero: boolean): Amounts {
  const total: Amounts = new Map();
  for (const container of pod.spec.containers) add(total, requestsOf(container, nonzero));
  const peak: Amounts = new Map();
  const sidecars: Amounts = new Map();
  for (const container of pod.spec.initContainers ?? []) {
    const own = requestsOf(container, nonzero);
    const during: Amounts = new Map(sidecars);
    add(during, own);
    if (isSidecar(container)) {
      add(total, own);
      add(sidecars, own);
    }
    raise(peak, during);
  }
  raise(total, peak);
  for (const [resource, amount] of amountsOf({ ...pod.spec.resources?.limits, ...pod.spec.resources?.requests }))
    total.set(resource, amount);
  add(total, amountsOf(pod.spec.overhead));
  return total;
}
