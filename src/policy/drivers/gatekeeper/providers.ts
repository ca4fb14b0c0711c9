import { isIP } from 'node:net';
import { request as httpsRequest } from 'node:https';
import { lookup } from 'node:dns/promises';
import type { Clock } from '../../../base/index.ts';
import type { Json } from '../../../kernel/index.ts';
import {
  type Provided,
  type ProvidedItem,
  type Provider,
  type ProviderNeed,
  providerRequest,
} from '../../dialects/gatekeeper/provider.ts';
import { fields, list, text } from '../../dialects/gatekeeper/read.ts';
import type { PolicyNeed } from '../../need.ts';

export interface ProviderOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Where a Service answers (`NAME.NAMESPACE.svc`); absent where there are none. */
  readonly resolve?: (service: {
    namespace: string;
    name: string;
    port: number;
  }) => Promise<{ host: string; port: number }>;
}

/** How long what a provider said of a key is kept (Gatekeeper, --external-data-provider-response-cache-ttl). */
const KEPT_MS = 180_000;
const KEPT_MAX = 50_000;
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

interface Kept extends ProvidedItem {
  readonly at_ms: number;
}

const failed = (systemError: string, status = 500): Provided => ({ items: {}, systemError, status, idempotent: true });

/** Asks providers over HTTPS, verified against their own authorities; what they said of a key is kept for a while. */
export function askProviders(options: ProviderOptions): (need: PolicyNeed) => Promise<Provided> {
  const kept = new Map<string, Kept>();
  const keyOf = ({ name, revision }: Provider, key: string): string => JSON.stringify([name, revision, key]);
  return async need => {
    if (need.kind !== 'external-data') return failed(`nobody answers questions of kind ${need.kind}`);
    const { provider, keys } = need as ProviderNeed;
    const items: Record<string, ProvidedItem> = Object.create(null) as Record<string, ProvidedItem>;
    const missing: string[] = [];
    for (const key of keys) {
      const found = kept.get(keyOf(provider, key));
      if (found !== undefined && options.clock.now() - found.at_ms <= KEPT_MS) items[key] = found;
      else missing.push(key);
    }
    if (missing.length === 0) return { items, systemError: '', status: 200, idempotent: true };
    let answer: Provided;
    try {
      answer = await ask(provider, missing, options);
    } catch (error) {
      return failed((error as Error).message);
    }
    if (kept.size + missing.length > KEPT_MAX) kept.clear();
    for (const [key, item] of Object.entries(answer.items)) {
      items[key] = item;
      // What may be said otherwise the next time is asked for again.
      if (answer.idempotent && answer.systemError === '')
        kept.set(keyOf(provider, key), { ...item, at_ms: options.clock.now() });
    }
    return { ...answer, items };
  };
}

interface Target {
  readonly host: string;
  readonly port: number;
  readonly serverName: string;
}

/** Addresses nothing but a machine's own services and its cloud's metadata have (RFC 3927, RFC 4291 §2.5.6). */
function isLinkLocal(address: string): boolean {
  const plain = address.toLowerCase().replace(/^::ffff:/, '');
  return plain.startsWith('169.254.') || /^fe[89ab]/.test(plain) || plain === '0.0.0.0' || plain === '::';
}

/** Where a provider is, its name resolved once: what was looked at is what is connected to. */
async function targetOf(url: URL, { resolve }: ProviderOptions): Promise<Target> {
  const name = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port || 443);
  const service = /^([a-z0-9-]+)\.([a-z0-9-]+)(?:\.svc(?:\.cluster\.local)?)?$/.exec(name);
  if (service && resolve && (name.endsWith('.svc') || name.endsWith('.svc.cluster.local')))
    return { ...(await resolve({ namespace: service[2]!, name: service[1]!, port })), serverName: name };
  const host = isIP(name) ? name : (await lookup(name)).address;
  if (isLinkLocal(host)) throw new Error(`provider host ${name} is a link-local address, which is not asked`);
  return { host, port, serverName: name };
}

async function ask(provider: Provider, keys: readonly string[], options: ProviderOptions): Promise<Provided> {
  const url = new URL(provider.url);
  const target = await targetOf(url, options);
  const { status, body } = await post(provider, url, target, JSON.stringify(providerRequest(keys)));
  const response = fields(fields(body).response);
  const items: Record<string, ProvidedItem> = Object.create(null) as Record<string, ProvidedItem>;
  for (const each of list(response.items)) {
    const { key, value = null, error } = fields(each);
    // Nobody asked for other keys.
    if (typeof key === 'string' && keys.includes(key)) items[key] = { value, error: text(error) };
  }
  return { items, systemError: text(response.systemError).trim(), status, idempotent: response.idempotent === true };
}

function post(
  { caBundle, timeout_s }: Provider,
  url: URL,
  { host, port, serverName }: Target,
  body: string,
): Promise<{ status: number; body: Json }> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void =>
      reject(new Error(`failed to send external data request: Post ${JSON.stringify(url.href)}: ${why}`));
    const call = httpsRequest(
      {
        host,
        port,
        ...(isIP(serverName) ? {} : { servername: serverName }),
        path: `${url.pathname}${url.search}`,
        method: 'POST',
        headers: { host: url.host, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        ca: Buffer.from(caBundle, 'base64').toString('utf8'),
        minVersion: 'TLSv1.3',
        signal: AbortSignal.timeout(timeout_s * 1000),
        agent: false,
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
          try {
            resolve({
              status: answer.statusCode ?? 0,
              body: JSON.parse(Buffer.concat(parts).toString('utf8')) as Json,
            });
          } catch {
            fail('failed to unmarshal external data response');
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
