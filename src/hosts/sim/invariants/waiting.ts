/** A pod does not wait beside a node that has room for it. */
import { type KubeObject, Quantity } from '../../../kernel/index.ts';
import { requestOf } from './admission.ts';
import type { Invariant, Watchdog } from './report.ts';
import { type Taint, tolerates, type Toleration } from './taints.ts';
import { conditionOf, isEnded, isGoing, isReady, nameOf, specOf } from './view.ts';
import { DELAYING } from './weather.ts';

interface Container {
  readonly ports?: readonly { readonly hostPort?: number }[];
  readonly resources?: { readonly requests?: Readonly<Record<string, string>> };
}

interface PodSpec {
  readonly nodeName?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[];
  readonly affinity?: { readonly podAntiAffinity?: unknown };
  readonly topologySpreadConstraints?: readonly unknown[];
  readonly schedulingGates?: readonly unknown[];
  readonly resourceClaims?: readonly unknown[];
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
  readonly initContainers?: readonly Container[];
  readonly containers?: readonly Container[];
}

interface NodeSpec {
  readonly unschedulable?: boolean;
  readonly taints?: readonly Taint[];
}

const LOOK_MS = 15_000;
/** Longer than the pause of a pod that was refused often (kube-scheduler, podMaxBackoffSeconds), and much shorter than its last resort. */
const WAITS_MS_MAX = 60_000;
const SETTLED_MS = 90_000;
/** Pods looked at each time: where more wait, one of the first will do. */
const LOOKED_AT_MAX = 20;

const COUNTED = ['cpu', 'memory'] as const;
type Counted = (typeof COUNTED)[number];

/** Whether a pod's needs are only room, labels and taints: of others nothing is said here. */
function isPlain(pod: KubeObject): boolean {
  const spec = specOf<PodSpec>(pod);
  const { affinity, topologySpreadConstraints: spread, schedulingGates: gates, resourceClaims, volumes = [] } = spec;
  if (affinity || spread?.length || gates?.length || resourceClaims?.length) return false;
  if (volumes.some(volume => volume.persistentVolumeClaim || volume.ephemeral)) return false;
  return [...(spec.initContainers ?? []), ...(spec.containers ?? [])].every(
    ({ ports = [], resources }) =>
      ports.every(port => !port.hostPort) &&
      Object.keys(resources?.requests ?? {}).every(each => COUNTED.includes(each as Counted)),
  );
}

const nominatedBy = (pod: KubeObject): string | undefined =>
  (pod.status as { nominatedNodeName?: string } | undefined)?.nominatedNodeName;

function hasRoom(dog: Watchdog, node: KubeObject, pod: KubeObject): boolean {
  const { allocatable = {} } = (node.status ?? {}) as { allocatable?: Record<string, string> };
  const there = [...dog.view.podsOn(node.metadata.name ?? '')].filter(each => !isEnded(each));
  // Whom a pod that is there keeps away is not looked into.
  if (there.some(each => specOf<PodSpec>(each).affinity?.podAntiAffinity)) return false;
  if (there.length + 1 > Number(allocatable.pods ?? 0)) return false;
  return COUNTED.every(resource => {
    const asked = there.reduce((sum, each) => sum.add(requestOf(each, resource)), requestOf(pod, resource));
    return asked.compare(Quantity.of(allocatable[resource] ?? '0')) <= 0;
  });
}

function takes(dog: Watchdog, node: KubeObject, pod: KubeObject): boolean {
  const { tolerations = [], nodeSelector = {} } = specOf<PodSpec>(pod);
  const { unschedulable, taints = [] } = specOf<NodeSpec>(node);
  if (unschedulable || isGoing(node) || !isReady(node)) return false;
  if (taints.some(taint => taint.effect !== 'PreferNoSchedule' && !tolerations.some(each => tolerates(each, taint))))
    return false;
  if (Object.entries(nodeSelector).some(([key, value]) => node.metadata.labels?.[key] !== value)) return false;
  return hasRoom(dog, node, pod);
}

export function waitingInvariant(dog: Watchdog): Invariant {
  const name = 'waiting';
  const { view, weather } = dog;
  const waiting = new Map<string, KubeObject>();
  /** Since when each look found a node for a pod; by uid. */
  const since = new Map<string, number>();
  let next_ms = 0;
  const look = (t: number): void => {
    const promised = new Set([...waiting.values()].map(nominatedBy));
    const nodes = [...view.all('nodes').values()].filter(({ metadata }) => !promised.has(metadata.name));
    const seen = [...waiting].slice(0, LOOKED_AT_MAX);
    for (const [uid, pod] of seen) {
      const node = nodes.find(each => takes(dog, each, pod));
      if (!node) since.delete(uid);
      else if (!since.has(uid)) since.set(uid, t);
      else if (t - since.get(uid)! >= WAITS_MS_MAX && weather.calm_ms(DELAYING, t) > SETTLED_MS)
        dog.violated(
          name,
          nameOf(pod),
          `waits though ${nameOf(node)} has had room for it for ${t - since.get(uid)!} ms`,
        );
    }
  };
  return {
    name,
    commit({ collection, object, before }) {
      if (collection !== 'pods') return;
      const uid = (object ?? before)!.metadata.uid ?? '';
      const isRefused =
        object && !specOf<PodSpec>(object).nodeName && conditionOf(object, 'PodScheduled')?.status === 'False';
      if (isRefused && !isGoing(object) && isPlain(object)) waiting.set(uid, object);
      else if (waiting.delete(uid)) since.delete(uid);
    },
    instant(t) {
      if (t < next_ms) return;
      next_ms = t + LOOK_MS;
      if (waiting.size > 0) look(t);
    },
  };
}
