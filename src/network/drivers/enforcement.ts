import type { FlowRecord } from '../flows.ts';
import type { PolicyChange, PolicyWatch } from '../policies.ts';
import type { PodInterface } from '../ports.ts';
import { EbpfEnforcement } from './ebpf-enforcement.ts';
import type { Router } from './router.ts';

/** What holds policy in the kernel. */
export interface Enforcement {
  readonly kind: 'ebpf';
  setPolicy(policy: PolicyWatch): void;
  setInterfaces(interfaces: readonly PodInterface[]): void;
  policyChanged(change: PolicyChange): void;
  /** From now on the kernel decides as the policies say; before, as an earlier run left it. */
  activate(): void;
  drainFlows(deliver: (flow: FlowRecord) => void): number;
  counters(): readonly { readonly by: FlowRecord['by']; readonly packets: bigint }[];
  /** Stops following; what is in the kernel stays in force. */
  close(): void;
  remove(): Promise<void>;
}

export interface EnforcementOptions {
  readonly folder: string;
  readonly router: Router;
  readonly podCidrs: readonly string[];
  readonly serviceCidrs: readonly string[];
}

/** Loads the policy program; rejects where bpf(2) is refused. */
export function openEnforcement(options: EnforcementOptions): Enforcement {
  return new EbpfEnforcement(options);
}
