import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { ByteDuplex, ByteSink, ByteSource, StreamHandlers, StreamTarget } from '../ports.ts';
import { acceptSpdy, isSpdy } from './serve-command.ts';
import { SpdyConnection, type SpdyStream } from './spdy-connection.ts';
import {
  acceptWebSocket,
  ChannelSocket,
  type ChannelProtocol,
  choose,
  isWebSocket,
  refuse,
  type Upgrade,
} from './websocket-channels.ts';

/** What may be forwarded; `ports` are asked for up front only by the WebSocket channel protocol. */
export interface ForwardRequest {
  readonly target: StreamTarget;
  readonly ports?: readonly number[];
  readonly idle_timeout_ms?: number;
}

const PROTOCOL = 'portforward.k8s.io';
const TUNNEL = 'SPDY/3.1+portforward.k8s.io';
const CHANNELS: readonly ChannelProtocol[] = [
  { name: 'v4.channel.k8s.io', base64: false, version: 4 },
  { name: 'v4.base64.channel.k8s.io', base64: true, version: 4 },
];
const PAIR_TIMEOUT_MS = 30_000;
const IDLE_TIMEOUT_MS = 4 * 60 * 60 * 1000;
const PORTS_MAX = 64;

/** Serves `portforward` on an upgrade request; resolves when the connection is over. Never rejects. */
export async function servePortForward(
  upgrade: Upgrade,
  request: ForwardRequest,
  handlers: StreamHandlers,
): Promise<void> {
  upgrade.socket.on('error', () => undefined);
  try {
    if (isWebSocket(upgrade.request)) await overWebSocket(upgrade, request, handlers);
    else if (isSpdy(upgrade.request)) {
      if (acceptSpdy(upgrade, [PROTOCOL], PROTOCOL) !== undefined)
        await overSpdy(upgrade.socket, upgrade.head, request, handlers);
    } else refuse(upgrade, 400, 'Bad Request', 'Upgrade request required: websocket or SPDY/3.1');
  } catch {
    upgrade.socket.destroy();
  }
}

async function overWebSocket(upgrade: Upgrade, request: ForwardRequest, handlers: StreamHandlers): Promise<void> {
  const name = choose(upgrade, [
    TUNNEL,
    ...CHANNELS.map(protocol => protocol.name),
    ...(request.ports?.length ? [''] : []),
  ]);
  if (name === undefined) return;
  if (name === TUNNEL) {
    const socket = await acceptWebSocket(upgrade, name);
    await overSpdy(tunnel(socket), Buffer.alloc(0), request, handlers);
    return;
  }
  const ports = (request.ports ?? []).filter(isPort);
  if (ports.length === 0 || ports.length > PORTS_MAX || ports.length !== request.ports?.length) {
    refuse(upgrade, 400, 'Bad Request', 'query parameter "port" is required');
    return;
  }
  const protocol = CHANNELS.find(candidate => candidate.name === name) ?? CHANNELS[0]!;
  const socket = new ChannelSocket(await acceptWebSocket(upgrade, name), protocol);
  // Each channel of a port starts with the port itself, little endian.
  const greeting = (port: number): Buffer => Buffer.from([port & 0xff, port >> 8]);
  await Promise.all(
    ports.map(async (port, i) => {
      const data = socket.sink(i * 2);
      const error = socket.sink(i * 2 + 1);
      const source = socket.source(i * 2);
      socket.source(i * 2 + 1);
      await data.write(greeting(port));
      await error.write(greeting(port));
      await forward(request.target, port, source, data, error, socket.signal, handlers);
    }),
  );
  socket.close();
}

const isPort = (port: number): boolean => Number.isInteger(port) && port > 0 && port < 65536;

async function forward(
  target: StreamTarget,
  port: number,
  source: ByteSource,
  sink: ByteSink,
  error: ByteSink,
  signal: AbortSignal,
  handlers: StreamHandlers,
): Promise<void> {
  const ended = new AbortController();
  const connection: ByteDuplex = { source, sink, close: () => ended.abort(new Error('The connection was closed')) };
  try {
    await handlers.portForward(target, port, connection, AbortSignal.any([signal, ended.signal]));
  } catch (failure) {
    if (signal.aborted || ended.signal.aborted) return;
    const why = failure instanceof Error ? failure.message : String(failure);
    await error
      .write(Buffer.from(`error forwarding port ${port} to pod ${target.pod}, uid : ${why}`))
      .catch(() => undefined);
  }
}

interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
  timer: NodeJS.Timeout;
}

/** Each connection of the client is a pair of streams with one request id: errors first, then data. */
async function overSpdy(
  socket: Duplex,
  head: Buffer,
  request: ForwardRequest,
  handlers: StreamHandlers,
): Promise<void> {
  const gone = new AbortController();
  const pairs = new Map<string, Pair>();
  let active = 0;
  let idle: NodeJS.Timeout | undefined;
  const rest = (): void => {
    clearTimeout(idle);
    if (active > 0) return;
    idle = setTimeout(() => connection.close(), request.idle_timeout_ms ?? IDLE_TIMEOUT_MS);
    idle.unref();
  };
  const run = async (port: number, data: SpdyStream, error: SpdyStream): Promise<void> => {
    active++;
    rest();
    await forward(request.target, port, data.source, data.sink, error.sink, gone.signal, handlers);
    await error.sink.end().catch(() => undefined);
    await data.sink.end().catch(() => undefined);
    active--;
    rest();
  };
  const connection = new SpdyConnection(socket, stream => {
    const port = Number(stream.headers.get('port'));
    const type = stream.headers.get('streamtype');
    if (!isPort(port) || (type !== 'data' && type !== 'error')) {
      stream.reset();
      return;
    }
    // Clients before 1.4 sent no request id: the data stream follows its error stream.
    const id = stream.headers.get('requestid') ?? String(type === 'error' ? stream.id : stream.id - 2);
    const pair = pairs.get(id) ?? { timer: setTimeout(() => expire(id), PAIR_TIMEOUT_MS) };
    if (pair[type]) {
      stream.reset();
      return;
    }
    pair[type] = stream;
    pairs.set(id, pair);
    if (!pair.data || !pair.error) return;
    clearTimeout(pair.timer);
    pairs.delete(id);
    void run(port, pair.data, pair.error);
  });
  const expire = (id: string): void => {
    const pair = pairs.get(id);
    pairs.delete(id);
    pair?.data?.reset();
    pair?.error?.reset();
  };
  rest();
  connection.feed(head);
  await connection.closed;
  gone.abort(new Error('The client went away'));
  clearTimeout(idle);
  for (const pair of pairs.values()) clearTimeout(pair.timer);
}

/** Binary messages of a WebSocket as one byte stream: SPDY inside it does not care where messages end. */
function tunnel(socket: WebSocket): Duplex {
  const duplex = new Duplex({
    read: () => socket.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      if (socket.readyState === socket.OPEN) socket.send(chunk, error => done(error ?? null));
      else done(new Error('The connection is closed'));
    },
    final: done => {
      socket.close(1000);
      done();
    },
    destroy: (error, done) => {
      if (socket.readyState === socket.OPEN) socket.close(1000);
      done(error);
    },
  });
  socket.on('message', data => {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data);
    if (!duplex.push(bytes)) socket.pause();
  });
  socket.on('close', () => {
    if (!duplex.readableEnded) duplex.push(null);
    duplex.destroy();
  });
  socket.on('error', error => duplex.destroy(error));
  return duplex;
}
