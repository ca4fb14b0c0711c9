/** StatefulSets: one running pod an identity, in order; DaemonSets: one pod a node; updates one at a time. */
import type { KubeObject } from '../../../kernel/index.ts';
import type { Commit, Run } from '../model.ts';
import { deletedPods } from './deletions.ts';
import type { Invariant, Watchdog } from './report.ts';
import { isDrivenAway } from './taints.ts';
import { conditionOf, isEnded, isGoing, isServing, nameOf, ownerOf, scaled, specOf, wasDisrupted } from './view.ts';
import { BLINDING, DELAYING } from './weather.ts';

const SETTLED_MS = 90_000;
const LATE_MS = 2_000;

interface SetSpec {
  readonly replicas?: number;
  readonly ordinals?: { readonly start?: number };
  readonly podManagementPolicy?: string;
  readonly minReadySeconds?: number;
  readonly updateStrategy?: {
    readonly type?: string;
    readonly rollingUpdate?: { readonly maxUnavailable?: string | number; readonly maxSurge?: string | number };
  };
}

const ordinalOf = (pod: KubeObject): number => Number(/-(\d+)$/.exec(pod.metadata.name ?? '')?.[1] ?? Number.NaN);

/** At most one running pod of a name, whatever the API says of it. */
export function identityInvariant(dog: Watchdog): Invariant {
  const name = 'identity';
  const running = new Map<string, Map<string, string>>();
  return {
    name,
    ran({ node, path, uid, running: runs }: Run) {
      const those = running.get(path) ?? new Map<string, string>();
      running.set(path, those);
      if (!runs) return void those.delete(uid);
      those.set(uid, node);
      if (those.size > 1) dog.violated(name, path, `runs ${those.size} times: on ${[...those.values()].join(', ')}`);
    },
  };
}

/** What must hold when a pod is made, and when a controller takes one away. */
function podRules(
  name: string,
  dog: Watchdog,
  made: (commit: Commit) => void,
  replaced: (commit: Commit) => string | undefined,
): Invariant {
  const deletions = deletedPods(replaced, (path, message) => dog.violated(name, path, message));
  return {
    name,
    commit(commit) {
      if (commit.collection === 'pods' && commit.object && !commit.before) made(commit);
      deletions.commit(commit);
    },
    call: deletions.call,
  };
}

export function statefulSetInvariant(dog: Watchdog): Invariant {
  const name = 'statefulset';
  const { view, weather } = dog;
  const setOf = (pod: KubeObject): KubeObject | undefined => {
    const owner = ownerOf(pod);
    return owner?.kind === 'StatefulSet' ? view.uid(owner.uid)?.object : undefined;
  };
  const slots = (set: KubeObject): { ordinal: number; pod: KubeObject | undefined }[] => {
    const { replicas = 1, ordinals } = specOf<SetSpec>(set);
    return Array.from({ length: replicas }, (_, at) => {
      const ordinal = at + (ordinals?.start ?? 0);
      return { ordinal, pod: view.get('pods', `${nameOf(set)}-${ordinal}`) };
    });
  };
  const made = ({ t, object }: Commit): void => {
    const set = setOf(object!);
    if (!set || specOf<SetSpec>(set).podManagementPolicy === 'Parallel' || weather.calm_ms(DELAYING, t) < SETTLED_MS)
      return;
    const mine = ordinalOf(object!);
    for (const { ordinal, pod } of slots(set)) {
      if (ordinal >= mine) return;
      if (pod && view.servedWithin(pod, LATE_MS)) continue;
      return dog.violated(name, nameOf(set), `${nameOf(object!)} was made before ${ordinal} was ready`);
    }
  };
  /** A healthy pod that is replaced while another one is out. */
  const replaced = ({ t, path, before }: Commit): string | undefined => {
    const pod = before!;
    const set = setOf(pod);
    if (!set || isGoing(set) || wasDisrupted(pod) || weather.calm_ms(DELAYING, t) < SETTLED_MS || !isServing(pod))
      return undefined;
    if (view.specs(set, LATE_MS).length > 1) return undefined;
    const all = slots(set);
    if (!all.some(({ ordinal }) => ordinal === ordinalOf(pod))) return undefined;
    const allowed = Math.max(
      1,
      scaled(specOf<SetSpec>(set).updateStrategy?.rollingUpdate?.maxUnavailable, all.length, 'down', 1),
    );
    const out = all.filter(
      ({ ordinal, pod: each }) => ordinal !== ordinalOf(pod) && !(each && view.servedWithin(each, LATE_MS)),
    );
    return out.length >= allowed
      ? `${path} was taken away while ${out.map(each => each.ordinal).join(', ')} was out`
      : undefined;
  };
  return podRules(name, dog, made, replaced);
}

/** The node a daemon pod is meant for: where it is, or what its affinity names. */
export function nodeOf(pod: KubeObject): string | undefined {
  const spec = specOf<{
    nodeName?: string;
    affinity?: {
      nodeAffinity?: {
        requiredDuringSchedulingIgnoredDuringExecution?: {
          nodeSelectorTerms?: readonly { matchFields?: readonly { key: string; values?: readonly string[] }[] }[];
        };
      };
    };
  }>(pod);
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return spec.nodeName ?? terms[0]?.matchFields?.find(each => each.key === 'metadata.name')?.values?.[0];
}

export function daemonSetInvariant(dog: Watchdog): Invariant {
  const name = 'daemonset';
  const { view, weather } = dog;
  const setOf = (pod: KubeObject): KubeObject | undefined => {
    const owner = ownerOf(pod);
    return owner?.kind === 'DaemonSet' ? view.uid(owner.uid)?.object : undefined;
  };
  const made = ({ t, object }: Commit): void => {
    const set = setOf(object!);
    if (
      !set ||
      specOf<SetSpec>(set).updateStrategy?.rollingUpdate?.maxSurge ||
      weather.calm_ms(BLINDING, t) < SETTLED_MS
    )
      return;
    const node = nodeOf(object!);
    const other = view
      .owned(set.metadata.uid!, 'pods')
      .find(pod => pod.metadata.uid !== object!.metadata.uid && nodeOf(pod) === node && !isEnded(pod));
    if (other) dog.violated(name, nameOf(set), `${nameOf(object!)} was made for ${node} beside ${nameOf(other)}`);
  };
  /** A daemon goes from a node that drives it away, however many others are out (DaemonSet, "Taints and tolerations"). */
  const isWanted = (pod: KubeObject): boolean => {
    const node = view.get('nodes', nodeOf(pod) ?? '');
    return node !== undefined && !view.specs(node, LATE_MS).some(each => isDrivenAway(pod, each));
  };
  const replaced = ({ t, path, before }: Commit): string | undefined => {
    const pod = before!;
    const set = setOf(pod);
    if (!set || isGoing(set) || wasDisrupted(pod) || weather.calm_ms(DELAYING, t) < SETTLED_MS || !isServing(pod))
      return undefined;
    if (view.specs(set, LATE_MS).length > 1 || !isWanted(pod)) return undefined;
    const nodes = [...view.all('nodes').keys()];
    const pods = view.owned(set.metadata.uid!, 'pods').filter(each => each.metadata.uid !== pod.metadata.uid);
    const rolling = specOf<SetSpec>(set).updateStrategy?.rollingUpdate;
    const allowed = Math.max(1, scaled(rolling?.maxUnavailable, nodes.length, 'up', 1));
    // A node that pods may not run on now is none of those that count.
    const counted = nodes.filter(each => each !== nodeOf(pod) && isNodeReady(view.get('nodes', each)));
    const out = counted.filter(node => !pods.some(each => nodeOf(each) === node && view.servedWithin(each, LATE_MS)));
    return out.length >= allowed ? `${path} was taken away while ${out.join(', ')} was without one` : undefined;
  };
  return podRules(name, dog, made, replaced);
}

/** Ready, and nobody asked that pods keep off it. */
const isNodeReady = (node: KubeObject | undefined): boolean => {
  if (node === undefined || conditionOf(node, 'Ready')?.status !== 'True') return false;
  const { unschedulable, taints = [] } = specOf<{ unschedulable?: boolean; taints?: { key: string }[] }>(node);
  return !unschedulable && taints.every(({ key }) => key.startsWith('node.kubernetes.io/'));
};
