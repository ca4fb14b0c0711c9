/** wasi:sockets/tcp 0.2: sockets of a component at its pod's address. Methods are those of the WIT, as jco calls them. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import {
  bindable,
  codeOf,
  type Family,
  type IpSocketAddress,
  reachable,
  refuse,
  type SocketCount,
  type SocketGrants,
  socketAddressOf,
} from './wasm-world-addresses.ts';
import { Bell, Pollable } from './wasm-world-io.ts';
import { Connection, type SocketInput, type SocketOutput } from './wasm-world-connection.ts';

const WAITING_MAX = 128;
const NS_OF_MS = 1_000_000n;
const NS_OF_S = 1_000_000_000n;

type State = 'unbound' | 'binding' | 'bound' | 'connecting' | 'connected' | 'starting' | 'listening' | 'closed';

/** How an operation that was started ended. */
type Outcome = { readonly code?: string } | undefined;

interface KeepAlive {
  enabled: boolean;
  idle_ns: bigint;
  interval_ns: bigint;
  count: number;
}

/** Values are whole seconds to the kernel, from 1 s on (tcp(7)). */
const wholeSeconds = (time_ns: bigint): bigint => {
  const seconds = (time_ns + NS_OF_S - 1n) / NS_OF_S;
  return (seconds > 32_767n ? 32_767n : seconds) * NS_OF_S;
};

export class TcpSocket {
  readonly #grants: SocketGrants;
  readonly #count: SocketCount;
  readonly #family: Family;
  readonly #bell = new Bell();
  readonly #waiting: Socket[] = [];
  readonly #keepAlive: KeepAlive = { enabled: false, idle_ns: 7200n * NS_OF_S, interval_ns: 75n * NS_OF_S, count: 9 };
  #state: State = 'unbound';
  #isDropped = false;
  #outcome: Outcome;
  #server: Server | undefined;
  #socket: Socket | undefined;
  #connection: Connection | undefined;
  #receive_bytes = 256n * 1024n;
  #send_bytes = 64n * 1024n;

  private constructor(grants: SocketGrants, count: SocketCount, family: Family) {
    count.take();
    this.#grants = grants;
    this.#count = count;
    this.#family = family;
  }

  static create(grants: SocketGrants, count: SocketCount, family: Family): TcpSocket {
    return new TcpSocket(grants, count, family);
  }

  #settle(outcome: { readonly code?: string }): void {
    this.#outcome ??= outcome;
    this.#bell.ring();
  }

  /** The end of what was started; tells the component to come again while it lasts. */
  #finish(during: State, next: State, failed: State): void {
    if (this.#state !== during) refuse('not-in-progress');
    if (!this.#outcome) return refuse('would-block');
    const { code } = this.#outcome;
    this.#state = code === undefined ? next : failed;
    if (code !== undefined) refuse(code);
  }

  /** A server that takes nobody yet holds the port. */
  startBind(_network: unknown, address: IpSocketAddress): void {
    if (this.#state !== 'unbound') refuse('invalid-state');
    const host = bindable(this.#grants, this.#family, address);
    this.#outcome = undefined;
    this.#state = 'binding';
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, socket => this.#arrived(socket));
    this.#server = server;
    server.on('error', (error: Error) => this.#settle({ code: codeOf(error) }));
    server.listen({ host, port: address.val.port, exclusive: true }, () => this.#settle({}));
  }

  finishBind(): void {
    this.#finish('binding', 'bound', 'unbound');
  }

  #arrived(socket: Socket): void {
    socket.on('error', () => {});
    if (this.#state !== 'listening' || this.#waiting.length >= WAITING_MAX) return void socket.resetAndDestroy();
    this.#waiting.push(socket);
    this.#bell.ring();
  }

  startConnect(_network: unknown, address: IpSocketAddress): void {
    if (this.#state !== 'unbound' && this.#state !== 'bound') refuse('invalid-state');
    const host = reachable(this.#grants, this.#family, address);
    const localAddress = this.#grants.address!;
    const localPort = this.#server ? (this.#server.address() as AddressInfo).port : 0;
    this.#outcome = undefined;
    this.#state = 'connecting';
    const go = (): void => {
      if (this.#state !== 'connecting') return;
      const socket = connect({ host, port: address.val.port, localAddress, localPort, allowHalfOpen: true });
      socket.pause();
      socket.on('error', (error: Error) => this.#settle({ code: codeOf(error) }));
      socket.on('connect', () => this.#settle({}));
      this.#socket = socket;
    };
    const server = this.#server;
    this.#server = undefined;
    if (server) server.close(go);
    else go();
  }

  finishConnect(): [SocketInput, SocketOutput] {
    this.#finish('connecting', 'connected', 'closed');
    return this.#open(this.#socket!).streams();
  }

  #open(socket: Socket): Connection {
    this.#socket = socket;
    this.#state = 'connected';
    this.#connection = new Connection(socket, Number(this.#receive_bytes), Number(this.#send_bytes));
    this.#applyKeepAlive();
    return this.#connection;
  }

  startListen(): void {
    if (this.#state !== 'bound') refuse('invalid-state');
    this.#state = 'starting';
  }

  finishListen(): void {
    if (this.#state !== 'starting') refuse('not-in-progress');
    this.#state = 'listening';
  }

  accept(): [TcpSocket, SocketInput, SocketOutput] {
    if (this.#state !== 'listening') refuse('invalid-state');
    const socket = this.#waiting.shift();
    if (!socket) return refuse('would-block');
    const accepted = new TcpSocket(this.#grants, this.#count, this.#family);
    accepted.#receive_bytes = this.#receive_bytes;
    accepted.#send_bytes = this.#send_bytes;
    Object.assign(accepted.#keepAlive, this.#keepAlive);
    return [accepted, ...accepted.#open(socket).streams()];
  }

  localAddress(): IpSocketAddress {
    const held = this.#server?.address() as AddressInfo | undefined;
    if (this.#state === 'connected') {
      const { localAddress, localPort } = this.#socket!;
      if (localAddress !== undefined && localPort !== undefined) return socketAddressOf(localAddress, localPort);
    }
    if (!held || this.#state === 'binding') return refuse('invalid-state');
    return socketAddressOf(held.address, held.port);
  }

  remoteAddress(): IpSocketAddress {
    const { remoteAddress, remotePort } = this.#connection ?? {};
    if (remoteAddress === undefined || remotePort === undefined) return refuse('invalid-state');
    return socketAddressOf(remoteAddress, remotePort);
  }

  isListening(): boolean {
    return this.#state === 'listening';
  }

  addressFamily(): Family {
    return this.#family;
  }

  /** A hint: as many connections wait as the host lets. */
  setListenBacklogSize(size: bigint): void {
    if (size === 0n) refuse('invalid-argument');
    if (this.#connection || this.#state === 'connecting') refuse('invalid-state');
  }

  #applyKeepAlive(): void {
    const { enabled, idle_ns, interval_ns, count } = this.#keepAlive;
    this.#socket?.setKeepAlive(enabled, Number(idle_ns / NS_OF_MS), Number(interval_ns / NS_OF_MS), count);
  }

  keepAliveEnabled(): boolean {
    return this.#keepAlive.enabled;
  }
  setKeepAliveEnabled(enabled: boolean): void {
    this.#keepAlive.enabled = enabled;
    this.#applyKeepAlive();
  }
  keepAliveIdleTime(): bigint {
    return this.#keepAlive.idle_ns;
  }
  setKeepAliveIdleTime(time_ns: bigint): void {
    if (time_ns === 0n) refuse('invalid-argument');
    this.#keepAlive.idle_ns = wholeSeconds(time_ns);
    this.#applyKeepAlive();
  }
  keepAliveInterval(): bigint {
    return this.#keepAlive.interval_ns;
  }
  setKeepAliveInterval(time_ns: bigint): void {
    if (time_ns === 0n) refuse('invalid-argument');
    this.#keepAlive.interval_ns = wholeSeconds(time_ns);
    this.#applyKeepAlive();
  }
  keepAliveCount(): number {
    return this.#keepAlive.count;
  }
  setKeepAliveCount(count: number): void {
    if (count === 0) refuse('invalid-argument');
    this.#keepAlive.count = Math.min(count, 127);
    this.#applyKeepAlive();
  }

  hopLimit(): number {
    return refuse('not-supported');
  }
  setHopLimit(limit: number): void {
    refuse(limit === 0 ? 'invalid-argument' : 'not-supported');
  }
  receiveBufferSize(): bigint {
    return this.#receive_bytes;
  }
  setReceiveBufferSize(size: bigint): void {
    if (size === 0n) refuse('invalid-argument');
    this.#receive_bytes = size < 4096n ? 4096n : size > 1_048_576n ? 1_048_576n : size;
  }
  sendBufferSize(): bigint {
    return this.#send_bytes;
  }
  setSendBufferSize(size: bigint): void {
    if (size === 0n) refuse('invalid-argument');
    this.#send_bytes = size < 4096n ? 4096n : size > 1_048_576n ? 1_048_576n : size;
  }

  #isReady(): boolean {
    if (this.#state === 'binding' || this.#state === 'connecting') return this.#outcome !== undefined;
    return this.#state !== 'listening' || this.#waiting.length > 0;
  }

  subscribe(): Pollable {
    return new Pollable(
      () => this.#isReady(),
      () => this.#bell.wait(),
    );
  }

  shutdown(which: 'receive' | 'send' | 'both'): void {
    if (!this.#connection) return refuse('invalid-state');
    if (which !== 'send') this.#connection.stopReceiving();
    if (which !== 'receive') this.#connection.stopSending();
  }

  [Symbol.dispose](): void {
    if (this.#isDropped) return;
    this.#isDropped = true;
    this.#count.give();
    this.#state = 'closed';
    this.#server?.close();
    for (const socket of this.#waiting.splice(0)) socket.resetAndDestroy();
    if (this.#connection) this.#connection.release();
    else this.#socket?.destroy();
    this.#bell.ring();
  }
}
