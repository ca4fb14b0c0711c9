import { readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type BpfMap, RingReader, unmount } from '../../ebpf/index.ts';
import type { IdentityNumber } from '../engine/decisions.ts';
import type { FlowRecord } from '../flows.ts';
import type { PolicyChange, PolicyWatch } from '../policies.ts';
import type { PodInterface } from '../ports.ts';
import { DatapathLinks } from './ebpf-links.ts';
import { KernelTables, NO_CHANGE, wantedAddresses } from './ebpf-tables.ts';
import { type Maps, openMaps, type Pins, withPins } from './ebpf-maps.ts';
import { type Enforcement, type EnforcementOptions, LINK_LOCAL, type RulePackets } from './enforcement.ts';

/**
 * Policy as eBPF on every device of the router, by the tables of {@link KernelTables}. Devices hold the programs:
 * enforcement outlives the process.
 */
export class EbpfEnforcement implements Enforcement {
  readonly kind = 'ebpf';
  readonly links: DatapathLinks;
  readonly #options: EnforcementOptions;
  readonly #pins: Pins;
  readonly #maps: Maps;
  readonly #ring: RingReader;
  readonly #tables: KernelTables;
  #policy: PolicyWatch | undefined;
  #interfaces: readonly PodInterface[] = [];
  #live = false;

  constructor(options: EnforcementOptions) {
    this.#options = options;
    const opened = withPins(options.folder, pins => {
      const maps = openMaps(pins);
      return { pins, maps, links: new DatapathLinks(options.router, pins, maps), ring: new RingReader(maps.events) };
    });
    this.#pins = opened.pins;
    this.#maps = opened.maps;
    this.links = opened.links;
    this.#ring = opened.ring;
    this.#tables = new KernelTables(this.#maps, {
      decisions: () => this.#policy?.decisions,
      addresses: () =>
        wantedAddresses({
          ...options,
          policy: this.#policy,
          serviceCidrs: options.serviceCidrs(),
          trusted: LINK_LOCAL,
        }),
      subjects: () => this.#local(),
      report: options.report,
    });
  }

  setPolicy(policy: PolicyWatch): void {
    this.#policy = policy;
  }

  /** Takes the program into use: what an earlier run attached is replaced in place. */
  activate(): void {
    this.#live = true;
    this.#tables.sync(undefined);
    this.links.sync(this.#interfaces);
  }

  setInterfaces(interfaces: readonly PodInterface[]): void {
    this.#interfaces = interfaces;
    this.#policy?.setLocal(interfaces);
    if (!this.#live) return;
    this.#tables.sync(NO_CHANGE);
    this.links.sync(interfaces);
  }

  policyChanged(change: PolicyChange): void {
    if (this.#live) this.#tables.sync(change);
  }

  /** Identities of this node's pods: only their tables are in the kernel. */
  #local(): Set<IdentityNumber> {
    const local = new Set<IdentityNumber>();
    for (const { attachment } of this.#interfaces) {
      for (const ip of attachment.ips) {
        const number = this.#policy?.addresses.get(ip);
        if (number) local.add(number);
      }
    }
    return local;
  }

  drainFlows(deliver: (flow: FlowRecord) => void, lost: (count: number) => void): number {
    return this.#tables.drain(this.#ring, deliver, lost);
  }

  counters(): RulePackets[] {
    return this.#tables.counters();
  }

  settled(): Promise<void> {
    return Promise.resolve();
  }

  /** Lets go of descriptors; devices go on enforcing. */
  close(): void {
    this.#live = false;
    this.#ring[Symbol.dispose]();
    this.links[Symbol.dispose]();
    for (const map of Object.values(this.#maps) as BpfMap[]) map[Symbol.dispose]();
  }

  remove(): Promise<void> {
    for (const folder of Object.values(this.#pins) as string[])
      for (const name of readdirSync(folder)) unlinkSync(join(folder, name));
    unmount(join(this.#options.folder, 'bpf'));
    return Promise.resolve();
  }
}
