import { createSocket, type Socket } from 'node:dgram';
import { bindSocket, inNetns, openSocket, setOption } from '../../ebpf/drivers/system.ts';
import { socketAddress } from '../drivers/dns.ts';

const IP_FREEBIND = 15;
const IPV6 = { level: 41, only: 26 } as const;

/** A UDP socket of one network namespace (undefined: this one) on an address that need not be the namespace's. */
export function openDatagrams(netnsPath: string | undefined, address: string, port: number): Promise<Socket> {
  const isSix = address.includes(':');
  const open = (): number => {
    const descriptor = openSocket(isSix ? 10 : 2, 2 | 0o4000);
    setOption(descriptor, 0, IP_FREEBIND, 1);
    if (isSix) setOption(descriptor, IPV6.level, IPV6.only, 1);
    bindSocket(descriptor, socketAddress(address, port));
    return descriptor;
  };
  const fd = netnsPath ? inNetns(netnsPath, open) : open();
  const socket = createSocket(isSix ? 'udp6' : 'udp4');
  socket.on('error', () => undefined);
  return new Promise(resolve => socket.bind({ fd }, () => resolve(socket)));
}

/** Counts what arrives at a socket, by text. */
export function countArrivals(socket: Socket): Map<string, number> {
  const counts = new Map<string, number>();
  socket.on('message', bytes => counts.set(String(bytes), (counts.get(String(bytes)) ?? 0) + 1));
  return counts;
}

/** Sends a text a few times; resolves when whatever would arrive has arrived. */
export async function sendSome(socket: Socket, text: string, address: string, port: number): Promise<void> {
  for (let count = 0; count < 3; count++) {
    await new Promise<void>(resolve => socket.send(text, port, address, () => resolve()));
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}
