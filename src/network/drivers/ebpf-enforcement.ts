import { existsSync, mkdirSync, readdirSync, statfsSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import {
  ATTACH,
  attachToDevice,
  BpfMap,
  BpfObject,
  loadProgram,
  MAP,
  mountAt,
  openPinned,
  PROGRAM,
  replaceProgram,
  RingReader,
  SystemCallError,
  unmount,
} from '../../ebpf/index.ts';
import { ADDRESS, LAYOUT, policyProgram } from '../engine/datapath.ts';
import { addressKey, numberKey, pairOf, verdictEntries } from '../engine/datapathtables.ts';
import type { Decisions, IdentityNumber, VerdictTable } from '../engine/decisions.ts';
import type { FlowRecord } from '../flows.ts';
import type { Direction } from '../model.ts';
import type { PolicyChange, PolicyWatch } from '../policies.ts';
import type { PodInterface } from '../ports.ts';
import { type Enforcement, type EnforcementOptions, LINK_LOCAL } from './enforcement.ts';
import { readFlow } from './flowreader.ts';
import { withNetlink } from './netlink.ts';
import { nodeAddress } from './router.ts';

const BPF_FS_MAGIC = 0xcafe4a11;
const SIZES = { addresses: 262_144, subjects: 65_536, verdicts: 1_048_576, counters: 65_536, events: 1 << 18 };
/** Devices of the router beside those of pods. */
const TRUNKS = ['host0', 'tunnel0'];

type Walk = VerdictTable[number]['walks'][number];

/** What is in the kernel for one side of one identity. */
interface Installed {
  readonly table: number;
  readonly anyone: VerdictTable;
  readonly peers: Map<IdentityNumber, VerdictTable>;
  readonly keys: Uint8Array[];
}

interface Maps {
  readonly addresses: BpfMap;
  readonly subjects: BpfMap;
  readonly verdicts: BpfMap;
  readonly counters: BpfMap;
  readonly events: BpfMap;
}

function createMaps(): Maps {
  const make = (name: string, type: number, keySize: number, valueSize: number, entries: number): BpfMap =>
    BpfMap.create({ name, type, keySize, valueSize, entries });
  return {
    addresses: make('tn_addresses', MAP.lpm, LAYOUT.addressKey, LAYOUT.addressValue, SIZES.addresses),
    subjects: make('tn_subjects', MAP.hash, LAYOUT.subjectKey, LAYOUT.subjectValue, SIZES.subjects),
    verdicts: make('tn_verdicts', MAP.lpm, LAYOUT.verdictKey, LAYOUT.verdictValue, SIZES.verdicts),
    counters: make('tn_counters', MAP.array, 4, 8, SIZES.counters),
    events: make('tn_events', MAP.ring, 0, 0, SIZES.events),
  };
}

/** Mounts a bpf file system in the state folder: links named there hold their programs without this process. */
function openBpfFolder(folder: string): string {
  const path = join(folder, 'bpf');
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if ((statfsSync(path).type & 0xffff_ffff) >>> 0 !== BPF_FS_MAGIC) mountAt('bpf', path);
  // The root of the file system holds the kernel's own debug names.
  const links = join(path, 'links');
  mkdirSync(links, { recursive: true, mode: 0o700 });
  return links;
}

/**
 * Policy as eBPF on every device of the router. Tables are written beside those in use and taken into use by one map
 * write for each identity, so no packet ever meets half of a policy. Links are pinned: enforcement outlives the process.
 */
export class EbpfEnforcement implements Enforcement {
  readonly kind = 'ebpf';
  readonly #options: EnforcementOptions;
  readonly #pins: string;
  readonly #maps = createMaps();
  readonly #program: BpfObject;
  readonly #ring: RingReader;
  readonly #links = new Map<string, BpfObject>();
  readonly #installed = new Map<IdentityNumber, Partial<Record<Direction, Installed>>>();
  readonly #addresses = new Map<string, string>();
  readonly #rules = new Map<string, number>();
  readonly #ruleNames: FlowRecord['by'][] = ['default'];
  #policy: PolicyWatch | undefined;
  #interfaces: readonly PodInterface[] = [];
  #nextTable = 1;
  #live = false;

  constructor(options: EnforcementOptions) {
    this.#options = options;
    this.#pins = openBpfFolder(options.folder);
    const { addresses, subjects, verdicts, counters, events } = this.#maps;
    this.#program = loadProgram(
      'tn_policy',
      PROGRAM.schedulerClassifier,
      policyProgram({
        addresses: addresses.descriptor,
        subjects: subjects.descriptor,
        verdicts: verdicts.descriptor,
        counters: counters.descriptor,
        events: events.descriptor,
      }),
      ATTACH.tcxEgress,
    );
    this.#ring = new RingReader(events);
  }

  setPolicy(policy: PolicyWatch): void {
    this.#policy = policy;
  }

  /** Takes the program into use: what an earlier run attached is replaced in place. */
  activate(): void {
    this.#live = true;
    this.#syncAddresses();
    this.#syncSubjects(undefined);
    this.#syncLinks();
  }

  setInterfaces(interfaces: readonly PodInterface[]): void {
    this.#interfaces = interfaces;
    this.#policy?.setLocal(interfaces);
    if (!this.#live) return;
    this.#syncSubjects({ subjects: new Set(), peers: new Set() });
    this.#syncAddresses();
    this.#syncLinks();
  }

  policyChanged(change: PolicyChange): void {
    if (!this.#live) return;
    // Verdicts about a new identity first, then the addresses that lead to it.
    this.#syncSubjects(change);
    this.#syncAddresses();
  }

  #syncLinks(): void {
    const wanted = new Set([...TRUNKS, ...this.#interfaces.map(entry => entry.device).filter(device => device !== '')]);
    this.#options.router.inside(() => {
      this.#forgetGone(wanted);
      for (const device of wanted) if (!this.#links.has(device)) this.#attach(device);
    });
  }

  /** Ending a link makes the kernel wait for every processor, unless its device is gone: then it costs nothing. */
  #forgetGone(wanted: ReadonlySet<string>): void {
    withNetlink(netlink => {
      for (const device of readdirSync(this.#pins)) {
        if (wanted.has(device) || netlink.has(device)) continue;
        this.#links.get(device)?.[Symbol.dispose]();
        this.#links.delete(device);
        unlinkSync(join(this.#pins, device));
      }
    });
  }

  #attach(device: string): void {
    const path = join(this.#pins, device);
    if (existsSync(path)) {
      const link = new BpfObject(openPinned(path));
      try {
        replaceProgram(link, this.#program);
        this.#links.set(device, link);
        return;
      } catch (error) {
        // The device it was on is gone: the link is a name of nothing.
        if (!(error instanceof SystemCallError)) throw error;
        link[Symbol.dispose]();
        unlinkSync(path);
      }
    }
    const index = withNetlink(netlink => (netlink.has(device) ? netlink.index(device) : 0));
    if (index === 0) return;
    const link = attachToDevice(this.#program, index, ATTACH.tcxEgress);
    link.pin(path);
    this.#links.set(device, link);
  }

  #wantedAddresses(): Map<string, readonly [identity: number, flags: number]> {
    const { podCidrs, serviceCidrs } = this.#options;
    const wanted = new Map<string, readonly [number, number]>();
    const policy = this.#policy;
    if (policy) for (const { cidr, number } of policy.decisions.prefixes()) wanted.set(cidr, [number, 0]);
    for (const cidr of podCidrs) wanted.set(cidr, [0, ADDRESS.unknown]);
    for (const cidr of [...LINK_LOCAL, ...serviceCidrs]) wanted.set(cidr, [0, ADDRESS.node]);
    if (policy) for (const [address, number] of policy.addresses) wanted.set(address, [number, 0]);
    for (const cidr of podCidrs) wanted.set(nodeAddress(cidr), [0, ADDRESS.node]);
    return wanted;
  }

  #syncAddresses(): void {
    const wanted = this.#wantedAddresses();
    for (const [address, [identity, flags]] of wanted) {
      const text = `${identity} ${flags}`;
      if (this.#addresses.get(address) === text) continue;
      this.#maps.addresses.set(addressKey(address), pairOf(identity, flags));
      this.#addresses.set(address, text);
    }
    for (const address of this.#addresses.keys()) {
      if (wanted.has(address)) continue;
      this.#maps.addresses.delete(addressKey(address));
      this.#addresses.delete(address);
    }
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

  #syncSubjects(change: PolicyChange | undefined): void {
    const policy = this.#policy;
    if (!policy) return;
    const local = this.#local();
    for (const subject of local) {
      const known = this.#installed.get(subject);
      if (!known || !change || change.subjects.has(subject)) this.#install(policy.decisions, subject);
      else for (const peer of change.peers) this.#addPeer(policy.decisions, subject, known, peer);
    }
    for (const [subject, sides] of this.#installed) {
      if (local.has(subject)) continue;
      this.#maps.subjects.delete(numberKey(subject));
      for (const side of Object.values(sides)) this.#discard(side);
      this.#installed.delete(subject);
    }
  }

  /** Writes new tables, switches to them in one write, then clears the old ones. */
  #install(decisions: Decisions, subject: IdentityNumber): void {
    const old = this.#installed.get(subject) ?? {};
    const sides: Partial<Record<Direction, Installed>> = {};
    for (const direction of ['ingress', 'egress'] as const) {
      const side = decisions.governed(subject, direction) && this.#write(decisions, subject, direction);
      if (side) sides[direction] = side;
    }
    this.#maps.subjects.set(numberKey(subject), pairOf(sides.ingress?.table ?? 0, sides.egress?.table ?? 0));
    this.#installed.set(subject, sides);
    for (const side of Object.values(old)) this.#discard(side);
  }

  #discard(side: Installed): void {
    for (const key of side.keys) this.#maps.verdicts.delete(key);
  }

  #write(decisions: Decisions, subject: IdentityNumber, direction: Direction): Installed | undefined {
    const found = decisions.partition(direction, subject);
    if (!found) return undefined;
    const side: Installed = { table: this.#nextTable++, anyone: found.anyone, peers: found.others, keys: [] };
    this.#put(side, 0, found.anyone);
    for (const [peer, table] of found.others) this.#put(side, peer, table);
    return side;
  }

  #put(side: Installed, peer: IdentityNumber, table: VerdictTable): void {
    for (const { key, value } of verdictEntries(side.table, peer, table, (_, walk) => this.#ruleOf(walk))) {
      this.#maps.verdicts.set(key, value);
      side.keys.push(key);
    }
  }

  #addPeer(
    decisions: Decisions,
    subject: IdentityNumber,
    sides: Partial<Record<Direction, Installed>>,
    peer: IdentityNumber,
  ): void {
    for (const direction of ['ingress', 'egress'] as const) {
      const side = sides[direction];
      const table = side && decisions.table(direction, subject, peer);
      if (!side || !table || table === side.anyone || side.peers.get(peer) === table) continue;
      side.peers.set(peer, table);
      this.#put(side, peer, table);
    }
  }

  /** A number for the rule that decided; 0 where none did. */
  #ruleOf(walk: Walk): number {
    const step = walk.steps.at(-1);
    if (step?.kind !== 'rule') return 0;
    const { kind, namespace, name } = step.policy;
    const key = `${kind}/${namespace ?? ''}/${name}${step.rule.path}`;
    let number = this.#rules.get(key);
    if (number === undefined) {
      number = this.#ruleNames.length < SIZES.counters ? this.#ruleNames.length : 0;
      if (number > 0) this.#ruleNames.push({ kind, ...(namespace ? { namespace } : {}), name, rule: step.rule.name });
      this.#rules.set(key, number);
    }
    return number;
  }

  /** Hands out flows seen since the last call. */
  drainFlows(deliver: (flow: FlowRecord) => void): number {
    const decisions = this.#policy?.decisions;
    return this.#ring.drain(record =>
      deliver(readFlow(record, this.#ruleNames, number => decisions?.identity(number))),
    );
  }

  /** Packets each rule decided since it was first compiled. */
  counters(): { readonly by: FlowRecord['by']; readonly packets: bigint }[] {
    return this.#ruleNames.map((by, number) => {
      const value = this.#maps.counters.get(numberKey(number));
      return { by, packets: value ? Buffer.from(value).readBigUInt64LE() : 0n };
    });
  }

  settled(): Promise<void> {
    return Promise.resolve();
  }

  /** Lets go of descriptors; pinned links go on enforcing. */
  close(): void {
    this.#live = false;
    this.#ring[Symbol.dispose]();
    for (const link of this.#links.values()) link[Symbol.dispose]();
    this.#program[Symbol.dispose]();
    for (const map of Object.values(this.#maps) as BpfMap[]) map[Symbol.dispose]();
  }

  remove(): Promise<void> {
    for (const name of readdirSync(this.#pins)) unlinkSync(join(this.#pins, name));
    unmount(join(this.#options.folder, 'bpf'));
    return Promise.resolve();
  }
}
