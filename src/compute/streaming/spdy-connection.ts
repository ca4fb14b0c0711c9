import type { Duplex } from 'node:stream';
import type { ByteSink, ByteSource } from '../ports.ts';
import { ByteQueue } from './byte-queue.ts';
import { type Frame, SpdyError, SpdyFramer } from './spdy-frames.ts';
import type { Headers } from './spdy-headers.ts';

/** One stream of a SPDY connection. */
export interface SpdyStream {
  readonly id: number;
  readonly headers: ReadonlyMap<string, string>;
  /** Bytes from the peer; ends at its FIN. */
  readonly source: ByteSource;
  readonly sink: ByteSink;
  reset(): void;
}

const STREAMS_MAX = 4096;
const PIECE_BYTES = 32 * 1024;
const RST_REFUSED = 3;
const RST_CANCEL = 5;
const RST_INVALID = 2;

interface Open {
  readonly stream: SpdyStream;
  readonly queue: ByteQueue;
  sent: boolean;
  received: boolean;
}

/**
 * The server's end of a SPDY/3.1 connection as Kubernetes uses it: the client opens streams, both ends half-close. There is no
 * flow control by window (its clients neither send nor honour updates); back-pressure is TCP's.
 */
export class SpdyConnection {
  readonly closed: Promise<void>;
  readonly #socket: Duplex;
  readonly #framer = new SpdyFramer();
  readonly #open = new Map<number, Open>();
  readonly #accept: (stream: SpdyStream) => void;
  readonly #settle: () => void;
  #last = 0;
  #paused = 0;
  #over = false;

  constructor(socket: Duplex, accept: (stream: SpdyStream) => void) {
    this.#socket = socket;
    this.#accept = accept;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#settle = resolve;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => this.#finish(new Error('The client closed the connection')));
    socket.on('close', () => this.#finish(new Error('The connection was lost')));
    socket.on('error', error => this.#finish(error));
  }

  /** Feeds bytes that came with the upgrade request. */
  feed(head: Buffer): void {
    if (head.length > 0) this.#receive(head);
  }

  /** Says goodbye and ends the connection once everything written has left. */
  close(): void {
    if (!this.#over) this.#socket.write(this.#framer.encode({ type: 'goaway', last: this.#last, status: 0 }));
    this.#socket.end();
    this.#finish(new Error('The connection is closed'));
  }

  #receive(chunk: Buffer): void {
    if (this.#over) return;
    try {
      for (const frame of this.#framer.push(chunk)) this.#handle(frame);
    } catch (error) {
      if (!(error instanceof SpdyError)) throw error;
      this.#socket.destroy();
      this.#finish(error);
    }
  }

  #handle(frame: Frame): void {
    switch (frame.type) {
      case 'syn-stream':
        this.#opened(frame.stream, frame.headers, frame.fin);
        return;
      case 'data':
        this.#data(frame.stream, frame.data, frame.fin);
        return;
      case 'headers':
        if (frame.fin) this.#received(frame.stream);
        return;
      case 'rst-stream':
        this.#dropped(frame.stream, new Error('The client reset the stream'));
        return;
      case 'ping':
        // Odd ids are the client's own pings and come back as they are (§2.6.5).
        if (frame.id % 2 === 1) void this.#write(this.#framer.encode({ type: 'ping', id: frame.id }));
        return;
      case 'goaway':
        return;
      default:
    }
  }

  #opened(id: number, headers: Headers, fin: boolean): void {
    if (id % 2 === 0 || id <= this.#last) {
      void this.#write(this.#framer.encode({ type: 'rst-stream', stream: id, status: 1 }));
      return;
    }
    this.#last = id;
    if (this.#open.size >= STREAMS_MAX) {
      void this.#write(this.#framer.encode({ type: 'rst-stream', stream: id, status: RST_REFUSED }));
      return;
    }
    const queue = new ByteQueue(full => this.#throttle(full));
    const stream: SpdyStream = {
      id,
      headers: new Map(headers),
      source: queue,
      sink: { write: chunk => this.#send(id, chunk), end: () => this.#end(id) },
      reset: () => this.#reset(id),
    };
    this.#open.set(id, { stream, queue, sent: false, received: false });
    void this.#write(this.#framer.encode({ type: 'syn-reply', stream: id, fin: false, headers: [] }));
    if (fin) this.#received(id);
    this.#accept(stream);
  }

  #data(id: number, data: Buffer, fin: boolean): void {
    const open = this.#open.get(id);
    if (!open) {
      if (fin || data.length > 0)
        void this.#write(this.#framer.encode({ type: 'rst-stream', stream: id, status: RST_INVALID }));
      return;
    }
    open.queue.push(data);
    if (fin) this.#received(id);
  }

  #received(id: number): void {
    const open = this.#open.get(id);
    if (!open) return;
    open.received = true;
    open.queue.end();
    if (open.sent) this.#open.delete(id);
  }

  #dropped(id: number, error: Error): void {
    const open = this.#open.get(id);
    this.#open.delete(id);
    open?.queue.fail(error);
  }

  async #send(id: number, chunk: Uint8Array): Promise<void> {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const open = this.#open.get(id);
      if (this.#over || !open || open.sent) throw new Error('The stream is closed');
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      await this.#write(this.#framer.encode({ type: 'data', stream: id, fin: false, data: piece }));
    }
  }

  async #end(id: number): Promise<void> {
    const open = this.#open.get(id);
    if (this.#over || !open || open.sent) return;
    open.sent = true;
    if (open.received) this.#open.delete(id);
    await this.#write(this.#framer.encode({ type: 'data', stream: id, fin: true, data: Buffer.alloc(0) }));
  }

  #reset(id: number): void {
    if (this.#over || !this.#open.has(id)) return;
    void this.#write(this.#framer.encode({ type: 'rst-stream', stream: id, status: RST_CANCEL }));
    this.#dropped(id, new Error('The stream was reset'));
  }

  #write(bytes: Buffer): Promise<void> {
    if (this.#over || this.#socket.destroyed) return Promise.resolve();
    if (this.#socket.write(bytes)) return Promise.resolve();
    return new Promise(resolve => {
      const done = (): void => {
        this.#socket.off('drain', done);
        this.#socket.off('close', done);
        resolve();
      };
      this.#socket.on('drain', done);
      this.#socket.on('close', done);
    });
  }

  #throttle(full: boolean): void {
    this.#paused += full ? 1 : -1;
    if (this.#paused > 0) this.#socket.pause();
    else this.#socket.resume();
  }

  #finish(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    for (const open of this.#open.values()) open.queue.fail(error);
    this.#open.clear();
    this.#settle();
  }
}
