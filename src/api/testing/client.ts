import { readFileSync } from 'node:fs';
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { join } from 'node:path';
import type { TestServer } from './server.ts';

/** One answer, body whole. */
export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
  /** The body as JSON; any shape, tests say what they expect. */
  json(): Record<string, unknown>;
}

export interface Wire extends Disposable {
  send(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answered>;
  /** Reads a stream until `enough` says so or it ends. */
  read(path: string, enough: (text: string) => boolean, headers?: Readonly<Record<string, string>>): Promise<string>;
}

export interface WireOptions {
  readonly token?: string;
  /** Show this certificate instead of the admin's. */
  readonly certificate?: { readonly certificate: string; readonly key: string };
  /** Show no certificate. */
  readonly anonymous?: boolean;
}

const TIME_LIMIT_ms = 15_000;

/** A plain HTTP/2 client of a test server: the admin unless told. */
export function wire(server: TestServer, options: WireOptions = {}): Wire {
  const { api } = server;
  const shown = options.certificate ?? api.pki.admin;
  const session: ClientHttp2Session = connect(api.url, {
    ca: readFileSync(join(server.state, 'pki', 'ca.crt')),
    ...(options.anonymous || options.token ? {} : { cert: shown.certificate, key: shown.key }),
  });
  session.on('error', () => {});
  const authorization: Record<string, string> = options.token ? { authorization: `Bearer ${options.token}` } : {};
  const send: Wire['send'] = (method, path, body, headers = {}) =>
    new Promise((resolve, reject) => {
      const bytes =
        body === undefined
          ? undefined
          : Buffer.isBuffer(body) || typeof body === 'string'
            ? Buffer.from(body)
            : Buffer.from(JSON.stringify(body));
      const stream = session.request(
        {
          ':method': method,
          ':path': path,
          accept: 'application/json',
          ...authorization,
          ...(bytes ? { 'content-type': 'application/json', 'content-length': bytes.length } : {}),
          ...headers,
        },
        { endStream: !bytes },
      );
      let answer: IncomingHttpHeaders & { ':status'?: number } = {};
      const chunks: Buffer[] = [];
      stream.on('response', received => (answer = received));
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', reject);
      stream.setTimeout(TIME_LIMIT_ms, () => reject(new Error(`${method} ${path}: no answer in time`)));
      stream.on('end', () => {
        const whole = Buffer.concat(chunks);
        const text = whole.toString('utf8');
        resolve({
          status: answer[':status'] ?? 0,
          headers: answer,
          body: whole,
          text,
          json: () => JSON.parse(text) as Record<string, unknown>,
        });
      });
      if (bytes) stream.end(bytes);
    });
  const read: Wire['read'] = (path, enough, headers = {}) =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ':path': path, accept: 'application/json', ...authorization, ...headers });
      let text = '';
      const done = (): void => {
        clearTimeout(timer);
        stream.close();
        resolve(text);
      };
      const timer = setTimeout(() => reject(new Error(`GET ${path}: read only ${text}`)), TIME_LIMIT_ms);
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8');
        if (enough(text)) done();
      });
      stream.on('end', done);
      stream.on('error', reject);
    });
  return { send, read, [Symbol.dispose]: () => session.destroy() };
}
