import { closeDescriptor, openSocket, receiveBytes, sendBytes, SystemCallError } from '../../ebpf/drivers/system.ts';
import { parseAddress } from '../engine/addresses.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const REQUEST = 1;
const ACK = 4;
const EXCL = 0x200;
const CREATE = 0x400;
const REPLACE = 0x100;
const RTM = {
  newLink: 16,
  delLink: 17,
  getLink: 18,
  newAddress: 20,
  newRoute: 24,
  delRoute: 25,
  newNeighbour: 28,
  delNeighbour: 29,
  newRule: 32,
  newQdisc: 36,
  delQdisc: 37,
  newFilter: 44,
};
const NLMSG_ERROR = 2;

const align = (length: number): number => (length + 3) & ~3;

/** One attribute (rtnetlink(7)): text, number, bytes or nested attributes. */
type Attribute = readonly [type: number, value: string | number | Uint8Array | readonly Attribute[]];

function encodeValue(value: Attribute[1]): Uint8Array {
  if (typeof value === 'string') return Buffer.from(`${value}\0`);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value >>> 0);
    return bytes;
  }
  return value instanceof Uint8Array ? value : encode(value);
}

function encode(attributes: readonly Attribute[]): Uint8Array {
  return Buffer.concat(
    attributes.map(([type, value]) => {
      const payload = encodeValue(value);
      const bytes = Buffer.alloc(align(4 + payload.length));
      bytes.writeUInt16LE(4 + payload.length, 0);
      bytes.writeUInt16LE(type, 2);
      bytes.set(payload, 4);
      return bytes;
    }),
  );
}

/** An address as the kernel takes it, with its family. */
function addressBytes(text: string): { family: number; bytes: Uint8Array } {
  const address = parseAddress(text);
  if (!address) throw new RangeError(`Not an address: "${text}"`);
  const length = address.family === 4 ? 4 : 16;
  const bytes = Buffer.from(address.value.toString(16).padStart(length * 2, '0'), 'hex');
  return { family: address.family === 4 ? AF_INET : AF_INET6, bytes };
}

function splitPrefix(prefix: string): { family: number; bytes: Uint8Array; length: number } {
  const [address, length] = prefix.split('/') as [string, string | undefined];
  const parsed = addressBytes(address);
  return { ...parsed, length: length === undefined ? parsed.bytes.length * 8 : Number(length) };
}

function linkHeader(index: number, flags = 0, change = 0): Uint8Array {
  const bytes = Buffer.alloc(16);
  bytes.writeInt32LE(index, 4);
  bytes.writeUInt32LE(flags, 8);
  bytes.writeUInt32LE(change, 12);
  return bytes;
}

export const macBytes = (mac: string): Uint8Array => Buffer.from(mac.replaceAll(':', ''), 'hex');

export interface RouteOptions {
  readonly device: number;
  readonly gateway?: string;
  readonly source?: string;
  /** The gateway is on the link though no prefix says so. */
  readonly onLink?: boolean;
}

/**
 * Speaks rtnetlink in the network namespace the thread was in when it was made. Every verb waits for the kernel's answer
 * and throws SystemCallError when it is no.
 */
export class Netlink implements Disposable {
  readonly #socket = openSocket(AF_NETLINK, SOCK_RAW, 0);
  #sequence = 0;

  #request(type: number, flags: number, header: Uint8Array, attributes: readonly Attribute[]): Uint8Array {
    const body = encode(attributes);
    const message = Buffer.alloc(16 + header.length + body.length);
    message.writeUInt32LE(message.length, 0);
    message.writeUInt16LE(type, 4);
    message.writeUInt16LE(REQUEST | ACK | flags, 6);
    message.writeUInt32LE(++this.#sequence, 8);
    message.set(header, 16);
    message.set(body, 16 + header.length);
    sendBytes(this.#socket, message);
    return this.#answer(type);
  }

  #answer(type: number): Uint8Array {
    let first: Uint8Array = Buffer.alloc(0);
    const buffer = Buffer.alloc(32768);
    for (;;) {
      const length = receiveBytes(this.#socket, buffer);
      for (let at = 0; at + 16 <= length; at += align(buffer.readUInt32LE(at))) {
        if (buffer.readUInt16LE(at + 4) !== NLMSG_ERROR) {
          if (first.length === 0) first = Buffer.from(buffer.subarray(at + 16, at + buffer.readUInt32LE(at)));
          continue;
        }
        const error = buffer.readInt32LE(at + 16);
        if (error !== 0) throw new SystemCallError(`rtnetlink ${type}`, -error);
        return first;
      }
    }
  }

  /** Index of a device; throws ENODEV when there is none. */
  index(name: string): number {
    const answer = this.#request(RTM.getLink, 0, linkHeader(0), [[3, name]]);
    return Buffer.from(answer).readInt32LE(4);
  }

  /** Index of a device, if there is one. */
  find(name: string): number | undefined {
    try {
      return this.index(name);
    } catch (error) {
      if (error instanceof SystemCallError && error.code === 'ENODEV') return undefined;
      throw error;
    }
  }

  has(name: string): boolean {
    return this.find(name) !== undefined;
  }

  /** A pair of devices, the peer in the namespace `netns` (an open descriptor). */
  addVeth(name: string, mac: string, peer: string, peerMac: string, netns: number, mtu: number): void {
    const peerInfo = Buffer.concat([
      linkHeader(0),
      encode([
        [3, peer],
        [1, macBytes(peerMac)],
        [4, mtu],
        [28, netns],
      ]),
    ]);
    const VETH_INFO_PEER = 1;
    const info: Attribute = [
      18,
      [
        [1, Buffer.from('veth')],
        [2, [[VETH_INFO_PEER, peerInfo]]],
      ],
    ];
    this.#request(RTM.newLink, CREATE | EXCL, linkHeader(0), [[3, name], [1, macBytes(mac)], [4, mtu], info]);
  }

  /** A VXLAN device whose UDP socket stays here while the device itself goes to `netns`. */
  addVxlan(name: string, mac: string, id: number, port: number, netns: number, mtu: number, local?: string): void {
    const portBytes = Buffer.alloc(2);
    portBytes.writeUInt16BE(port);
    const no = Uint8Array.of(0);
    const source: Attribute[] = local ? [[local.includes(':') ? 17 : 4, addressBytes(local).bytes]] : [];
    const info: Attribute = [
      18,
      [
        [1, Buffer.from('vxlan')],
        [2, [[1, id], [7, no], [15, portBytes], ...source]],
      ],
    ];
    this.#request(RTM.newLink, CREATE | EXCL, linkHeader(0), [
      [3, name],
      [1, macBytes(mac)],
      [4, mtu],
      [28, netns],
      info,
    ]);
  }

  up(index: number): void {
    this.#request(RTM.newLink, 0, linkHeader(index, 1, 1), []);
  }

  removeLink(index: number): void {
    this.#request(RTM.delLink, 0, linkHeader(index), []);
  }

  addAddress(index: number, prefix: string): void {
    const { family, bytes, length } = splitPrefix(prefix);
    const header = Buffer.alloc(8);
    header.writeUInt8(family, 0);
    header.writeUInt8(length, 1);
    // No duplicate address detection: addresses are handed out by us alone.
    header.writeUInt8(family === AF_INET6 ? 0x02 : 0, 2);
    header.writeUInt32LE(index, 4);
    this.#request(RTM.newAddress, CREATE | REPLACE, header, [
      [2, bytes],
      [1, bytes],
    ]);
  }

  removeAddress(index: number, prefix: string): void {
    const { family, bytes, length } = splitPrefix(prefix);
    const header = Buffer.alloc(8);
    header.writeUInt8(family, 0);
    header.writeUInt8(length, 1);
    header.writeUInt32LE(index, 4);
    this.#request(RTM.newAddress + 1, 0, header, [
      [2, bytes],
      [1, bytes],
    ]);
  }

  #route(type: number, flags: number, destination: string, options: RouteOptions): void {
    const { family, bytes, length } = splitPrefix(destination);
    const header = Buffer.alloc(12);
    header.writeUInt8(family, 0);
    header.writeUInt8(length, 1);
    header.writeUInt8(254, 4);
    header.writeUInt8(type === RTM.delRoute ? 0 : 4, 5);
    // RT_SCOPE_LINK without a gateway (IPv4 only).
    // On removal RT_SCOPE_NOWHERE stands for any.
    const scope = type === RTM.delRoute ? 255 : options.gateway || family === AF_INET6 ? 0 : 253;
    header.writeUInt8(scope, 6);
    header.writeUInt8(type === RTM.delRoute ? 0 : 1, 7);
    header.writeUInt32LE(options.onLink ? 4 : 0, 8);
    const attributes: Attribute[] = [
      [1, bytes],
      [4, options.device],
    ];
    if (options.gateway) attributes.push([5, addressBytes(options.gateway).bytes]);
    if (options.source) attributes.push([7, addressBytes(options.source).bytes]);
    this.#request(type, flags, header, attributes);
  }

  route(destination: string, options: RouteOptions): void {
    this.#route(RTM.newRoute, CREATE | REPLACE, destination, options);
  }

  removeRoute(destination: string, options: RouteOptions): void {
    this.#route(RTM.delRoute, 0, destination, options);
  }

  /** Packets with a mark look up a routing table of their own, in which every address is here. */
  divert(family: 4 | 6, mark: number, table: number, loopback: number): void {
    const TO_TABLE = 1;
    const RTN_LOCAL = 2;
    const kind = family === 4 ? AF_INET : AF_INET6;
    const rule = Buffer.alloc(12);
    rule.writeUInt8(kind, 0);
    rule.writeUInt8(table, 4);
    rule.writeUInt8(TO_TABLE, 7);
    try {
      this.#request(RTM.newRule, CREATE | EXCL, rule, [
        [10, mark],
        [16, mark],
      ]);
    } catch (error) {
      if (!(error instanceof SystemCallError) || error.code !== 'EEXIST') throw error;
    }
    const route = Buffer.alloc(12);
    route.writeUInt8(kind, 0);
    route.writeUInt8(table, 4);
    route.writeUInt8(4, 5);
    route.writeUInt8(family === 4 ? 254 : 0, 6);
    route.writeUInt8(RTN_LOCAL, 7);
    this.#request(RTM.newRoute, CREATE | REPLACE, route, [[4, loopback]]);
  }

  /** A permanent entry: no ARP or neighbour discovery is ever needed for it. */
  neighbour(index: number, address: string, mac: string): void {
    const { family, bytes } = addressBytes(address);
    this.#request(RTM.newNeighbour, CREATE | REPLACE, neighbourHeader(family, index, 0), [
      [1, bytes],
      [2, macBytes(mac)],
    ]);
  }

  /** Where a VXLAN device sends frames for a MAC. */
  forward(index: number, mac: string, destination: string): void {
    const AF_BRIDGE = 7;
    const NTF_SELF = 2;
    const header = neighbourHeader(AF_BRIDGE, index, NTF_SELF);
    this.#request(RTM.newNeighbour, CREATE | REPLACE, header, [
      [2, macBytes(mac)],
      [1, addressBytes(destination).bytes],
    ]);
  }

  /** Gives a device the place where programs for what comes in and goes out are held (tc-bpf(8), clsact); it may be there. */
  holdPrograms(index: number): void {
    try {
      this.#request(RTM.newQdisc, CREATE | EXCL, trafficHeader(index, CLSACT.handle, CLSACT.parent, 0), [
        [1, 'clsact'],
      ]);
    } catch (error) {
      if (!(error instanceof SystemCallError) || error.code !== 'EEXIST') throw error;
    }
  }

  /** Takes every program off a device. */
  dropPrograms(index: number): void {
    this.#request(RTM.delQdisc, 0, trafficHeader(index, CLSACT.handle, CLSACT.parent, 0), []);
  }

  /**
   * Makes a program judge what comes into or goes out of a device that {@link holdPrograms}. One that was there before is
   * replaced: every packet meets the old one or the new one. The device keeps the program for as long as it is there.
   */
  program(index: number, side: 'in' | 'out', program: number, name: string): void {
    const ETH_P_ALL_FIRST = (1 << 16) | 0x0300;
    const DIRECT_ACTION = 1;
    const header = trafficHeader(index, 1, CLSACT[side], ETH_P_ALL_FIRST);
    const options: Attribute[] = [
      [6, program],
      [7, name],
      [8, DIRECT_ACTION],
    ];
    this.#request(RTM.newFilter, CREATE | REPLACE, header, [
      [1, 'bpf'],
      [2, options],
    ]);
  }

  [Symbol.dispose](): void {
    closeDescriptor(this.#socket);
  }
}

/** The two classes of the clsact queueing discipline (linux/pkt_sched.h). */
const CLSACT = { handle: 0xffff_0000, parent: 0xffff_fff1, in: 0xffff_fff2, out: 0xffff_fff3 } as const;

function trafficHeader(index: number, handle: number, parent: number, info: number): Uint8Array {
  const header = Buffer.alloc(20);
  header.writeInt32LE(index, 4);
  header.writeUInt32LE(handle, 8);
  header.writeUInt32LE(parent, 12);
  header.writeUInt32LE(info, 16);
  return header;
}

function neighbourHeader(family: number, index: number, flags: number): Uint8Array {
  const NUD_PERMANENT = 0x80;
  const header = Buffer.alloc(12);
  header.writeUInt8(family, 0);
  header.writeInt32LE(index, 4);
  header.writeUInt16LE(NUD_PERMANENT, 8);
  header.writeUInt8(flags, 10);
  return header;
}

/** Opens a Netlink here, gives it to `action` and closes it. */
export function withNetlink<T>(action: (netlink: Netlink) => T): T {
  using netlink = new Netlink();
  return action(netlink);
}
