import { nftPolicyTable } from '../engine/nftpolicy.ts';
import type { Walk } from '../engine/walk.ts';
import type { FlowRecord } from '../flows.ts';
import type { PolicyWatch } from '../policies.ts';
import type { PodInterface } from '../ports.ts';
import type { Enforcement, EnforcementOptions } from './enforcement.ts';
import { LINK_LOCAL } from './enforcement.ts';
import { loggedFlow } from './loggedflow.ts';
import { PacketLog } from './nflog.ts';
import { RuleNumbers } from './rulenumbers.ts';
import { applyNft, withoutTable } from './nft.ts';
import { nodeAddress } from './router.ts';

const RETRY_MS = 500;
const RULES_MAX = 65_536;
/** Groups are numbered in each network namespace on their own. */
const LOG_GROUP = 84;

/**
 * Policy as nftables, for machines that refuse bpf(2): the same tables, rewritten whole at each change. Refusals and
 * the first packets of connections are logged by the rules themselves (nfnetlink_log) and read as flow records.
 * A new table comes beside the old one, which goes only then: for a moment a packet must please both. (Replaced within
 * one transaction, a packet could pass the new chain before its rules are there and the old one after they are gone.)
 */
export class NftEnforcement implements Enforcement {
  readonly kind = 'nftables';
  readonly #options: EnforcementOptions;
  #policy: PolicyWatch | undefined;
  #interfaces: readonly PodInterface[] = [];
  #live = false;
  #isClosed = false;
  #dirty = false;
  #turn = 0;
  #running: Promise<void> = Promise.resolve();
  readonly #rules = new RuleNumbers(RULES_MAX);
  readonly #log: PacketLog | undefined;

  constructor(options: EnforcementOptions) {
    this.#options = options;
    try {
      this.#log = options.router.inside(() => new PacketLog(LOG_GROUP));
    } catch (error) {
      // Policy holds all the same; nobody is told of flows.
      options.report(error);
    }
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
    for (;;) {
      this.#dirty = false;
      if (await this.#replace()) return;
      // What is in force is of yesterday: nothing is settled before the kernel has today's.
      await new Promise(resolve => setTimeout(resolve, RETRY_MS));
    }
  }

  /** True when the kernel has the policies of now, or nobody waits for it any more. */
  async #replace(): Promise<boolean> {
    const policy = this.#policy;
    if (!policy || !this.#live) return true;
    const { table, podCidrs, serviceCidrs, router, report } = this.#options;
    try {
      const input = {
        table: `${table}-policy${1 - this.#turn}`,
        decisions: policy.decisions,
        addresses: policy.addresses,
        local: this.#interfaces.flatMap(({ attachment, device }) =>
          attachment.ips.map(address => ({ address, device })),
        ),
        ...(this.#log ? { log: { group: LOG_GROUP, ruleOf: (walk: Walk) => this.#rules.of(walk) } } : {}),
        podCidrs,
        trusted: [...podCidrs.map(nodeAddress), ...serviceCidrs(), ...LINK_LOCAL],
      };
      await applyNft(nftPolicyTable(input), router.path);
      this.#turn = 1 - this.#turn;
      await applyNft(withoutTable(`${table}-policy${1 - this.#turn}`), router.path);
      return true;
    } catch (error) {
      report(error);
      return false;
    }
  }

  settled(): Promise<void> {
    return this.#running;
  }

  drainFlows(deliver: (flow: FlowRecord) => void, lost: (count: number) => void): number {
    const policy = this.#policy;
    if (!this.#log || !policy) return 0;
    let count = 0;
    // While a new table stands beside the old one, both tell of a connection they let through.
    const passed = new Set<string>();
    this.#log.drain(packet => {
      const flow = loggedFlow(packet, policy, this.#rules.names);
      if (!flow) return;
      const { source, destination, protocol } = flow;
      const key = [protocol, source.address, source.port, destination.address, destination.port].join(' ');
      if (flow.verdict === 'forwarded' && passed.has(key)) return;
      if (flow.verdict === 'forwarded') passed.add(key);
      count++;
      deliver(flow);
    }, lost);
    return count;
  }

  counters(): [] {
    return [];
  }

  close(): void {
    this.#live = false;
    if (!this.#isClosed) this.#log?.[Symbol.dispose]();
    this.#isClosed = true;
  }

  /** The table goes with the router's namespace. */
  async remove(): Promise<void> {
    await this.#running;
  }
}
