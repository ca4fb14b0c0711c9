import { createSocket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import { decode, encode, type Packet } from 'dns-packet';
import { bindSocket, inNetns, listenSocket, openSocket, setOption } from '../../ebpf/drivers/system.ts';
import { dialInside } from '../drivers/dial.ts';
import { socketAddress } from '../drivers/dns.ts';

/** A listening socket on every address of a network namespace; of this one where no path is given. */
export function listenInside(netnsPath: string | undefined, port: number): number {
  const open = (): number => {
    const socket = openSocket(10, 1 | 0o4000);
    setOption(socket, 1, 2, 1);
    bindSocket(socket, socketAddress('::', port));
    listenSocket(socket, 64);
    return socket;
  };
  return netnsPath === undefined ? open() : inNetns(netnsPath, open);
}

/** A TCP server inside a network namespace, on every address, that answers `name` and the peer it saw. */
export function serveInside(netnsPath: string | undefined, port: number, name: string): Promise<Server> {
  const fd = listenInside(netnsPath, port);
  const server = createServer(stream => {
    stream.on('error', () => undefined);
    stream.end(`${name} ${(stream.remoteAddress ?? '').replace('::ffff:', '')}`);
  });
  return new Promise(resolve => server.listen({ fd }, () => resolve(server)));
}

/** What a server answered, or the code of the error met. */
export async function greet(
  netnsPath: string | undefined,
  address: string,
  port: number,
  limit_ms = 700,
): Promise<string> {
  try {
    const socket = await dialInside(netnsPath, address, port, AbortSignal.timeout(limit_ms));
    socket.setTimeout(limit_ms, () => socket.destroy());
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    return text;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'timeout';
  }
}

/** Asks a name server from inside a network namespace. */
export function resolveInside(netnsPath: string, server: string, name: string, type: string): Promise<Packet> {
  return new Promise((resolve, reject) => {
    const family = server.includes(':') ? 10 : 2;
    const socket = createSocket(family === 10 ? 'udp6' : 'udp4');
    const fd = inNetns(netnsPath, () => openSocket(family, 2 | 0o4000));
    const timer = setTimeout(() => reject(new Error('No answer')), 2000);
    socket.bind({ fd }, () => {
      socket.send(encode({ type: 'query', id: 7, flags: 256, questions: [{ name, type: type as 'A' }] }), 53, server);
    });
    socket.on('message', message => {
      clearTimeout(timer);
      socket.close();
      resolve(decode(message));
    });
  });
}
