import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { ByteSink } from '../ports.ts';
import { ByteQueue } from './byte-queue.ts';

/** An HTTP request that asks to become something else. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** Bytes already read after the request's head. */
  readonly head: Buffer;
}

const MESSAGE_BYTES_MAX = 32 * 1024 * 1024;
const PIECE_BYTES = 32 * 1024;
const BUFFERED_BYTES_MAX = 1024 * 1024;
const PING_MS = 30_000;
const CLOSE_CHANNEL = 255;

/** A WebSocket subprotocol of the channel family. */
export interface ChannelProtocol {
  readonly name: string;
  readonly base64: boolean;
  /** 1 writes words on the error channel, 4 a Status, 5 also lets channels close. */
  readonly version: 1 | 4 | 5;
}

/** remotecommand's subprotocols, best first; `''` is a client that names none. */
export const COMMAND_PROTOCOLS: readonly ChannelProtocol[] = [
  { name: 'v5.channel.k8s.io', base64: false, version: 5 },
  { name: 'v4.channel.k8s.io', base64: false, version: 4 },
  { name: 'v4.base64.channel.k8s.io', base64: true, version: 4 },
  { name: 'channel.k8s.io', base64: false, version: 1 },
  { name: 'base64.channel.k8s.io', base64: true, version: 1 },
  { name: '', base64: false, version: 1 },
];

/** Whether a request asks for a WebSocket. */
export const isWebSocket = (request: IncomingMessage): boolean =>
  /(^|,)\s*websocket\s*(,|$)/i.test(request.headers.upgrade ?? '');

/** The subprotocols a client offers, in its order. */
export function offeredProtocols(request: IncomingMessage): string[] {
  return (request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map(text => text.trim())
    .filter(text => text !== '');
}

/** Refuses an upgrade with an HTTP answer. */
export function refuse(
  upgrade: Upgrade,
  code: number,
  reason: string,
  message: string,
  headers: readonly string[] = [],
): void {
  const body = Buffer.from(message);
  upgrade.socket.end(
    [
      `HTTP/1.1 ${code} ${reason}`,
      'Content-Type: text/plain; charset=utf-8',
      `Content-Length: ${body.length}`,
      'Connection: close',
      ...headers,
      '',
      message,
    ].join('\r\n'),
  );
}

/** Chooses what both ends speak, first of `spoken` that is offered; undefined (after answering 403) when there is none. */
export function choose(upgrade: Upgrade, spoken: readonly string[]): string | undefined {
  const offered = offeredProtocols(upgrade.request);
  const chosen =
    offered.length === 0
      ? spoken.includes('')
        ? ''
        : undefined
      : spoken.find(name => name !== '' && offered.includes(name));
  if (chosen === undefined)
    refuse(
      upgrade,
      403,
      'Forbidden',
      `None of the subprotocols is spoken here: ${offered.join(', ') || '(none offered)'}; use one of ${spoken.filter(Boolean).join(', ')}`,
    );
  return chosen;
}

/** Completes the WebSocket handshake (RFC 6455). Rejects when the request is none. */
export function acceptWebSocket(upgrade: Upgrade, protocol: string): Promise<WebSocket> {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
    handleProtocols: () => (protocol === '' ? false : protocol),
  });
  return new Promise((resolve, reject) => {
    const failed = (): void => reject(new Error('The WebSocket handshake failed'));
    upgrade.socket.once('close', failed);
    server.on('wsClientError', (error, socket) => {
      socket.end(`HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n${error.message}`);
      reject(error);
    });
    server.handleUpgrade(upgrade.request, upgrade.socket, upgrade.head, socket => {
      upgrade.socket.off('close', failed);
      resolve(socket);
    });
  });
}

const bytesOf = (data: RawData): Buffer =>
  Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data);

/** Numbered channels over one WebSocket: each message starts with its channel. */
export class ChannelSocket {
  readonly #socket: WebSocket;
  readonly #protocol: ChannelProtocol;
  readonly #queues = new Map<number, ByteQueue>();
  readonly #gone = new AbortController();
  readonly #ping: NodeJS.Timeout;
  #paused = 0;

  constructor(socket: WebSocket, protocol: ChannelProtocol) {
    this.#socket = socket;
    this.#protocol = protocol;
    socket.on('message', (data, binary) => this.#message(bytesOf(data), binary));
    const over = (): void => this.#over();
    socket.on('close', over);
    socket.on('error', over);
    // A peer behind a dead link is noticed; proxies that end idle connections see traffic.
    this.#ping = setInterval(() => socket.ping(), PING_MS);
    this.#ping.unref();
  }

  /** Aborted when the connection is gone. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Bytes the client sends on a channel. */
  source(channel: number): ByteQueue {
    const present = this.#queues.get(channel);
    if (present) return present;
    const queue = new ByteQueue(full => this.#throttle(full));
    this.#queues.set(channel, queue);
    return queue;
  }

  /** Where the server writes a channel; ending it says so only where the protocol can (v5). */
  sink(channel: number): ByteSink {
    return {
      write: async chunk => {
        for (let at = 0; at < chunk.length; at += PIECE_BYTES)
          await this.#send(channel, chunk.subarray(at, at + PIECE_BYTES));
      },
      end: async () => {
        if (this.#protocol.version >= 5) await this.#transmit(Buffer.from([CLOSE_CHANNEL, channel]));
      },
    };
  }

  /** Closes normally once everything written has left. */
  close(): void {
    clearInterval(this.#ping);
    this.#socket.close(1000);
  }

  #message(bytes: Buffer, binary: boolean): void {
    if (bytes.length === 0) return;
    if (this.#protocol.base64 && !binary) {
      const channel = bytes[0]! - 0x30;
      this.#queues.get(channel)?.push(Buffer.from(bytes.toString('latin1', 1), 'base64'));
      return;
    }
    const channel = bytes[0]!;
    if (channel === CLOSE_CHANNEL && this.#protocol.version >= 5) {
      const closed = bytes[1];
      if (closed !== undefined) this.#queues.get(closed)?.end();
      return;
    }
    this.#queues.get(channel)?.push(bytes.subarray(1));
  }

  async #send(channel: number, chunk: Uint8Array): Promise<void> {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    await this.#transmit(
      this.#protocol.base64
        ? String.fromCharCode(0x30 + channel) + bytes.toString('base64')
        : Buffer.concat([Buffer.from([channel]), bytes]),
    );
  }

  #transmit(message: string | Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#socket.readyState !== this.#socket.OPEN) {
        reject(new Error('The connection is closed'));
        return;
      }
      const waits = this.#socket.bufferedAmount > BUFFERED_BYTES_MAX;
      this.#socket.send(message, error => {
        if (error) reject(error);
        else resolve();
      });
      if (!waits) resolve();
    });
  }

  #throttle(full: boolean): void {
    this.#paused += full ? 1 : -1;
    if (this.#paused > 0) this.#socket.pause();
    else this.#socket.resume();
  }

  #over(): void {
    clearInterval(this.#ping);
    for (const queue of this.#queues.values()) queue.end();
    this.#gone.abort(new Error('The client went away'));
  }
}
