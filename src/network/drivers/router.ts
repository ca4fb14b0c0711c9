import { closeSync, mkdirSync, openSync, statfsSync } from 'node:fs';
import { createNetns, inNetns, removeNetns, SystemCallError, writeSysctl } from '../../ebpf/drivers/system.ts';
import { formatAddress, parseAddress, parseCidr } from '../engine/addresses.ts';
import { DIVERT } from '../engine/redirects.ts';
import { networkFaults } from '../faults.ts';
import { type Netlink, withNetlink } from './netlink.ts';

/** Link-local addresses of the two ends of every veth pair; they never leave it (RFC 3927, RFC 4291). */
export const GATEWAY = { 4: '169.254.1.1', 6: 'fe80::a9fe:101' } as const;
const HOST_END = { 4: '169.254.1.2', 6: 'fe80::a9fe:102' } as const;
export const GATEWAY_MAC = '02:54:45:4e:00:01';
const HOST_MAC = '02:54:45:4e:00:02';
const TUNNEL_MAC_PREFIX = '02:54';

/** Where named network namespaces are (ip-netns(8)); a file there is visible to every tool. */
export const NETNS_FOLDER = '/run/netns';
const NSFS_MAGIC = 0x6e736673;

export interface RouterOptions {
  /** `[a-z0-9]{1,10}`: names every device, namespace and table this Tenon makes. */
  readonly stateId: string;
  /** This node's pod prefixes, one or two (dual stack). */
  readonly podCidrs: readonly string[];
  readonly serviceCidrs: readonly string[];
  readonly mtu: number;
}

/** Bytes VXLAN puts around a packet: outer Ethernet, IP and UDP headers and its own (RFC 7348). */
export const tunnelOverhead = (local: string): number => (familyOf(local) === 4 ? 50 : 70);

/** Another node: its pods are behind a tunnel to `address`. */
export interface PeerNode {
  readonly name: string;
  readonly address: string;
  readonly podCidrs: readonly string[];
}

/** The first address of a prefix: the node itself on the pod network. */
export function nodeAddress(cidr: string): string {
  const range = parseCidr(cidr);
  if (!range) throw networkFaults.error('cidr-invalid', { path: 'podCidrs', got: cidr });
  return formatAddress(range.family, range.first + 1n);
}

export const familyOf = (text: string): 4 | 6 => (text.includes(':') ? 6 : 4);
const hostPrefix = (address: string): string => `${address}/${familyOf(address) === 4 ? 32 : 128}`;

/** `02:54` and the IPv4 address: equal on both ends without asking anyone. */
export function tunnelMac(address: string): string {
  const parsed = parseAddress(address);
  if (!parsed) throw networkFaults.error('cidr-invalid', { path: 'node address', got: address });
  const hex = (parsed.value & 0xffffffffn).toString(16).padStart(8, '0');
  return `${TUNNEL_MAC_PREFIX}:${hex.match(/../g)!.join(':')}`;
}

export function isNetns(path: string): boolean {
  try {
    return statfsSync(path).type === NSFS_MAGIC;
  } catch {
    return false;
  }
}

/** Makes a namespace, telling a person what to do when the machine refuses. */
export function makeNetns(path: string): void {
  try {
    mkdirSync(NETNS_FOLDER, { recursive: true });
    createNetns(path);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw networkFaults.error('netns-refused', { detail }, undefined, { cause: error });
  }
}

function ignoreAbsent(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
  }
}

/**
 * A network namespace between the pods and the host: pods, services and policy live in it, so the host's own rules and
 * sysctls stay as they are. The host keeps one device and a route to each prefix.
 */
export class Router {
  readonly path: string;
  readonly device: string;
  readonly #options: RouterOptions;

  constructor(options: RouterOptions) {
    this.#options = options;
    this.path = `${NETNS_FOLDER}/tenon-${options.stateId}`;
    this.device = `tn${options.stateId}`.slice(0, 15);
  }

  /** Runs with this thread inside the router's namespace. */
  inside<T>(action: () => T): T {
    return inNetns(this.path, action);
  }

  /** Makes what is missing; what an earlier run left is adopted. */
  ensure(): void {
    if (!isNetns(this.path)) {
      removeNetns(this.path);
      makeNetns(this.path);
    }
    this.inside(() => {
      for (const name of ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding']) writeSysctl(name, '1');
      for (const name of ['net.ipv4.conf.all.rp_filter', 'net.ipv4.conf.default.rp_filter']) writeSysctl(name, '0');
      // A forwarded packet that is given a socket of ours on the way (the proxy's, of a connection that just ended with the
      // same addresses and ports) would be dropped without a word (ip_forward).
      writeSysctl('net.ipv4.ip_early_demux', '0');
      withNetlink(netlink => netlink.up(netlink.index('lo')));
    });
    withNetlink(netlink => this.#ensureUplink(netlink));
  }

  #ensureUplink(netlink: Netlink): void {
    const inside = this.inside(() => withNetlink(router => router.has('host0')));
    if (!netlink.has(this.device) || !inside) {
      if (netlink.has(this.device)) netlink.removeLink(netlink.index(this.device));
      const netns = openSync(this.path, 'r');
      try {
        netlink.addVeth(this.device, HOST_MAC, 'host0', GATEWAY_MAC, netns, this.#options.mtu);
      } finally {
        closeSync(netns);
      }
    }
    const device = netlink.index(this.device);
    netlink.up(device);
    // Of our own device only: loopback clients of node ports, and pods that use a node port of their own node.
    for (const name of ['route_localnet', 'forwarding']) writeSysctl(`net.ipv4.conf.${this.device}.${name}`, '1');
    writeSysctl(`net.ipv4.conf.${this.device}.rp_filter`, '0');
    for (const cidr of this.#options.podCidrs) netlink.addAddress(device, hostPrefix(nodeAddress(cidr)));
    this.routeFromHost(netlink, hostPrefix(GATEWAY[4]));
    this.inside(() => withNetlink(router => this.#routeToHost(router)));
    for (const cidr of [...this.#options.podCidrs, ...this.#options.serviceCidrs]) this.routeFromHost(netlink, cidr);
  }

  #routeToHost(router: Netlink): void {
    const device = router.index('host0');
    router.up(device);
    for (const cidr of this.#options.podCidrs) {
      const gateway = HOST_END[familyOf(cidr)];
      router.neighbour(device, gateway, HOST_MAC);
      router.route(hostPrefix(nodeAddress(cidr)), { device, gateway, onLink: true });
      router.route(familyOf(cidr) === 4 ? '0.0.0.0/0' : '::/0', { device, gateway, onLink: true });
    }
  }

  /** The host reaches a prefix through the router, with its own pod-network address as source. */
  routeFromHost(netlink: Netlink, cidr: string): void {
    const own = this.#options.podCidrs.find(entry => familyOf(entry) === familyOf(cidr));
    if (!own) return;
    const device = netlink.index(this.device);
    const gateway = GATEWAY[familyOf(cidr)];
    netlink.neighbour(device, gateway, GATEWAY_MAC);
    const via = cidr.startsWith(gateway) ? {} : { gateway, onLink: true };
    netlink.route(cidr, { device, ...via, source: nodeAddress(own) });
  }

  /** Leads ranges that services may have addresses of from now on, and no more those that are gone. */
  changeRanges(added: readonly string[], removed: readonly string[]): void {
    withNetlink(netlink => {
      for (const cidr of added) this.routeFromHost(netlink, cidr);
      const device = netlink.index(this.device);
      for (const cidr of removed) ignoreAbsent(() => netlink.removeRoute(cidr, { device }));
    });
  }

  /** Lets sockets here take connections to any address, of packets that are marked for it. */
  ensureDiverted(): void {
    this.inside(() =>
      withNetlink(netlink => {
        const loopback = netlink.index('lo');
        for (const family of [4, 6] as const) netlink.divert(family, DIVERT.mark, DIVERT.table, loopback);
      }),
    );
  }

  /** Reaches the pods of other nodes by VXLAN (RFC 7348): its socket is the host's, its device the router's. */
  ensureTunnel(local: string, id: number, port: number): void {
    if (this.inside(() => withNetlink(router => router.has('tunnel0')))) return;
    const netns = openSync(this.path, 'r');
    try {
      withNetlink(netlink =>
        netlink.addVxlan(
          'tunnel0',
          tunnelMac(local),
          id,
          port,
          netns,
          this.#options.mtu - tunnelOverhead(local),
          local,
        ),
      );
    } finally {
      closeSync(netns);
    }
    this.inside(() => withNetlink(router => router.up(router.index('tunnel0'))));
  }

  /** Routes one node's prefixes into the tunnel. */
  addPeer(peer: PeerNode): void {
    const mac = tunnelMac(peer.address);
    this.inside(() =>
      withNetlink(router => {
        const device = router.index('tunnel0');
        router.forward(device, mac, peer.address);
        for (const cidr of peer.podCidrs) {
          const gateway = nodeAddress(cidr);
          router.neighbour(device, gateway, mac);
          router.route(cidr, { device, gateway, onLink: true });
        }
      }),
    );
    withNetlink(netlink => {
      for (const cidr of peer.podCidrs) this.routeFromHost(netlink, cidr);
    });
  }

  removePeer(peer: PeerNode): void {
    this.inside(() =>
      withNetlink(router => {
        const device = router.index('tunnel0');
        for (const cidr of peer.podCidrs) ignoreAbsent(() => router.removeRoute(cidr, { device }));
      }),
    );
    withNetlink(netlink => {
      const device = netlink.index(this.device);
      for (const cidr of peer.podCidrs) ignoreAbsent(() => netlink.removeRoute(cidr, { device }));
    });
  }

  /** Addresses the host itself holds, for servers that have no namespace. */
  routeToHostEnd(ips: readonly string[]): void {
    this.inside(() =>
      withNetlink(router => {
        const device = router.index('host0');
        for (const ip of ips) router.route(ip, { device, gateway: HOST_END[familyOf(ip)], onLink: true });
      }),
    );
  }

  /** Takes everything away: devices and routes go with the namespace. */
  remove(): void {
    withNetlink(netlink => {
      if (netlink.has(this.device)) netlink.removeLink(netlink.index(this.device));
    });
    removeNetns(this.path);
  }
}
