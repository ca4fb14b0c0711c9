import { nftPolicyTable } from '../engine/nftpolicy.ts';
import type { PolicyWatch } from '../policies.ts';
import type { PodInterface } from '../ports.ts';
import type { Enforcement, EnforcementOptions } from './enforcement.ts';
import { LINK_LOCAL } from './enforcement.ts';
import { applyNft } from './nft.ts';
import { nodeAddress } from './router.ts';

/** Policy as nftables, for machines that refuse bpf(2): the same tables, rewritten whole at each change. No flow records. */
export class NftEnforcement implements Enforcement {
  readonly kind = 'nftables';
  readonly #options: EnforcementOptions;
  #policy: PolicyWatch | undefined;
  #interfaces: readonly PodInterface[] = [];
  #live = false;
  #dirty = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: EnforcementOptions) {
    this.#options = options;
  }

  setPolicy(policy: PolicyWatch): void {
    this.#policy = policy;
  }

  setInterfaces(interfaces: readonly PodInterface[]): void {
    this.#interfaces = interfaces;
    this.#policy?.setLocal(interfaces);
    this.policyChanged();
  }

  /** Until the new table is in the kernel the old one decides; pods it does not know are refused. */
  policyChanged(): void {
    if (!this.#live || this.#dirty) return;
    this.#dirty = true;
    this.#running = this.#running.then(() => this.#write());
  }

  activate(): void {
    this.#live = true;
    this.policyChanged();
  }

  async #write(): Promise<void> {
    this.#dirty = false;
    const policy = this.#policy;
    if (!policy || !this.#live) return;
    const { table, podCidrs, serviceCidrs, router, report } = this.#options;
    try {
      const input = {
        table: `${table}-policy`,
        decisions: policy.decisions,
        addresses: policy.addresses,
        local: this.#interfaces.flatMap(entry => entry.attachment.ips),
        podCidrs,
        trusted: [...podCidrs.map(nodeAddress), ...serviceCidrs, ...LINK_LOCAL],
      };
      await applyNft(nftPolicyTable(input), router.path);
    } catch (error) {
      report(error);
    }
  }

  settled(): Promise<void> {
    return this.#running;
  }

  drainFlows(): number {
    return 0;
  }

  counters(): [] {
    return [];
  }

  close(): void {
    this.#live = false;
  }

  /** The table goes with the router's namespace. */
  async remove(): Promise<void> {
    await this.#running;
  }
}
