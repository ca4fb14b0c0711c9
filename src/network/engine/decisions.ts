import type { AddressPeer, AddressRange, Direction, Identity, PodPeer, Policy, Protocol, Selector } from '../model.ts';
import { canonicalCidr, contains, cutOut, parseAddress, parseCidr } from './addresses.ts';
import { portPieces } from './boundaries.ts';
import { ruleSelects, selectsPeer, selectsPod } from './matching.ts';
import { concerns, orderPolicies, type SelectedPolicies, type Walk, walk } from './walk.ts';

/** Number of an identity in a compiled structure; 0 is never one. */
export type IdentityNumber = number;

/** Verdicts of one subject about one peer: for each protocol, where they change. */
export interface VerdictTable {
  readonly [protocol: number]: {
    readonly starts: Uint16Array;
    readonly walks: readonly Walk[];
    /** 0 refuses, 1 allows, 2 allows some requests only (the walk says which). */
    readonly allowed: Uint8Array;
  };
  /** True when every port of every protocol has one verdict. */
  readonly uniform: boolean | undefined;
}

export const PROTOCOL_NUMBER: Readonly<Record<Protocol, number>> = { TCP: 6, UDP: 17, SCTP: 132, ICMP: 1, ICMPv6: 58 };
const DIRECTIONS = { ingress: 0, egress: 1 } as const;
/** Tables remembered before the oldest subjects' are let go. */
const TABLES_MAX = 2_000_000;
const WORLD = ['0.0.0.0/0', '::/0'] as const;
/** `allowed` where only some requests are. */
export const SOME = 2;

interface Subject {
  readonly policies: readonly [Set<Policy>, Set<Policy>];
  readonly selected: [SelectedPolicies | undefined, SelectedPolicies | undefined];
  readonly tables: [Map<IdentityNumber, VerdictTable>, Map<IdentityNumber, VerdictTable>];
  /** Tables by which rules select the peer: peers that no rule tells apart share one. */
  readonly shared: [Map<string, VerdictTable>, Map<string, VerdictTable>];
}

interface Prefix {
  readonly range: AddressRange & { readonly length: number };
  number: IdentityNumber;
  names?: readonly string[];
  /** Rules that name it; at 0 it is retired: compiled still, so that what is in force can do without it, until `sweep`. */
  uses: number;
}

/**
 * Policies and identities compiled for deciding. Selectors are looked up by label, so that a policy touches only those it
 * selects; verdict tables are made when first asked for and dropped for the subjects a change concerns.
 */
export class Decisions {
  readonly #policies = new Map<string, Policy>();
  readonly #identities: (Identity | undefined)[] = [undefined];
  readonly #numbers = new Map<string, IdentityNumber>();
  readonly #subjects = new Map<IdentityNumber, Subject>();
  /** `n:key=value` (namespace) and `p:key=value` (pod) to the identities that have it. */
  readonly #byLabel = new Map<string, Set<IdentityNumber>>();
  readonly #nodes = new Set<IdentityNumber>();
  readonly #prefixes = new Map<string, Prefix>();
  readonly #lengths: { 4: number[]; 6: number[] } = { 4: [], 6: [] };
  #tables = 0;

  constructor() {
    for (const cidr of WORLD) this.#usePrefix(cidr);
  }

  identity(number: IdentityNumber): Identity | undefined {
    return this.#identities[number];
  }

  policies(): IterableIterator<Policy> {
    return this.#policies.values();
  }

  /** Numbers of every pod identity. */
  pods(): IterableIterator<IdentityNumber> {
    return this.#subjects.keys();
  }

  /** Every prefix rules tell apart, with its number; not the retired ones. */
  *prefixes(): Generator<{ cidr: string; number: IdentityNumber }> {
    for (const [cidr, { number, uses }] of this.#prefixes) if (uses > 0) yield { cidr, number };
  }

  /** The number stands for addresses that no rule tells apart. */
  isWorld(number: IdentityNumber): boolean {
    return WORLD.some(cidr => this.#prefixes.get(cidr)?.number === number);
  }

  /**
   * Says by which names an address was looked up (none: forget it). What an address stands for never changes, so other
   * names are another number; true when there is one.
   */
  nameAddress(address: string, names: readonly string[]): boolean {
    const cidr = canonicalCidr(`${address}/${address.includes(':') ? 128 : 32}`);
    if (cidr === undefined) return false;
    const known = this.#prefixes.get(cidr);
    const sorted = [...names].sort();
    if ((known?.names ?? []).join() === sorted.join()) return false;
    if (sorted.length > 0 && !known?.names) this.#usePrefix(cidr);
    const prefix = this.#prefixes.get(cidr)!;
    if (sorted.length === 0) prefix.uses--;
    prefix.number = this.#identities.push(undefined) - 1;
    if (sorted.length > 0) prefix.names = sorted;
    else delete prefix.names;
    this.#settle(prefix.range);
    return true;
  }

  /** Forgets prefixes that no rule names any more: for after no address leads to them. */
  sweep(): void {
    for (const [cidr, prefix] of this.#prefixes) {
      if (prefix.uses > 0) continue;
      this.#prefixes.delete(cidr);
      this.#identities[prefix.number] = undefined;
      this.#settle(prefix.range);
    }
  }

  numberOf(key: string): IdentityNumber {
    return this.#numbers.get(key) ?? 0;
  }

  /** Adds an identity under a key; the same key with another identity is a new number. */
  setIdentity(key: string, identity: Identity): IdentityNumber {
    const known = this.#numbers.get(key);
    if (known !== undefined && this.#identities[known] === identity) return known;
    if (known !== undefined) this.removeIdentity(key);
    const number = this.#identities.push(identity) - 1;
    this.#numbers.set(key, number);
    if (identity.kind === 'pod') this.#addSubject(number, identity);
    if (identity.kind === 'node') this.#nodes.add(number);
    return number;
  }

  removeIdentity(key: string): void {
    const number = this.#numbers.get(key);
    const identity = number === undefined ? undefined : this.#identities[number];
    if (number === undefined || !identity) return;
    this.#numbers.delete(key);
    this.#identities[number] = undefined;
    this.#subjects.delete(number);
    this.#nodes.delete(number);
    if (identity.kind !== 'pod') return;
    for (const label of labelsOf(identity)) this.#byLabel.get(label)?.delete(number);
  }

  #addSubject(number: IdentityNumber, identity: Extract<Identity, { kind: 'pod' }>): void {
    for (const label of labelsOf(identity)) {
      let set = this.#byLabel.get(label);
      if (!set) this.#byLabel.set(label, (set = new Set()));
      set.add(number);
    }
    const subject: Subject = {
      policies: [new Set(), new Set()],
      selected: [undefined, undefined],
      tables: [new Map(), new Map()],
      shared: [new Map(), new Map()],
    };
    this.#subjects.set(number, subject);
    for (const policy of this.#policies.values()) {
      if (!selectsPod(policy.subject, identity)) continue;
      for (const direction of ['ingress', 'egress'] as const) {
        if (concerns(policy, direction)) subject.policies[DIRECTIONS[direction]].add(policy);
      }
    }
  }

  /** Adds or replaces a policy; answers whose verdicts may have changed. */
  setPolicy(key: string, policy: Policy): Set<IdentityNumber> {
    const changed = this.removePolicy(key);
    this.#policies.set(key, policy);
    for (const cidr of cidrsOf(policy)) this.#usePrefix(cidr);
    for (const number of this.#selectedBy(policy.subject)) {
      changed.add(number);
      const subject = this.#subjects.get(number)!;
      for (const direction of ['ingress', 'egress'] as const) {
        if (concerns(policy, direction)) subject.policies[DIRECTIONS[direction]].add(policy);
      }
      this.#forget(subject);
    }
    return changed;
  }

  removePolicy(key: string): Set<IdentityNumber> {
    const changed = new Set<IdentityNumber>();
    const policy = this.#policies.get(key);
    if (!policy) return changed;
    this.#policies.delete(key);
    for (const number of this.#selectedBy(policy.subject)) {
      const subject = this.#subjects.get(number)!;
      const had = subject.policies.map(set => set.delete(policy)).includes(true);
      if (!had) continue;
      changed.add(number);
      this.#forget(subject);
    }
    for (const cidr of cidrsOf(policy)) this.#releasePrefix(cidr);
    return changed;
  }

  #forget(subject: Subject): void {
    this.#tables -= subject.tables[0].size + subject.tables[1].size;
    subject.selected.fill(undefined);
    for (const tables of [...subject.tables, ...subject.shared]) tables.clear();
  }

  /** Candidates by the rarest label asked for, then checked one by one. */
  #selectedBy(peer: PodPeer): IdentityNumber[] {
    let candidates: Iterable<IdentityNumber> = this.#subjects.keys();
    let size = this.#subjects.size;
    const narrow = (selector: Selector, kind: 'n' | 'p'): void => {
      for (const { key, operator, values } of selector) {
        if ((operator !== 'Equals' && operator !== 'In') || values.length !== 1) continue;
        const set = this.#byLabel.get(`${kind}:${key}=${values[0]}`) ?? new Set();
        if (set.size < size) {
          candidates = set;
          size = set.size;
        }
      }
    };
    narrow(peer.namespaces, 'n');
    narrow(peer.pods, 'p');
    return [...candidates].filter(number => selectsPod(peer, this.#identities[number]!));
  }

  #usePrefix(text: string): void {
    const cidr = canonicalCidr(text);
    const range = cidr === undefined ? undefined : parseCidr(cidr);
    if (cidr === undefined || !range) return;
    const known = this.#prefixes.get(cidr);
    if (known) {
      known.uses++;
      return;
    }
    const number = this.#identities.push({ kind: 'addresses', range }) - 1;
    this.#prefixes.set(cidr, { range, number, uses: 1 });
    this.#settle(range);
  }

  #releasePrefix(text: string): void {
    const cidr = canonicalCidr(text);
    const prefix = cidr === undefined ? undefined : this.#prefixes.get(cidr);
    if (prefix) prefix.uses--;
  }

  /** The identity of a prefix is an address range that no longer prefix covers; a change inside moves it. */
  #settle(changed: AddressRange): void {
    const { family } = changed;
    const same = [...this.#prefixes.values()].filter(prefix => prefix.range.family === family);
    for (const prefix of same) {
      if (!contains(prefix.range, changed)) continue;
      const inner = same
        .filter(other => other !== prefix && contains(prefix.range, other.range))
        .map(other => other.range);
      const [own] = cutOut(prefix.range, inner);
      const names = prefix.names ? { names: prefix.names } : {};
      this.#identities[prefix.number] = { kind: 'addresses', range: own ?? prefix.range, ...names };
    }
    this.#lengths[family] = [...new Set(same.map(prefix => prefix.range.length))].sort((left, right) => right - left);
  }

  /** The identity of an address that belongs to no pod: that of the longest prefix some rule names. */
  addressIdentity(text: string): IdentityNumber {
    const address = parseAddress(text);
    if (!address) return 0;
    for (const length of this.#lengths[address.family]) {
      const prefix = this.#prefixes.get(canonicalCidr(`${text}/${length}`)!);
      if (prefix) return prefix.number;
    }
    return 0;
  }

  selected(number: IdentityNumber, direction: Direction): SelectedPolicies | undefined {
    const subject = this.#subjects.get(number);
    if (!subject) return undefined;
    const at = DIRECTIONS[direction];
    return (subject.selected[at] ??= orderPolicies([...subject.policies[at]]));
  }

  /** True when some policy speaks about this pod in this direction. */
  governed(number: IdentityNumber, direction: Direction): boolean {
    return (this.#subjects.get(number)?.policies[DIRECTIONS[direction]].size ?? 0) > 0;
  }

  /** Every verdict of a subject about a peer, with the walks that led to it. */
  table(direction: Direction, subject: IdentityNumber, peer: IdentityNumber): VerdictTable | undefined {
    const entry = this.#subjects.get(subject);
    const other = this.#identities[peer];
    if (!entry || !other) return undefined;
    const tables = entry.tables[DIRECTIONS[direction]];
    const known = tables.get(peer);
    if (known) return known;
    const selected = this.selected(subject, direction)!;
    const shared = entry.shared[DIRECTIONS[direction]];
    const key = peerKey(selected, direction, other);
    let made = shared.get(key);
    if (!made) shared.set(key, (made = makeTable(selected, direction, this.#identities[subject]!, other)));
    if (++this.#tables > TABLES_MAX) for (const each of this.#subjects.values()) this.#forget(each);
    tables.set(peer, made);
    return made;
  }

  /**
   * The table most peers share and the peers that have another: what enforcement writes. Peers that no selective rule
   * names are not looked at one by one.
   */
  partition(
    direction: Direction,
    subject: IdentityNumber,
  ): { anyone: VerdictTable; others: Map<IdentityNumber, VerdictTable> } | undefined {
    const selected = this.selected(subject, direction);
    if (!selected) return undefined;
    const named = this.#namedPods(selected, direction);
    const others = new Map<IdentityNumber, VerdictTable>();
    const take = (peer: IdentityNumber): void => {
      const table = this.table(direction, subject, peer);
      if (table) others.set(peer, table);
    };
    for (const number of named ?? this.#subjects.keys()) take(number);
    for (const { number } of this.#prefixes.values()) take(number);
    for (const number of this.#nodes) take(number);
    const plain = named && this.#firstPodOutside(named);
    let anyone = plain === undefined ? undefined : this.table(direction, subject, plain);
    anyone ??= mostCommon(others.values());
    if (!anyone) return undefined;
    for (const [peer, table] of others) if (table === anyone) others.delete(peer);
    return { anyone, others };
  }

  #firstPodOutside(named: ReadonlySet<IdentityNumber>): IdentityNumber | undefined {
    for (const number of this.#subjects.keys()) if (!named.has(number)) return number;
    return undefined;
  }

  /** Pods that some rule treats unlike the rest; undefined when that has to be asked of every pod. */
  #namedPods(selected: SelectedPolicies, direction: Direction): Set<IdentityNumber> | undefined {
    const named = new Set<IdentityNumber>();
    for (const policy of [...selected.admin, ...selected.namespace, ...selected.baseline]) {
      for (const rule of policy.rules) {
        if (rule.direction !== direction) continue;
        if (direction === 'egress' && rule.ports !== 'any' && rule.ports.some(port => 'named' in port))
          return undefined;
        for (const peer of rule.peers === 'any' ? [] : rule.peers)
          if (peer.kind === 'pods') this.#addNamed(named, peer);
          else if (peer.kind === 'addresses' && peer.inside) this.#addInside(named, peer);
      }
    }
    return named;
  }

  #addInside(named: Set<IdentityNumber>, peer: AddressPeer): void {
    for (const number of this.#subjects.keys()) if (selectsPeer(peer, this.#identities[number]!)) named.add(number);
  }

  #addNamed(named: Set<IdentityNumber>, peer: PodPeer): void {
    if (peer.namespaces.length === 0 && peer.pods.length === 0) return;
    const matched = this.#selectedBy(peer);
    if (matched.length * 2 <= this.#subjects.size) {
      for (const number of matched) named.add(number);
      return;
    }
    // A broad selector sets apart those it leaves out.
    const all = new Set(matched);
    for (const number of this.#subjects.keys()) if (!all.has(number)) named.add(number);
  }

  /** One side's verdict on connections to one port; a subject that is not a pod is governed by nobody. */
  allows(
    direction: Direction,
    subject: IdentityNumber,
    peer: IdentityNumber,
    protocol: Protocol,
    port: number,
  ): boolean {
    const at = direction === 'ingress' ? 0 : 1;
    const entry = this.#subjects.get(subject);
    if (!entry || entry.policies[at].size === 0) return true;
    const known = entry.tables[at].get(peer);
    const table = known ?? this.table(direction, subject, peer);
    if (!table) return true;
    if (table.uniform !== undefined) return table.uniform;
    const { starts, allowed } = table[PROTOCOL_NUMBER[protocol]]!;
    return allowed[pieceAt(starts, port)] !== 0;
  }

  /** Both sides' verdict on a flow. */
  decide(source: IdentityNumber, destination: IdentityNumber, protocol: Protocol, port: number): boolean {
    return (
      this.allows('egress', source, destination, protocol, port) &&
      this.allows('ingress', destination, source, protocol, port)
    );
  }

  /** The walk behind one side's verdict. */
  walkOf(
    direction: Direction,
    subject: IdentityNumber,
    peer: IdentityNumber,
    protocol: Protocol,
    port: number,
  ): Walk | undefined {
    const pieces = this.table(direction, subject, peer)?.[PROTOCOL_NUMBER[protocol]];
    return pieces?.walks[pieceAt(pieces.starts, port)];
  }
}

/** The last piece that starts at or below a port. */
export function pieceAt(starts: Uint16Array, port: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= port) low = middle;
    else high = middle - 1;
  }
  return low;
}

function mostCommon(tables: Iterable<VerdictTable>): VerdictTable | undefined {
  const counts = new Map<VerdictTable, number>();
  for (const table of tables) counts.set(table, (counts.get(table) ?? 0) + 1);
  let best: [VerdictTable, number] | undefined;
  for (const entry of counts) if (!best || entry[1] > best[1]) best = entry;
  return best?.[0];
}

/** Equal for peers that every rule of these policies treats alike. */
function peerKey(selected: SelectedPolicies, direction: Direction, peer: Identity): string {
  let key = '';
  let named = false;
  for (const policies of [selected.admin, selected.namespace, selected.baseline]) {
    for (const policy of policies) {
      for (const rule of policy.rules) {
        if (rule.direction !== direction) continue;
        key += ruleSelects(rule, peer) ? '1' : '0';
        named ||= rule.ports !== 'any' && rule.ports.some(port => 'named' in port);
      }
    }
  }
  // Names of ports are the destination's: on egress they are the peer's.
  return named && direction === 'egress' && peer.kind === 'pod' ? key + JSON.stringify(peer.ports) : key;
}

function makeTable(selected: SelectedPolicies, direction: Direction, subject: Identity, peer: Identity): VerdictTable {
  const destination = direction === 'ingress' ? subject : peer;
  const table: Record<number, VerdictTable[number]> = {};
  const verdicts = new Set<boolean>();
  let some = false;
  for (const [protocol, pieces] of portPieces(selected, direction, destination)) {
    const walks = pieces.map(({ from }) => walk(selected, { direction, subject, peer, protocol, port: from }));
    for (const { allowed, requests } of walks) {
      verdicts.add(allowed);
      some ||= requests !== undefined;
    }
    table[PROTOCOL_NUMBER[protocol]] = {
      starts: Uint16Array.from(pieces, piece => piece.from),
      walks,
      allowed: Uint8Array.from(walks, each => (each.requests ? SOME : each.allowed ? 1 : 0)),
    };
  }
  return { ...table, uniform: verdicts.size === 1 && !some ? verdicts.has(true) : undefined };
}

function labelsOf(identity: Extract<Identity, { kind: 'pod' }>): string[] {
  return [
    ...[...identity.namespaceLabels].map(([key, value]) => `n:${key}=${value}`),
    ...[...identity.labels].map(([key, value]) => `p:${key}=${value}`),
  ];
}

function cidrsOf(policy: Policy): string[] {
  return policy.rules.flatMap(rule =>
    rule.peers === 'any'
      ? []
      : rule.peers.flatMap(peer => (peer.kind === 'addresses' ? [peer.cidr, ...peer.except] : [])),
  );
}
