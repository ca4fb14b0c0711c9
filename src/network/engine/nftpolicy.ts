import type { Direction } from '../model.ts';
import { cutOut, formatAddress, parseCidr } from './addresses.ts';
import type { Decisions, IdentityNumber, VerdictTable } from './decisions.ts';
import { LAST_PORT } from './ports.ts';
import { REASON } from './datapath.ts';
import { MARK } from './services.ts';
import type { Walk } from './walk.ts';

type Nft = Readonly<Record<string, unknown>>;

export interface NftPolicyInput {
  readonly table: string;
  readonly decisions: Decisions;
  /** Address of every known pod to its identity. */
  readonly addresses: ReadonlyMap<string, IdentityNumber>;
  /** Addresses of this node's pods with their devices in the router ('' for none): only they have chains. */
  readonly local: readonly { readonly address: string; readonly device: string }[];
  readonly podCidrs: readonly string[];
  /** Where flows and refusals are logged (nfnetlink_log); nowhere when absent. */
  readonly log?: { readonly group: number; readonly ruleOf: (walk: Walk) => number };
  /** Always let through: the node, Services' own addresses, what never leaves a link. */
  readonly trusted: readonly string[];
}

const PROTOCOLS = [
  ['tcp', 6],
  ['udp', 17],
  ['sctp', 132],
] as const;
const family = (text: string): 4 | 6 => (text.includes(':') ? 6 : 4);
const ip = (ipFamily: 4 | 6): string => (ipFamily === 4 ? 'ip' : 'ip6');
const type = (ipFamily: 4 | 6): string => (ipFamily === 4 ? 'ipv4_addr' : 'ipv6_addr');
const payload = (protocol: string, field: string): Nft => ({ payload: { protocol, field } });
const meta = (key: string): Nft => ({ meta: { key } });
const match = (left: unknown, right: unknown, op = '=='): Nft => ({ match: { op, left, right } });

function prefix(text: string): unknown {
  const [addr, len] = text.split('/') as [string, string | undefined];
  return len === undefined ? addr : { prefix: { addr, len: Number(len) } };
}

/** Addresses of every identity, as values for nftables, none inside another. */
export class AddressBook {
  readonly pods = new Map<IdentityNumber, string[]>();
  readonly prefixes: {
    readonly number: IdentityNumber;
    readonly family: 4 | 6;
    readonly ranges: readonly unknown[];
  }[] = [];

  constructor({ decisions, addresses }: Pick<NftPolicyInput, 'decisions' | 'addresses'>) {
    for (const [address, number] of addresses) this.pods.set(number, [...(this.pods.get(number) ?? []), address]);
    const all = [...decisions.prefixes()].map(({ cidr, number }) => ({ number, range: parseCidr(cidr)! }));
    for (const { number, range } of all) {
      const inner = all
        .map(other => other.range)
        .filter(other => other !== range && other.family === range.family && other.length > range.length);
      const ranges = cutOut(range, inner).map(({ first, last }) =>
        first === last
          ? formatAddress(range.family, first)
          : { range: [formatAddress(range.family, first), formatAddress(range.family, last)] },
      );
      this.prefixes.push({ number, family: range.family, ranges });
    }
  }
}

const SOME_REQUESTS = 'requests';

/** Types of ICMP messages a table allows, as ranges. */
function icmpTypes(table: VerdictTable, protocol: number): unknown[] {
  const { starts, allowed } = table[protocol]!;
  return [...starts].flatMap((start, index) => {
    const to = Math.min((starts[index + 1] ?? LAST_PORT + 1) - 2, 255);
    if (allowed[index] !== 1 || start - 1 > 255) return [];
    return [start - 1 === to ? to : { range: [start - 1, to] }];
  });
}

/** What is said of a logged packet; {@link readLogPrefix} reads it. */
const logPrefix = (verdict: 'drop' | 'pass', direction: Direction, reason: number, rule: number): string =>
  `tenon ${verdict} ${direction} ${reason} ${rule}`;

/** What a rule said of a packet; undefined when it was not one of ours. */
export function readLogPrefix(
  text: string,
): { dropped: boolean; direction: Direction; reason: number; rule: number } | undefined {
  const [, verdict, direction, reason, rule] = /^tenon (drop|pass) (ingress|egress) (\d+) (\d+)$/.exec(text) ?? [];
  if (verdict === undefined) return undefined;
  return {
    dropped: verdict === 'drop',
    direction: direction as Direction,
    reason: Number(reason),
    rule: Number(rule),
  };
}

/** Port pieces of a table as `[protocol, ports, verdict]`. */
function pieces(
  table: VerdictTable,
  refusal: (walk: Walk) => Nft,
  someRequests: string,
): [protocol: string, ports: unknown, verdict: Nft][] {
  return PROTOCOLS.flatMap(([name, number]) => {
    const { starts, allowed, walks } = table[number]!;
    return [...starts].map((start, index): [string, unknown, Nft] => {
      const from = index === 0 ? 0 : start;
      const to = (starts[index + 1] ?? LAST_PORT + 1) - 1;
      const verdict: Nft =
        allowed[index] === 0
          ? refusal(walks[index]!)
          : allowed[index] === 1
            ? { return: null }
            : { goto: { target: someRequests } };
      return [name, from === to ? from : { range: [from, to] }, verdict];
    });
  });
}

class PolicyTable {
  readonly commands: Nft[];
  readonly #name: string;
  readonly #log: NftPolicyInput['log'];
  readonly #refusals = new Set<string>();

  constructor(name: string, log: NftPolicyInput['log']) {
    this.#name = name;
    this.#log = log;
    const self = { family: 'inet', name };
    this.commands = [{ add: { table: self } }, { delete: { table: self } }, { add: { table: self } }];
  }

  add(kind: string, object: object): void {
    this.commands.push({ add: { [kind]: { family: 'inet', table: this.#name, ...object } } });
  }

  /** Tells of a packet, where it is asked for. */
  told(verdict: 'drop' | 'pass', direction: Direction, reason: number, rule = 0): Nft[] {
    const prefix = logPrefix(verdict, direction, reason, rule);
    return this.#log ? [{ log: { prefix, group: this.#log.group } }] : [];
  }

  /** How a rule's refusal is carried out: by a chain of its own that tells of it. */
  refusal(direction: Direction, walk: Walk): Nft {
    if (!this.#log) return { drop: null };
    const reason = walk.steps.at(-1)?.kind === 'rule' ? REASON.denied : REASON.noRule;
    const rule = this.#log.ruleOf(walk);
    const target = `refuse_${direction}_${reason}_${rule}`;
    if (!this.#refusals.has(target)) {
      this.#refusals.add(target);
      this.add('chain', { name: target });
      this.rule(target, ...this.told('drop', direction, reason, rule), { drop: null });
    }
    return { goto: { target } };
  }

  rule(chain: string, ...expr: readonly Nft[]): void {
    this.add('rule', { chain, expr });
  }
}

function addSide(
  table: PolicyTable,
  book: AddressBook,
  { decisions }: NftPolicyInput,
  subject: IdentityNumber,
  direction: Direction,
  ipFamily: 4 | 6,
): string {
  const chain = `${direction}${ipFamily}_${subject}`;
  table.add('chain', { name: chain });
  const peerField = payload(ip(ipFamily), direction === 'ingress' ? 'saddr' : 'daddr');
  const open: unknown[] = [];
  const exact: unknown[] = [];
  const ranged: unknown[] = [];
  const entries = (number: IdentityNumber, values: readonly unknown[], into: unknown[]): void => {
    const verdicts = decisions.table(direction, subject, number);
    if (!verdicts || values.length === 0) return;
    if (verdicts.uniform === true && into === exact) open.push(...values);
    const types = icmpTypes(verdicts, ipFamily === 4 ? 1 : 58);
    if (types.length > 0)
      table.rule(
        chain,
        match(peerField, { set: values }),
        match(payload(ipFamily === 4 ? 'icmp' : 'icmpv6', 'type'), { set: types }),
        {
          return: null,
        },
      );
    for (const [protocol, ports, verdict] of pieces(
      verdicts,
      walk => table.refusal(direction, walk),
      `${SOME_REQUESTS}_${direction}`,
    )) {
      for (const value of values) into.push([{ concat: [value, protocol, ports] }, verdict]);
    }
  };
  for (const [number, ips] of book.pods)
    entries(
      number,
      ips.filter(address => family(address) === ipFamily),
      exact,
    );
  for (const entry of book.prefixes) if (entry.family === ipFamily) entries(entry.number, entry.ranges, ranged);
  const key = { concat: [peerField, meta('l4proto'), payload('th', 'dport')] };
  if (open.length > 0) table.rule(chain, match(peerField, { set: open }), { return: null });
  for (const [name, elem] of [
    ['exact', exact],
    ['ranged', ranged],
  ] as const) {
    if (elem.length === 0) continue;
    const map = `${chain}_${name}`;
    table.add('map', {
      name: map,
      type: [type(ipFamily), 'inet_proto', 'inet_service'],
      map: 'verdict',
      flags: ['interval'],
      elem,
    });
    table.rule(chain, { vmap: { key, data: `@${map}` } });
  }
  table.rule(chain, ...table.told('drop', direction, REASON.noRule), { drop: null });
  return chain;
}

/** A pod sends as itself: on its device only its own addresses come in (link-local ones are never forwarded). */
function addSources(table: PolicyTable, { local }: NftPolicyInput): void {
  table.add('chain', { name: 'sources', type: 'filter', hook: 'prerouting', prio: -310, policy: 'accept' });
  const pods = local.filter(({ device }) => device !== '');
  const devices = [...new Set(pods.map(({ device }) => device))];
  if (devices.length === 0) return;
  const onPod = match(meta('iifname'), { set: devices });
  for (const [ipFamily, name] of [
    [4, 'ipv4'],
    [6, 'ipv6'],
  ] as const) {
    const saddr = payload(ip(ipFamily), 'saddr');
    const kind = match(meta('nfproto'), name);
    const set = pods
      .filter(({ address }) => family(address) === ipFamily)
      .map(({ address, device }) => ({ concat: [device, address] }));
    if (set.length > 0)
      table.rule('sources', kind, match({ concat: [meta('iifname'), saddr] }, { set }), { accept: null });
    if (ipFamily === 6) {
      const own = ['fe80::/10', '::/128'].map(prefix);
      table.rule('sources', kind, onPod, match(saddr, { set: own }), { accept: null });
    }
    table.rule('sources', kind, onPod, ...table.told('drop', 'egress', REASON.foreignSource), { drop: null });
  }
}

/** The same verdicts as the policy program's, as one nftables table: for machines that refuse bpf(2). */
export function nftPolicyTable(input: NftPolicyInput): { nftables: Nft[] } {
  const table = new PolicyTable(input.table, input.log);
  const book = new AddressBook(input);
  table.add('chain', { name: 'forward', type: 'filter', hook: 'forward', prio: 10, policy: 'accept' });
  // What is refused here never becomes a connection, so an answer is one to what some policy let through.
  table.rule('forward', match({ '&': [meta('mark'), MARK.reply] }, 0, '!='), { accept: null });
  addSources(table, input);
  for (const direction of ['egress', 'ingress'] as const) {
    const chain = `${SOME_REQUESTS}_${direction}`;
    table.add('chain', { name: chain });
    table.rule(chain, match({ '&': [meta('mark'), MARK.proxied] }, 0, '!='), { return: null });
    table.rule(chain, ...table.told('drop', direction, REASON.noRule), { drop: null });
  }
  for (const ipFamily of [4, 6] as const) {
    const trusted = input.trusted.filter(text => family(text) === ipFamily).map(prefix);
    for (const field of ['saddr', 'daddr']) {
      if (trusted.length > 0)
        table.rule('forward', match(payload(ip(ipFamily), field), { set: trusted }), { accept: null });
    }
    const known = [...input.addresses.keys()].filter(address => family(address) === ipFamily);
    const cidrs = input.podCidrs.filter(cidr => family(cidr) === ipFamily).map(prefix);
    for (const field of ['saddr', 'daddr']) {
      const strangers = known.length > 0 ? [match(payload(ip(ipFamily), field), { set: known }, '!=')] : [];
      if (cidrs.length > 0)
        table.rule(
          'forward',
          match(payload(ip(ipFamily), field), { set: cidrs }),
          ...strangers,
          ...table.told('drop', field === 'saddr' ? 'egress' : 'ingress', REASON.unknownPod),
          { drop: null },
        );
    }
    for (const [direction, field] of [
      ['egress', 'saddr'],
      ['ingress', 'daddr'],
    ] as const) {
      const chains = new Map<IdentityNumber, string>();
      const elements = input.local.flatMap(({ address }) => {
        const number = input.addresses.get(address);
        if (number === undefined || family(address) !== ipFamily || !input.decisions.governed(number, direction))
          return [];
        let chain = chains.get(number);
        if (!chain) chains.set(number, (chain = addSide(table, book, input, number, direction, ipFamily)));
        return [[address, { jump: { target: chain } }]];
      });
      if (elements.length > 0)
        table.rule('forward', { vmap: { key: payload(ip(ipFamily), field), data: { set: elements } } });
    }
  }
  // The first packet of a connection that nobody refused.
  if (input.log) {
    const isNew: Nft = match({ ct: { key: 'state' } }, 'new', 'in');
    table.rule('forward', isNew, ...table.told('pass', 'ingress', REASON.none));
  }
  return { nftables: table.commands };
}
