import type { RingReader } from '../../ebpf/index.ts';
import { contains, parseCidr } from '../engine/addresses.ts';
import { ADDRESS } from '../engine/datapath.ts';
import {
  addressKey,
  jointEntries,
  type JointPeer,
  numberKey,
  pairOf,
  subjectValue,
  type SubjectTables,
  type VerdictEntry,
  verdictEntries,
  wideValue,
} from '../engine/datapathtables.ts';
import type { Decisions, IdentityNumber, VerdictTable } from '../engine/decisions.ts';
import { networkFaults } from '../faults.ts';
import type { FlowRecord } from '../flows.ts';
import type { Direction } from '../model.ts';
import type { PolicyChange, PolicyWatch } from '../policies.ts';
import { type Maps, RULES_MAX } from './ebpf-maps.ts';
import type { RulePackets } from './enforcement.ts';
import { readFlow } from './flowreader.ts';
import { nodeAddress } from './router.ts';
import { RuleNumbers } from './rulenumbers.ts';

/** What an address leads to. */
export type Leads = readonly [identity: number, flags: number];

/** What is in the kernel for one side of one identity. */
interface Installed {
  readonly table: number;
  readonly anyone: VerdictTable;
  readonly peers: Map<IdentityNumber, VerdictTable>;
  /** In the order they were written; see `#discard`. */
  readonly keys: Uint8Array[];
}

interface Sides {
  /** Numbers the kernel knows: a side without a table in here may have one there that refuses everything. */
  readonly tables: SubjectTables;
  readonly ingress?: Installed;
  readonly egress?: Installed;
}

const sidesOf = ({ ingress, egress }: Sides): Installed[] => [ingress, egress].filter(side => side !== undefined);

export const NO_CHANGE: PolicyChange = { subjects: new Set(), peers: new Set() };

/**
 * Whom addresses lead to: prefixes that rules tell apart, pods and nodes, the node itself. `trusted` are prefixes that are
 * never asked about; of a range of pods or Services what nobody has told of is unknown.
 */
export function wantedAddresses(node: {
  readonly policy: Pick<PolicyWatch, 'decisions' | 'addresses'> | undefined;
  readonly podCidrs: readonly string[];
  readonly serviceCidrs: readonly string[];
  readonly dnsAddresses: readonly string[];
  readonly trusted: readonly string[];
}): Map<string, Leads> {
  const { policy, podCidrs, serviceCidrs, dnsAddresses, trusted } = node;
  const wanted = new Map<string, Leads>();
  const inner = [...podCidrs, ...serviceCidrs, ...trusted].flatMap(cidr => parseCidr(cidr) ?? []);
  for (const { cidr, number } of policy?.decisions.prefixes() ?? []) {
    const range = parseCidr(cidr)!;
    // Pods, Services and the node are never matched by address: a prefix inside theirs says nothing about anyone.
    if (!inner.some(each => contains(each, range))) wanted.set(cidr, [number, 0]);
  }
  for (const cidr of podCidrs) wanted.set(cidr, [0, ADDRESS.unknown]);
  for (const cidr of serviceCidrs) {
    wanted.set(cidr, [0, ADDRESS.unknown]);
    // The source of clients on the host whose endpoint is there too (engine/services.ts).
    wanted.set(cidr.split('/')[0]!, [0, ADDRESS.node]);
  }
  for (const cidr of trusted) wanted.set(cidr, [0, ADDRESS.node]);
  for (const address of dnsAddresses) wanted.set(address, [0, ADDRESS.node]);
  if (policy) for (const [address, number] of policy.addresses) wanted.set(address, [number, 0]);
  for (const cidr of podCidrs) wanted.set(nodeAddress(cidr), [0, ADDRESS.node]);
  return wanted;
}

/** What is to be in the kernel, asked at each change. */
export interface Wanted {
  decisions(): Decisions | undefined;
  addresses(): Map<string, Leads>;
  /** Whose tables are in the kernel. */
  subjects(): ReadonlySet<IdentityNumber>;
  /** Addresses that stand for several others, to those who send. */
  joint?(): readonly JointPeer[];
  report(problem: unknown): void;
}

/**
 * The maps of policy programs, kept as the compiled structure says. Tables are written beside those in use and taken into
 * use by one map write for each identity, so no packet ever meets half of a policy; addresses lead to a new identity only
 * when verdicts about it are there, and away from an old one before they go.
 */
export class KernelTables {
  readonly #wanted: Wanted;
  readonly #maps: Maps;
  readonly #installed = new Map<IdentityNumber, Sides>();
  readonly #addresses = new Map<string, Leads>();
  readonly #rules = new RuleNumbers(RULES_MAX);
  #nextTable = 1;
  #lost = 0n;

  constructor(maps: Maps, wanted: Wanted) {
    this.#maps = maps;
    this.#wanted = wanted;
  }

  /**
   * While the maps change (and after a change that failed or was killed) every packet is decided by them as they are;
   * afterwards decisions are kept again, under a number that no run before has used.
   */
  sync(change: PolicyChange | undefined): void {
    this.#maps.generation.set(numberKey(0), wideValue(0n));
    this.#bring(change);
    this.#maps.generation.set(numberKey(0), wideValue(process.hrtime.bigint()));
  }

  /** Brings the kernel to what is wanted, in steps between which no packet passes that neither state lets through. */
  #bring(change: PolicyChange | undefined): void {
    const wanted = this.#wanted.addresses();
    this.#splitPrefixes(wanted, change);
    const local = this.#wanted.subjects();
    const replaced = this.#syncSubjects(local, change);
    for (const [address, leads] of wanted) this.#lead(address, leads);
    for (const address of this.#addresses.keys()) {
      if (wanted.has(address)) continue;
      this.#maps.addresses.delete(addressKey(address));
      this.#addresses.delete(address);
    }
    for (const [subject, old] of replaced) {
      this.#maps.subjects.set(numberKey(subject), subjectValue(this.#installed.get(subject)!.tables));
      for (const side of sidesOf(old)) this.#discard(side);
    }
    for (const [subject, sides] of this.#installed) {
      if (local.has(subject)) continue;
      this.#maps.subjects.delete(numberKey(subject));
      for (const side of sidesOf(sides)) this.#discard(side);
      this.#installed.delete(subject);
    }
  }

  #lead(address: string, leads: Leads): void {
    const known = this.#addresses.get(address);
    if (known && known[0] === leads[0] && known[1] === leads[1]) return;
    this.#maps.addresses.set(addressKey(address), pairOf(...leads));
    this.#addresses.set(address, leads);
  }

  /**
   * A prefix that was not told apart before first gets the verdicts of what it was part of, where those are about to
   * change, else its own; then addresses lead to it.
   */
  #splitPrefixes(wanted: ReadonlyMap<string, Leads>, change: PolicyChange | undefined): void {
    const decisions = this.#wanted.decisions();
    if (!decisions || !change || this.#installed.size === 0) return;
    for (const [cidr, leads] of wanted) {
      if (!cidr.includes('/') || leads[0] === 0 || this.#addresses.get(cidr)?.[0] === leads[0]) continue;
      const whole = this.#enclosing(cidr);
      for (const [subject, sides] of this.#installed) {
        for (const direction of ['ingress', 'egress'] as const) {
          const side = sides[direction];
          if (!side || side.peers.has(leads[0])) continue;
          const changes = change.subjects.has(subject);
          const table = changes ? side.peers.get(whole) : decisions.table(direction, subject, leads[0]);
          if (!table || table === side.anyone) continue;
          side.peers.set(leads[0], table);
          this.#put(side, leads[0], table);
        }
      }
      this.#lead(cidr, leads);
    }
  }

  /** The identity addresses of a prefix lead to now. */
  #enclosing(cidr: string): IdentityNumber {
    const range = parseCidr(cidr)!;
    let best: { length: number; number: number } | undefined;
    for (const [text, [number]] of this.#addresses) {
      const other = text.includes('/') ? parseCidr(text) : undefined;
      if (other?.family !== range.family || !contains(other, range) || (best && best.length > other.length)) continue;
      best = { length: other.length, number };
    }
    return best?.number ?? 0;
  }

  /**
   * Writes new tables. Those in use stay beside them, and a packet must please both, until every side has its new one:
   * what one side now refuses and another no longer does is refused all along. Answers what was replaced.
   */
  #syncSubjects(local: ReadonlySet<IdentityNumber>, change: PolicyChange | undefined): Map<IdentityNumber, Sides> {
    const replaced = new Map<IdentityNumber, Sides>();
    const decisions = this.#wanted.decisions();
    if (!decisions) return replaced;
    for (const subject of local) {
      const known = this.#installed.get(subject);
      if (!known || !change || change.subjects.has(subject)) {
        const sides = this.#install(decisions, subject);
        this.#maps.subjects.set(numberKey(subject), subjectValue(sides.tables, known?.tables));
        this.#installed.set(subject, sides);
        if (known) replaced.set(subject, known);
      } else for (const peer of change.peers) this.#addPeer(decisions, subject, known, peer);
    }
    return replaced;
  }

  /** Tables for both sides of a subject. One for which there is no room refuses everything. */
  #install(decisions: Decisions, subject: IdentityNumber): Sides {
    const sides: { ingress?: Installed; egress?: Installed } = {};
    const tables = { ingress: 0, egress: 0 };
    for (const direction of ['ingress', 'egress'] as const) {
      if (!decisions.governed(subject, direction)) continue;
      const table = this.#nextTable++;
      try {
        const side = this.#write(decisions, subject, direction, table);
        if (!side) continue;
        sides[direction] = side;
        tables[direction] = table;
      } catch (error) {
        const detail = error instanceof Error ? error.message : String(error);
        this.#wanted.report(networkFaults.make('command-failed', { command: 'bpf', detail }));
        tables[direction] = this.#nextTable++;
      }
    }
    return { tables, ...sides };
  }

  /**
   * Keys go in the order they came, what is said of anyone first: a packet that still reads this table finds its peer's
   * own verdict or none (and is refused), never a wider one.
   */
  #discard(side: Installed): void {
    for (const key of side.keys) this.#maps.verdicts.delete(key);
  }

  #write(decisions: Decisions, subject: IdentityNumber, direction: Direction, table: number): Installed | undefined {
    const found = decisions.partition(direction, subject);
    if (!found) return undefined;
    const side: Installed = { table, anyone: found.anyone, peers: found.others, keys: [] };
    this.#put(side, 0, found.anyone);
    for (const [peer, verdicts] of found.others) this.#put(side, peer, verdicts);
    for (const peer of direction === 'egress' ? (this.#wanted.joint?.() ?? []) : [])
      for (const entry of jointEntries(table, peer, walk => this.#rules.of(walk))) this.#enter(side, entry);
    return side;
  }

  #put(side: Installed, peer: IdentityNumber, table: VerdictTable): void {
    for (const entry of verdictEntries(side.table, peer, table, (_, walk) => this.#rules.of(walk)))
      this.#enter(side, entry);
  }

  #enter(side: Installed, { key, value }: VerdictEntry): void {
    this.#maps.verdicts.set(key, value);
    side.keys.push(key);
  }

  #addPeer(decisions: Decisions, subject: IdentityNumber, sides: Sides, peer: IdentityNumber): void {
    for (const direction of ['ingress', 'egress'] as const) {
      const side = sides[direction];
      const table = side && decisions.table(direction, subject, peer);
      if (!side || !table || table === (side.peers.get(peer) ?? side.anyone)) continue;
      side.peers.set(peer, table);
      this.#put(side, peer, table);
    }
  }

  /** Hands out flows the programs told of since the last call, and how many the ring had no room for. */
  drain(ring: RingReader, deliver: (flow: FlowRecord) => void, lost: (count: number) => void): number {
    const decisions = this.#wanted.decisions();
    const count = ring.drain(record =>
      deliver(readFlow(record, this.#rules.names, number => decisions?.identity(number))),
    );
    const seen = this.#maps.lost.get(numberKey(0));
    const all = seen ? Buffer.from(seen).readBigUInt64LE() : this.#lost;
    if (all > this.#lost) lost(Number(all - this.#lost));
    this.#lost = all;
    return count;
  }

  counters(): RulePackets[] {
    return this.#rules.names.map((by, number) => {
      const value = this.#maps.counters.get(numberKey(number));
      return { by, packets: value ? Buffer.from(value).readBigUInt64LE() : 0n };
    });
  }
}
