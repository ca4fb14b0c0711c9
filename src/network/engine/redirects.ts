import type { Direction } from '../model.ts';
import type { IdentityNumber } from './decisions.ts';
import { SOME } from './decisions.ts';
import { AddressBook, type NftPolicyInput } from './nftpolicy.ts';
import { LAST_PORT } from './ports.ts';
import { MARK } from './services.ts';

type Nft = Readonly<Record<string, unknown>>;

/** Packets with this mark are for a socket here, whatever their address says; the routing table that says so. */
export const DIVERT = { mark: 0x20000, table: 100 } as const;

export interface RedirectInput extends Omit<NftPolicyInput, 'trusted' | 'podCidrs'> {
  /** Where the proxy that reads requests listens, by family. */
  readonly ports: Readonly<Record<4 | 6, number>>;
}

const TCP = 6;
/** FIN, SYN, RST and ACK; of the first packet of a connection SYN alone is set (RFC 9293 section 3.1). */
const FLAGS = { looked: 0x17, first: 0x02 } as const;

/** Connections of this node's pods of which only some requests are allowed, as `[source, destination, ports]`. */
function connectionsOf({ decisions, addresses, local }: RedirectInput, book: AddressBook, family: 4 | 6): unknown[][] {
  const found: unknown[][] = [];
  const isOf = (address: string): boolean => address.includes(':') === (family === 6);
  const peersOf = (number: IdentityNumber): readonly unknown[] =>
    book.pods.get(number)?.filter(isOf) ??
    book.prefixes.find(prefix => prefix.number === number && prefix.family === family)?.ranges ??
    [];
  const numbers = [...book.pods.keys(), ...book.prefixes.map(({ number }) => number)];
  const subjects = local.filter(({ address }) => isOf(address));
  for (const { address } of subjects) {
    const subject = addresses.get(address);
    if (subject === undefined) continue;
    for (const direction of ['ingress', 'egress'] as const) {
      if (!readsRequests(decisions.selected(subject, direction), direction)) continue;
      for (const number of numbers) {
        const table = decisions.table(direction, subject, number)?.[TCP];
        for (const [index, allowed] of table?.allowed.entries() ?? []) {
          if (allowed !== SOME) continue;
          const from = table!.starts[index]!;
          const to = (table!.starts[index + 1] ?? LAST_PORT + 1) - 1;
          const ports = from === to ? from : { range: [from, to] };
          for (const peer of peersOf(number))
            found.push(direction === 'egress' ? [address, peer, ports] : [peer, address, ports]);
        }
      }
    }
  }
  return found;
}

type Selected = ReturnType<RedirectInput['decisions']['selected']>;

function readsRequests(selected: Selected, direction: Direction): boolean {
  return (selected?.namespace ?? []).some(({ rules }) =>
    rules.some(rule => rule.direction === direction && rule.requests?.kind === 'http'),
  );
}

/** The table that leads such connections into the proxy; undefined where there are none. */
export function redirectTable(input: RedirectInput): { nftables: Nft[] } | undefined {
  const self = { family: 'inet', table: input.table };
  const book = new AddressBook(input);
  const commands: Nft[] = [];
  const rule = (...expr: readonly Nft[]): number =>
    commands.push({ add: { rule: { ...self, chain: 'divert', expr } } });
  const mark: Nft = {
    mangle: { key: { meta: { key: 'mark' } }, value: { '|': [{ meta: { key: 'mark' } }, DIVERT.mark] } },
  };
  const match = (left: unknown, right: unknown): Nft => ({ match: { op: '==', left, right } });
  const tcp = match({ meta: { key: 'l4proto' } }, 'tcp');
  let count = 0;
  for (const family of [4, 6] as const) {
    const ip = family === 4 ? 'ip' : 'ip6';
    const payload = (field: string): Nft => ({ payload: { protocol: ip, field } });
    const connections = connectionsOf(input, book, family);
    if (connections.length === 0) continue;
    count += connections.length;
    const name = `connections${family}`;
    const type = family === 4 ? 'ipv4_addr' : 'ipv6_addr';
    const elem = [...new Map(connections.map(each => [JSON.stringify(each), { concat: each }])).values()];
    const set = { ...self, name, type: [type, type, 'inet_service'], flags: ['interval'], 'auto-merge': true, elem };
    commands.push({ add: { set } });
    const key = { concat: [payload('saddr'), payload('daddr'), { payload: { protocol: 'tcp', field: 'dport' } }] };
    // What the proxy itself sends on, and answers to it, are not read again.
    const listener = { tproxy: { family: ip, addr: family === 4 ? '127.0.0.1' : '::1', port: input.ports[family] } };
    rule(match(key, `@${name}`), listener, mark, { accept: null });
  }
  if (count === 0) return undefined;
  const table = { family: 'inet', name: input.table };
  const chain = { ...self, name: 'divert', type: 'filter', hook: 'prerouting', prio: -90, policy: 'accept' };
  // A new connection may have the addresses and ports of one that ended: it is for the listener, or for nobody here.
  const flags = { '&': [{ payload: { protocol: 'tcp', field: 'flags' } }, FLAGS.looked] };
  const notFirst: Nft = { match: { op: '!=', left: flags, right: FLAGS.first } };
  // A connection of the proxy's that ended is remembered for a minute, in the name of a client who may use the same ports
  // himself by then: what is for him is his. Only of whole sockets it can be told whether they have an address.
  const whole = match({ socket: { key: 'wildcard' } }, 0);
  const fromSocket: Nft = {
    add: {
      rule: {
        ...self,
        chain: 'divert',
        expr: [tcp, notFirst, match({ socket: { key: 'transparent' } }, 1), whole, mark, { accept: null }],
      },
    },
  };
  const fresh: Nft[] = [{ add: { table } }, { delete: { table } }, { add: { table } }, { add: { chain } }];
  return { nftables: [...fresh, fromSocket, ...commands] };
}

/** Socket marks of the proxy: to clients as answers, to servers as what it decided on. */
export const PROXY_MARKS = { client: MARK.answer, server: MARK.proxied } as const;
