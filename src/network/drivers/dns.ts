import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { type Answer, decode, encode, type Packet, streamEncode } from 'dns-packet';
import type { Clock } from '../../base/index.ts';
import {
  bindSocket,
  closeDescriptor,
  inNetns,
  listenSocket,
  openSocket,
  setOption,
} from '../../ebpf/drivers/system.ts';
import { parseAddress } from '../engine/addresses.ts';
import type { NameAnswer, NameRecord } from '../engine/names.ts';

const TTL_S = 5;
const UDP_BYTES_MAX = 1232;
const FORWARDS_MAX = 1000;
const FORWARD_TIMEOUT_MS = 4000;
const TCP_IDLE_MS = 10_000;
const TCP_CONNECTIONS_MAX = 256;
const RCODE = { noError: 0, formatError: 1, serverFailure: 2, nameError: 3, refused: 5 };
const AUTHORITATIVE = 1 << 10;
const RECURSION_AVAILABLE = 1 << 7;
const TRUNCATED = 1 << 9;
const RECURSION_DESIRED = 1 << 8;

export interface NameServerOptions {
  readonly clock: Clock;
  readonly domain: string;
  /** Answers the cluster's own names; asked for every question. */
  readonly answer: (name: string, type: string) => NameAnswer;
  /** Who may ask for what (everybody for everything by default), and where answers are told before they are sent. */
  readonly watch?: {
    admits(client: string, name: string): boolean;
    told(
      client: string,
      name: string,
      answers: readonly { readonly address: string; readonly ttl_s: number }[],
    ): Promise<void> | undefined;
  };
  /** `address` or `address#port` of servers for every other name; none refuses them. */
  readonly upstreams: readonly string[];
  /** Addresses to serve on, port 53 unless `port` says otherwise, in a network namespace or here. */
  readonly addresses: readonly string[];
  readonly port?: number;
  readonly netnsPath?: string;
}

/** sockaddr_in or sockaddr_in6, as bind(2) takes it. */
export function socketAddress(address: string, port: number): Uint8Array {
  const parsed = parseAddress(address);
  if (!parsed) throw new RangeError(`Not an address: "${address}"`);
  const bytes = Buffer.alloc(parsed.family === 4 ? 16 : 28);
  bytes.writeUInt16LE(parsed.family === 4 ? 2 : 10, 0);
  bytes.writeUInt16BE(port, 2);
  const hex = parsed.value.toString(16).padStart(parsed.family === 4 ? 8 : 32, '0');
  bytes.set(Buffer.from(hex, 'hex'), parsed.family === 4 ? 4 : 8);
  return bytes;
}

function boundSocket(address: string, port: number, type: number, netnsPath: string | undefined): number {
  const SOL_SOCKET = 1;
  const SO_REUSEADDR = 2;
  const open = (): number => {
    const descriptor = openSocket(address.includes(':') ? 10 : 2, type | 0o4000);
    try {
      setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
      if (address.includes(':')) setOption(descriptor, 41, 26, 1);
      bindSocket(descriptor, socketAddress(address, port));
      if (type === 1) listenSocket(descriptor, 128);
      return descriptor;
    } catch (error) {
      closeDescriptor(descriptor);
      throw error;
    }
  };
  return netnsPath ? inNetns(netnsPath, open) : open();
}

const toPacket = (record: NameRecord): Answer => ({ ...record, ttl: TTL_S, class: 'IN' }) as Answer;

/** Serves the cluster's names over UDP and TCP and passes every other question on. */
export class NameServer implements AsyncDisposable {
  readonly #options: NameServerOptions;
  readonly #udp: UdpSocket[] = [];
  readonly #tcp: Server[] = [];
  readonly #streams = new Set<Socket>();
  #forwards = 0;

  constructor(options: NameServerOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { addresses, port = 53, netnsPath } = this.#options;
    for (const address of addresses) {
      const udp = createSocket(address.includes(':') ? 'udp6' : 'udp4');
      udp.on('error', () => undefined);
      udp.on('message', (message, from) => {
        void this.#respond(message, from.address).then(
          packet => {
            if (packet) udp.send(fit(packet), from.port, from.address);
          },
          () => undefined,
        );
      });
      await new Promise<void>(resolve => udp.bind({ fd: boundSocket(address, port, 2, netnsPath) }, resolve));
      this.#udp.push(udp);
      const tcp = createServer(stream => this.#serveStream(stream));
      tcp.maxConnections = TCP_CONNECTIONS_MAX;
      tcp.listen({ fd: boundSocket(address, port, 1, netnsPath) });
      this.#tcp.push(tcp);
    }
  }

  #serveStream(stream: Socket): void {
    this.#streams.add(stream);
    stream.setTimeout(TCP_IDLE_MS, () => stream.destroy());
    stream.on('error', () => stream.destroy());
    stream.on('close', () => this.#streams.delete(stream));
    let pending: Buffer = Buffer.alloc(0);
    stream.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        const message = pending.subarray(2, 2 + pending.readUInt16BE(0));
        pending = pending.subarray(2 + message.length);
        void this.#respond(message, stream.remoteAddress ?? '', true).then(
          packet => {
            if (packet && stream.writable) stream.write(streamEncode(packet));
          },
          () => stream.destroy(),
        );
      }
    });
  }

  async #respond(message: Buffer, from: string, stream = false): Promise<Packet | undefined> {
    let query: Packet;
    try {
      query = decode(message);
    } catch {
      return message.length >= 2
        ? { id: message.readUInt16BE(0), type: 'response', flags: RCODE.formatError }
        : undefined;
    }
    const question = query.questions?.[0];
    if (query.type !== 'query') return undefined;
    const base: Packet = {
      id: query.id ?? 0,
      type: 'response',
      flags: ((query.flags ?? 0) & RECURSION_DESIRED) | RECURSION_AVAILABLE,
      questions: query.questions ?? [],
    };
    const fail = (code: number): Packet => ({ ...base, flags: base.flags! | code });
    if (!question || query.questions!.length !== 1) return fail(RCODE.formatError);
    const client = from.replace(/^::ffff:/, '');
    const { watch } = this.#options;
    if (watch && !watch.admits(client, question.name)) return fail(RCODE.refused);
    const own = this.#options.answer(question.name, question.type);
    const packet =
      own.kind === 'elsewhere'
        ? await this.#forward(message, query.id ?? 0, stream)
        : await this.#ownAnswer(base, own, question.type);
    if (packet) await watch?.told(client, question.name, addressesOf(packet));
    return packet ?? fail(RCODE.serverFailure);
  }

  async #ownAnswer(base: Packet, own: Exclude<NameAnswer, { kind: 'elsewhere' }>, type: string): Promise<Packet> {
    const authority = { type: 'SOA', name: this.#options.domain, ttl: TTL_S, data: this.#startOfAuthority() } as Answer;
    if (own.kind === 'none') {
      return { ...base, flags: base.flags! | AUTHORITATIVE | RCODE.nameError, authorities: [authority] };
    }
    const alias = own.records.find(record => record.type === 'CNAME');
    const chased = alias && type !== 'CNAME' ? await this.#chase(String(alias.data), type) : [];
    const answers = [...own.records.map(toPacket), ...chased];
    return {
      ...base,
      flags: base.flags! | AUTHORITATIVE,
      answers,
      additionals: own.additional.map(toPacket),
      ...(answers.length === 0 ? { authorities: [authority] } : {}),
    };
  }

  #startOfAuthority(): object {
    const { domain, clock } = this.#options;
    const serial = Math.floor(clock.now() / 1000) >>> 0;
    return {
      mname: `ns.dns.${domain}`,
      rname: `hostmaster.${domain}`,
      serial,
      refresh: 7200,
      retry: 1800,
      expire: 86400,
      minimum: TTL_S,
    };
  }

  /** The addresses behind an external name, asked upstream (or here, for names of this cluster). */
  async #chase(name: string, type: string): Promise<Answer[]> {
    const own = this.#options.answer(name, type);
    if (own.kind === 'found') return own.records.map(toPacket);
    if (own.kind === 'none') return [];
    const id = this.#forwards & 0xffff;
    const query = encode({
      id,
      type: 'query',
      flags: RECURSION_DESIRED,
      questions: [{ type: type as 'A', name, class: 'IN' }],
    });
    const answer = await this.#forward(query, id, false);
    return answer?.answers ?? [];
  }

  async #forward(message: Uint8Array, id: number, stream: boolean): Promise<Packet | undefined> {
    if (this.#forwards >= FORWARDS_MAX) return undefined;
    this.#forwards++;
    try {
      for (const upstream of this.#options.upstreams) {
        const [address = '', port = '53'] = upstream.split('#');
        const answer = await (stream ? this.#askStream : this.#askOnce).call(this, message, id, address, Number(port));
        if (answer) return { ...answer, flags: (answer.flags ?? 0) | RECURSION_AVAILABLE };
      }
      return undefined;
    } finally {
      this.#forwards--;
    }
  }

  #askOnce(message: Uint8Array, id: number, address: string, port: number): Promise<Packet | undefined> {
    return new Promise(resolve => {
      const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
      let settled = false;
      const done = (packet: Packet | undefined): void => {
        if (settled) return;
        settled = true;
        timer.cancel();
        socket.close();
        resolve(packet);
      };
      const timer = this.#options.clock.after(FORWARD_TIMEOUT_MS, () => done(undefined));
      socket.once('error', () => done(undefined));
      // Connected: an answer from anyone else never arrives (RFC 5452 section 9.1).
      socket.connect(port, address, () => socket.send(message));
      socket.on('message', bytes => {
        const packet = tryDecode(bytes);
        if (packet?.id === id) done(packet);
      });
    });
  }

  #askStream(message: Uint8Array, id: number, address: string, port: number): Promise<Packet | undefined> {
    return new Promise(resolve => {
      const socket = connect(port, address);
      const timer = this.#options.clock.after(FORWARD_TIMEOUT_MS, () => done(undefined));
      const done = (packet: Packet | undefined): void => {
        timer.cancel();
        socket.destroy();
        resolve(packet);
      };
      let pending = Buffer.alloc(0);
      socket.once('error', () => done(undefined));
      socket.on('close', () => done(undefined));
      socket.on('connect', () => {
        const length = Buffer.alloc(2);
        length.writeUInt16BE(message.length);
        socket.write(Buffer.concat([length, message]));
      });
      socket.on('data', (chunk: Buffer) => {
        pending = Buffer.concat([pending, chunk]);
        if (pending.length < 2 || pending.length < 2 + pending.readUInt16BE(0)) return;
        const packet = tryDecode(pending.subarray(2));
        done(packet?.id === id ? packet : undefined);
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stream of this.#streams) stream.destroy();
    await Promise.all([
      ...this.#udp.map(socket => new Promise<void>(resolve => socket.close(() => resolve()))),
      ...this.#tcp.map(server => new Promise<void>(resolve => server.close(() => resolve()))),
    ]);
  }
}

function addressesOf({ answers = [] }: Packet): { address: string; ttl_s: number }[] {
  return answers.flatMap(answer =>
    answer.type === 'A' || answer.type === 'AAAA' ? [{ address: answer.data, ttl_s: answer.ttl ?? TTL_S }] : [],
  );
}

function tryDecode(bytes: Buffer): Packet | undefined {
  try {
    return decode(bytes);
  } catch {
    return undefined;
  }
}

/** Cuts an answer to what a UDP datagram carries; the client then asks again by TCP. */
function fit(packet: Packet): Buffer {
  const whole = encode(packet);
  if (whole.length <= UDP_BYTES_MAX) return whole;
  return encode({ ...packet, flags: (packet.flags ?? 0) | TRUNCATED, answers: [], additionals: [], authorities: [] });
}
