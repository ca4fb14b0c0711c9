import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Connection, Exchange, Headers, Outgoing } from '../serve/exchange.ts';
import { readBody } from './body.ts';

/** An exchange over HTTP/1.1. */
export class Http1Exchange implements Exchange, Outgoing {
  readonly connection: Connection;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse, connection: Connection) {
    this.#request = request;
    this.#response = response;
    this.connection = connection;
  }

  get method(): string {
    return this.#request.method ?? 'GET';
  }

  get url(): string {
    return this.#request.url ?? '/';
  }

  get closed(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  headers(): Readonly<Record<string, string | readonly string[] | undefined>> {
    return this.#request.headers;
  }

  get incoming(): NodeJS.ReadableStream {
    return this.#request;
  }

  body(bytes_max: number): Promise<Buffer> {
    return readBody(this.#request, this.#request.headers['content-length'], bytes_max);
  }

  respond(status: number, headers: Headers, body: Uint8Array | string): void {
    const response = this.#response;
    if (response.destroyed || response.headersSent) return;
    if (headers['content-length'] === undefined) headers['content-length'] = Buffer.byteLength(body);
    response.writeHead(status, headers);
    if (this.method === 'HEAD') response.end();
    else response.end(body);
  }

  open(status: number, headers: Headers): Outgoing {
    if (!this.closed && !this.#response.headersSent) {
      this.#response.writeHead(status, headers);
      this.#response.flushHeaders();
    }
    return this;
  }

  write(chunk: Uint8Array | string): void {
    if (!this.closed) this.#response.write(chunk);
  }

  get pending(): number {
    return this.#response.writableLength;
  }

  end(): void {
    if (!this.closed) this.#response.end();
  }

  abort(): void {
    this.#response.destroy();
  }

  whenDrained(action: () => void): void {
    if (this.#response.writableNeedDrain) this.#response.once('drain', action);
    else action();
  }

  onClosed(action: () => void): void {
    if (this.#response.destroyed) action();
    else this.#response.once('close', action);
  }
}
