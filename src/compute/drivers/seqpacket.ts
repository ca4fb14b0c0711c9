import { fchmodSync, rmSync } from 'node:fs';
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');
const socket = libc.func('int socket(int domain, int type, int protocol)');
const bind = libc.func('int bind(int fd, const void *address, uint length)');
const listen = libc.func('int listen(int fd, int backlog)');
const accept4 = libc.func('int accept4(int fd, void *address, void *length, int flags)');
const recv = libc.func('long recv(int fd, void *data, size_t length, int flags)');
const send = libc.func('long send(int fd, const void *data, size_t length, int flags)');
const poll = libc.func('int poll(_Inout_ void *entries, ulong count, int timeout)');
const close = libc.func('int close(int fd)');

const AF_UNIX = 1;
const SEQPACKET_FLAGS = 5 | 0o4000 | 0o2000000;
const NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;
const MSG_NOSIGNAL = 0x4000;
const POLLIN = 1;
const BACKLOG = 64;
const ENTRY_BYTES = 8;
/** Longest path of a unix socket with its NUL. */
export const SOCKET_PATH_BYTES_MAX = 107;
/** No unix socket takes a packet beyond its send buffer, which is smaller unless a machine is set up otherwise. */
const PACKET_BYTES_MAX = 512 * 1024;

const fail = (call: string): never => {
  throw new Error(`${call} failed with errno ${koffi.errno()}`);
};

/** `cut`: longer than anything we read. */
export type Packet = Buffer | 'cut' | 'end' | 'none';

/** Connections of sequenced packets (unix(7), SOCK_SEQPACKET), which Node does not speak. Every call but `wait` returns at once. */
export class SeqPacketServer implements Disposable {
  readonly #fd: number;
  readonly #path: string;
  readonly #buffer = Buffer.alloc(PACKET_BYTES_MAX);

  /** Listens at a path that only its owner can reach; what was there goes. */
  constructor(path: string) {
    if (Buffer.byteLength(path) > SOCKET_PATH_BYTES_MAX) throw new Error(`"${path}" is too long for a socket`);
    this.#path = path;
    rmSync(path, { force: true });
    this.#fd = socket(AF_UNIX, SEQPACKET_FLAGS, 0) as number;
    if (this.#fd < 0) fail('socket');
    const address = Buffer.alloc(110);
    address.writeUInt16LE(AF_UNIX, 0);
    address.write(path, 2);
    // The mode of an unbound socket is that of the file bind(2) makes.
    fchmodSync(this.#fd, 0o600);
    if (bind(this.#fd, address, 2 + Buffer.byteLength(path) + 1) !== 0) fail('bind');
    if (listen(this.#fd, BACKLOG) !== 0) fail('listen');
  }

  /** Blocks this thread until something can be read or `timeout_ms` is over; the connections that can, and whether one is new. */
  wait(connections: readonly number[], timeout_ms: number): { readonly fresh: boolean; readonly ready: number[] } {
    const entries = Buffer.alloc((connections.length + 1) * ENTRY_BYTES);
    for (const [index, fd] of [this.#fd, ...connections].entries()) {
      entries.writeInt32LE(fd, index * ENTRY_BYTES);
      entries.writeInt16LE(POLLIN, index * ENTRY_BYTES + 4);
    }
    if ((poll(entries, connections.length + 1, timeout_ms) as number) <= 0) return { fresh: false, ready: [] };
    const told = (index: number): boolean => entries.readInt16LE(index * ENTRY_BYTES + 6) !== 0;
    return { fresh: told(0), ready: connections.filter((_, index) => told(index + 1)) };
  }

  /** A new connection, if there is one. */
  accept(): number | undefined {
    const fd = accept4(this.#fd, null, null, NONBLOCK_CLOEXEC) as number;
    return fd < 0 ? undefined : fd;
  }

  receive(connection: number): Packet {
    const length = Number(recv(connection, this.#buffer, this.#buffer.length, MSG_DONTWAIT | MSG_TRUNC));
    if (length < 0) return koffi.errno() === 11 || koffi.errno() === 4 ? 'none' : 'end';
    if (length === 0) return 'end';
    return length > this.#buffer.length ? 'cut' : this.#buffer.subarray(0, length);
  }

  send(connection: number, packet: Buffer): void {
    send(connection, packet, packet.length, MSG_NOSIGNAL);
  }

  close(connection: number): void {
    close(connection);
  }

  [Symbol.dispose](): void {
    close(this.#fd);
    rmSync(this.#path, { force: true });
  }
}
