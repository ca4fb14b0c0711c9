import {
  bindSocket,
  closeDescriptor,
  inNetns,
  openSocket,
  receiveBytes,
  sendBytesTo,
  SystemCallError,
} from '../../ebpf/drivers/system.ts';
import { socketAddress } from '../drivers/dns.ts';

const SCTP = 132;
const RAW = 3;
const NONBLOCK = 0o4000;
const HEADER = 12;
const INIT = 20;
const POLL_MS = 10;

/** CRC32c (RFC 9260 appendix A), as the checksum of an SCTP packet. */
function checksum(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** The packet that asks for an association (RFC 9260 section 3.3.2); its tag tells it from others. */
export function initPacket(sourcePort: number, port: number, tag: number): Buffer {
  const bytes = Buffer.alloc(HEADER + INIT);
  bytes.writeUInt16BE(sourcePort, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.writeUInt8(1, HEADER);
  bytes.writeUInt16BE(INIT, HEADER + 2);
  bytes.writeUInt32BE(tag, HEADER + 4);
  bytes.writeUInt32BE(65_536, HEADER + 8);
  bytes.writeUInt16BE(1, HEADER + 12);
  bytes.writeUInt16BE(1, HEADER + 14);
  bytes.writeUInt32BE(1, HEADER + 16);
  bytes.writeUInt32LE(checksum(bytes), 8);
  return bytes;
}

/** SCTP packets of one network namespace, without a protocol stack: most kernels have none. */
export class RawSctp implements Disposable {
  readonly #socket: number;
  readonly #seen = new Set<number>();
  readonly #timer: NodeJS.Timeout;

  /** `address`: what packets are sent from, where the namespace has several. */
  constructor(netnsPath: string | undefined, address: string) {
    const isSix = address.includes(':');
    const open = (): number => {
      const socket = openSocket(isSix ? 10 : 2, RAW | NONBLOCK, SCTP);
      bindSocket(socket, socketAddress(address, 0));
      return socket;
    };
    this.#socket = netnsPath === undefined ? open() : inNetns(netnsPath, open);
    this.#timer = setInterval(() => this.#read(isSix), POLL_MS);
  }

  #read(isSix: boolean): void {
    const buffer = Buffer.alloc(2048);
    for (;;) {
      let length: number;
      try {
        length = receiveBytes(this.#socket, buffer);
      } catch (error) {
        if (error instanceof SystemCallError && error.code === 'EAGAIN') return;
        throw error;
      }
      // Raw IPv4 sockets hand out the IP header too (raw(7)).
      const at = isSix ? 0 : (buffer[0]! & 0x0f) * 4;
      if (length >= at + HEADER + INIT) this.#seen.add(buffer.readUInt32BE(at + HEADER + 4));
    }
  }

  send(address: string, port: number, tag: number): void {
    sendBytesTo(this.#socket, initPacket(10_000 + (tag % 50_000), port, tag), socketAddress(address, 0));
  }

  /** True once a packet with this tag arrived. */
  saw(tag: number): boolean {
    return this.#seen.has(tag);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    closeDescriptor(this.#socket);
  }
}
