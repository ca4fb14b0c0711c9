/** What the tests of wasi:sockets share: a world by its grants, and a name server that knows one name. */
import { createSocket } from 'node:dgram';
import { type Family, type IpAddress, socketAddressOf, type SocketGrants, textOf } from './wasm-world-addresses.ts';
import { socketsWorld } from './wasm-world-sockets.ts';
import type { Pollable } from './wasm-world-io.ts';
import type { TcpSocket } from './wasm-world-tcp.ts';
import type { UdpSocket } from './wasm-world-udp.ts';

interface Interfaces {
  readonly 'wasi:sockets/instance-network': { instanceNetwork(): object };
  readonly 'wasi:sockets/tcp-create-socket': { createTcpSocket(family: Family): TcpSocket };
  readonly 'wasi:sockets/udp-create-socket': { createUdpSocket(family: Family): UdpSocket };
  readonly 'wasi:sockets/ip-name-lookup': {
    resolveAddresses(
      network: object,
      name: string,
    ): { resolveNextAddress(): IpAddress | undefined; subscribe(): Pollable };
  };
}

export interface World {
  readonly network: object;
  tcp(family?: Family): TcpSocket;
  udpBound(): Promise<UdpSocket>;
  names(name: string): Promise<string[]>;
}

export const grantsOf = (address: string | undefined, destinations: readonly string[] = []): SocketGrants => ({
  address,
  destinations,
  dns: { servers: [], searches: [], ndots: 1 },
});

/** Sockets of the worlds made here: what a test leaves open would keep its process alive. */
const opened: (TcpSocket | UdpSocket)[] = [];
export const closeAll = (): void => {
  for (const socket of opened.splice(0)) socket[Symbol.dispose]();
};

const kept = <T extends TcpSocket | UdpSocket>(socket: T): T => {
  opened.push(socket);
  return socket;
};

export function worldFor(grants: SocketGrants): World {
  const world = socketsWorld(grants) as Interfaces;
  const network = world['wasi:sockets/instance-network'].instanceNetwork();
  return {
    network,
    tcp: (family = 'ipv4') => kept(world['wasi:sockets/tcp-create-socket'].createTcpSocket(family)),
    udpBound: async () => {
      const socket = kept(world['wasi:sockets/udp-create-socket'].createUdpSocket('ipv4'));
      socket.startBind(network, socketAddressOf('0.0.0.0', 0));
      await socket.subscribe().block();
      socket.finishBind();
      return socket;
    },
    names: async name => {
      const stream = world['wasi:sockets/ip-name-lookup'].resolveAddresses(network, name);
      await stream.subscribe().block();
      const found: string[] = [];
      for (let next = stream.resolveNextAddress(); next; next = stream.resolveNextAddress()) found.push(textOf(next));
      return found;
    },
  };
}

const HEADER_BYTES = 12;

/** A name server (RFC 1035 §4) that knows one address of one name, and says of every other that it is not there. */
export async function answerOnce(
  known: string,
  address: string,
): Promise<AsyncDisposable & { address: string; asked: string[] }> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (query, { address: from, port }) => {
    const labels: string[] = [];
    let at = HEADER_BYTES;
    while (query[at]! > 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!));
      at += 1 + query[at]!;
    }
    const name = labels.join('.');
    asked.push(name);
    const question = query.subarray(HEADER_BYTES, at + 5);
    const head = Buffer.from(query.subarray(0, HEADER_BYTES));
    head.writeUInt16BE(name === known ? 0x8180 : 0x8183, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(name === known ? 1 : 0, 6);
    head.fill(0, 8);
    const record = Buffer.from([0xc0, HEADER_BYTES, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, ...address.split('.').map(Number)]);
    socket.send(Buffer.concat([head, question, ...(name === known ? [record] : [])]), port, from);
  });
  await new Promise<void>(resolve => socket.bind(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    [Symbol.asyncDispose]: () => new Promise(resolve => socket.close(() => resolve())),
  };
}
