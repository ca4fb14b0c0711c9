import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Connection, Exchange, Headers, Outgoing } from '../serve/exchange.ts';

/** Bytes a reader may send: it has nothing to say (apiserver wsstream Reader). */
const INCOMING_BYTES_MAX = 1024;
const BASE64 = 'base64.binary.k8s.io';
const PROTOCOLS: readonly string[] = ['binary.k8s.io', BASE64];

const sockets = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: INCOMING_BYTES_MAX,
  handleProtocols: offered => PROTOCOLS.find(name => offered.has(name)) ?? false,
});

/** Bytes as messages: binary ones, or base64 texts where the reader asked for them; the first is empty and says it began. */
class MessageStream implements Outgoing {
  readonly #socket: WebSocket;
  readonly #drained: (() => void)[] = [];

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.write('');
  }

  get pending(): number {
    return this.#socket.bufferedAmount;
  }

  write(chunk: Uint8Array | string): void {
    const bytes = Buffer.from(chunk as Uint8Array);
    const text = this.#socket.protocol === BASE64;
    this.#socket.send(text ? bytes.toString('base64') : bytes, { binary: !text }, () => {
      if (this.#socket.bufferedAmount === 0) for (const action of this.#drained.splice(0)) action();
    });
  }

  end(): void {
    this.#socket.close(1000);
  }

  abort(): void {
    this.#socket.terminate();
  }

  whenDrained(action: () => void): void {
    if (this.#socket.bufferedAmount === 0) action();
    else this.#drained.push(action);
  }
}

/**
 * A GET whose answer goes out as WebSocket messages, as `pods/log` may be asked for: the upgrade is answered once there is
 * something to send, a refusal stays an ordinary HTTP one.
 */
export function webSocketExchange(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  connection: Connection,
): Exchange {
  let closed = false;
  const ends: (() => void)[] = [];
  socket.once('close', () => {
    closed = true;
    for (const action of ends.splice(0)) action();
  });
  const respond = (status: number, headers: Headers, body: Uint8Array | string): void => {
    const lines = { ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' };
    const text = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\n${text.join('')}\r\n`);
    socket.end(body);
  };
  const refusal = (status: number, headers: Headers): Outgoing => {
    const chunks: Buffer[] = [];
    return {
      pending: 0,
      write: chunk => void chunks.push(Buffer.from(chunk as Uint8Array)),
      end: () => respond(status, headers, Buffer.concat(chunks)),
      abort: () => void socket.destroy(),
      whenDrained: action => action(),
    };
  };
  return {
    method: 'GET',
    url: request.url ?? '/',
    connection,
    get closed() {
      return closed;
    },
    header: name => {
      const value = request.headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
    headers: () => request.headers,
    body: () => Promise.resolve(Buffer.alloc(0)),
    incoming: request,
    respond,
    open: (status, headers) => {
      if (status !== 200) return refusal(status, headers);
      let stream: MessageStream | undefined;
      sockets.handleUpgrade(request, socket, head, accepted => {
        accepted.on('error', () => accepted.terminate());
        stream = new MessageStream(accepted);
      });
      return stream ?? refusal(400, headers);
    },
    onClosed: action => {
      if (closed) action();
      else ends.push(action);
    },
  };
}
