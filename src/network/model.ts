import type { Fault, Origin } from '../base/index.ts';
import type { NamePattern, Requests } from './requestmodel.ts';

export type { HttpMatch, NamePattern, Requests } from './requestmodel.ts';

export type Direction = 'ingress' | 'egress';

/** Addresses as numbers: IPv4 in 32 bits, IPv6 in 128, kept apart by `family`. */
export interface AddressRange {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

/** The protocols a policy can name. Of ICMP the "port" is the type of the message plus one: ports start at 1. */
export type Protocol = 'TCP' | 'UDP' | 'SCTP' | 'ICMP' | 'ICMPv6';
export const PROTOCOLS: readonly Protocol[] = ['SCTP', 'TCP', 'UDP'];
export const DECIDED_PROTOCOLS: readonly Protocol[] = [...PROTOCOLS, 'ICMP', 'ICMPv6'];

/** One condition on a label; a Selector holds when all of its requirements do, so an empty one selects everything. */
export interface Requirement {
  readonly key: string;
  /** `Equals` is a label written as such; it says the same as `In` with one value. */
  readonly operator: 'Equals' | 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values: readonly string[];
}

export type Selector = readonly Requirement[];

/** The label every namespace carries with its own name; a rule bound to one namespace is a requirement on it. */
export const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name';

/** Pods whose namespace and own labels both satisfy the selectors. */
export interface PodPeer {
  readonly kind: 'pods';
  readonly namespaces: Selector;
  readonly pods: Selector;
}

/** Addresses outside the cluster: pods and nodes have identities, and are matched by address only where `inside` says so. */
export interface AddressPeer {
  readonly kind: 'addresses';
  readonly cidr: string;
  readonly except: readonly string[];
  readonly inside?: true;
}

/** What a node may be to the node that asks: itself, another one, one that serves the API. */
export type NodeRelation = 'own' | 'other' | 'api';

/** Neither pods nor plain addresses; nodes may be narrowed by labels and by what they are, the world to a family. */
export interface EntityPeer {
  readonly kind: 'entity';
  readonly entity: 'world' | 'node' | 'cluster' | 'all';
  readonly nodes?: Selector;
  readonly relation?: NodeRelation;
  readonly family?: 4 | 6;
}

/** Addresses outside the cluster by the names they were looked up by. */
export interface NamePeer {
  readonly kind: 'names';
  readonly names: readonly NamePattern[];
}

export type RulePeer = PodPeer | AddressPeer | EntityPeer | NamePeer;

/** Numbers from..to inclusive, or a port a container of the destination pod gives a name. */
export type RulePort =
  | { readonly protocol: Protocol; readonly from: number; readonly to: number }
  | { readonly protocol?: Protocol; readonly named: string };

/** One rule of a policy; `any` says the rule has no condition of that kind, an empty list matches nothing. */
export interface Rule {
  readonly direction: Direction;
  readonly action: 'allow' | 'deny' | 'pass';
  /** As its author named it, or `#n` by position. */
  readonly name: string;
  readonly peers: readonly RulePeer[] | 'any';
  readonly ports: readonly RulePort[] | 'any';
  /** The rule allows these requests only, not whatever the connection carries. */
  readonly requests?: Requests;
  /** Names may be looked up by it (`own`: whoever it is about looks them up anyway): answers are remembered for rules by name. */
  readonly learnsNames?: true | 'own';
  /** RFC 6901 pointer of the rule in its object. */
  readonly path: string;
  readonly where?: Origin;
}

/**
 * Tiers are asked in this order. In an ordered tier (admin, baseline) rules run by priority and the first that matches
 * decides, `pass` leaving the rest of the tier; the namespace tier is additive: any deny beats any allow, and a pod that
 * some policy isolates is denied what none allows (KEP-2091, NetworkPolicy reference).
 */
export type Tier = 'admin' | 'namespace' | 'baseline';

export interface Policy {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly tier: Tier;
  /** Lower runs first; equal ones run by name. */
  readonly priority: number;
  readonly subject: PodPeer;
  readonly isolates: Readonly<Record<Direction, boolean>>;
  readonly rules: readonly Rule[];
  /** Parts of the object that could change a verdict and are not modelled: verdicts it selects become unknown. */
  readonly unmodelled: readonly Fault[];
  /** Meant for these nodes and the pods on their network, not for pods. */
  readonly forNodes?: Selector;
  readonly where?: Origin;
}

export interface ContainerPort {
  readonly name?: string;
  readonly protocol: Protocol;
  readonly port: number;
}

/** `relations`: what it is to the node that asks; absent, any of them. */
export interface NodeIdentity {
  readonly kind: 'node';
  readonly labels: ReadonlyMap<string, string>;
  readonly own?: readonly AddressRange[];
  readonly relations?: readonly NodeRelation[];
}

/** What policies can tell apart: pods with equal labels in namespaces with equal labels are one identity. */
export type Identity =
  | {
      readonly kind: 'pod';
      readonly namespace: string;
      readonly labels: ReadonlyMap<string, string>;
      readonly namespaceLabels: ReadonlyMap<string, string>;
      readonly ports: readonly ContainerPort[];
      /** Set on flat secondary networks, where policies do select pods by address. */
      readonly addresses?: readonly AddressRange[];
      /** The pod's own addresses, for rules that mean addresses inside the cluster too. */
      readonly own?: readonly AddressRange[];
    }
  /** Some pod of which only this is known: it satisfies exactly these selectors (exposure analysis). */
  | { readonly kind: 'unknown-pod'; readonly namespaces: Selector; readonly pods: Selector }
  | NodeIdentity
  /** Addresses outside the cluster that no address rule tells apart; the names they were looked up by, where known. */
  | { readonly kind: 'addresses'; readonly range: AddressRange; readonly names?: readonly string[] };
