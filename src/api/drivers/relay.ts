import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { gunzipSync, inflateSync } from 'node:zlib';
import { statusError } from '../../kernel/index.ts';
import type { Exchange, Headers } from '../serve/exchange.ts';
import type { Relay } from '../serve/services.ts';
import { type Shown, shownHtml, shownUrl } from '../streams/html.ts';
import type { Place } from '../streams/place.ts';
import type { KeyPair } from './certificate.ts';

/** Headers that speak of one hop (RFC 9110 §7.6.1), and what must not leave the API server. */
const NOT_RELAYED: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'http2-settings',
  'authorization',
]);
const PENDING_BYTES_MAX = 1024 * 1024;
const CONNECT_TIMEOUT_ms = 30_000;

export interface RelayOptions {
  /** Shown to aggregated API servers. */
  readonly front: () => KeyPair;
  /** Shown to node agents. */
  readonly client: () => KeyPair;
  /** Agents' serving certificates are signed by one of these. */
  readonly authorities: () => string;
}

type HeaderValues = Record<string, string | string[]>;

function forwarded(exchange: Exchange): HeaderValues {
  const headers: HeaderValues = {};
  for (const [name, value] of Object.entries(exchange.headers())) {
    if (value === undefined || name.startsWith(':') || NOT_RELAYED.has(name) || /^(impersonate|x-remote)-/.test(name))
      continue;
    headers[name] = typeof value === 'string' ? value : [...value];
  }
  headers['x-forwarded-uri'] = exchange.url;
  return headers;
}

const unreachable = (place: Place, error: Error): Error =>
  statusError(
    503,
    'ServiceUnavailable',
    `error trying to reach service: dial tcp ${place.host}:${place.port}: ${error.message}`,
  );

/** Carries requests and streams to node agents, pods and services without looking inside. */
export class NodeRelay implements Relay {
  readonly #options: RelayOptions;
  readonly #plain = new HttpAgent({ keepAlive: true, maxSockets: 256, timeout: CONNECT_TIMEOUT_ms });
  readonly #secure = new HttpsAgent({ keepAlive: true, maxSockets: 256 });
  readonly #open = new Set<Duplex>();

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  #dial(place: Place, method: string, headers: HeaderValues, upgrade: boolean): ClientRequest {
    const common = { host: place.host, port: place.port, path: place.path, method, headers };
    if (!place.tls) return httpRequest({ ...common, agent: upgrade ? false : this.#plain });
    const agent = upgrade ? false : this.#secure;
    if (place.front) {
      const { serverName, authority, insecure } = place.front;
      const { certificate, key } = this.#options.front();
      const trust = { rejectUnauthorized: !insecure, ...(authority === undefined ? {} : { ca: authority }) };
      return httpsRequest({ ...common, agent, cert: certificate, key, servername: serverName, ...trust });
    }
    if (!place.agent) return httpsRequest({ ...common, agent, rejectUnauthorized: false });
    const { certificate, key } = this.#options.client();
    // Agents are known by our authority's signature; their addresses come and go, so that names are not compared.
    return httpsRequest({
      ...common,
      agent,
      cert: certificate,
      key,
      ca: this.#options.authorities(),
      servername: '',
      checkServerIdentity: () => undefined,
    });
  }

  request(exchange: Exchange, place: Place, extra: Headers): Promise<void> {
    return new Promise((resolve, reject) => {
      const headers: HeaderValues = { ...forwarded(exchange), ...place.front?.headers };
      const outgoing = this.#dial(place, exchange.method, headers, false);
      exchange.onClosed(() => {
        outgoing.destroy();
        resolve();
      });
      outgoing.on('error', error => reject(unreachable(place, error)));
      outgoing.on('response', response => {
        if (place.prefix !== undefined && isHtml(response)) this.#page(exchange, response, extra, place);
        else this.#answer(exchange, response, extra, place);
        response.on('close', resolve);
      });
      if (exchange.method === 'GET' || exchange.method === 'HEAD') outgoing.end();
      else exchange.incoming.pipe(outgoing);
    });
  }

  /** Reads a small document. Rejects when the place does not answer. */
  fetch(place: Place, limit_ms: number): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const outgoing = this.#dial(place, 'GET', { accept: 'application/json', ...place.front?.headers }, false);
      const timer = setTimeout(() => outgoing.destroy(new Error('no answer in time')), limit_ms);
      outgoing.on('error', error => {
        clearTimeout(timer);
        reject(error);
      });
      outgoing.on('response', response => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
          if (text.length > PENDING_BYTES_MAX) outgoing.destroy(new Error('the answer is too large'));
        });
        response.on('end', () => {
          clearTimeout(timer);
          resolve({ status: response.statusCode ?? 502, text });
        });
      });
      outgoing.end();
    });
  }

  /** A page behind `/proxy`: its links are moved. One that is too large to hold goes on as it is. */
  #page(exchange: Exchange, response: IncomingMessage, extra: Headers, place: Place): void {
    const chunks: Buffer[] = [];
    let length = 0;
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      length += chunk.length;
      if (length <= PAGE_BYTES_MAX) return;
      response.off('data', take).off('end', finish).pause();
      for (const one of chunks.reverse()) response.unshift(one);
      this.#answer(exchange, response, extra, place);
    };
    const finish = (): void => {
      const headers = answerHeaders(response, extra, place);
      const page = unpacked(Buffer.concat(chunks), String(headers['content-encoding'] ?? ''));
      if (page === undefined) return exchange.respond(response.statusCode ?? 502, headers, Buffer.concat(chunks));
      delete headers['content-encoding'];
      const body = Buffer.from(shownHtml(page.toString('latin1'), shownAt(place)), 'latin1');
      if (exchange.method !== 'HEAD') headers['content-length'] = body.length;
      return exchange.respond(response.statusCode ?? 502, headers, body);
    };
    response.on('data', take).on('end', finish);
    response.on('error', () => exchange.open(502, {}).abort());
  }

  #answer(exchange: Exchange, response: IncomingMessage, extra: Headers, place: Place): void {
    const headers = answerHeaders(response, extra, place);
    const out = exchange.open(response.statusCode ?? 502, headers);
    response.on('data', (chunk: Buffer) => {
      out.write(chunk);
      if (out.pending > PENDING_BYTES_MAX) {
        response.pause();
        out.whenDrained(() => response.resume());
      }
    });
    response.on('end', () => out.end());
    response.on('error', () => out.abort());
  }

  /** Joins a client's upgraded connection to one of its own at `place`, byte for byte. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, place: Place): Promise<void> {
    return new Promise((resolve, reject) => {
      const headers: HeaderValues = {};
      for (const [name, value] of Object.entries(request.headers)) {
        if (value === undefined || name === 'host' || name === 'authorization' || name.startsWith('impersonate-'))
          continue;
        headers[name] = value;
      }
      const outgoing = this.#dial(place, request.method ?? 'GET', headers, true);
      socket.once('close', () => outgoing.destroy());
      outgoing.on('error', error => reject(unreachable(place, error)));
      outgoing.on('upgrade', (response, remote: Duplex, remoteHead: Buffer) => {
        socket.write(rawHead(response));
        if (remoteHead.length > 0) socket.write(remoteHead);
        if (head.length > 0) remote.write(head);
        this.#join(socket, remote, resolve);
      });
      outgoing.on('response', response => {
        socket.write(rawHead(response, 'close'));
        response.pipe(socket);
        response.on('end', () => resolve());
      });
      outgoing.end();
    });
  }

  #join(left: Duplex, right: Duplex, ended: () => void): void {
    for (const one of [left, right]) this.#open.add(one);
    const end = (): void => {
      left.destroy();
      right.destroy();
      this.#open.delete(left);
      this.#open.delete(right);
      ended();
    };
    left.on('error', end);
    right.on('error', end);
    left.on('close', end);
    right.on('close', end);
    left.pipe(right);
    right.pipe(left);
  }

  [Symbol.dispose](): void {
    for (const socket of this.#open) socket.destroy();
    this.#plain.destroy();
    this.#secure.destroy();
  }
}

/** Pages above this are relayed with their links as they are. */
const PAGE_BYTES_MAX = 4 * 1024 * 1024;

const isHtml = ({ headers }: IncomingMessage): boolean =>
  /^text\/html\s*(;|$)/i.test(String(headers['content-type'] ?? ''));

const shownAt = ({ host, port, prefix = '' }: Place): Shown => ({ host: `${host}:${port}`, prefix });

/** A page's bytes without their transfer coding; undefined for codings that cannot be undone here. */
function unpacked(bytes: Buffer, coding: string): Buffer | undefined {
  try {
    if (coding === '' || coding === 'identity') return bytes;
    if (coding === 'gzip') return gunzipSync(bytes, { maxOutputLength: PAGE_BYTES_MAX });
    if (coding === 'deflate') return inflateSync(bytes, { maxOutputLength: PAGE_BYTES_MAX });
  } catch {
    // Broken or too large: it goes on as it is.
  }
  return undefined;
}

/** What is told of a relayed answer; redirects of a proxied place stay below its prefix. */
function answerHeaders(response: IncomingMessage, extra: Headers, place: Place): Record<string, string | number> {
  const headers: Record<string, string | number> = { ...extra };
  for (const [name, value] of Object.entries(response.headers)) {
    if (value === undefined || NOT_RELAYED.has(name)) continue;
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  const { location } = response.headers;
  if (place.prefix !== undefined && location) headers.location = shownUrl(location, shownAt(place));
  return headers;
}

/** A response's status line and headers as they came. */
function rawHead(response: IncomingMessage, connection?: string): string {
  const lines = [`HTTP/1.1 ${response.statusCode ?? 502} ${response.statusMessage ?? ''}`];
  for (let i = 0; i < response.rawHeaders.length; i += 2) {
    const name = response.rawHeaders[i]!;
    if (connection && /^(connection|transfer-encoding|keep-alive)$/i.test(name)) continue;
    lines.push(`${name}: ${response.rawHeaders[i + 1]}`);
  }
  if (connection) lines.push(`Connection: ${connection}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
