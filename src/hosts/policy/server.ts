import { targetUrl } from '../../base/index.ts';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KeyPair } from '../../api/index.ts';

/** Objects are at most 1.5 MiB in etcd and 3 MiB in a request; a review carries two of them and what JSON adds. */
const BODY_BYTES_MAX = 16 * 1024 * 1024;
const REQUEST_MS_MAX = 30_000;
const CONNECTIONS_MAX = 1_000;

/** Answers the decoded body of a POST to one path; a throw is a 500, upon which `failurePolicy` decides. */
export type Answering = (path: string, body: unknown) => Promise<unknown>;

export interface WebhookServer extends AsyncDisposable {
  readonly port: number;
  /** Serves new connections with another certificate; open ones go on. */
  use(pair: KeyPair): void;
}

class TooLarge extends Error {}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) throw new TooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, {
    'content-type': typeof body === 'string' ? 'text/plain' : 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

async function serve(request: IncomingMessage, response: ServerResponse, answer: Answering): Promise<void> {
  const path = targetUrl(request.url).pathname;
  if (request.method === 'GET' && (path === '/healthz' || path === '/readyz')) return reply(response, 200, 'ok');
  if (request.method !== 'POST') return reply(response, 405, 'only POST is answered');
  let body: unknown;
  try {
    body = JSON.parse(await readBody(request));
  } catch (error) {
    return reply(response, error instanceof TooLarge ? 413 : 400, 'the body is no AdmissionReview');
  }
  const answered = await answer(path, body);
  return answered === undefined
    ? reply(response, 400, 'the body is no AdmissionReview')
    : reply(response, 200, answered);
}

/** HTTPS for API servers: each POST is answered by `answer`. */
export async function startWebhookServer(
  listen: { readonly host: string; readonly port: number },
  pair: KeyPair,
  answer: Answering,
  report: (error: unknown) => void,
): Promise<WebhookServer> {
  const secure = ({ certificate: cert, key }: KeyPair) => ({ cert, key, minVersion: 'TLSv1.2' as const });
  const server: Server = createServer({ ...secure(pair), requestTimeout: REQUEST_MS_MAX }, (request, response) => {
    serve(request, response, answer).catch((error: unknown) => {
      report(error);
      if (!response.headersSent) reply(response, 500, 'the policies could not decide');
      else response.destroy();
    });
  });
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.host, resolve);
  });
  server.on('error', report);
  return {
    port: (server.address() as AddressInfo).port,
    use: next => server.setSecureContext(secure(next)),
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
