/** Addresses of wasi:sockets 0.2 as jco hands them over, and where a pod's sockets may go. */
import { BlockList, isIP } from 'node:net';
import { Refused } from './wasm-world-io.ts';

export type Family = 'ipv4' | 'ipv6';
type Parts = readonly number[];
export interface IpAddress {
  readonly tag: Family;
  readonly val: Parts;
}
export interface IpSocketAddress {
  readonly tag: Family;
  readonly val: {
    readonly port: number;
    readonly address: Parts;
    readonly flowInfo?: number;
    readonly scopeId?: number;
  };
}

/** What the sockets of one pod are given. */
export interface SocketGrants {
  /** The pod's own address; without one there are no sockets. */
  readonly address: string | undefined;
  /** Addresses and ranges that may be spoken to (`10.0.0.0/8`, `10.1.2.3:80`, `[fd00::1]:80`, `*`). */
  readonly destinations: readonly string[];
  readonly dns: NameServers;
}

export interface NameServers {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly ndots: number;
}

/** An `err` of wasi:sockets: `code` is one of its error-code. */
export const refuse = (code: string): never => {
  throw new Refused(code);
};

export const familyOf = (address: string): Family => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

const group = (part: number): string => part.toString(16);

/** The text of an address, as the kernel's interfaces take it. */
export const textOf = ({ tag, val }: IpAddress): string => (tag === 'ipv4' ? val.join('.') : val.map(group).join(':'));

export const hostOf = ({ tag, val }: IpSocketAddress): string => textOf({ tag, val: val.address });

function groupsOf(text: string): number[] {
  // URL parsing writes any form of an IPv6 address in its shortest, with dotted tails as hexadecimal.
  const [head = '', tail] = new URL(`http://[${text.split('%')[0]}]`).hostname.slice(1, -1).split('::');
  const parts = (side: string | undefined): number[] => (side ? side.split(':').map(part => parseInt(part, 16)) : []);
  const [before, after] = [parts(head), parts(tail)];
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}

/** The other way round: an address the kernel told. */
export const addressOf = (text: string): IpAddress =>
  isIP(text) === 6 ? { tag: 'ipv6', val: groupsOf(text) } : { tag: 'ipv4', val: text.split('.').map(Number) };

export function socketAddressOf(host: string, port: number): IpSocketAddress {
  const { tag, val } = addressOf(host);
  return tag === 'ipv4'
    ? { tag, val: { port, address: val } }
    : { tag, val: { port, address: val, flowInfo: 0, scopeId: 0 } };
}

export const isUnspecified = ({ val }: IpSocketAddress): boolean => val.address.every(part => part === 0);

/** What no grant opens: the node's own loopback and links, and addresses of many. IPv4 in IPv6 would be a way around. */
const never = { ipv4: new BlockList(), ipv6: new BlockList() };
for (const [range, bits] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 3],
] as const)
  never.ipv4.addSubnet(range, bits, 'ipv4');
for (const [range, bits] of [
  ['::', 96],
  ['::ffff:0:0', 96],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  never.ipv6.addSubnet(range, bits, 'ipv6');

function matches(grant: string, host: string, port: number): boolean {
  if (grant === '*') return true;
  const bracketed = /^\[(?<range>[^\]]+)\](?::(?<wanted>\d+))?$/.exec(grant);
  const plain = /^(?<range>[^:]+)(?::(?<wanted>\d+))?$/.exec(grant);
  const { range = grant, wanted } = (bracketed ?? plain)?.groups ?? {};
  if (wanted !== undefined && Number(wanted) !== port) return false;
  if (range === '*') return true;
  const [network = '', bits] = range.split('/');
  const size = isIP(network);
  const most = size === 6 ? 128 : 32;
  const prefix = bits === undefined ? most : /^\d+$/.test(bits) ? Number(bits) : NaN;
  if (size === 0 || !(prefix >= 0 && prefix <= most)) return false;
  const family = familyOf(network);
  // A list of IPv6 ranges knows IPv4 addresses too, by those of IPv6 that hold them.
  if (family !== familyOf(host)) return false;
  const list = new BlockList();
  list.addSubnet(network, prefix, family);
  return list.check(host, family);
}

/** Whether a pod may speak to an address: its own always, others where they are granted. */
export function mayReach({ address, destinations }: SocketGrants, host: string, port: number): boolean {
  if (host === address) return true;
  const family = familyOf(host);
  if (never[family].check(host, family)) return false;
  return destinations.some(grant => matches(grant, host, port));
}

const CODES = new Map([
  ['EADDRINUSE', 'address-in-use'],
  ['EADDRNOTAVAIL', 'address-not-bindable'],
  ['EACCES', 'access-denied'],
  ['EPERM', 'access-denied'],
  ['ECONNREFUSED', 'connection-refused'],
  ['ECONNRESET', 'connection-reset'],
  ['EPIPE', 'connection-reset'],
  ['ECONNABORTED', 'connection-aborted'],
  ['ETIMEDOUT', 'timeout'],
  ['EHOSTUNREACH', 'remote-unreachable'],
  ['EHOSTDOWN', 'remote-unreachable'],
  ['ENETUNREACH', 'remote-unreachable'],
  ['ENETDOWN', 'remote-unreachable'],
  ['EMSGSIZE', 'datagram-too-large'],
  ['EMFILE', 'new-socket-limit'],
  ['ENFILE', 'new-socket-limit'],
  ['ENOMEM', 'out-of-memory'],
  ['ENOBUFS', 'out-of-memory'],
]);

/** The error-code of wasi:sockets for what a system call said. */
export const codeOf = (error: NodeJS.ErrnoException): string => CODES.get(error.code ?? '') ?? 'unknown';

/** Where a socket may be bound: the pod's own address, which `any address` means too. */
export function bindable(grants: SocketGrants, family: Family, wanted: IpSocketAddress): string {
  if (wanted.tag !== family) return refuse('invalid-argument');
  if (grants.address === undefined) return refuse('access-denied');
  if (!isUnspecified(wanted) && hostOf(wanted) !== textOf(addressOf(grants.address)))
    return refuse('address-not-bindable');
  return grants.address;
}

/** The address a socket is to speak to, in text. */
export function reachable(grants: SocketGrants, family: Family, wanted: IpSocketAddress): string {
  if (wanted.tag !== family || isUnspecified(wanted) || wanted.val.port === 0) return refuse('invalid-argument');
  const host = hostOf(wanted);
  if (!mayReach(grants, host, wanted.val.port)) return refuse('access-denied');
  return host;
}

/** Sockets of one component that are open; there is an end to them. */
export class SocketCount {
  #open = 0;
  take(): void {
    if (this.#open >= 1024) refuse('new-socket-limit');
    this.#open++;
  }
  give(): void {
    this.#open--;
  }
}
