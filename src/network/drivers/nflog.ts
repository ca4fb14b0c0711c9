import {
  bindSocket,
  closeDescriptor,
  openSocket,
  receiveBytes,
  sendBytes,
  setOption,
  SystemCallError,
} from '../../ebpf/drivers/system.ts';
import { formatAddress } from '../engine/addresses.ts';

const AF_NETLINK = 16;
const NETLINK_NETFILTER = 12;
const SOCK_RAW_NONBLOCK = 3 | 0o4000;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const BUFFER_BYTES = 8 << 20;
const DATAGRAM_BYTES_MAX = 1 << 17;
/** Messages read at a time: what is left waits in the socket. */
const READS_MAX = 4096;
/** linux/netfilter/nfnetlink_log.h: message types of the log subsystem, and attributes of both. */
const MESSAGE = { packet: 0x400, config: 0x401 } as const;
const CONFIG = { command: 1, mode: 2, timeout: 4, threshold: 5, flags: 6 } as const;
const BIND = 1;
const COPY_PACKET = 2;
/** Packets are numbered from 0: those that were lost leave a gap. */
const NUMBERED = 1;
const ATTRIBUTE = { payload: 9, prefix: 10, number: 12 } as const;
const HEADER_BYTES = 20;
/** Of a packet: both headers, with room for options. */
export const COPIED_BYTES = 160;

const align = (length: number): number => (length + 3) & ~3;

/** What was said of a packet, and what its headers say. */
export interface LoggedPacket {
  readonly prefix: string;
  /** Number of the transport protocol (IANA). */
  readonly protocol: number;
  readonly source: { readonly address: string; readonly port: number };
  readonly destination: { readonly address: string; readonly port: number };
}

function attribute(type: number, value: readonly number[]): Buffer {
  const bytes = Buffer.alloc(align(4 + value.length));
  bytes.writeUInt16LE(4 + value.length, 0);
  bytes.writeUInt16LE(type, 2);
  bytes.set(value, 4);
  return bytes;
}

function config(group: number, ...attributes: readonly Buffer[]): Buffer {
  const body = Buffer.concat(attributes);
  const message = Buffer.alloc(HEADER_BYTES + body.length);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE(MESSAGE.config, 4);
  message.writeUInt16LE(1, 6);
  message.writeUInt16BE(group, HEADER_BYTES - 2);
  body.copy(message, HEADER_BYTES);
  return message;
}

const TRANSPORTS_WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 132]);
/** IPv6 extension headers that tell the next one and their own length (RFC 8200 §4). */
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 60]);

/** Where the transport header of a packet is, and of which protocol; ports of later fragments are not known. */
function transportOf(packet: Buffer): { protocol: number; at: number } | undefined {
  if (packet[0]! >> 4 === 4) {
    const isLater = (packet.readUInt16BE(6) & 0x1fff) !== 0;
    return { protocol: packet[9]!, at: isLater ? packet.length : (packet[0]! & 15) * 4 };
  }
  let protocol = packet[6]!;
  let at = 40;
  while (EXTENSIONS.has(protocol) && at + 2 <= packet.length) {
    protocol = packet[at]!;
    at += (packet[at + 1]! + 1) * 8;
  }
  return { protocol, at };
}

/** Reads the headers of an IP packet; of ICMP the destination's "port" is the message's type plus one. */
export function readLogged(prefix: string, packet: Buffer): LoggedPacket | undefined {
  const version = packet.length > 0 ? packet[0]! >> 4 : 0;
  if (!((version === 4 && packet.length >= 20) || (version === 6 && packet.length >= 40))) return undefined;
  const size = version === 4 ? 4 : 16;
  const first = version === 4 ? 12 : 8;
  const address = (at: number): string =>
    formatAddress(version === 4 ? 4 : 6, BigInt(`0x${packet.toString('hex', at, at + size)}`));
  const { protocol, at } = transportOf(packet)!;
  const hasPorts = TRANSPORTS_WITH_PORTS.has(protocol) && at + 4 <= packet.length;
  const isMessage = (protocol === 1 || protocol === 58) && at < packet.length;
  return {
    prefix,
    protocol,
    source: { address: address(first), port: hasPorts ? packet.readUInt16BE(at) : 0 },
    destination: {
      address: address(first + size),
      port: hasPorts ? packet.readUInt16BE(at + 2) : isMessage ? packet[at]! + 1 : 0,
    },
  };
}

/** Packets that rules log to a group of this network namespace (nfnetlink_log). Must be made inside the namespace. */
export class PacketLog implements Disposable {
  readonly #socket: number;
  readonly #buffer = Buffer.alloc(DATAGRAM_BYTES_MAX);
  #next = 0;
  #lost = 0;

  constructor(group: number) {
    this.#socket = openSocket(AF_NETLINK, SOCK_RAW_NONBLOCK, NETLINK_NETFILTER);
    try {
      bindSocket(this.#socket, Buffer.from([AF_NETLINK, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
      setOption(this.#socket, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES);
      sendBytes(this.#socket, config(group, attribute(CONFIG.command, [BIND])));
      const mode = attribute(CONFIG.mode, [0, 0, 0, COPIED_BYTES, COPY_PACKET, 0]);
      const [timeout, threshold] = [
        attribute(CONFIG.timeout, [0, 0, 0, 5]),
        attribute(CONFIG.threshold, [0, 0, 0, 32]),
      ];
      const flags = attribute(CONFIG.flags, [0, NUMBERED]);
      sendBytes(this.#socket, config(group, mode, timeout, threshold, flags));
    } catch (error) {
      closeDescriptor(this.#socket);
      throw error;
    }
  }

  /** Hands out what was logged since the last call, then how many packets the socket had no room for. */
  drain(deliver: (packet: LoggedPacket) => void, lost: (count: number) => void): void {
    this.#read(deliver);
    if (this.#lost > 0) lost(this.#lost);
    this.#lost = 0;
  }

  #read(deliver: (packet: LoggedPacket) => void): void {
    for (let read = 0; read < READS_MAX; read++) {
      try {
        const length = receiveBytes(this.#socket, this.#buffer);
        this.#messages(this.#buffer.subarray(0, length), deliver);
      } catch (error) {
        if (!(error instanceof SystemCallError)) throw error;
        // Some were lost for want of room: the number of what came after them says how many.
        if (error.code === 'ENOBUFS') continue;
        if (error.code === 'EAGAIN') return;
        throw error;
      }
    }
  }

  #messages(bytes: Buffer, deliver: (packet: LoggedPacket) => void): void {
    for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
      const length = bytes.readUInt32LE(at);
      if (length < HEADER_BYTES || at + length > bytes.length) return;
      if (bytes.readUInt16LE(at + 4) === MESSAGE.packet) {
        const packet = this.#packet(bytes.subarray(at + HEADER_BYTES, at + length));
        if (packet) deliver(packet);
      }
      at += align(length);
    }
  }

  #packet(attributes: Buffer): LoggedPacket | undefined {
    let prefix = '';
    let payload: Buffer | undefined;
    for (let at = 0; at + 4 <= attributes.length; ) {
      const length = attributes.readUInt16LE(at);
      if (length < 4 || at + length > attributes.length) return undefined;
      const value = attributes.subarray(at + 4, at + length);
      const type = attributes.readUInt16LE(at + 2) & 0x3fff;
      if (type === ATTRIBUTE.prefix) prefix = value.toString('latin1').replace(/\0.*$/s, '');
      if (type === ATTRIBUTE.payload) payload = value;
      if (type === ATTRIBUTE.number && value.length === 4) this.#follow(value.readUInt32BE());
      at += align(length);
    }
    return payload && readLogged(prefix, payload);
  }

  #follow(number: number): void {
    this.#lost += (number - this.#next) >>> 0;
    this.#next = (number + 1) >>> 0;
  }

  [Symbol.dispose](): void {
    closeDescriptor(this.#socket);
  }
}
