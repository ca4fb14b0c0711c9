/** Quotas are never exceeded; addresses and ports of Services are given to one alone. */
import { type KubeObject, Quantity } from '../../../kernel/index.ts';
import type { Invariant, Watchdog } from './report.ts';
import { isEnded, nameOf, specOf } from './view.ts';
import { DELAYING } from './weather.ts';

/** A controller that was held up knows everything again after this. */
const SETTLED_MS = 90_000;

interface PodSpec {
  readonly containers?: readonly { readonly resources?: { readonly requests?: Readonly<Record<string, string>> } }[];
}

/** What containers of a pod ask for together. */
export function requestOf(pod: KubeObject, resource: string): Quantity {
  let sum = Quantity.of('0');
  for (const { resources } of specOf<PodSpec>(pod).containers ?? [])
    if (resources?.requests?.[resource]) sum = sum.add(Quantity.of(resources.requests[resource]));
  return sum;
}

export function quotaInvariant(dog: Watchdog): Invariant {
  const name = 'quota';
  const { view } = dog;
  const inside = (collection: string, namespace: string | undefined): KubeObject[] =>
    [...view.all(collection).values()].filter(each => each.metadata.namespace === namespace);
  const used = (resource: string, namespace: string | undefined): Quantity | undefined => {
    const pods = (): KubeObject[] => inside('pods', namespace).filter(pod => !isEnded(pod));
    if (resource === 'pods') return Quantity.of(String(pods().length));
    const asked = /^requests\.(cpu|memory)$/.exec(resource)?.[1];
    if (asked) return pods().reduce((sum, pod) => sum.add(requestOf(pod, asked)), Quantity.of('0'));
    const counted = /^count\/([^.]+)(?:\.(.+))?$/.exec(resource);
    if (!counted) return undefined;
    return Quantity.of(String(inside(counted[2] ? `${counted[2]}/${counted[1]}` : counted[1]!, namespace).length));
  };
  return {
    name,
    commit({ t, collection, object, before }) {
      // What controllers count by late watches is written over what was booked, as in Kubernetes: then it is not exact.
      if (!object || before || dog.weather.calm_ms(DELAYING, t) < SETTLED_MS) return;
      for (const quota of view.all('resourcequotas').values()) {
        if (quota.metadata.namespace !== object.metadata.namespace) continue;
        const {
          hard = {},
          scopes,
          scopeSelector,
        } = specOf<{ hard?: Record<string, string>; scopes?: []; scopeSelector?: object }>(quota);
        if (scopes?.length || scopeSelector) continue;
        for (const [resource, limit] of Object.entries(hard)) {
          if (!countsIn(resource, collection)) continue;
          const now = used(resource, quota.metadata.namespace);
          if (now && now.compare(Quantity.of(limit)) > 0)
            dog.violated(name, nameOf(quota), `${nameOf(object)} was let in: ${resource} ${now} of ${limit}`);
        }
      }
    },
  };
}

/** Whether creating in a collection uses up a resource of a quota. */
function countsIn(resource: string, collection: string): boolean {
  if (resource === 'pods' || resource.startsWith('requests.')) return collection === 'pods';
  const counted = /^count\/([^.]+)(?:\.(.+))?$/.exec(resource);
  return counted !== null && (counted[2] ? `${counted[2]}/${counted[1]}` : counted[1]) === collection;
}

/** Cluster address and node ports of a Service. */
function heldBy(service: KubeObject): string[] {
  const { clusterIP, ports = [] } = specOf<{ clusterIP?: string; ports?: { nodePort?: number }[] }>(service);
  return [
    ...(clusterIP && clusterIP !== 'None' ? [clusterIP] : []),
    ...ports.flatMap(port => (port.nodePort ? [`:${port.nodePort}`] : [])),
  ];
}

export function addressInvariant(dog: Watchdog): Invariant {
  const name = 'address';
  /** Services by what they hold and their uid. */
  const holders = new Map<string, Map<string, KubeObject>>();
  return {
    name,
    commit({ collection, object, before }) {
      if (collection !== 'services') return;
      for (const each of before ? heldBy(before) : []) holders.get(each)?.delete(before!.metadata.uid ?? '');
      for (const each of object ? heldBy(object) : []) {
        let others = holders.get(each);
        if (!others) holders.set(each, (others = new Map()));
        for (const [uid, other] of others)
          if (uid !== object!.metadata.uid)
            dog.violated(name, nameOf(object!), `${each} is ${nameOf(other)}'s already`);
        others.set(object!.metadata.uid ?? '', object!);
      }
    },
  };
}
