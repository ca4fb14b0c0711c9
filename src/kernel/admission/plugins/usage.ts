import type { KubeObject } from '../../object.ts';
import { Quantity } from '../../quantity.ts';

/** Amounts by resource name. */
export type Amounts = Map<string, Quantity>;

interface Requirements {
  requests?: Record<string, string | number>;
  limits?: Record<string, string | number>;
}
interface Container {
  name: string;
  restartPolicy?: string;
  resources?: Requirements;
}
export interface PodSpecAmounts {
  containers?: Container[];
  initContainers?: Container[];
  resources?: Requirements;
  overhead?: Record<string, string | number>;
}

const amountsOf = (list: Record<string, string | number> | undefined): Amounts =>
  new Map(Object.entries(list ?? {}).map(([name, value]) => [name, Quantity.of(value)]));

function addTo(sum: Amounts, more: Amounts): Amounts {
  for (const [name, value] of more) sum.set(name, sum.get(name)?.add(value) ?? value);
  return sum;
}

function raiseTo(sum: Amounts, floor: Amounts): Amounts {
  for (const [name, value] of floor) if (!sum.has(name) || sum.get(name)!.compare(value) < 0) sum.set(name, value);
  return sum;
}

/**
 * What a pod asks for as a whole: containers and sidecars added up, but at least what the largest init step needs, plus
 * overhead; pod-level resources replace the sum (component-helpers PodRequests, PodLimits).
 */
export function podAmounts(spec: PodSpecAmounts, which: 'requests' | 'limits'): Amounts {
  const sum: Amounts = new Map();
  for (const container of spec.containers ?? []) addTo(sum, amountsOf(container.resources?.[which]));
  const sidecars: Amounts = new Map();
  const peak: Amounts = new Map();
  for (const container of spec.initContainers ?? []) {
    const amounts = amountsOf(container.resources?.[which]);
    if (container.restartPolicy === 'Always') {
      addTo(sidecars, amounts);
      raiseTo(peak, new Map(sidecars));
    } else raiseTo(peak, addTo(new Map(sidecars), amounts));
  }
  raiseTo(addTo(sum, sidecars), peak);
  for (const [name, value] of amountsOf(spec.resources?.[which])) sum.set(name, value);
  const overhead = amountsOf(spec.overhead);
  for (const [name, value] of overhead)
    if (which === 'requests' || sum.has(name)) sum.set(name, sum.get(name)?.add(value) ?? value);
  return sum;
}

const ONE = new Quantity(1_000_000_000n);

function podUsage(pod: KubeObject): Amounts {
  const phase = (pod.status as { phase?: string } | undefined)?.phase;
  const usage: Amounts = new Map([['count/pods', ONE]]);
  if (phase === 'Succeeded' || phase === 'Failed') return usage;
  usage.set('pods', ONE);
  const spec = pod.spec as PodSpecAmounts;
  for (const [name, value] of podAmounts(spec, 'requests')) {
    usage.set(`requests.${name}`, value);
    if (name === 'cpu' || name === 'memory' || name === 'ephemeral-storage') usage.set(name, value);
  }
  for (const [name, value] of podAmounts(spec, 'limits')) usage.set(`limits.${name}`, value);
  return usage;
}

function serviceUsage(service: KubeObject): Amounts {
  const spec = (service.spec ?? {}) as { type?: string; ports?: unknown[]; allocateLoadBalancerNodePorts?: boolean };
  const usage: Amounts = new Map([['services', ONE]]);
  const ports = new Quantity(BigInt(spec.ports?.length ?? 0) * 1_000_000_000n);
  if (spec.type === 'LoadBalancer') usage.set('services.loadbalancers', ONE);
  if (spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)) {
    usage.set('services.nodeports', ports);
  }
  return usage;
}

function claimUsage(claim: KubeObject): Amounts {
  const spec = (claim.spec ?? {}) as { storageClassName?: string; resources?: Requirements };
  const storage = Quantity.of(spec.resources?.requests?.storage);
  const usage: Amounts = new Map([
    ['persistentvolumeclaims', ONE],
    ['requests.storage', storage],
  ]);
  if (spec.storageClassName) {
    usage.set(`${spec.storageClassName}.storageclass.storage.k8s.io/persistentvolumeclaims`, ONE);
    usage.set(`${spec.storageClassName}.storageclass.storage.k8s.io/requests.storage`, storage);
  }
  return usage;
}

/** Core kinds that a quota also counts under their plain name. */
const PLAIN: ReadonlySet<string> = new Set(['configmaps', 'secrets', 'replicationcontrollers', 'resourcequotas']);

/** What an object takes of its namespace's quotas. */
export function usageOf(group: string, resource: string, object: KubeObject): Amounts {
  const usage: Amounts = new Map([[`count/${group ? `${resource}.${group}` : resource}`, ONE]]);
  if (group !== '') return usage;
  if (PLAIN.has(resource)) usage.set(resource, ONE);
  if (resource === 'pods') addTo(usage, new Map([...podUsage(object)].filter(([name]) => name !== 'count/pods')));
  if (resource === 'services') addTo(usage, serviceUsage(object));
  if (resource === 'persistentvolumeclaims') addTo(usage, claimUsage(object));
  return usage;
}
