import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { dirname, resolve as resolvePath } from 'node:path';
import type { SecureClientSessionOptions } from 'node:http2';
import { FaultError } from '../../../base/index.ts';
import type { Client } from '../../client.ts';
import { StatusError } from '../../status.ts';
import { type RemoteAnswer, remoteClient, type RemoteRequest, type RemoteTransport, refusalOf } from '../client.ts';
import { remoteFaults } from '../faults.ts';
import { parseKubeconfig, type RemoteTarget } from '../kubeconfig.ts';

const REQUEST_TIMEOUT_ms = 60_000;
/** A connection on which nothing is heard this long is asked for a sign of life. */
const PING_EVERY_ms = 15_000;
/** Times a request is sent that servers refuse unseen. */
const TRIES_MAX = 4;
const AGENT = 'tenon/0.1';

interface Opened {
  readonly session: ClientHttp2Session;
  readonly timer: NodeJS.Timeout;
}

/** Requests over one HTTP/2 connection that is made again when it breaks. */
export class Http2Transport implements RemoteTransport {
  #target: RemoteTarget;
  readonly #base: string;
  #open: Opened | undefined;
  /** Connections that take no new requests and end with the last of those they have. */
  readonly #draining = new Set<ClientHttp2Session>();

  constructor(target: RemoteTarget) {
    this.#target = target;
    const url = new URL(target.server);
    this.#base = url.pathname.replace(/\/$/, '');
  }

  /** New requests show this certificate (PEM); those that run, watches above all, go on over the connection they have. */
  renew(certificate: string, key: string): void {
    this.#target = { ...this.#target, certificate, key };
    const session = this.#open?.session;
    this.#open = undefined;
    if (!session || session.destroyed) return;
    this.#draining.add(session);
    session.once('close', () => this.#draining.delete(session));
    session.close();
  }

  #session(): ClientHttp2Session {
    const known = this.#open?.session;
    if (known && !known.closed && !known.destroyed) return known;
    const { server, authority, insecure, serverName, certificate, key } = this.#target;
    const options: SecureClientSessionOptions = {
      ...(authority ? { ca: authority } : {}),
      ...(insecure ? { rejectUnauthorized: false } : {}),
      ...(serverName ? { servername: serverName } : {}),
      ...(certificate && key ? { cert: certificate, key } : {}),
      settings: { initialWindowSize: 4 * 1024 * 1024 },
    };
    const session = connect(server, options);
    session.on('connect', () => {
      // Who is done before the connection stands has ended it already.
      if (!session.destroyed) session.setLocalWindowSize(16 * 1024 * 1024);
    });
    session.on('error', () => {});
    const timer = setInterval(() => {
      const overdue = setTimeout(() => session.destroy(), PING_EVERY_ms).unref();
      const sent = session.ping(() => clearTimeout(overdue));
      if (!sent) clearTimeout(overdue);
    }, PING_EVERY_ms).unref();
    session.on('close', () => clearInterval(timer));
    session.on('goaway', () => session.close());
    this.#open = { session, timer };
    return session;
  }

  #headers(method: string, path: string): Record<string, string | readonly string[]> {
    const { token, basic, impersonate } = this.#target;
    const bearer = token?.();
    return {
      ':method': method,
      ':path': this.#base + path,
      accept: 'application/json',
      'user-agent': AGENT,
      ...(bearer ? { authorization: `Bearer ${bearer}` } : basic ? { authorization: `Basic ${basic}` } : {}),
      ...(impersonate
        ? {
            'impersonate-user': impersonate.user,
            ...(impersonate.groups.length > 0 ? { 'impersonate-group': impersonate.groups } : {}),
            ...(impersonate.uid ? { 'impersonate-uid': impersonate.uid } : {}),
          }
        : {}),
    };
  }

  #unreachable(error: unknown): FaultError {
    const cause = error instanceof Error ? error.message : String(error);
    return remoteFaults.error('unreachable', { url: this.#target.server, cause }, undefined, { cause: error });
  }

  /** A stream the server refused was not looked at, and is sent again (RFC 9113 §8.7): a server that ends a connection does so. */
  async send(request: RemoteRequest): Promise<RemoteAnswer> {
    for (let tries = 1; ; tries++) {
      const answer = await this.#sendOnce(request, tries < TRIES_MAX);
      if (answer !== 'refused') return answer;
    }
  }

  #sendOnce(request: RemoteRequest, again: boolean): Promise<RemoteAnswer | 'refused'> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        if (again && stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) resolve('refused');
        else reject(this.#unreachable(error));
      };
      const headers = this.#headers(request.method, request.path);
      const bytes = request.body === undefined ? undefined : Buffer.from(request.body);
      if (bytes) {
        headers['content-type'] = request.contentType ?? 'application/json';
        headers['content-length'] = String(bytes.length);
      }
      const stream = this.#session().request(headers as Record<string, string>, { endStream: !bytes });
      let status = 0;
      const chunks: Buffer[] = [];
      stream.setTimeout(REQUEST_TIMEOUT_ms, () => stream.destroy(new Error('no answer in time')));
      stream.on('response', answer => (status = answer[':status'] ?? 0));
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () =>
        status === 0
          ? fail('the connection closed')
          : resolve({ status, text: Buffer.concat(chunks).toString('utf8') }),
      );
      stream.on('error', fail);
      stream.on('close', () => status === 0 && fail('the connection closed'));
      if (bytes) stream.end(bytes);
    });
  }

  async *stream(path: string, signal: AbortSignal): AsyncGenerator<string> {
    if (signal.aborted) return;
    const stream = this.#session().request(this.#headers('GET', path) as Record<string, string>);
    const abort = (): void => stream.close();
    signal.addEventListener('abort', abort, { once: true });
    let status = 0;
    stream.on('response', answer => (status = answer[':status'] ?? 0));
    stream.setEncoding('utf8');
    let refusal = '';
    try {
      for await (const chunk of stream as AsyncIterable<string>) {
        if (status === 200) yield chunk;
        else refusal += chunk;
      }
      if (signal.aborted) return;
      if (status === 0) throw this.#unreachable('the connection closed');
      if (status !== 200) throw refusalOf({ status, text: refusal });
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof StatusError || error instanceof FaultError) throw error;
      // A broken connection ends a watch that was open; informers list and watch again.
      if (status === 0) throw this.#unreachable(error);
    } finally {
      signal.removeEventListener('abort', abort);
      stream.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#draining) session.destroy();
    if (!this.#open) return;
    clearInterval(this.#open.timer);
    this.#open.session.destroy();
  }
}

/** A client of the cluster a kubeconfig names. */
export interface RemoteConnection extends AsyncDisposable {
  readonly client: Client;
  readonly target: RemoteTarget;
  readonly transport: RemoteTransport;
}

/** Reads a kubeconfig file and makes a client of its (current) context. Nothing is sent yet. Throws FaultErrors. */
export function connectKubeconfig(file: string, context?: string): RemoteConnection {
  const read = (path: string): string => readFileSync(resolvePath(dirname(file), path), 'utf8');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw remoteFaults.error('no-file', { file, cause: (error as Error).message });
  }
  const target = parseKubeconfig(file, text, read, context);
  const transport = new Http2Transport(target);
  return {
    client: remoteClient(transport),
    target,
    transport,
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}
