import { Socket } from 'node:net';
import { inNetns, openSocket } from '../../ebpf/drivers/system.ts';
import type { PodConnection } from '../ports.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;

/** Connects from inside a network namespace: a socket belongs to the namespace it was made in. */
export function dialInside(
  netnsPath: string | undefined,
  address: string,
  port: number,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = netnsPath
    ? new Socket({
        fd: inNetns(netnsPath, () =>
          openSocket(address.includes(':') ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK),
        ),
      })
    : new Socket();
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      socket.destroy(signal.reason instanceof Error ? signal.reason : undefined);
    };
    if (signal.aborted) return reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', error => {
      signal.removeEventListener('abort', abort);
      reject(error);
    });
    socket.connect(port, address, () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

/** A socket as the two byte streams the port asks for. */
export function connectionOf(socket: Socket): PodConnection {
  socket.on('error', () => socket.destroy());
  return {
    source: socket as AsyncIterable<Uint8Array>,
    sink: {
      write: chunk =>
        new Promise<void>((resolve, reject) => {
          socket.write(chunk, error => (error ? reject(error) : resolve()));
        }),
      end: () => new Promise<void>(resolve => socket.end(() => resolve())),
    },
    close: () => socket.destroy(),
  };
}
