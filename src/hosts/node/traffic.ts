import type { Clock, Timer } from '../../base/index.ts';
import type { Client, kinds, KubeObject, ResourceRef } from '../../kernel/index.ts';
import { countsConnection, type Network, type ObservedFlow } from '../../network/index.ts';
import type { Traffic, TrafficFeed } from './console.ts';

const core = (resource: string): ResourceRef => ({ group: '', version: 'v1', resource });
const GATHER_MS = 1_000;
/** Pairs told at a time: a port scan must not fill the page. */
const PAIRS_MAX = 500;

type Pod = kinds.Pod & KubeObject;
type Service = kinds.Service & KubeObject;

/** What the map calls a pod: the first Service that selects it, else the workload that made it. */
export function boxOf(pod: Pod, services: readonly Service[]): string {
  const { namespace = '', name = '', labels = {}, ownerReferences = [] } = pod.metadata;
  const service = services.find(({ metadata, spec }) => {
    const wanted = Object.entries(spec?.selector ?? {});
    return (
      metadata.namespace === namespace &&
      wanted.length > 0 &&
      wanted.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value)
    );
  });
  if (service) return `${namespace}/${service.metadata.name}`;
  const owner = ownerReferences.find(({ controller }) => controller)?.name ?? name;
  return `${namespace}/${owner.replace(/-[0-9a-f]{8,10}$/, '')}`;
}

/** Flows counted by pair of boxes; ends that are no pod of this cluster are left out. */
export function countPairs(flows: readonly ObservedFlow[], boxes: ReadonlyMap<string, string>): readonly Traffic[] {
  const pairs = new Map<string, Traffic & { count: number }>();
  for (const flow of flows) {
    if (!countsConnection(flow)) continue;
    const { source, destination } = flow;
    const verdict = flow.verdict === 'dropped' ? 'dropped' : 'forwarded';
    const from = boxes.get(source.address);
    const to = boxes.get(destination.address);
    if (from === undefined || to === undefined) continue;
    const key = `${from}>${to}>${verdict}`;
    const known = pairs.get(key);
    if (known) known.count++;
    else if (pairs.size < PAIRS_MAX) pairs.set(key, { from, to, verdict, count: 1 });
  }
  return [...pairs.values()];
}

/** Live traffic of all nodes for the console: nothing is read while nobody looks. */
export function trafficFeed(network: () => Network | undefined, client: Client, clock: Clock): TrafficFeed {
  return deliver => {
    let flows: ObservedFlow[] = [];
    let stopped = false;
    const stop = network()?.observe(flow => void flows.push(flow));
    const tell = async (): Promise<void> => {
      const seen = flows;
      flows = [];
      if (seen.length > 0) {
        const [pods, services] = await Promise.all([
          client.list<Pod>(core('pods')),
          client.list<Service>(core('services')),
        ]);
        const boxes = new Map<string, string>();
        for (const pod of pods.items) {
          if (pod.spec?.hostNetwork) continue;
          for (const { ip = '' } of pod.status?.podIPs ?? []) if (ip) boxes.set(ip, boxOf(pod, services.items));
        }
        const pairs = countPairs(seen, boxes);
        if (pairs.length > 0 && !stopped) deliver(pairs);
      }
      if (!stopped) timer = clock.after(GATHER_MS, again);
    };
    const again = (): void => void tell().catch(() => (timer = clock.after(GATHER_MS, again)));
    let timer: Timer = clock.after(GATHER_MS, again);
    return {
      [Symbol.dispose]: () => {
        stopped = true;
        timer.cancel();
        stop?.();
      },
    };
  };
}
