/** The scheduler fills no node beyond its room and keeps to taints, selectors and required anti-affinity. */
import { type KubeObject, type LabelSelectorObject, Quantity, selects } from '../../../kernel/index.ts';
import { requestOf } from './admission.ts';
import type { Invariant, Watchdog } from './report.ts';
import { type Taint, tolerates, type Toleration } from './taints.ts';
import { isEnded, nameOf, specOf } from './view.ts';
import { BLINDING, DELAYING } from './weather.ts';

interface PodSpec {
  readonly nodeName?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[];
  readonly affinity?: {
    readonly podAntiAffinity?: {
      readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly {
        readonly labelSelector?: LabelSelectorObject;
        readonly topologyKey: string;
        readonly namespaces?: readonly string[];
      }[];
    };
  };
}

const SETTLED_MS = 90_000;
/** A taint that is as new as this may not have been seen. */
const LATE_MS = 2_000;

const COUNTED = ['cpu', 'memory'] as const;
type Counted = (typeof COUNTED)[number];
const NOTHING = Quantity.of('0');

/** What the pods on each node ask for together, kept up as they come, change and go. */
class NodeLoad {
  readonly #nodes = new Map<string, Record<Counted, Quantity>>();

  of(node: string, resource: Counted): Quantity {
    return this.#nodes.get(node)?.[resource] ?? NOTHING;
  }

  change(before: KubeObject | undefined, after: KubeObject | undefined): void {
    const [was, is] = [placeOf(before), placeOf(after)];
    if (was === is && (was === undefined || containersOf(before!) === containersOf(after!))) return;
    if (was !== undefined) this.#add(was, before!, -1);
    if (is !== undefined) this.#add(is, after!, 1);
  }

  #add(node: string, pod: KubeObject, sign: 1 | -1): void {
    const sums = this.#nodes.get(node) ?? { cpu: NOTHING, memory: NOTHING };
    for (const resource of COUNTED) {
      const asked = requestOf(pod, resource);
      sums[resource] = sign === 1 ? sums[resource].add(asked) : sums[resource].subtract(asked);
    }
    this.#nodes.set(node, sums);
  }
}

const containersOf = (pod: KubeObject): unknown => (pod.spec as { containers?: unknown } | undefined)?.containers;

/** The node a pod takes room on. */
const placeOf = (pod: KubeObject | undefined): string | undefined =>
  pod && !isEnded(pod) ? specOf<PodSpec>(pod).nodeName : undefined;

export function placementInvariant(dog: Watchdog): Invariant {
  const name = 'placement';
  const { view, weather } = dog;
  const taintedSince = new Map<string, { readonly taints: string; readonly t: number }>();
  const load = new NodeLoad();
  const bound = (t: number, pod: KubeObject, node: KubeObject): void => {
    const spec = specOf<PodSpec>(pod);
    const others = (): KubeObject[] =>
      [...view.podsOn(spec.nodeName ?? '')].filter(each => !isEnded(each) && each.metadata.uid !== pod.metadata.uid);
    const { allocatable = {} } = (node.status ?? {}) as { allocatable?: Record<string, string> };
    const tell = (message: string): void => dog.violated(name, nameOf(pod), `was put on ${spec.nodeName}: ${message}`);
    if (weather.calm_ms(BLINDING, t) > SETTLED_MS) {
      for (const resource of COUNTED) {
        const asked = load.of(spec.nodeName ?? '', resource);
        if (allocatable[resource] && asked.compare(Quantity.of(allocatable[resource])) > 0)
          tell(`${resource} ${asked} of ${allocatable[resource]} asked for`);
      }
      for (const term of spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
        if (term.topologyKey !== 'kubernetes.io/hostname' || !term.labelSelector) continue;
        const namespaces = term.namespaces ?? [pod.metadata.namespace];
        const other = others().find(
          each =>
            namespaces.includes(each.metadata.namespace ?? '') && selects(term.labelSelector!, each.metadata.labels),
        );
        if (other) tell(`${nameOf(other)} is there, and both must not be`);
      }
    }
    if (weather.calm_ms(DELAYING, t) < SETTLED_MS) return;
    if (t - (taintedSince.get(nameOf(node))?.t ?? 0) > LATE_MS)
      for (const taint of specOf<{ taints?: readonly Taint[] }>(node).taints ?? [])
        if (taint.effect !== 'PreferNoSchedule' && !(spec.tolerations ?? []).some(each => tolerates(each, taint)))
          tell(`taint ${taint.key}:${taint.effect} is not tolerated`);
    for (const [key, value] of Object.entries(spec.nodeSelector ?? {}))
      if (node.metadata.labels?.[key] !== value) tell(`it has no label ${key}=${value}`);
  };
  return {
    name,
    commit({ t, collection, path, object, before }) {
      if (collection === 'nodes' && object) {
        const taints = JSON.stringify(specOf<{ taints?: readonly Taint[] }>(object).taints ?? []);
        if (taintedSince.get(path)?.taints !== taints) taintedSince.set(path, { taints, t });
      }
      if (collection !== 'pods') return;
      load.change(before, object);
      if (!object) return;
      const { nodeName } = specOf<PodSpec>(object);
      if (!nodeName || (before && specOf<PodSpec>(before).nodeName)) return;
      const node = view.get('nodes', nodeName);
      if (node) bound(t, object, node);
      else if (weather.calm_ms(DELAYING, t) > SETTLED_MS)
        dog.violated(name, path, `was put on ${nodeName}, which is not there`);
    },
  };
}
