/** wasi:sockets/udp 0.2: datagrams at the pod's address. Methods are those of the WIT, as jco calls them. */
import { createSocket, type Socket } from 'node:dgram';
import {
  bindable,
  codeOf,
  type Family,
  hostOf,
  type IpSocketAddress,
  reachable,
  refuse,
  type SocketCount,
  type SocketGrants,
  socketAddressOf,
} from './wasm-world-addresses.ts';
import { Bell, Pollable } from './wasm-world-io.ts';

/** Datagrams on their way out at once, and the longest payload of one (IPv4: 65,535 less both headers). */
const SENDING_MAX = 32;
const DATAGRAM_BYTES_MAX = 65_507;
const BUFFER_BYTES_MAX = 1_048_576;

interface Datagram {
  readonly data: Uint8Array;
  readonly remoteAddress: IpSocketAddress;
}

const sameAddress = (a: IpSocketAddress, b: IpSocketAddress): boolean =>
  a.val.port === b.val.port && hostOf(a) === hostOf(b);

/** What came in; what does not fit any more is lost, as in a kernel's buffer. */
class Mailbox {
  readonly bell = new Bell();
  readonly #letters: Datagram[] = [];
  #bytes = 0;
  room_bytes = 256 * 1024;

  put(datagram: Datagram): void {
    if (this.#bytes + datagram.data.length > this.room_bytes) return;
    this.#letters.push(datagram);
    this.#bytes += datagram.data.length;
    this.bell.ring();
  }

  take(count: number, from: IpSocketAddress | undefined): Datagram[] {
    const taken: Datagram[] = [];
    while (taken.length < count) {
      const letter = this.#letters.shift();
      if (!letter) break;
      this.#bytes -= letter.data.length;
      if (!from || sameAddress(letter.remoteAddress, from)) taken.push(letter);
    }
    return taken;
  }

  has(from: IpSocketAddress | undefined): boolean {
    return this.#letters.some(letter => !from || sameAddress(letter.remoteAddress, from));
  }
}

export class IncomingDatagramStream {
  readonly #mail: Mailbox;
  readonly #from: IpSocketAddress | undefined;
  private constructor(mail: Mailbox, from: IpSocketAddress | undefined) {
    this.#mail = mail;
    this.#from = from;
  }

  static of(mail: Mailbox, from: IpSocketAddress | undefined): IncomingDatagramStream {
    return new IncomingDatagramStream(mail, from);
  }

  receive(count: bigint): Datagram[] {
    return this.#mail.take(Math.min(Number(count), 1024), this.#from);
  }

  subscribe(): Pollable {
    return new Pollable(
      () => this.#mail.has(this.#from),
      () => this.#mail.bell.wait(),
    );
  }
}

export class OutgoingDatagramStream {
  readonly #socket: Socket;
  readonly #grants: SocketGrants;
  readonly #family: Family;
  readonly #to: IpSocketAddress | undefined;
  readonly #bell = new Bell();
  #sending = 0;
  private constructor(socket: Socket, grants: SocketGrants, family: Family, to: IpSocketAddress | undefined) {
    this.#socket = socket;
    this.#grants = grants;
    this.#family = family;
    this.#to = to;
  }

  static of(...parts: [Socket, SocketGrants, Family, IpSocketAddress | undefined]): OutgoingDatagramStream {
    return new OutgoingDatagramStream(...parts);
  }

  checkSend(): bigint {
    return BigInt(SENDING_MAX - this.#sending);
  }

  /** Sends from the first on until one is refused; that one's error is told when it is the first. */
  send(datagrams: readonly { data: Uint8Array; remoteAddress?: IpSocketAddress }[]): bigint {
    if (datagrams.length > Number(this.checkSend())) throw new Error('send beyond what check-send allowed');
    let sent = 0;
    for (const { data, remoteAddress } of datagrams) {
      try {
        this.#send(data, remoteAddress);
      } catch (error) {
        if (sent === 0) throw error;
        break;
      }
      sent++;
    }
    return BigInt(sent);
  }

  #send(data: Uint8Array, named: IpSocketAddress | undefined): void {
    const to = named ?? this.#to;
    if (!to || (this.#to && !sameAddress(to, this.#to))) return refuse('invalid-argument');
    const host = reachable(this.#grants, this.#family, to);
    if (data.length > DATAGRAM_BYTES_MAX) refuse('datagram-too-large');
    this.#sending++;
    this.#socket.send(data.slice(), to.val.port, host, () => {
      this.#sending--;
      this.#bell.ring();
    });
  }

  subscribe(): Pollable {
    return new Pollable(
      () => this.#sending < SENDING_MAX,
      () => this.#bell.wait(),
    );
  }
}

export class UdpSocket {
  readonly #grants: SocketGrants;
  readonly #count: SocketCount;
  readonly #family: Family;
  readonly #bell = new Bell();
  readonly #mail = new Mailbox();
  #state: 'unbound' | 'binding' | 'bound' | 'closed' = 'unbound';
  #outcome: { readonly code?: string } | undefined;
  #socket: Socket | undefined;
  #remote: IpSocketAddress | undefined;
  #hops = 64;
  #send_bytes = 64n * 1024n;

  private constructor(grants: SocketGrants, count: SocketCount, family: Family) {
    count.take();
    this.#grants = grants;
    this.#count = count;
    this.#family = family;
  }

  static create(grants: SocketGrants, count: SocketCount, family: Family): UdpSocket {
    return new UdpSocket(grants, count, family);
  }

  startBind(_network: unknown, address: IpSocketAddress): void {
    if (this.#state !== 'unbound') refuse('invalid-state');
    const host = bindable(this.#grants, this.#family, address);
    this.#state = 'binding';
    this.#outcome = undefined;
    const socket = createSocket(this.#family === 'ipv6' ? 'udp6' : 'udp4');
    const settle = (outcome: { readonly code?: string }): void => {
      this.#outcome ??= outcome;
      this.#bell.ring();
    };
    socket.on('error', (error: Error) => settle({ code: codeOf(error) }));
    socket.on('message', (data, { address: from, port }) =>
      this.#mail.put({ data: new Uint8Array(data), remoteAddress: socketAddressOf(from, port) }),
    );
    socket.bind({ address: host, port: address.val.port, exclusive: true }, () => {
      socket.setTTL(this.#hops);
      settle({});
    });
    this.#socket = socket;
  }

  finishBind(): void {
    if (this.#state !== 'binding') refuse('not-in-progress');
    if (!this.#outcome) return refuse('would-block');
    const { code } = this.#outcome;
    this.#state = code === undefined ? 'bound' : 'unbound';
    if (code !== undefined) refuse(code);
  }

  stream(remote: IpSocketAddress | undefined): [IncomingDatagramStream, OutgoingDatagramStream] {
    if (this.#state !== 'bound') refuse('invalid-state');
    if (remote) reachable(this.#grants, this.#family, remote);
    this.#remote = remote;
    return [
      IncomingDatagramStream.of(this.#mail, remote),
      OutgoingDatagramStream.of(this.#socket!, this.#grants, this.#family, remote),
    ];
  }

  localAddress(): IpSocketAddress {
    if (this.#state !== 'bound') refuse('invalid-state');
    const { address, port } = this.#socket!.address();
    return socketAddressOf(address, port);
  }

  remoteAddress(): IpSocketAddress {
    return this.#remote ?? refuse('invalid-state');
  }

  addressFamily(): Family {
    return this.#family;
  }

  unicastHopLimit(): number {
    return this.#hops;
  }
  setUnicastHopLimit(hops: number): void {
    if (hops === 0) refuse('invalid-argument');
    this.#hops = hops;
    if (this.#state === 'bound') this.#socket!.setTTL(hops);
  }
  receiveBufferSize(): bigint {
    return BigInt(this.#mail.room_bytes);
  }
  setReceiveBufferSize(size: bigint): void {
    if (size === 0n) refuse('invalid-argument');
    this.#mail.room_bytes = Math.min(Number(size), BUFFER_BYTES_MAX);
  }
  /** How many are under way is bounded by number; the size is kept as it was said. */
  sendBufferSize(): bigint {
    return this.#send_bytes;
  }
  setSendBufferSize(size: bigint): void {
    if (size === 0n) refuse('invalid-argument');
    this.#send_bytes = size;
  }

  subscribe(): Pollable {
    return new Pollable(
      () => this.#state !== 'binding' || this.#outcome !== undefined,
      () => this.#bell.wait(),
    );
  }

  [Symbol.dispose](): void {
    if (this.#state === 'closed') return;
    this.#count.give();
    this.#state = 'closed';
    this.#socket?.close();
  }
}
