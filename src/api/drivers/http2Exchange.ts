import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Connection, Exchange, Headers, Outgoing } from '../serve/exchange.ts';
import { readBody } from './body.ts';

/** An exchange over one HTTP/2 stream. */
export class Http2Exchange implements Exchange, Outgoing {
  readonly method: string;
  readonly url: string;
  readonly connection: Connection;
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders & { ':method'?: string; ':path'?: string };

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, connection: Connection) {
    this.#stream = stream;
    this.#headers = headers;
    this.method = this.#headers[':method'] ?? 'GET';
    this.url = this.#headers[':path'] ?? '/';
    this.connection = connection;
  }

  get closed(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }

  header(name: string): string | undefined {
    const value = this.#headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  headers(): Readonly<Record<string, string | readonly string[] | undefined>> {
    return this.#headers;
  }

  get incoming(): NodeJS.ReadableStream {
    return this.#stream;
  }

  body(bytes_max: number): Promise<Buffer> {
    return readBody(this.#stream, this.#headers['content-length'], bytes_max);
  }

  respond(status: number, headers: Headers, body: Uint8Array | string): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.headersSent) return;
    stream.respond({ ':status': status, ...headers });
    if (this.method === 'HEAD') stream.end();
    else stream.end(body);
  }

  open(status: number, headers: Headers): Outgoing {
    if (!this.closed && !this.#stream.headersSent) this.#stream.respond({ ':status': status, ...headers });
    return this;
  }

  write(chunk: Uint8Array | string): void {
    if (!this.closed) this.#stream.write(chunk);
  }

  get pending(): number {
    return this.#stream.writableLength;
  }

  end(): void {
    if (!this.closed) this.#stream.end();
  }

  abort(): void {
    if (!this.closed) this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  whenDrained(action: () => void): void {
    if (this.#stream.writableNeedDrain) this.#stream.once('drain', action);
    else action();
  }

  onClosed(action: () => void): void {
    if (this.closed) action();
    else this.#stream.once('close', action);
  }
}
