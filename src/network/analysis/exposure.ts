import { canonicalSelector, selects } from '../engine/selectors.ts';
import type { Connectivity } from '../engine/connectivity.ts';
import { ruleSelects } from '../engine/matching.ts';
import { ALL_CONNECTIONS, type ConnectionSet, formatConnections, intersect, isEmpty } from '../engine/ports.ts';
import type { Workload } from '../dialects/kubernetes/workloads.ts';
import {
  type Direction,
  type Identity,
  NAMESPACE_NAME_LABEL,
  type PodPeer,
  type Protocol,
  type Selector,
} from '../model.ts';
import { type NetworkView, type Snapshot } from './snapshot.ts';

/** Pods that are in no document, by what a policy asks of them; both selectors empty is the entire cluster. */
export interface UnknownPods {
  readonly namespaces: Selector;
  readonly pods: Selector;
}

/** What a workload lets in from, or sends to, pods that are in no document. */
export interface Exposure {
  readonly workload: Workload;
  readonly direction: Direction;
  /** False: no policy speaks about this workload in this direction. */
  readonly governed: boolean;
  readonly exposures: readonly OpenTo[];
}

export interface OpenTo {
  readonly peer: UnknownPods;
  readonly connections: ConnectionSet;
  /** Ports known only by name, since the pods that would declare them are not known. */
  readonly names: readonly { readonly protocol?: Protocol; readonly named: string }[];
}

/** Somewhere in the cluster, of unknown labels: only rules that ask nothing select it. */
const UNSEEN: Selector = [{ key: '\u0000unseen', operator: 'Exists', values: [] }];
const ENTIRE_CLUSTER: Identity = { kind: 'unknown-pod', namespaces: UNSEEN, pods: UNSEEN };

/** Only labels: expressions are taken to mean pods beyond those seen. */
const isPlain = (selector: Selector): boolean =>
  selector.length > 0 && selector.every(({ operator }) => operator === 'Equals');

/** A rule peer whose pods are all in the documents already tells nothing about pods that are not. */
function isKnown(peer: PodPeer, workloads: readonly Workload[]): boolean {
  if (!isPlain(peer.namespaces) || !isPlain(peer.pods)) return false;
  return workloads.some(
    ({ identity }) => selects(peer.namespaces, identity.namespaceLabels) && selects(peer.pods, identity.labels),
  );
}

/** Every group of pods that some rule names and no document shows, once. */
export function unknownPods(view: NetworkView, snapshot: Snapshot): UnknownPods[] {
  const found = new Map<string, UnknownPods>();
  for (const policy of snapshot.policies) {
    for (const rule of policy.rules) {
      if (rule.peers === 'any') continue;
      for (const peer of rule.peers) {
        if (peer.kind !== 'pods' || (peer.namespaces.length === 0 && peer.pods.length === 0)) continue;
        if (isKnown(peer, view.workloads)) continue;
        const key = `${canonicalSelector(peer.namespaces)}/${canonicalSelector(peer.pods)}`;
        if (!found.has(key)) found.set(key, { namespaces: peer.namespaces, pods: peer.pods });
      }
    }
  }
  return [...found.values()];
}

/** Named ports that allow rules grant to pods nobody has seen. */
function grantedNames(connectivity: Connectivity, subject: Identity, peer: Identity): OpenTo['names'] {
  const { admin, namespace, baseline } = connectivity.selected(subject, 'egress');
  const found = new Map<string, OpenTo['names'][number]>();
  for (const rule of [...admin, ...namespace, ...baseline].flatMap(policy => policy.rules)) {
    if (rule.direction !== 'egress' || rule.action !== 'allow' || rule.ports === 'any') continue;
    if (!ruleSelects(rule, peer)) continue;
    for (const port of rule.ports) if ('named' in port) found.set(`${port.protocol}/${port.named}`, port);
  }
  return [...found.values()];
}

/** What is open, as text: the same text says the same. */
export function formatOpen({ connections, names }: Pick<OpenTo, 'connections' | 'names'>): string {
  if (names.length === 0) return formatConnections(connections);
  const named = names.map(({ protocol, named: name }) => `${protocol ?? ''} ${name}`);
  return [...(isEmpty(connections) ? [] : [formatConnections(connections)]), ...named].join(',');
}

/** Finds who else could reach, or be reached from, each workload. */
export function exposures(view: NetworkView, snapshot: Snapshot, wanted: ConnectionSet = ALL_CONNECTIONS): Exposure[] {
  const unknown = unknownPods(view, snapshot);
  return view.workloads.flatMap(workload =>
    (['egress', 'ingress'] as const).map(direction => exposureOf(view, workload, direction, unknown, wanted)),
  );
}

function exposureOf(
  view: NetworkView,
  workload: Workload,
  direction: Direction,
  unknown: readonly UnknownPods[],
  wanted: ConnectionSet,
): Exposure {
  const { connectivity } = view;
  const cluster: UnknownPods = { namespaces: [], pods: [] };
  if (!connectivity.governed(workload.identity, direction)) {
    return { workload, direction, governed: false, exposures: [{ peer: cluster, connections: wanted, names: [] }] };
  }
  const ask = (peer: Identity): Pick<OpenTo, 'connections' | 'names'> =>
    direction === 'egress'
      ? {
          connections: intersect(wanted, connectivity.allowedBy('egress', workload.identity, peer)),
          names: grantedNames(connectivity, workload.identity, peer),
        }
      : { connections: intersect(wanted, connectivity.allowedBy('ingress', peer, workload.identity)), names: [] };
  const general = ask(ENTIRE_CLUSTER);
  const special = unknown
    .map((peer): OpenTo => ({ peer, ...ask({ kind: 'unknown-pod', ...peer }) }))
    .filter(open => formatOpen(open) !== formatOpen(general));
  const isClosed = isEmpty(general.connections) && general.names.length === 0;
  return {
    workload,
    direction,
    governed: true,
    exposures: [...(isClosed ? [] : [{ peer: cluster, ...general }]), ...special],
  };
}

/** The namespace a selector names by name and nothing else. */
export function namedNamespace(selector: Selector): string | undefined {
  const [only] = selector;
  if (selector.length !== 1 || only?.key !== NAMESPACE_NAME_LABEL || only.operator !== 'Equals') return undefined;
  return only.values.length === 1 ? only.values[0] : undefined;
}
