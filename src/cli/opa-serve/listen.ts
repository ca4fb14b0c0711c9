import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureVersion } from 'node:tls';
import { targetUrl } from '../../base/index.ts';
import { rego } from '../../policy/index.ts';
import { gunzipSync } from 'node:zlib';
import type { Reply } from './reply.ts';

const BODY_MAX = 64 * 1024 * 1024;

/** A body that cannot be read. */
export class BodyError extends Error {}

/** Hands over the body, or why there is none. */
export function readBody(request: IncomingMessage, next: (body: string | BodyError) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= BODY_MAX) chunks.push(chunk);
    else chunks.length = 0;
  });
  request.on('end', () => {
    if (size > BODY_MAX) return next(new BodyError('request body too large'));
    const whole = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    if (request.headers['content-encoding'] !== 'gzip') return next(whole.toString('utf8'));
    try {
      next(gunzipSync(whole, { maxOutputLength: BODY_MAX }).toString('utf8'));
    } catch {
      next(new BodyError('request body is no gzip data, or too large'));
    }
  });
}

/** Writes a reply; tells how many bytes its body has. */
export function send(response: ServerResponse, { status, body, type }: Reply, pretty = false): number {
  if (body === undefined) {
    response.writeHead(status).end();
    return 0;
  }
  // Refusals are written for people.
  const isForPeople = pretty || status >= 400;
  const text =
    type !== undefined
      ? String(body)
      : isForPeople
        ? `${JSON.stringify(rego.toJson(body as rego.Value), undefined, 2)}\n`
        : `${rego.jsonText(body as rego.Value)}\n`;
  const length = Buffer.byteLength(text);
  response.writeHead(status, { 'content-type': type ?? 'application/json', 'content-length': length }).end(text);
  return length;
}

/** Names of a path. Throws URIError. */
export const partsOf = (pathname: string): string[] => {
  const parts = pathname.split('/').filter(part => part !== '');
  return pathname.includes('%') ? parts.map(decodeURIComponent) : parts;
};

const NO_SEARCH = new URLSearchParams();

export interface Target {
  readonly pathname: string;
  readonly searchParams: URLSearchParams;
}

/** Path and search of a request's target: most have no search. */
export function targetOf(target: string): Target {
  if (target.startsWith('/') && !target.includes('?')) return { pathname: target, searchParams: NO_SEARCH };
  return targetUrl(target);
}

export interface TlsFiles {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly minVersion: SecureVersion;
  /** Whether clients have to show a certificate. */
  readonly asksClients: boolean;
}

/** Starts one listener: `HOST:PORT`, `:PORT` or `unix://PATH`. Resolves to the address as it is told. */
export async function listen(
  address: string,
  tls: TlsFiles,
  handler: RequestListener,
): Promise<{ server: Server; shown: string }> {
  const { cert, key, ca, minVersion, asksClients } = tls;
  const server =
    cert !== undefined && key !== undefined
      ? createSecureServer(
          {
            cert: readFileSync(cert),
            key: readFileSync(key),
            minVersion,
            ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
            requestCert: asksClients,
            rejectUnauthorized: asksClients,
          },
          handler,
        )
      : createServer(handler);
  const unix = /^unix:\/\/(.+)$/.exec(address);
  const [, host = '', port] = /^(?:https?:\/\/)?(.*?):(\d+)$/.exec(address) ?? [];
  if (!unix && port === undefined) throw new SyntaxError(`--addr "${address}": write HOST:PORT or unix://PATH`);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    if (unix) server.listen(unix[1], resolve);
    else server.listen(Number(port), host.replace(/^\[|\]$/g, '') || '127.0.0.1', resolve);
  });
  const shown = unix ? address : `${host || '127.0.0.1'}:${(server.address() as AddressInfo).port}`;
  return { server, shown };
}
