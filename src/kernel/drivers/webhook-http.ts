import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { WebhookPort, WebhookTarget } from '../admission/webhooks/model.ts';

/** Bytes of an answer that are read; an AdmissionReview holds at most one object and its patch. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;

/** Finds where a Service answers: an address and port that can be connected to from here. */
export type ResolveService = (service: {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}) => Promise<{ host: string; port: number }>;

interface Place {
  readonly url: URL;
  readonly host: string;
  readonly port: number;
  readonly serverName: string;
}

/** Where a webhook answers. Throws for targets that cannot be called. */
export async function placeOf(target: WebhookTarget, resolve: ResolveService): Promise<Place> {
  if (target.url !== undefined) {
    const url = new URL(target.url);
    if (url.protocol !== 'https:') throw new Error(`webhook URL ${JSON.stringify(target.url)} is not https`);
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    return { url, host, port: Number(url.port || 443), serverName: host };
  }
  if (!target.service) throw new Error('webhook names neither a URL nor a Service');
  const { namespace, name, path = '/', port = 443 } = target.service;
  const place = await resolve({ namespace, name, port });
  const serverName = `${name}.${namespace}.svc`;
  return {
    url: new URL(path.startsWith('/') ? path : `/${path}`, `https://${serverName}:${port}`),
    ...place,
    serverName,
  };
}

/** Posts a review and reads the JSON of its answer. */
export function post(
  { url, host, port, serverName }: Place,
  ca: string | undefined,
  body: string,
  timeout_ms: number,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void =>
      reject(
        new Error(
          `failed to call webhook: Post ${JSON.stringify(`${url.href}?timeout=${timeout_ms / 1_000}s`)}: ${why}`,
        ),
      );
    const call = httpsRequest(
      {
        host,
        port,
        // An address is no name to ask for (RFC 6066, section 3): the certificate must then hold the address.
        ...(isIP(serverName) ? {} : { servername: serverName }),
        path: `${url.pathname}${url.search ? `${url.search}&` : '?'}timeout=${timeout_ms / 1_000}s`,
        method: 'POST',
        headers: {
          host: url.host,
          'content-type': 'application/json',
          accept: 'application/json',
          'content-length': Buffer.byteLength(body),
        },
        signal: AbortSignal.timeout(timeout_ms),
        ...(ca === undefined ? {} : { ca }),
      },
      answer => {
        const parts: Buffer[] = [];
        let size = 0;
        answer.on('data', (part: Buffer) => {
          size += part.length;
          if (size > ANSWER_BYTES_MAX) call.destroy(new Error('the answer is too large'));
          else parts.push(part);
        });
        answer.on('error', error => fail(error.message));
        answer.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8');
          if (answer.statusCode !== 200) return fail(`the server answered ${answer.statusCode}: ${text.slice(0, 200)}`);
          try {
            return resolve(JSON.parse(text));
          } catch {
            return fail('the answer is not JSON');
          }
        });
      },
    );
    call.on('error', error =>
      fail(error.name === 'TimeoutError' || error.name === 'AbortError' ? 'context deadline exceeded' : error.message),
    );
    call.end(body);
  });
}

/** Calls webhooks over HTTPS, verified against their caBundle (the system's roots without one); redirects are not followed. */
export function httpWebhooks(resolve: ResolveService, condition?: WebhookPort['condition']): WebhookPort {
  return {
    call: async (target, review, timeout_ms) => {
      const ca = target.caBundle ? Buffer.from(target.caBundle, 'base64').toString('utf8') : undefined;
      return post(await placeOf(target, resolve), ca, JSON.stringify(review), timeout_ms);
    },
    ...(condition ? { condition } : {}),
  };
}
