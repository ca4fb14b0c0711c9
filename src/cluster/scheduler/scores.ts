import { isTolerated, matchesTerm } from '../node-match.ts';
import { controllerOf } from '../pods.ts';
import type { Pod } from '../types.ts';
import { domainOf, type Term, termOf } from './filters/affinity.ts';
import { countByDomain, countMatching, spreadSelector } from './filters/spread.ts';
import { podRequests } from './requests.ts';
import type { NodeInfo, Snapshot } from './snapshot.ts';

/** A wish, 0 to 100 a node before its weight. */
interface Score {
  readonly name: string;
  readonly weight: number;
  /** One number where all nodes have the same. */
  score(pod: Pod, nodes: readonly NodeInfo[], snapshot: Snapshot): readonly number[] | number | undefined;
}

const SCORE_MAX = 100;

/** `Math.max` of a list however long; -Infinity of none. */
export function greatest(list: readonly number[]): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < list.length; at++) if (list[at]! > most) most = list[at]!;
  return most;
}

/** Stretches raw scores to 0..100; `reverse` where less is better. */
function normalize(raw: readonly number[], reverse = false): number[] {
  const most = Math.max(0, greatest(raw));
  if (most === 0) return raw.map(() => (reverse ? SCORE_MAX : 0));
  return raw.map(each => {
    const share = Math.floor((SCORE_MAX * each) / most);
    return reverse ? SCORE_MAX - share : share;
  });
}

/** A wish that looks at one node alone. */
type NodeScore = (pod: Pod) => (info: NodeInfo) => number;

/** NodeResourcesFit, LeastAllocated; weight 1. */
const leastAllocated: NodeScore = pod => {
  const wanted = podRequests(pod, true);
  const cpu = wanted.get('cpu') ?? 0;
  const memory = wanted.get('memory') ?? 0;
  return ({ total, usedNonzero }) =>
    Math.floor(
      (freeShare(total.cpu, usedNonzero.cpu + cpu) + freeShare(total.memory, usedNonzero.memory + memory)) / 2,
    );
};

const freeShare = (total: number, used: number): number =>
  total === 0 || used > total ? 0 : Math.floor(((total - used) * SCORE_MAX) / total);

/**
 * NodeResourcesBalancedAllocation, weight 1. Half the difference of the two shares is their standard deviation: the closer
 * they are, the better.
 */
const balanced: NodeScore = pod => {
  const wanted = podRequests(pod);
  const cpu = wanted.get('cpu') ?? 0;
  const memory = wanted.get('memory') ?? 0;
  return ({ total, used }) => {
    const apart = usedShare(total.cpu, used.cpu + cpu) - usedShare(total.memory, used.memory + memory);
    return Math.floor((1 - Math.abs(apart) / 2) * SCORE_MAX);
  };
};

/** The weighted sum of all wishes that look at one node alone. */
export function nodeScore(pod: Pod): (info: NodeInfo) => number {
  const [least, even] = [leastAllocated(pod), balanced(pod)];
  return info => least(info) + even(info);
}

const usedShare = (total: number, used: number): number => (total === 0 ? 1 : Math.min(1, used / total));

const taints: Score = {
  name: 'TaintToleration',
  weight: 3,
  score: (pod, nodes) => {
    if (!nodes.some(info => info.facts.hasSoftTaints)) return SCORE_MAX;
    const tolerations = pod.spec.tolerations?.filter(each => !each.effect || each.effect === 'PreferNoSchedule');
    return normalize(
      nodes.map(info =>
        info.facts.hasSoftTaints
          ? (info.node.spec?.taints ?? []).filter(
              taint => taint.effect === 'PreferNoSchedule' && !isTolerated(tolerations, taint),
            ).length
          : 0,
      ),
      true,
    );
  },
};

const nodeAffinity: Score = {
  name: 'NodeAffinity',
  weight: 2,
  score: (pod, nodes) => {
    const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
    if (!preferred?.length) return undefined;
    return normalize(
      nodes.map(info =>
        preferred.reduce((sum, each) => sum + (matchesTerm(each.preference, info.node) ? each.weight : 0), 0),
      ),
    );
  },
};

const spread: Score = {
  name: 'PodTopologySpread',
  weight: 2,
  score: (pod, nodes, snapshot) => {
    const soft = (pod.spec.topologySpreadConstraints ?? []).filter(each => each.whenUnsatisfiable === 'ScheduleAnyway');
    if (soft.length === 0) return pod.spec.topologySpreadConstraints?.length ? undefined : spreadSiblings(pod, nodes);
    const keys = soft.map(each => each.topologyKey);
    const counts = soft.map(each => countByDomain(snapshot, pod, each, keys));
    const raw = nodes.map(info =>
      soft.reduce((sum, each, at) => {
        const domain = domainOf(info, each.topologyKey);
        const count =
          each.topologyKey === 'kubernetes.io/hostname'
            ? countMatching(info, pod.metadata.namespace ?? '', spreadSelector(each, pod))
            : (counts[at]!.get(domain ?? '\u0000') ?? 0);
        return sum + count * Math.log(counts[at]!.size + 2) + (each.maxSkew - 1);
      }, 0),
    );
    const [least, most] = [Math.min(...raw), Math.max(...raw)];
    return raw.map(each => (most === 0 ? SCORE_MAX : Math.floor((SCORE_MAX * (most + least - each)) / most)));
  },
};

/** Without constraints of its own a pod keeps away from the pods of its own workload (PodTopologySpread, system defaults). */
function spreadSiblings(pod: Pod, nodes: readonly NodeInfo[]): number[] | undefined {
  const owner = controllerOf(pod)?.uid;
  if (!owner) return undefined;
  const onNode = nodes.map(info => info.siblings(owner));
  const first = nodes[0]!.facts.zone ?? '';
  if (nodes.every(info => (info.facts.zone ?? '') === first))
    return normalize(
      onNode.map(count => count * 2),
      true,
    );
  const zones = new Map<string, number>();
  nodes.forEach((info, at) => {
    const zone = info.facts.zone ?? '';
    zones.set(zone, (zones.get(zone) ?? 0) + onNode[at]!);
  });
  return normalize(
    nodes.map((info, at) => onNode[at]! * 2 + (zones.get(info.facts.zone ?? '') ?? 0)),
    true,
  );
}

interface Weighted {
  readonly term: Term;
  readonly weight: number;
}

/** The weight a required affinity term of a pod already there has for the one that comes (hardPodAffinityWeight). */
const HARD_WEIGHT = 1;

const interPodAffinity: Score = {
  name: 'InterPodAffinity',
  weight: 2,
  score: (pod, nodes, snapshot) => {
    const weightedOf = (owner: Pod, hard: number): Weighted[] => {
      const { podAffinity, podAntiAffinity } = owner.spec.affinity ?? {};
      const read = (list: typeof podAffinity, sign: number): Weighted[] =>
        (list?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(each => ({
          term: termOf(each.podAffinityTerm, owner, snapshot),
          weight: sign * each.weight,
        }));
      const required = hard ? (podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) : [];
      return [
        ...read(podAffinity, 1),
        ...read(podAntiAffinity, -1),
        ...required.map(each => ({ term: termOf(each, owner, snapshot), weight: hard })),
      ];
    };
    const mine = weightedOf(pod, 0);
    const sums = new Map<string, number>();
    const raise = (info: NodeInfo, { term, weight }: Weighted): void => {
      const domain = domainOf(info, term.topologyKey);
      if (domain === undefined) return;
      const key = `${term.topologyKey}=${domain}`;
      sums.set(key, (sums.get(key) ?? 0) + weight);
    };
    for (const info of snapshot.nodes) {
      if (mine.length === 0 && info.attached.size === 0) continue;
      if (mine.length > 0)
        for (const other of info.pods()) for (const each of mine) if (each.term.matches(other)) raise(info, each);
      for (const other of info.attached.values())
        for (const each of weightedOf(other, HARD_WEIGHT)) if (each.term.matches(pod)) raise(info, each);
    }
    if (sums.size === 0) return undefined;
    const raw = nodes.map(info =>
      Object.entries(info.node.metadata.labels ?? {}).reduce(
        (sum, [key, value]) => sum + (sums.get(`${key}=${value}`) ?? 0),
        0,
      ),
    );
    const [least, most] = [Math.min(...raw), Math.max(...raw)];
    return raw.map(each => (most === least ? 0 : Math.floor((SCORE_MAX * (each - least)) / (most - least))));
  },
};

const IMAGE_MIN = 23 * 2 ** 20;
const IMAGE_MAX_PER_CONTAINER = 1000 * 2 ** 20;

const imageLocality: Score = {
  name: 'ImageLocality',
  weight: 1,
  score: (pod, nodes, snapshot) => {
    if (!snapshot.nodes.some(info => info.facts.hasImages)) return undefined;
    const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
    const images = new Set(containers.map(each => withTag(each.image ?? '')));
    const holders = new Map<string, number>();
    const sizesOf = (info: NodeInfo): Map<string, number> => {
      const sizes = new Map<string, number>();
      for (const image of info.node.status?.images ?? [])
        for (const name of image.names ?? [])
          if (images.has(withTag(name))) sizes.set(withTag(name), image.sizeBytes ?? 0);
      return sizes;
    };
    for (const info of snapshot.nodes)
      for (const name of sizesOf(info).keys()) holders.set(name, (holders.get(name) ?? 0) + 1);
    if (holders.size === 0) return undefined;
    const top = IMAGE_MAX_PER_CONTAINER * containers.length;
    return nodes.map(info => {
      let sum = 0;
      for (const [name, size] of sizesOf(info)) sum += (size * holders.get(name)!) / snapshot.nodes.length;
      const clipped = Math.max(IMAGE_MIN, Math.min(top, sum));
      return Math.floor((SCORE_MAX * (clipped - IMAGE_MIN)) / (top - IMAGE_MIN));
    });
  },
};

const withTag = (image: string): string => (/[:@][^/]*$/.test(image) ? image : `${image}:latest`);

const SCORES: readonly Score[] = [taints, nodeAffinity, spread, interPodAffinity, imageLocality];

/** Weighted sums for nodes that all could take the pod, added to `totals`, which begin as each node's {@link nodeScore}. */
export function scoreNodes(pod: Pod, nodes: readonly NodeInfo[], snapshot: Snapshot, totals: number[]): void {
  for (const each of SCORES) {
    const scores = each.score(pod, nodes, snapshot);
    if (scores === undefined) continue;
    if (typeof scores === 'number') for (let at = 0; at < totals.length; at++) totals[at]! += scores * each.weight;
    else for (let at = 0; at < totals.length; at++) totals[at]! += scores[at]! * each.weight;
  }
}
