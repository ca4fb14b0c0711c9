import { randomUUID } from 'node:crypto';
import type { Socket as Datagrams } from 'node:dgram';
import { createServer as createHttp, get } from 'node:http';
import { Socket } from 'node:net';
import { bindSocket, openSocket, setOption } from '../../ebpf/drivers/system.ts';
import { dialInside } from '../drivers/dial.ts';
import { socketAddress } from '../drivers/dns.ts';
import type { Protocol } from '../model.ts';
import { until } from './clock.ts';
import { openDatagrams } from './datagrams.ts';
import { WEB_PORT } from './families.ts';
import { RawSctp } from './sctp.ts';
import { listenInside, serveInside } from './traffic.ts';

const IP_BIND_ADDRESS_NO_PORT = 24;

/** Where packets come from or go to: a pod, or an address outside that this machine holds. */
export interface Place {
  readonly name: string;
  readonly netnsPath?: string;
  readonly ips: readonly string[];
}

/** One thing that is tried. */
export interface Probe {
  readonly protocol: Protocol;
  readonly port: number;
  readonly family: 4 | 6;
  /** What is asked for with GET, where the port is for requests. */
  readonly path?: string;
}

/** SCTP over IPv4 only: what a raw socket is handed of IPv6 has no addresses to tell apart. */
export const PROBES: readonly Probe[] = [
  { protocol: 'TCP', port: 80, family: 4 },
  { protocol: 'TCP', port: 81, family: 4 },
  { protocol: 'TCP', port: 80, family: 6 },
  { protocol: 'UDP', port: 80, family: 4 },
  { protocol: 'UDP', port: 80, family: 6 },
  { protocol: 'SCTP', port: 80, family: 4 },
  { protocol: 'TCP', port: WEB_PORT, family: 4, path: '/a' },
  { protocol: 'TCP', port: WEB_PORT, family: 4, path: '/b' },
];

const addressOf = ({ ips }: Place, family: 4 | 6): string => ips.find(ip => ip.includes(':') === (family === 6))!;

async function open(source: Place, address: string, port: number, limit_ms: number): Promise<Socket> {
  const signal = AbortSignal.timeout(limit_ms);
  if (source.netnsPath !== undefined) return dialInside(source.netnsPath, address, port, signal);
  const family = address.includes(':') ? 6 : 4;
  const fd = openSocket(family === 6 ? 10 : 2, 1 | 0o4000);
  // The port is chosen at connect: one that is free towards this destination.
  setOption(fd, 0, IP_BIND_ADDRESS_NO_PORT, 1);
  bindSocket(fd, socketAddress(addressOf(source, family), 0));
  const socket = new Socket({ fd });
  socket.connect(port, address);
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('connect', () => resolve(socket));
  });
}

/** `yes`, or what was met instead. */
type Tried = string;
const YES: Tried = 'yes';
const trouble = (error: unknown): Tried => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));

async function greeted(source: Place, address: string, port: number, name: string, limit_ms: number): Promise<Tried> {
  try {
    const socket = await open(source, address, port, limit_ms);
    socket.setTimeout(limit_ms, () => socket.destroy());
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    return text.split(' ')[0] === name ? YES : `answer "${text}"`;
  } catch (error) {
    return trouble(error);
  }
}

async function requested(source: Place, address: string, path: string, limit_ms: number): Promise<Tried> {
  try {
    const socket = await open(source, address, WEB_PORT, limit_ms);
    return await new Promise(resolve => {
      const sent = get(
        { createConnection: () => socket, path, headers: { host: 'web' }, timeout: limit_ms },
        answer => {
          answer.resume();
          answer.on('end', () => resolve(answer.statusCode === 200 ? YES : `status ${answer.statusCode}`));
        },
      );
      sent.on('timeout', () => sent.destroy());
      sent.on('error', error => resolve(trouble(error)));
    });
  } catch (error) {
    return trouble(error);
  }
}

function openFrom(source: Place, family: 4 | 6): Promise<Datagrams> {
  // Bound before others may share its port (libuv lets them): answers must come here.
  const address = source.netnsPath === undefined ? addressOf(source, family) : family === 6 ? '::' : '0.0.0.0';
  return openDatagrams(source.netnsPath, address, 0);
}

async function echoed(source: Place, address: string, port: number, limit_ms: number): Promise<Tried> {
  const socket = await openFrom(source, address.includes(':') ? 6 : 4);
  const token = randomUUID();
  return new Promise(resolve => {
    const strays: string[] = [];
    const done = (answer: Tried): void => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => done(`no answer to ${JSON.stringify(socket.address())} ${strays.join()}`), limit_ms);
    socket.on('message', (bytes, from) => {
      if (String(bytes) === token) done(YES);
      else strays.push(`${String(bytes)} of ${from.address}:${from.port}`);
    });
    // Sent once: between pods of one machine an answer that is lost is a fault.
    socket.send(token, port, address, error => error && done(trouble(error)));
  });
}

/** Servers on every place, and what it takes to try them. */
export class Probes implements Disposable {
  readonly #sctp = new Map<Place, RawSctp>();
  #tag = 1;

  /** Serves every probe on a place. */
  async serve(place: Place): Promise<void> {
    const { netnsPath, name, ips } = place;
    this.#sctp.set(place, new RawSctp(netnsPath, netnsPath === undefined ? addressOf(place, 4) : '0.0.0.0'));
    for (const address of netnsPath === undefined ? ips : ['0.0.0.0', '::']) {
      const echo = await openDatagrams(netnsPath, address, 80);
      echo.on('message', (bytes, from) => echo.send(bytes, from.port, from.address));
    }
    if (netnsPath !== undefined) await serveStreams(netnsPath, name);
  }

  /** Streams of all addresses outside: they share one network namespace. */
  serveOutside(): Promise<void> {
    return serveStreams(undefined, 'outside');
  }

  /** `yes` where it passed, else what was met. */
  async try(source: Place, destination: Place, probe: Probe, limit_ms: number): Promise<Tried> {
    const address = addressOf(destination, probe.family);
    if (probe.protocol === 'UDP') return echoed(source, address, probe.port, limit_ms);
    if (probe.protocol === 'SCTP') return this.#associated(source, destination, probe.port, limit_ms);
    if (probe.path !== undefined) return requested(source, address, probe.path, limit_ms);
    const name = destination.netnsPath === undefined ? 'outside' : destination.name;
    return greeted(source, address, probe.port, name, limit_ms);
  }

  async #associated(source: Place, destination: Place, port: number, limit_ms: number): Promise<Tried> {
    const tag = this.#tag++;
    this.#sctp.get(source)!.send(addressOf(destination, 4), port, tag);
    const receiver = this.#sctp.get(destination)!;
    return until('the packet arrives', () => receiver.saw(tag), limit_ms).then(
      () => YES,
      () => 'nothing arrived',
    );
  }

  [Symbol.dispose](): void {
    for (const each of this.#sctp.values()) each[Symbol.dispose]();
  }
}

async function serveStreams(netnsPath: string | undefined, name: string): Promise<void> {
  for (const port of [80, 81]) await serveInside(netnsPath, port, name);
  const web = createHttp((asked, response) => response.end(asked.url));
  await new Promise<void>(resolve => web.listen({ fd: listenInside(netnsPath, WEB_PORT) }, () => resolve()));
}
