/** One port of a Service with what stands behind it; addresses of one family. */
export interface ServicePort {
  /** Unique and stable: `namespace/name:port/TCP/4`. */
  readonly id: string;
  readonly family: 4 | 6;
  /** Cluster IPs, and external ones (which obey the external traffic policy). */
  readonly addresses: readonly string[];
  readonly externalAddresses: readonly string[];
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly port: number;
  readonly nodePort?: number;
  /** A client keeps its endpoint while the endpoints stay the same. */
  readonly sticky: boolean;
  readonly endpoints: readonly ServiceEndpoint[];
  /** Endpoints for traffic from outside the cluster, where that differs (externalTrafficPolicy Local). */
  readonly externalEndpoints: readonly ServiceEndpoint[];
  /** Keep the client's address: no endpoint is elsewhere. */
  readonly keepsSource: boolean;
}

export interface ServiceEndpoint {
  readonly address: string;
  readonly port: number;
}

/** What a port of the node tells load balancers of the endpoints one Service has on it. */
export interface HealthPort {
  readonly port: number;
  readonly namespace: string;
  readonly name: string;
  /** Ready endpoints on this node. */
  readonly localEndpoints: number;
}

/** A port of the host that leads to one pod. */
export interface HostPortRule {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly hostPort: number;
  /** The one address of the host it answers at; every address when absent. */
  readonly hostIp?: string;
  readonly address: string;
  readonly port: number;
}

type Nft = Readonly<Record<string, unknown>>;

/** Bits of the packet mark that belong to Tenon. */
export const MARK = {
  /** An answer on a connection policy let through, or an error about one. */
  reply: 0x1000,
  /** A later packet of a connection: decided again, so that a policy that changed holds for it too, but not told again. */
  known: 0x2000,
  masquerade: 0x4000,
  /** Found by the policy program itself: an answer on a flow it let through. */
  answer: 0x8000,
  /** Sent by the proxy that decided on the request. */
  proxied: 0x10000,
} as const;

const ip = (family: 4 | 6): string => (family === 4 ? 'ip' : 'ip6');
const payload = (protocol: string, field: string): Nft => ({ payload: { protocol, field } });
const meta = (key: string): Nft => ({ meta: { key } });
const match = (left: unknown, right: unknown, op = '=='): Nft => ({ match: { op, left, right } });
const orMark = (bit: number): Nft => ({ mangle: { key: meta('mark'), value: { '|': [meta('mark'), bit] } } });
const hasMark = (bit: number): Nft => match({ '&': [meta('mark'), bit] }, 0, '!=');

/** Builds one table as libnftables JSON commands; the whole list is one transaction. */
class Table {
  readonly commands: Nft[];
  readonly #family = 'inet';
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
    const self = { family: this.#family, name: table };
    this.commands = [{ add: { table: self } }, { delete: { table: self } }, { add: { table: self } }];
  }

  chain(name: string, hook?: { type: string; hook: string; prio: number }): void {
    const base = { family: this.#family, table: this.#table, name };
    this.commands.push({ add: { chain: hook ? { ...base, ...hook, policy: 'accept' } : base } });
  }

  rule(chain: string, ...expr: readonly Nft[]): void {
    this.commands.push({ add: { rule: { family: this.#family, table: this.#table, chain, expr } } });
  }
}

const lower = (protocol: string): string => protocol.toLowerCase();
const target = (chain: string): Nft => ({ goto: { target: chain } });

/** `address . protocol . port -> chain`, in one lookup whatever the number of services. */
function dispatch(
  family: 4 | 6,
  entries: readonly [address: string, protocol: string, port: number, chain: string][],
): Nft {
  const key = { concat: [payload(ip(family), 'daddr'), meta('l4proto'), payload('th', 'dport')] };
  const set = entries.map(([address, protocol, port, chain]) => [
    { concat: [address, lower(protocol), port] },
    target(chain),
  ]);
  return { vmap: { key, data: { set } } };
}

/** Chooses one of the chains: at random, or by the client's address when it is to keep its endpoint. */
function choose(port: ServicePort, chains: readonly string[]): Nft {
  const source = payload(ip(port.family), 'saddr');
  const key = port.sticky
    ? { jhash: { mod: chains.length, expr: source, seed: 1 } }
    : { numgen: { mode: 'random', mod: chains.length, offset: 0 } };
  if (chains.length === 1) return target(chains[0]!);
  return { vmap: { key, data: { set: chains.map((chain, index) => [index, target(chain)]) } } };
}

function addService(
  table: Table,
  port: ServicePort,
  index: number,
  endpoints: readonly ServiceEndpoint[],
  outside: boolean,
): string {
  const chain = `svc${index}${outside ? 'x' : ''}`;
  table.chain(chain);
  const chains = endpoints.map((endpoint, place) => {
    const name = `${chain}-${place}`;
    table.chain(name);
    const source = payload(ip(port.family), 'saddr');
    // A pod that reaches itself through its Service must see the answer come from the Service.
    if (!outside) table.rule(name, match(source, endpoint.address), orMark(MARK.masquerade));
    else if (!port.keepsSource) table.rule(name, orMark(MARK.masquerade));
    const protocol = match(meta('l4proto'), lower(port.protocol));
    table.rule(name, protocol, { dnat: { family: ip(port.family), addr: endpoint.address, port: endpoint.port } });
    return name;
  });
  if (chains.length > 0) table.rule(chain, choose(port, chains));
  return chain;
}

/** The router's end of its link to the host. */
const HOST_DEVICE = 'host0';

export interface RouterRules {
  readonly table: string;
  readonly services: readonly ServicePort[];
  readonly serviceCidrs: readonly string[];
  /** The node on the pod network, by family. */
  readonly nodeAddresses: Readonly<Partial<Record<4 | 6, string>>>;
  /** Where the host sends node ports (IPv4). */
  readonly nodePortAddress: string;
}

/** The router's table: Services, and the mark that tells policy which packets belong to an accepted connection. */
export function routerTable(rules: RouterRules): { nftables: Nft[] } {
  const table = new Table(rules.table);
  table.chain('dstnat', { type: 'nat', hook: 'prerouting', prio: -100 });
  table.chain('srcnat', { type: 'nat', hook: 'postrouting', prio: 100 });
  table.chain('forward', { type: 'filter', hook: 'forward', prio: 0 });
  for (const family of [4, 6] as const) {
    const entries: [string, string, number, string][] = [];
    for (const [index, port] of rules.services.entries()) {
      if (port.family !== family) continue;
      const chain = addService(table, port, index, port.endpoints, false);
      for (const address of port.addresses) entries.push([address, port.protocol, port.port, chain]);
      const isOpen = port.externalAddresses.length > 0 || port.nodePort !== undefined;
      if (!isOpen) continue;
      const outside = addService(table, port, index, port.externalEndpoints, true);
      for (const address of port.externalAddresses) entries.push([address, port.protocol, port.port, outside]);
      if (port.nodePort !== undefined && family === 4)
        entries.push([rules.nodePortAddress, port.protocol, port.nodePort, outside]);
    }
    const isUnique = new Map(entries.map(entry => [entry.slice(0, 3).join(' '), entry]));
    if (isUnique.size > 0) table.rule('dstnat', dispatch(family, [...isUnique.values()]));
    const own = rules.nodeAddresses[family];
    if (own)
      table.rule('srcnat', hasMark(MARK.masquerade), match(meta('nfproto'), family === 4 ? 'ipv4' : 'ipv6'), {
        snat: { family: ip(family), addr: own },
      });
  }
  // A client on the host whose endpoint is on the host too (an address without a namespace): the answer must come back
  // this way, or nobody turns the Service's address back. The range's own first address is no Service's and is routed here.
  const rewritten = { match: { op: 'in', left: { ct: { key: 'status' } }, right: 'dnat' } };
  for (const cidr of rules.serviceCidrs) {
    const family = cidr.includes(':') ? 6 : 4;
    table.rule(
      'srcnat',
      match(meta('iifname'), HOST_DEVICE),
      match(meta('oifname'), HOST_DEVICE),
      rewritten,
      match(meta('nfproto'), family === 4 ? 'ipv4' : 'ipv6'),
      { snat: { family: ip(family), addr: cidr.split('/')[0]! } },
    );
  }
  markConnections(table);
  for (const cidr of rules.serviceCidrs) {
    const [address, length] = cidr.split('/') as [string, string];
    const family = cidr.includes(':') ? 6 : 4;
    const daddr = payload(ip(family), 'daddr');
    // What no Service rewrote has no endpoint: say so at once (kube-proxy answers the same).
    table.rule('forward', match(daddr, { prefix: { addr: address, len: Number(length) } }), {
      reject: { type: family === 4 ? 'icmp' : 'icmpv6', expr: 'port-unreachable' },
    });
  }
  return { nftables: table.commands };
}

/** Tells policy what conntrack knows of a packet: who opened a connection is asked about each packet, who answers is not. */
function markConnections(table: Table): void {
  const state = (right: string): Nft => ({ match: { op: 'in', left: { ct: { key: 'state' } }, right } });
  const direction = (right: string): Nft => match({ ct: { key: 'direction' } }, right);
  table.rule('forward', state('established'), direction('reply'), orMark(MARK.reply));
  table.rule('forward', state('related'), orMark(MARK.reply));
  table.rule('forward', state('established'), direction('original'), orMark(MARK.known));
}

export interface HostRules {
  readonly table: string;
  /** The host's device to the router. */
  readonly device: string;
  readonly podCidrs: readonly string[];
  readonly nodePorts: readonly { readonly protocol: string; readonly port: number }[];
  readonly nodePortAddress: string;
  readonly hostPorts: readonly HostPortRule[];
}

/** The host's table: node ports and host ports lead to the router, pods leave with the host's address. */
export function hostTable(rules: HostRules): { nftables: Nft[] } {
  const table = new Table(rules.table);
  table.chain('dstnat', { type: 'nat', hook: 'prerouting', prio: -100 });
  table.chain('localnat', { type: 'nat', hook: 'output', prio: -100 });
  table.chain('srcnat', { type: 'nat', hook: 'postrouting', prio: 100 });
  const local = match({ fib: { result: 'type', flags: ['daddr'] } }, 'local');
  for (const chain of ['dstnat', 'localnat']) {
    for (const { protocol, hostPort, hostIp, address, port } of rules.hostPorts) {
      const family = address.includes(':') ? 6 : 4;
      const kind = match(meta('nfproto'), family === 4 ? 'ipv4' : 'ipv6');
      const hit = match(payload(lower(protocol), 'dport'), hostPort);
      const there = hostIp === undefined ? local : match(payload(ip(family), 'daddr'), hostIp);
      table.rule(chain, kind, hit, there, { dnat: { family: ip(family), addr: address, port } });
    }
    if (rules.nodePorts.length === 0) continue;
    const set = rules.nodePorts.map(({ protocol, port }) => ({ concat: [lower(protocol), port] }));
    const hit = match({ concat: [meta('l4proto'), payload('th', 'dport')] }, { set });
    table.rule(chain, match(meta('nfproto'), 'ipv4'), hit, local, {
      dnat: { family: 'ip', addr: rules.nodePortAddress },
    });
  }
  // A client on 127.0.0.1 would never get an answer from another namespace.
  const loopback = match(payload('ip', 'saddr'), { prefix: { addr: '127.0.0.0', len: 8 } });
  table.rule('srcnat', match(meta('oifname'), rules.device), loopback, { masquerade: null });
  for (const cidr of rules.podCidrs) {
    const [address, length] = cidr.split('/') as [string, string];
    const saddr = payload(ip(cidr.includes(':') ? 6 : 4), 'saddr');
    if (!cidr.includes(':')) {
      // The answer must come back this way to be told apart from the router's own.
      const hairpin = match(payload('ip', 'daddr'), rules.nodePortAddress);
      const pods = match(saddr, { prefix: { addr: address, len: Number(length) } });
      table.rule('srcnat', match(meta('oifname'), rules.device), hairpin, pods, { masquerade: null });
    }
    const leaving = match(meta('oifname'), rules.device, '!=');
    table.rule('srcnat', leaving, match(saddr, { prefix: { addr: address, len: Number(length) } }), {
      masquerade: null,
    });
  }
  return { nftables: table.commands };
}
