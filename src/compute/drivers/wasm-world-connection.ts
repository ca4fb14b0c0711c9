/** A TCP connection as the two streams of wasi:io, with back-pressure both ways. */
import type { Socket } from 'node:net';
import { Bell, ByteQueue, InputStream, IoError, OutputStream, Refused } from './wasm-world-io.ts';
import { codeOf } from './wasm-world-addresses.ts';

/** A failed stream's error, of which wasi:sockets knows the code. */
export class SocketError extends IoError {
  readonly code: string;
  constructor(error: Error) {
    super(error.message);
    this.code = codeOf(error);
  }
}

export class SocketInput extends InputStream {
  readonly #dropped: () => void;
  constructor(intake: ByteQueue, dropped: () => void) {
    super(intake);
    this.#dropped = dropped;
  }

  [Symbol.dispose](): void {
    this.#dropped();
  }
}

export class SocketOutput extends OutputStream {
  readonly #sent: () => Promise<void>;
  readonly #dropped: () => void;
  constructor(connection: Connection, sent: () => Promise<void>, dropped: () => void) {
    super(connection);
    this.#sent = sent;
    this.#dropped = dropped;
  }

  override async blockingWriteAndFlush(bytes: Uint8Array): Promise<void> {
    await super.blockingWriteAndFlush(bytes);
    await this.blockingFlush();
  }

  /** Until the kernel has all of it: a command may end right after. */
  override async blockingFlush(): Promise<void> {
    await this.#sent();
    this.checkWrite();
  }

  [Symbol.dispose](): void {
    this.#dropped();
  }
}

export class Connection {
  readonly #socket: Socket;
  readonly #bell = new Bell();
  readonly #received: ByteQueue;
  readonly #send_bytes: number;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  #unread = 0;
  #ignoring = false;
  #finished = false;
  #failure: Error | undefined;
  /** The socket and its streams: the connection goes with the last of them. */
  #held = 3;

  constructor(socket: Socket, receive_bytes: number, send_bytes: number) {
    this.#socket = socket;
    this.#send_bytes = send_bytes;
    this.remoteAddress = socket.remoteAddress;
    this.remotePort = socket.remotePort;
    this.#received = new ByteQueue(count => {
      this.#unread -= count;
      if (this.#unread < receive_bytes && socket.isPaused()) socket.resume();
    });
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      if (this.#ignoring) return;
      this.#unread += chunk.length;
      if (this.#unread >= receive_bytes) socket.pause();
      // Copied: what the component has not read yet must not keep Node's pool.
      this.#received.push(new Uint8Array(chunk));
    });
    socket.on('end', () => this.#received.end());
    socket.on('error', (error: Error) => {
      this.#failure = error;
      this.#received.end(error.message);
    });
    socket.on('close', () => {
      this.#received.end();
      this.#bell.ring();
    });
    socket.on('drain', () => this.#bell.ring());
    // Without this, a peer that resets while nobody reads or writes is not heard of.
    socket.resume();
  }

  streams(): [SocketInput, SocketOutput] {
    const input = new SocketInput(this.#received, () => {
      this.stopReceiving();
      this.release();
    });
    const output = new SocketOutput(
      this,
      () => this.#sent(),
      () => {
        this.stopSending();
        this.release();
      },
    );
    return [input, output];
  }

  /** Bytes that may be written now; the failure is told once, then the stream is closed. */
  room(): number | undefined {
    const failure = this.#failure;
    if (failure) {
      this.#failure = undefined;
      throw new Refused({ tag: 'last-operation-failed', val: new SocketError(failure) });
    }
    if (this.#finished || this.#socket.destroyed) return undefined;
    return Math.max(0, this.#send_bytes - this.#socket.writableLength);
  }

  give(bytes: Uint8Array): void {
    // A copy of its own: the component reuses its memory at once.
    this.#socket.write(bytes.slice(), () => this.#bell.ring());
  }

  wait(): Promise<void> {
    return this.#bell.wait();
  }

  async #sent(): Promise<void> {
    while (this.#socket.writableLength > 0 && !this.#socket.destroyed) await this.#bell.wait();
  }

  stopReceiving(): void {
    this.#ignoring = true;
    this.#received.end();
    this.#socket.resume();
  }

  stopSending(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#socket.end();
    this.#bell.ring();
  }

  release(): void {
    this.#held--;
    if (this.#held === 0) this.#socket.destroySoon();
  }
}
