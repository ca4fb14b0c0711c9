import type { Fault, Origin } from '../../base/index.ts';
import type { KubeObject } from '../../kernel/index.ts';
import type { PolicyContext } from '../dialects/context.ts';
import {
  type HostFirewall,
  parsePolicies,
  readApiAddresses,
  readHostFirewall,
  readPolicyContext,
} from '../dialects/index.ts';
import { type Opening, readOpenings } from '../dialects/kubernetes/exposure.ts';
import { readStringMap } from '../dialects/kubernetes/read.ts';
import { parseNetworkPolicy } from '../dialects/kubernetes/networkpolicy.ts';
import { readWorkloads, type Workload } from '../dialects/kubernetes/workloads.ts';
import {
  attachedAddresses,
  type PodNetworkName,
  policyNetworks,
  readNetworks,
  type WorkloadNetworks,
} from '../dialects/multus/networks.ts';
import { atoms, cutOut, parseCidr, WHOLE_IPV4 } from '../engine/addresses.ts';
import { HOST_FIREWALL } from '../hostview.ts';
import { Connectivity } from '../engine/connectivity.ts';
import type { AddressRange, Direction, Identity, Policy } from '../model.ts';

/** Documents read once for every question about who reaches whom. */
export interface Snapshot {
  readonly workloads: readonly Workload[];
  readonly networks: ReadonlyMap<Workload, WorkloadNetworks>;
  readonly openings: readonly Opening[];
  /** Policies of primary networks (the cluster's and those that replace it). */
  readonly policies: readonly Policy[];
  readonly secondaryPolicies: ReadonlyMap<string, readonly Policy[]>;
  /** The document each policy was read from. */
  readonly sources: ReadonlyMap<Policy, KubeObject>;
  /** Policies with parts that could not be read, and what was wrong. */
  readonly broken: ReadonlyMap<Policy, readonly Fault[]>;
  readonly faults: readonly Fault[];
  /** Nodes by their addresses. */
  readonly nodes: ReadonlyMap<string, Identity>;
  /** Addresses that serve the API; undefined where no document says. */
  /** Addresses of nodes on which Tenon holds policies for nodes. */
  readonly heldNodes: ReadonlySet<string>;
  readonly apiAddresses?: ReadonlySet<string>;
  /** Whether policies for nodes hold; undefined where no document says. */
  readonly hostFirewall?: HostFirewall;
  /** What policies may refer to. */
  readonly context: PolicyContext;
}

/** Where an object, or what a pointer names in it, was written; undefined where no source is kept. */
export type OriginOf = (object: KubeObject, pointer?: string) => Origin | undefined;

/** Rules of larger policies are told by the place of their policy. */
const PLACED_RULES_MAX = 20_000;

/** Places are looked up when they are told, not before: most rules of a repository never are. */
function withOrigins(policy: Policy, object: KubeObject, originOf: OriginOf): Policy {
  const placed = <T extends { readonly where?: Origin }>(part: T, find: () => Origin | undefined): T =>
    Object.defineProperty({ ...part }, 'where', { get: () => find() ?? part.where, enumerable: true });
  const rules =
    policy.rules.length > PLACED_RULES_MAX
      ? policy.rules
      : policy.rules.map(rule => placed(rule, () => originOf(object, rule.path)));
  return placed({ ...policy, rules }, () => originOf(object));
}

/** A node as policies know it, by each of its InternalIPs. */
function nodeAddresses({ kind, metadata, status }: KubeObject): [string, Identity][] {
  if (kind !== 'Node') return [];
  const identity: Identity = { kind: 'node', labels: readStringMap(metadata.labels) };
  const { addresses } = (status ?? {}) as { addresses?: unknown };
  return (Array.isArray(addresses) ? (addresses as { type?: unknown; address?: unknown }[]) : []).flatMap(entry =>
    entry?.type === 'InternalIP' && typeof entry.address === 'string' ? [[entry.address, identity] as const] : [],
  ) as [string, Identity][];
}

const isHeldNode = ({ metadata }: KubeObject): boolean =>
  metadata.annotations?.[HOST_FIREWALL.annotation] === HOST_FIREWALL.pods;

/** Reads network documents among others; kinds it does not know are not its business. */
export function readSnapshot(objects: readonly KubeObject[], originOf: OriginOf = () => undefined): Snapshot {
  const faults: Fault[] = [];
  const context = readPolicyContext(objects);
  const policies: Policy[] = [];
  const sources = new Map<Policy, KubeObject>();
  const broken = new Map<Policy, readonly Fault[]>();
  const secondary = new Map<string, Policy[]>();
  const nodes = new Map<string, Identity>();
  const held = objects.flatMap(object => (isHeldNode(object) ? nodeAddresses(object).map(([address]) => address) : []));
  const api = objects.flatMap(object => readApiAddresses(object) ?? []);
  const hostFirewall = objects.map(readHostFirewall).find(said => said !== undefined);
  for (const object of objects) {
    for (const [address, identity] of nodeAddresses(object)) nodes.set(address, identity);
    const parsed = parsePolicies(object, context);
    if (parsed) {
      for (const raw of parsed.value) {
        const policy = withOrigins(raw, object, originOf);
        policies.push(policy);
        sources.set(policy, object);
        if (parsed.faults.length > 0) broken.set(policy, parsed.faults);
      }
      for (const fault of parsed.faults) faults.push(fault);
    } else if (object.kind === 'MultiNetworkPolicy') {
      const { value, faults: found } = parseNetworkPolicy(object);
      for (const fault of found) faults.push(fault);
      for (const name of policyNetworks(object)) secondary.set(name, [...(secondary.get(name) ?? []), value]);
    }
  }
  const workloads = readWorkloads(objects);
  return {
    workloads,
    networks: readNetworks(objects, workloads),
    openings: readOpenings(objects, workloads),
    policies,
    secondaryPolicies: secondary,
    sources,
    broken,
    faults,
    nodes,
    heldNodes: new Set(held),
    ...(api.length > 0 ? { apiAddresses: new Set(api) } : {}),
    ...(hostFirewall ? { hostFirewall } : {}),
    context,
  };
}

/** Address ranges of one direction that no rule of these policies tells apart. */
export function addressAtoms(policies: readonly Policy[], direction: Direction): AddressRange[] {
  const ranges = policies.flatMap(policy =>
    policy.rules.flatMap(rule => {
      if (rule.direction !== direction || rule.peers === 'any') return [];
      return rule.peers.flatMap(peer => {
        const block = peer.kind === 'addresses' ? parseCidr(peer.cidr) : undefined;
        if (peer.kind !== 'addresses' || !block) return [];
        return cutOut(
          block,
          peer.except.flatMap(cidr => parseCidr(cidr) ?? []),
        );
      });
    }),
  );
  return atoms(WHOLE_IPV4, ranges);
}

/** One party of an analysis. */
export interface Party {
  readonly label: string;
  readonly kind: 'workload' | 'addresses' | 'ingress-controller';
  readonly identity: Identity;
  readonly workload?: Workload;
  readonly range?: AddressRange;
}

/** Parties on one network, with what governs it. */
export interface NetworkView {
  readonly network: PodNetworkName;
  readonly connectivity: Connectivity;
  readonly workloads: readonly Workload[];
  /** The workloads as policies of this network see them. */
  readonly identities: ReadonlyMap<Workload, Identity>;
}

const identityOn = (network: PodNetworkName, workload: Workload): Identity =>
  network.kind === 'NAD'
    ? { ...workload.identity, addresses: attachedAddresses(workload, network.name) }
    : workload.identity;

const keyOf = (network: PodNetworkName): string => `${network.kind}/${network.name}`;

/** One view a network that has workloads, the cluster's first, then primary ones, then secondary ones. */
export function networkViews(snapshot: Snapshot): NetworkView[] {
  const order = ['pod-network', 'UDN', 'CUDN', 'NAD'];
  const members = new Map<string, { network: PodNetworkName; workloads: Workload[] }>();
  for (const [workload, { primary, secondary }] of snapshot.networks) {
    for (const network of [primary, ...secondary]) {
      const entry = members.get(keyOf(network)) ?? { network, workloads: [] };
      entry.workloads.push(workload);
      members.set(keyOf(network), entry);
    }
  }
  const primaryConnectivity = new Connectivity(snapshot.policies);
  return [...members.values()]
    .sort(
      (left, right) =>
        order.indexOf(left.network.kind) - order.indexOf(right.network.kind) ||
        (left.network.name < right.network.name ? -1 : 1),
    )
    .map(({ network, workloads }) => ({
      network,
      workloads,
      identities: new Map(workloads.map(workload => [workload, identityOn(network, workload)])),
      connectivity:
        network.kind === 'NAD'
          ? new Connectivity(snapshot.secondaryPolicies.get(network.name) ?? [])
          : primaryConnectivity,
    }));
}
