import { closeSync, existsSync, mkdirSync, openSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import {
  ATTACH,
  type BpfMap,
  BpfObject,
  linkProgram,
  loadProgram,
  openPinned,
  PROGRAM,
  replaceProgram,
  RingReader,
  SystemCallError,
} from '../../ebpf/index.ts';
import type { Informers } from '../../kernel/informers.ts';
import type { IdentityNumber } from '../engine/decisions.ts';
import { hostProgram } from '../engine/hostpath.ts';
import type { ServicePort } from '../engine/services.ts';
import { networkFaults } from '../faults.ts';
import type { FlowRecord } from '../flows.ts';
import { HostView } from '../hostview.ts';
import type { Direction } from '../model.ts';
import { type PolicyChange, PolicyWatch } from '../policies.ts';
import type { PodInterface } from '../ports.ts';
import { descriptors, type Maps, openMaps, type Pins, pinsOf, withPins } from './ebpf-maps.ts';
import { KernelTables, type Leads, NO_CHANGE, wantedAddresses } from './ebpf-tables.ts';
import type { RulePackets } from './enforcement.ts';
import { nodeAddress } from './router.ts';
import { ServicePeers } from './servicepeers.ts';

/** The folder of a control group in the hierarchy of version 2, by its path below the node's own. */
export type GroupFolder = (path: string) => string;

export interface HostFirewallOptions {
  readonly folder: string;
  readonly informers: Informers;
  readonly nodeName: string;
  readonly podCidrs: readonly string[];
  readonly serviceCidrs: () => readonly string[];
  readonly dnsAddresses: readonly string[];
  readonly services: () => readonly ServicePort[];
  readonly groupFolder: GroupFolder;
  readonly report: (problem: unknown) => void;
}

const SIDES = { ingress: ATTACH.cgroupIngress, egress: ATTACH.cgroupEgress } as const;
const DIRECTIONS = ['ingress', 'egress'] as const;
const HOST_KEY = 'host';
const PREFIX = 'host_';
const LINK = /^(.+)-(ingress|egress)$/;

const isGone = (error: unknown): boolean =>
  error instanceof SystemCallError && (error.code === 'ENOLINK' || error.code === 'ENOENT');

function raise(error: unknown): never {
  throw error;
}

/** Lets go of every control group that an earlier run held: policies for nodes are no longer held on this machine. */
export function releaseGroups(folder: string): void {
  const { groups } = pinsOf(folder);
  if (existsSync(groups)) for (const name of readdirSync(groups)) unlinkSync(join(groups, name));
}

/**
 * Policies for nodes, held for the pods on the node's network: a program at the control group of each asks about every
 * packet its sockets take or send. The rest of the machine is never asked about. Links are pinned: they hold without this
 * process, a later run puts its programs in their place without a gap.
 */
export class HostFirewall implements Disposable {
  readonly policy: PolicyWatch;
  readonly programs: Readonly<Record<Direction, BpfObject>>;
  readonly #options: HostFirewallOptions;
  readonly #pins: Pins;
  readonly #maps: Maps;
  readonly #ring: RingReader;
  readonly #tables: KernelTables;
  readonly #subject: IdentityNumber;
  readonly #view = new HostView();
  readonly #services = new ServicePeers();
  /** Sandboxes whose groups hold our programs. */
  readonly #held = new Set<string>();
  #live = false;

  /** Throws where bpf(2) is refused. */
  constructor(options: HostFirewallOptions) {
    this.#options = options;
    const view = this.#view;
    const { informers, nodeName, report } = options;
    const changed = (change: PolicyChange): void => {
      if (this.#live) this.#sync(change);
    };
    // What cannot be read is told by the one that follows policies for pods.
    this.policy = new PolicyWatch(informers, nodeName, changed, () => undefined, view);
    this.#subject = this.policy.decisions.setIdentity(HOST_KEY, view.identity);
    const opened = withPins(options.folder, pins => {
      const maps = openMaps(pins, PREFIX);
      const of = descriptors(maps);
      const load = (direction: Direction): BpfObject =>
        loadProgram(`tn_host_${direction}`, PROGRAM.cgroupSkb, hostProgram(of, direction, this.#subject));
      return { pins, maps, programs: { ingress: load('ingress'), egress: load('egress') } };
    });
    this.#pins = opened.pins;
    this.#maps = opened.maps;
    this.programs = opened.programs;
    this.#ring = new RingReader(this.#maps.events);
    this.#tables = new KernelTables(this.#maps, {
      decisions: () => this.policy.decisions,
      addresses: () => this.#addresses(),
      joint: () => this.#services.list,
      subjects: () => new Set([this.#subject]),
      report,
    });
  }

  #addresses(): Map<string, Leads> {
    const node = this.#options;
    const wanted = wantedAddresses({ ...node, policy: this.policy, serviceCidrs: node.serviceCidrs(), trusted: [] });
    for (const { address, number } of this.#services.list)
      if (!node.dnsAddresses.includes(address)) wanted.set(address, [number, 0]);
    return wanted;
  }

  /** Services or their endpoints changed. */
  servicesChanged(): void {
    if (this.#live) this.#sync(NO_CHANGE);
  }

  /** What Services stand for may change with anything: the node's tables are then written anew. */
  #sync(change: PolicyChange | undefined): void {
    const { services, podCidrs } = this.#options;
    const own = new Set([...podCidrs.map(nodeAddress), ...this.#view.addresses]);
    const sends = this.policy.decisions.governed(this.#subject, 'egress');
    const isOther = this.#services.refresh(sends ? services() : [], this.#subject, this.policy, address =>
      own.has(address),
    );
    if (!change || !isOther) return this.#tables.sync(change);
    this.#tables.sync({ ...change, subjects: new Set([...change.subjects, this.#subject]) });
  }

  /** Takes policy into use: groups an earlier run held get these programs, pods that are gone let go of theirs. */
  activate(interfaces: readonly PodInterface[]): void {
    this.#live = true;
    this.policy.setLocal(interfaces);
    this.#sync(undefined);
    this.#pinPrograms();
    this.setPods(interfaces, this.#options.report);
  }

  #pinPrograms(): void {
    for (const direction of DIRECTIONS) {
      const path = join(this.#pins.programs, `${PREFIX}${direction}`);
      if (existsSync(path)) unlinkSync(path);
      this.programs[direction].pin(path);
    }
  }

  /**
   * Where a pod's group cannot be held `refuse` is given the FaultError, and throws it by default: the pod would be on the
   * node's network without its policy.
   */
  setPods(interfaces: readonly PodInterface[], refuse: (error: unknown) => void = raise): void {
    if (!this.#live) return;
    this.policy.setLocal(interfaces);
    this.#sync(NO_CHANGE);
    const wanted = new Map(
      interfaces.flatMap(({ attachment, host }) => (host ? [[attachment.sandboxId, { ...host, attachment }]] : [])),
    );
    for (const name of readdirSync(this.#pins.groups)) {
      const [, sandbox = ''] = LINK.exec(name) ?? [];
      if (!wanted.has(sandbox)) unlinkSync(join(this.#pins.groups, name));
    }
    for (const sandbox of this.#held) if (!wanted.has(sandbox)) this.#held.delete(sandbox);
    for (const [sandbox, { group, attachment }] of wanted) {
      if (this.#held.has(sandbox)) continue;
      const { namespace, name } = attachment.pod;
      const pod = `${namespace}/${name}`;
      try {
        if (group === undefined) this.#options.report(networkFaults.make('host-pod-open', { pod }));
        else this.#hold(sandbox, this.#options.groupFolder(group), pod);
      } catch (error) {
        refuse(error);
      }
      this.#held.add(sandbox);
    }
  }

  #hold(sandbox: string, folder: string, pod: string): void {
    try {
      mkdirSync(folder, { recursive: true });
      const group = openSync(folder, 'r');
      try {
        for (const direction of DIRECTIONS) this.#link(sandbox, group, direction);
      } finally {
        closeSync(group);
      }
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      throw networkFaults.error('host-group-refused', { pod, detail }, undefined, { cause: error });
    }
  }

  #link(sandbox: string, group: number, direction: Direction): void {
    const path = join(this.#pins.groups, `${sandbox}-${direction}`);
    if (existsSync(path)) {
      using link = new BpfObject(openPinned(path));
      try {
        return replaceProgram(link, this.programs[direction]);
      } catch (error) {
        // The group ended, and one of the same name may have been made since.
        if (!isGone(error)) throw error;
        unlinkSync(path);
      }
    }
    using link = linkProgram(this.programs[direction], group, SIDES[direction]);
    link.pin(path);
  }

  /** As {@link KernelTables.drain}. */
  drainFlows(deliver: (flow: FlowRecord) => void, lost: (count: number) => void): number {
    return this.#tables.drain(this.#ring, flow => deliver({ ...flow, isHost: true }), lost);
  }

  counters(): RulePackets[] {
    return this.#tables.counters();
  }

  /** Lets go of descriptors; groups go on being held. */
  [Symbol.dispose](): void {
    this.#live = false;
    this.policy.stop();
    this.#ring[Symbol.dispose]();
    for (const object of [...Object.values(this.programs), ...(Object.values(this.#maps) as BpfMap[])])
      object[Symbol.dispose]();
  }
}
