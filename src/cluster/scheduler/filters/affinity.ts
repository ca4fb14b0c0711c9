import { matchesSelector } from '../../selector.ts';
import type { LabelSelector, Pod, PodAffinityTerm } from '../../types.ts';
import type { NodeInfo, Snapshot } from '../snapshot.ts';
import { type Filter, refuse, SKIP } from './filter.ts';

const PLUGIN = 'InterPodAffinity';

/** A term with its selector completed by matchLabelKeys and its namespaces resolved, ready to be tried on pods. */
export interface Term {
  readonly topologyKey: string;
  matches(pod: Pod): boolean;
}

/** Reads a term as its owner means it (Pod Affinity, "Namespace selector", "matchLabelKeys"). */
export function termOf(term: PodAffinityTerm, owner: Pod, snapshot: Snapshot): Term {
  const labels = owner.metadata.labels ?? {};
  const requirement = (operator: string) => (key: string) => ({ key, operator, values: [labels[key]!] });
  const present = (keys: readonly string[] | undefined): string[] =>
    (keys ?? []).filter(key => Object.hasOwn(labels, key));
  const selector: LabelSelector | undefined = term.labelSelector && {
    ...term.labelSelector,
    matchExpressions: [
      ...(term.labelSelector.matchExpressions ?? []),
      ...present(term.matchLabelKeys).map(requirement('In')),
      ...present(term.mismatchLabelKeys).map(requirement('NotIn')),
    ],
  };
  const own = !term.namespaces?.length && !term.namespaceSelector;
  const namespaces = new Set(own ? [owner.metadata.namespace ?? ''] : (term.namespaces ?? []));
  const inNamespace = (namespace: string): boolean =>
    namespaces.has(namespace) ||
    (term.namespaceSelector !== undefined &&
      matchesSelector(term.namespaceSelector, snapshot.namespaceLabels(namespace)));
  return {
    topologyKey: term.topologyKey,
    matches: pod => inNamespace(pod.metadata.namespace ?? '') && matchesSelector(selector, pod.metadata.labels),
  };
}

export const domainOf = (info: NodeInfo, key: string): string | undefined => {
  const labels = info.node.metadata.labels ?? {};
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
};

const pair = (key: string, value: string): string => `${key}=${value}`;

/** Topology pairs in which some pod satisfies the predicate. */
function occupied(snapshot: Snapshot, terms: readonly Term[], holds: (term: Term, pod: Pod) => boolean): Set<string>[] {
  const found = terms.map(() => new Set<string>());
  for (const info of snapshot.nodes) {
    terms.forEach((term, at) => {
      const domain = domainOf(info, term.topologyKey);
      if (domain === undefined || found[at]!.has(domain)) return;
      for (const pod of info.pods())
        if (holds(term, pod)) {
          found[at]!.add(domain);
          break;
        }
    });
  }
  return found;
}

/** Domains that pods already there keep this pod out of. */
function forbiddenByOthers(pod: Pod, snapshot: Snapshot): Set<string> {
  const forbidden = new Set<string>();
  for (const info of snapshot.nodes) {
    if (info.repelling.size === 0) continue;
    for (const other of info.repelling.values())
      for (const each of other.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
        const domain = domainOf(info, each.topologyKey);
        if (domain !== undefined && termOf(each, other, snapshot).matches(pod))
          forbidden.add(pair(each.topologyKey, domain));
      }
  }
  return forbidden;
}

export const interPodAffinity: Filter = {
  name: PLUGIN,
  prepare: (pod, snapshot) => {
    const read = (terms: readonly PodAffinityTerm[] | undefined): Term[] =>
      (terms ?? []).map(term => termOf(term, pod, snapshot));
    const wanted = read(pod.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution);
    const unwanted = read(pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution);
    const forbidden = forbiddenByOthers(pod, snapshot);
    if (wanted.length === 0 && unwanted.length === 0 && forbidden.size === 0) return SKIP;
    // A pod counts for affinity only when it meets every term.
    const near = occupied(snapshot, wanted, (_, other) => wanted.every(term => term.matches(other)));
    const far = occupied(snapshot, unwanted, (term, other) => term.matches(other));
    // The first pod of a group that is drawn to itself may go anywhere.
    const first = near.every(domains => domains.size === 0) && wanted.every(term => term.matches(pod));
    const isNear = (info: NodeInfo): boolean =>
      wanted.every((term, at) => {
        const domain = domainOf(info, term.topologyKey);
        return domain !== undefined && (first || near[at]!.has(domain));
      });
    return {
      check: info => {
        if (!isNear(info)) return refuse(PLUGIN, "node(s) didn't match pod affinity rules", true);
        if (unwanted.some((term, at) => far[at]!.has(domainOf(info, term.topologyKey) ?? '\u0000')))
          return refuse(PLUGIN, "node(s) didn't match pod anti-affinity rules", false);
        for (const [key, value] of Object.entries(info.node.metadata.labels ?? {}))
          if (forbidden.has(pair(key, value)))
            return refuse(PLUGIN, "node(s) didn't satisfy existing pods anti-affinity rules", false, pair(key, value));
        return undefined;
      },
    };
  },
};
