import { formatAddress } from '../engine/addresses.ts';
import type { Piece } from '../engine/connectivity.ts';
import { connectionsOf } from '../engine/connectivity.ts';
import { type ConnectionSet, intersect, isEmpty, NO_CONNECTIONS, unite } from '../engine/ports.ts';
import type { Opening } from '../dialects/kubernetes/exposure.ts';
import type { Workload } from '../dialects/kubernetes/workloads.ts';
import { policiesOf } from '../engine/verdict.ts';
import type { AddressRange, Identity } from '../model.ts';
import { standings } from './standings.ts';
import { addressAtoms, type NetworkView, networkViews, type Party, type Snapshot } from './snapshot.ts';

/** What one party may say to another on one network. */
export interface Connection {
  readonly network: NetworkView['network'];
  readonly source: Party;
  readonly destination: Party;
  readonly connections: ConnectionSet;
}

export function workloadParty(workload: Workload, network?: NetworkView['network'], identity?: Identity): Party {
  // A namespace with a network of its own is another world of the same name.
  const mark = network?.kind === 'UDN' ? '[udn]' : '';
  return {
    label: `${workload.namespace}${mark}/${workload.name}[${workload.kind}]`,
    kind: 'workload',
    identity: identity ?? workload.identity,
    workload,
  };
}

export function addressParty(range: AddressRange): Party {
  const text = `${formatAddress(range.family, range.first)}-${formatAddress(range.family, range.last)}`;
  return { label: `${text}[External]`, kind: 'addresses', identity: { kind: 'addresses', range }, range };
}

/** The proxy that serves Ingress and Route objects: a pod without labels, in a namespace of its own. */
export const INGRESS_CONTROLLER: Party = {
  label: '{ingress-controller}',
  kind: 'ingress-controller',
  identity: {
    kind: 'pod',
    namespace: 'ingress-controller-ns',
    labels: new Map(),
    namespaceLabels: new Map([['kubernetes.io/metadata.name', 'ingress-controller-ns']]),
    ports: [],
  },
};

/** Which pairs are of interest. */
export type PairFilter = (source: Party, destination: Party) => boolean;

/** Pairs of one network that can speak at all: not outside to outside, not a workload to itself. */
export function pairs(view: NetworkView, snapshot: Snapshot, wanted: PairFilter = () => true): [Party, Party][] {
  const inside = view.workloads.map(workload => workloadParty(workload, view.network, view.identities.get(workload)));
  // Secondary networks are flat: nothing routes from them to the outside.
  const outside =
    view.network.kind === 'NAD'
      ? () => []
      : (direction: 'ingress' | 'egress') => addressAtoms(snapshot.policies, direction).map(addressParty);
  const sources = outside('ingress');
  const destinations = outside('egress');
  const chosen: [Party, Party][] = [];
  const choose = (source: Party, destination: Party): void => {
    if (wanted(source, destination)) chosen.push([source, destination]);
  };
  for (const source of sources) for (const party of inside) choose(source, party);
  for (const source of inside) {
    for (const party of inside) if (party.workload !== source.workload) choose(source, party);
    for (const party of destinations) choose(source, party);
  }
  return chosen;
}

/** Ingress and Route objects by the workload they open, on one network. */
export function openingsOf(view: NetworkView, snapshot: Snapshot): ReadonlyMap<Workload, readonly Opening[]> {
  const found = new Map<Workload, Opening[]>();
  if (view.network.kind === 'NAD') return found;
  for (const opening of snapshot.openings) {
    if (!view.workloads.includes(opening.workload)) continue;
    found.set(opening.workload, [...(found.get(opening.workload) ?? []), opening]);
  }
  return found;
}

function openConnections(view: NetworkView, snapshot: Snapshot): Connection[] {
  return [...openingsOf(view, snapshot)].flatMap(([workload, openings]) => {
    const opened = openings.reduce((set, opening) => unite(set, opening.connections), NO_CONNECTIONS);
    const destination = workloadParty(workload, view.network);
    const allowed = view.connectivity.allowed(INGRESS_CONTROLLER.identity, destination.identity);
    const connections = intersect(opened, allowed);
    return isEmpty(connections)
      ? []
      : [{ network: view.network, source: INGRESS_CONTROLLER, destination, connections }];
  });
}

/** What is let through whichever address the destination gets, of those that policies tell apart inside the cluster. */
function anywhere({ connectivity }: NetworkView, source: Identity, destination: Identity): ConnectionSet {
  const policies = policiesOf(connectivity.selected(source, 'egress'));
  return standings(destination, policies, 'egress', false)
    .map(standing => connectivity.allowed(source, standing))
    .reduce(intersect);
}

/**
 * Every connection that policies let through, network by network; of the pairs that are of interest. Rules about
 * addresses are of what is outside, unless `byAddress`: then those that mean the inside too are asked of workloads.
 */
export function listConnections(snapshot: Snapshot, wanted?: PairFilter, byAddress = false): Connection[] {
  return networkViews(snapshot).flatMap(view => [
    ...pairs(view, snapshot, wanted).flatMap(([source, destination]) => {
      const connections = byAddress
        ? anywhere(view, source.identity, destination.identity)
        : view.connectivity.allowed(source.identity, destination.identity);
      return isEmpty(connections) ? [] : [{ network: view.network, source, destination, connections }];
    }),
    ...openConnections(view, snapshot),
  ]);
}

/** Pieces of one pair with equal reasons joined: what is said once for many ports. */
export interface Reasoned {
  readonly allowed: boolean;
  readonly connections: ConnectionSet;
  readonly egress: Piece['egress'];
  readonly ingress: Piece['ingress'];
}

const reasonKey = (walk: Piece['egress']): string =>
  `${walk.allowed}|${walk.steps
    .map(step =>
      step.kind === 'default'
        ? '-'
        : `${step.policy.kind}/${step.policy.namespace}/${step.policy.name}/${step.kind === 'rule' ? step.rule.path : step.near.map(rule => rule.path).join(',')}`,
    )
    .join(';')}`;

/** Joins pieces that have the same verdict for the same reasons. */
export function reasons(pieces: readonly Piece[]): Reasoned[] {
  const groups = new Map<string, Piece[]>();
  for (const piece of pieces) {
    const key = `${reasonKey(piece.egress)}#${reasonKey(piece.ingress)}`;
    groups.set(key, [...(groups.get(key) ?? []), piece]);
  }
  return [...groups.values()].map(group => ({
    allowed: group[0]!.egress.allowed && group[0]!.ingress.allowed,
    connections: connectionsOf(group),
    egress: group[0]!.egress,
    ingress: group[0]!.ingress,
  }));
}

export const isDefault = (walk: Piece['egress']): boolean =>
  walk.steps.length === 1 && walk.steps[0]!.kind === 'default';
