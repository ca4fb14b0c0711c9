import { matchesNodeRules, untolerated } from '../../node-match.ts';
import { matchesSelector } from '../../selector.ts';
import type { LabelSelector, Pod, TopologySpreadConstraint } from '../../types.ts';
import type { NodeInfo, Snapshot } from '../snapshot.ts';
import { domainOf } from './affinity.ts';
import { type Filter, refuse, SKIP } from './filter.ts';

const PLUGIN = 'PodTopologySpread';

/** The constraint's selector, completed by matchLabelKeys with the pod's own values. */
export function spreadSelector(constraint: TopologySpreadConstraint, pod: Pod): LabelSelector | undefined {
  const labels = pod.metadata.labels ?? {};
  const keys = (constraint.matchLabelKeys ?? []).filter(key => Object.hasOwn(labels, key));
  if (!constraint.labelSelector || keys.length === 0) return constraint.labelSelector;
  const extra = keys.map(key => ({ key, operator: 'In', values: [labels[key]!] }));
  return {
    ...constraint.labelSelector,
    matchExpressions: [...(constraint.labelSelector.matchExpressions ?? []), ...extra],
  };
}

/** Whether a node takes part in a constraint's count (nodeAffinityPolicy, nodeTaintsPolicy). */
export function countsNode(constraint: TopologySpreadConstraint, pod: Pod, info: NodeInfo): boolean {
  if ((constraint.nodeAffinityPolicy ?? 'Honor') === 'Honor' && !matchesNodeRules(pod.spec, info.node)) return false;
  const taints = (constraint.nodeTaintsPolicy ?? 'Ignore') === 'Honor';
  return !taints || !untolerated(info.node.spec?.taints, pod.spec.tolerations, ['NoSchedule', 'NoExecute']);
}

/** Living pods of the namespace a selector matches, on one node. */
export function countMatching(info: NodeInfo, namespace: string, selector: LabelSelector | undefined): number {
  let count = 0;
  for (const other of info.pods())
    if (
      other.metadata.namespace === namespace &&
      !other.metadata.deletionTimestamp &&
      matchesSelector(selector, other.metadata.labels)
    )
      count++;
  return count;
}

/** Pods by domain of a constraint, over the nodes that take part and have every constraint's key. */
export function countByDomain(
  snapshot: Snapshot,
  pod: Pod,
  constraint: TopologySpreadConstraint,
  keys: readonly string[],
): Map<string, number> {
  const selector = spreadSelector(constraint, pod);
  const counts = new Map<string, number>();
  for (const info of snapshot.nodes) {
    if (keys.some(key => domainOf(info, key) === undefined) || !countsNode(constraint, pod, info)) continue;
    const domain = domainOf(info, constraint.topologyKey)!;
    counts.set(domain, (counts.get(domain) ?? 0) + countMatching(info, pod.metadata.namespace ?? '', selector));
  }
  return counts;
}

export const podTopologySpread: Filter = {
  name: PLUGIN,
  prepare: (pod, snapshot) => {
    const constraints = (pod.spec.topologySpreadConstraints ?? []).filter(
      each => each.whenUnsatisfiable === 'DoNotSchedule',
    );
    if (constraints.length === 0) return SKIP;
    const keys = constraints.map(each => each.topologyKey);
    const plans = constraints.map(constraint => {
      const counts = countByDomain(snapshot, pod, constraint, keys);
      const enough = counts.size >= (constraint.minDomains ?? 1);
      const least = enough ? Math.min(...counts.values()) : 0;
      const self = matchesSelector(spreadSelector(constraint, pod), pod.metadata.labels) ? 1 : 0;
      return { constraint, counts, least, self };
    });
    return {
      check: info => {
        for (const { constraint, counts, least, self } of plans) {
          const domain = domainOf(info, constraint.topologyKey);
          if (domain === undefined)
            return refuse(
              PLUGIN,
              "node(s) didn't match pod topology spread constraints (missing required label)",
              true,
              constraint.topologyKey,
            );
          const skew = (counts.get(domain) ?? 0) + self - least;
          if (skew > constraint.maxSkew)
            return refuse(
              PLUGIN,
              "node(s) didn't match pod topology spread constraints",
              false,
              `${constraint.topologyKey}=${domain}: skew ${skew}, maxSkew ${constraint.maxSkew}`,
            );
        }
        return undefined;
      },
    };
  },
};
