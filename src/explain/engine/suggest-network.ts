import type { KubeObject } from '../../kernel/index.ts';
import {
  connectionsOf,
  formatConnections,
  hasNoConnections,
  listConnections,
  readSnapshot,
  subtractConnections,
} from '../../network/index.ts';
import { flowPolicies, type PolicyForm } from '../dialects/flow-policies.ts';
import type { Prepared } from './prepared.ts';
import { fieldsOf } from './workload.ts';

/** One end of a flow that was seen: an address, or a pod or workload by name. */
export interface SeenEnd {
  readonly address?: string;
  readonly namespace?: string;
  readonly name?: string;
}

export interface SeenFlow {
  readonly source: SeenEnd;
  readonly destination: SeenEnd;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  /** Of the destination. */
  readonly port: number;
}

/** A workload, or an address that is none of the cluster's. */
export type FlowParty =
  | {
      readonly kind: 'workload';
      readonly namespace: string;
      readonly name: string;
      readonly of: string;
      /** Labels that select its pods. */
      readonly labels: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'address'; readonly address: string };

/** What a party says to another, all ports together. */
export interface FlowPair {
  readonly source: FlowParty;
  readonly destination: FlowParty;
  readonly ports: readonly { readonly protocol: SeenFlow['protocol']; readonly port: number }[];
}

export interface NetworkSuggestion {
  readonly policies: readonly KubeObject[];
  readonly pairs: readonly FlowPair[];
  /** Ends nobody is known for, and workloads without labels to select them by. */
  readonly unresolved: readonly string[];
  /** What the policies decide otherwise than was seen: empty unless workloads share their labels. */
  readonly missing: readonly string[];
  readonly surplus: readonly string[];
}

/** Labels that controllers give each pod for themselves. */
const OWN_LABELS =
  /^(pod-template-hash|controller-revision-hash|pod-template-generation|controller-uid|job-name|statefulset\.kubernetes\.io\/pod-name|apps\.kubernetes\.io\/pod-index|batch\.kubernetes\.io\/.*)$/;

export const partyLabel = (party: FlowParty): string =>
  party.kind === 'address'
    ? `${party.address}-${party.address}[External]`
    : `${party.namespace}/${party.name}[${party.of}]`;

/** Finds who an end is: pods by address or name stand for the workload they belong to. */
function resolver(prepared: Prepared): (end: SeenEnd) => FlowParty | undefined {
  const parties = prepared.snapshot.workloads.map(({ namespace, name, kind, identity }) => ({
    kind: 'workload' as const,
    namespace,
    name,
    of: kind,
    labels: Object.fromEntries([...identity.labels].filter(([key]) => !OWN_LABELS.test(key))),
  }));
  const podOf = (matches: (pod: KubeObject) => boolean): FlowParty | undefined => {
    const pod = prepared.kinds('Pod').find(matches);
    if (!pod) return undefined;
    const { namespace = 'default', name = '', labels = {} } = pod.metadata;
    const own = parties.find(each => each.namespace === namespace && each.name === name);
    if (own) return own;
    return parties.find(
      each =>
        each.namespace === namespace &&
        Object.keys(each.labels).length > 0 &&
        Object.entries(each.labels).every(([key, value]) => labels[key] === value),
    );
  };
  return ({ address, namespace, name }) => {
    if (namespace !== undefined && name !== undefined)
      return (
        parties.find(each => each.namespace === namespace && each.name === name) ??
        podOf(({ metadata }) => (metadata.namespace ?? 'default') === namespace && metadata.name === name)
      );
    if (address === undefined) return undefined;
    return podOf(pod => fieldsOf(pod.status).podIP === address) ?? { kind: 'address', address };
  };
}

const describe = ({ address, namespace, name }: SeenEnd): string => address ?? `${namespace ?? '?'}/${name ?? '?'}`;

/** Flows as pairs of parties; pairs of one identity are one. */
function pairsOf(prepared: Prepared, flows: readonly SeenFlow[]): { pairs: FlowPair[]; unresolved: string[] } {
  const resolve = resolver(prepared);
  const pairs = new Map<string, FlowPair & { ports: FlowPair['ports'][number][] }>();
  const unresolved = new Set<string>();
  for (const { source, destination, protocol, port } of flows) {
    const [from, to] = [resolve(source), resolve(destination)];
    for (const [end, party] of [
      [source, from],
      [destination, to],
    ] as const) {
      const bare = party?.kind === 'workload' && Object.keys(party.labels).length === 0;
      if (party === undefined || bare) unresolved.add(describe(end));
    }
    if (!from || !to || (from.kind === 'address' && to.kind === 'address')) continue;
    if ([from, to].some(each => each.kind === 'workload' && Object.keys(each.labels).length === 0)) continue;
    const key = `${partyLabel(from)} ${partyLabel(to)}`;
    const pair = pairs.get(key) ?? { source: from, destination: to, ports: [] };
    pairs.set(key, pair);
    if (!pair.ports.some(each => each.protocol === protocol && each.port === port)) pair.ports.push({ protocol, port });
  }
  return { pairs: [...pairs.values()], unresolved: [...unresolved] };
}

/** Decides again with the policies in force: what was seen must pass, and nothing else of the namespaces may. */
function decidedAgain(
  prepared: Prepared,
  policies: readonly KubeObject[],
  pairs: readonly FlowPair[],
  namespaces: ReadonlySet<string>,
): { missing: string[]; surplus: string[] } {
  const snapshot = readSnapshot([...prepared.documents.objects, ...policies]);
  const set = ({ ports }: FlowPair) =>
    connectionsOf(ports.map(({ protocol, port }) => ({ protocol, ports: { from: port, to: port } })));
  const seen = new Map(pairs.map(pair => [`${partyLabel(pair.source)} ${partyLabel(pair.destination)}`, set(pair)]));
  const allowed = new Map(
    listConnections(snapshot).map(({ source, destination, connections }) => [
      `${source.label} ${destination.label}`,
      { source, destination, connections },
    ]),
  );
  const nothing = connectionsOf([]);
  const missing = [...seen].flatMap(([key, wanted]) => {
    const [source, destination] = key.split(' ');
    if (source === destination) return [];
    const rest = subtractConnections(wanted, allowed.get(key)?.connections ?? nothing);
    return hasNoConnections(rest) ? [] : [`${source} → ${destination}: ${formatConnections(rest)}`];
  });
  const inside = (namespace: string | undefined): boolean => namespace !== undefined && namespaces.has(namespace);
  const surplus = [...allowed].flatMap(([key, { source, destination, connections }]) => {
    if (!inside(source.workload?.namespace) && !inside(destination.workload?.namespace)) return [];
    const rest = subtractConnections(connections, seen.get(key) ?? nothing);
    return hasNoConnections(rest) ? [] : [`${source.label} → ${destination.label}: ${formatConnections(rest)}`];
  });
  return { missing, surplus };
}

/** Policies that let through exactly what was seen, in every namespace in which something was. */
export function suggestNetworkPolicies(
  prepared: Prepared,
  flows: readonly SeenFlow[],
  form: PolicyForm = 'NetworkPolicy',
): NetworkSuggestion {
  const { pairs, unresolved } = pairsOf(prepared, flows);
  const namespaces = new Set(
    pairs.flatMap(({ source, destination }) =>
      [source, destination].flatMap(each => (each.kind === 'workload' ? [each.namespace] : [])),
    ),
  );
  const policies = flowPolicies(pairs, [...namespaces].sort(), form);
  return { policies, pairs, unresolved, ...decidedAgain(prepared, policies, pairs, namespaces) };
}
