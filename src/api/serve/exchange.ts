import type { UserInfo } from '../../kernel/index.ts';

export type Headers = Record<string, string | number>;

/** What the transport knows of who is at the other end; one object a connection. */
export interface Connection {
  /** From a client certificate our CA signed, read once a connection. */
  readonly certificateUser: UserInfo | undefined;
  /** A client certificate was shown and is not one of ours, or names nobody. */
  readonly certificateRejected: boolean;
  readonly remoteAddress: string;
}

/** An answer that stays open: watches and logs. */
export interface Outgoing {
  /** Queues bytes; `pending` tells how many wait for the peer. */
  write(chunk: Uint8Array | string): void;
  readonly pending: number;
  end(): void;
  /** Cuts the stream so that the peer sees an error, not an end. */
  abort(): void;
  /** Calls once when queued bytes have left. */
  whenDrained(action: () => void): void;
}

/** One request and its answer, the same over HTTP/1.1 and HTTP/2. */
export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly connection: Connection;
  readonly closed: boolean;
  header(name: string): string | undefined;
  /** Every header name and value, lower-case names; for relays and impersonation. */
  headers(): Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The whole body; rejects with a 413 StatusError above `bytes_max`. */
  body(bytes_max: number): Promise<Buffer>;
  /** Body chunks as they come, for relays. */
  readonly incoming: NodeJS.ReadableStream;
  /** Sends headers and the whole body. */
  respond(status: number, headers: Headers, body: Uint8Array | string): void;
  /** Sends headers and leaves the body open. */
  open(status: number, headers: Headers): Outgoing;
  /** Calls once when the exchange is over, however it ended. */
  onClosed(action: () => void): void;
}
