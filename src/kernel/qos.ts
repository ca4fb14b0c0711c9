import type { KubeObject } from './object.ts';

interface Resourced {
  resources?: { requests?: Record<string, unknown>; limits?: Record<string, unknown> };
}

/** Quality of service as the API server computes it on create (qos.ComputePodQOS), over cpu and memory. */
export function qosClass(pod: KubeObject): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const spec = (pod.spec ?? {}) as Resourced & { containers?: Resourced[]; initContainers?: Resourced[] };
  const { requests, limits } = spec.resources ?? {};
  // What is said for the whole pod decides alone (KEP-2837).
  const whole = Object.keys({ ...requests, ...limits }).length > 0;
  const containers = whole ? [spec] : [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  let any = false;
  let guaranteed = true;
  for (const { resources } of containers) {
    for (const name of ['cpu', 'memory']) {
      const limit = resources?.limits?.[name];
      const request = resources?.requests?.[name] ?? limit;
      if (isPositive(limit) || isPositive(request)) any = true;
      if (!isPositive(limit) || String(limit) !== String(request)) guaranteed = false;
    }
  }
  return !any ? 'BestEffort' : guaranteed ? 'Guaranteed' : 'Burstable';
}

const isPositive = (quantity: unknown): boolean =>
  quantity !== undefined && quantity !== null && !/^[+-]?0*(\.0*)?[A-Za-z]*$/.test(String(quantity));
