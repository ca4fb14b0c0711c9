/** Daemons that wait beside the one they take the place of, because their node has no room for both. */
import { type KubeObject, Quantity } from '../../../kernel/index.ts';
import { requestOf } from './admission.ts';
import { nodeOf } from './sets.ts';
import { isEnded, isLiving, isServing, scaled, specOf, type View } from './view.ts';

interface DaemonSpec {
  readonly template?: { readonly spec: { readonly containers: readonly { readonly image?: string }[] } };
  readonly updateStrategy?: { readonly rollingUpdate?: { readonly maxSurge?: string | number } };
}
type Containers = { readonly spec?: { readonly containers?: readonly { readonly image?: string }[] } };

const imagesOf = (of: Containers | undefined): string => (of?.spec?.containers ?? []).map(each => each.image).join();
const isBound = (pod: KubeObject): boolean => specOf<{ nodeName?: string }>(pod).nodeName !== undefined;

/** Whether the pods that are bound to the node leave too little for this one. */
function isFullFor(view: View, node: KubeObject, pod: KubeObject): boolean {
  const { allocatable = {} } = (node.status ?? {}) as { allocatable?: Record<string, string> };
  const there = [...view.podsOn(node.metadata.name ?? '')].filter(each => !isEnded(each));
  return (['cpu', 'memory'] as const).some(resource => {
    const limit = allocatable[resource];
    if (limit === undefined) return false;
    const asked = there.reduce((sum, each) => sum.add(requestOf(each, resource)), requestOf(pod, resource));
    return asked.compare(Quantity.of(limit)) > 0;
  });
}

/** What a DaemonSet at rest must look like. */
export interface DaemonsAtRest {
  /** Its pods, without those that wait for room. */
  readonly pods: readonly KubeObject[];
  /** Of these, the ones of an old template that nothing excuses. */
  readonly stale: readonly KubeObject[];
  /** How many nodes have a pod of the newest template that runs there. */
  readonly updated: number;
}

/**
 * A surge makes the new pod before the old one goes (KEP-1591). Where the node is full the new one cannot start, and the old one
 * stays and serves; with maxSurge of them so, every other node waits too. Nothing but that excuses an old pod.
 */
export function daemonsAtRest(view: View, set: KubeObject): DaemonsAtRest {
  const { template, updateStrategy } = specOf<DaemonSpec>(set);
  const living = view.owned(set.metadata.uid!, 'pods').filter(isLiving);
  const isNew = (pod: KubeObject): boolean => imagesOf(pod as Containers) === imagesOf(template as Containers);
  const surge = scaled(updateStrategy?.rollingUpdate?.maxSurge, view.all('nodes').size, 'up');
  const waiting = living.filter(pod => {
    if (surge === 0 || isBound(pod) || !isNew(pod)) return false;
    const node = view.get('nodes', nodeOf(pod) ?? '');
    const old = living.some(each => !isNew(each) && isServing(each) && nodeOf(each) === nodeOf(pod));
    return old && node !== undefined && isFullFor(view, node, pod);
  });
  const full = new Set(waiting.map(nodeOf));
  const pods = living.filter(pod => !waiting.includes(pod));
  const isExcused = (pod: KubeObject): boolean =>
    full.has(nodeOf(pod)) || (full.size > 0 && full.size >= surge && isServing(pod));
  return {
    pods,
    stale: pods.filter(pod => !isNew(pod) && !isExcused(pod)),
    updated: pods.filter(isNew).length,
  };
}
