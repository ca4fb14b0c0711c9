import type { DecidedBy, FlowRecord } from '../flows.ts';
import type { PolicyChange, PolicyWatch } from '../policies.ts';
import type { PodInterface } from '../ports.ts';
import type { Router } from './router.ts';

/** Packets a rule decided since it was first compiled. */
export interface RulePackets {
  readonly by: DecidedBy;
  readonly packets: bigint;
}

/** What holds policy in the kernel. */
export interface Enforcement {
  readonly kind: 'ebpf' | 'nftables';
  setPolicy(policy: PolicyWatch): void;
  setInterfaces(interfaces: readonly PodInterface[]): void;
  policyChanged(change: PolicyChange): void;
  /** From now on the kernel decides as the policies say; before, as an earlier run left it. */
  activate(): void;
  /** Hands out flows seen since the last call, and how many nobody can be told of; answers how many it handed out. */
  drainFlows(deliver: (flow: FlowRecord) => void, lost: (count: number) => void): number;
  counters(): readonly RulePackets[];
  /** Resolves when everything told so far decides. */
  settled(): Promise<void>;
  /** Stops following; what is in the kernel stays in force. */
  close(): void;
  remove(): Promise<void>;
}

export interface EnforcementOptions {
  readonly folder: string;
  readonly router: Router;
  readonly podCidrs: readonly string[];
  /** Asked whenever the kernel is told what decides. */
  readonly serviceCidrs: () => readonly string[];
  /** Where the node itself serves names: inside the service prefixes. */
  readonly dnsAddresses: readonly string[];
  /** Name of this Tenon's tables. */
  readonly table: string;
  readonly report: (problem: unknown) => void;
  /** `nftables` even where bpf(2) is allowed. */
  readonly prefer?: 'ebpf' | 'nftables';
}

/** Prefixes that never leave a link: neighbour discovery and the ends of our own pairs. */
export const LINK_LOCAL: readonly string[] = ['169.254.0.0/16', 'fe80::/10', 'ff00::/8'];
