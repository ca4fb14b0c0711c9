/** wasi:http/outgoing-handler: requests a component sends, to the hosts its pod was granted. */
import { request as requestPlain, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as requestSecure } from 'node:https';
import type { LookupFunction } from 'node:net';
import { callbackify } from 'node:util';
import { lookUp } from './wasm-world-sockets.ts';
import { familyOf, type SocketGrants } from './wasm-world-addresses.ts';
import { flatten, received } from './wasm-world-fields.ts';
import {
  type ErrorCode,
  FutureIncomingResponse,
  IncomingResponse,
  methodText,
  type OutgoingRequest,
  type RequestOptions,
} from './wasm-world-http.ts';
import { Bell, ByteQueue, Refused } from './wasm-world-io.ts';

const DEFAULT_MS_MAX = 30_000;
const UNSENT_BYTES_MAX = 64 * 1024;

const CODES = new Map([
  ['ENOTFOUND', 'destination-not-found'],
  ['ECONNREFUSED', 'connection-refused'],
  ['ECONNRESET', 'connection-terminated'],
  ['ETIMEDOUT', 'connection-timeout'],
  ['EHOSTUNREACH', 'destination-IP-unroutable'],
  ['ENETUNREACH', 'destination-IP-unroutable'],
]);

function codeOf(error: NodeJS.ErrnoException): ErrorCode {
  const tag = CODES.get(error.code ?? '');
  return tag ? { tag } : { tag: 'internal-error', val: error.message.slice(0, 200) };
}

/** `*`, a host, `*.suffix`, each with an optional port. */
export function isGranted(grants: readonly string[], host: string, port: number): boolean {
  return grants.some(grant => {
    const { name, wanted } = /^(?<name>.*?)(?::(?<wanted>\d+))?$/.exec(grant)!.groups as {
      name: string;
      wanted?: string;
    };
    if (wanted !== undefined && Number(wanted) !== port) return false;
    return name === '*' || name === host || (name.startsWith('*.') && host.endsWith(name.slice(1)));
  });
}

/** Pipes the component's body into the request, with back-pressure. */
function connectBody(request: OutgoingRequest, sent: ClientRequest): void {
  const body = request.taken;
  if (!body) {
    sent.end();
    return;
  }
  const bell = new Bell();
  sent.on('drain', () => bell.ring()).on('close', () => bell.ring());
  body.connect({
    room: () => (sent.destroyed ? undefined : Math.max(0, UNSENT_BYTES_MAX - sent.writableLength)),
    give: bytes => void sent.write(bytes),
    wait: () => bell.wait(),
    finish: () => void sent.end(),
    abandon: () => void sent.destroy(),
  });
}

/** Names mean what the pod's own servers say; where it has none, what the node's do. */
function nameLookup(sockets: SocketGrants): { lookup?: LookupFunction } {
  if (sockets.address === undefined || sockets.dns.servers.length === 0) return {};
  const family = familyOf(sockets.address) === 'ipv6' ? 6 : 4;
  const lookup: LookupFunction = (name, { all }, done) =>
    callbackify(lookUp)(sockets, name, (error, found) => {
      if (error) done(error, []);
      // The list form is asked for by whoever tries several addresses.
      else if (all)
        done(
          null,
          found.map(address => ({ address, family })),
        );
      else done(null, found[0] ?? '', family);
    });
  return { lookup };
}

export function outgoingHandler(grants: readonly string[], sockets: SocketGrants): object {
  const named = nameLookup(sockets);
  const localAddress = sockets.address;
  const handle = (request: OutgoingRequest, options: RequestOptions | undefined): FutureIncomingResponse => {
    const scheme = request.scheme()?.tag ?? 'HTTPS';
    if (scheme === 'other') throw new Refused({ tag: 'HTTP-protocol-error' });
    let url: URL;
    try {
      url = new URL(`${scheme.toLowerCase()}://${request.authority() ?? ''}${request.pathWithQuery() ?? '/'}`);
    } catch {
      throw new Refused({ tag: 'HTTP-request-URI-invalid' });
    }
    const port = Number(url.port || (scheme === 'HTTPS' ? 443 : 80));
    if (!isGranted(grants, url.hostname, port)) throw new Refused({ tag: 'HTTP-request-denied' });
    const future = new FutureIncomingResponse();
    const limit = options?.firstByteTimeout();
    const sent = (scheme === 'HTTPS' ? requestSecure : requestPlain)(url, {
      method: methodText(request.method()),
      headers: [...flatten(request.headers()), 'host', url.host],
      timeout: limit === undefined ? DEFAULT_MS_MAX : Math.max(1, Math.min(Number(limit / 1_000_000n), DEFAULT_MS_MAX)),
      ...(localAddress === undefined ? {} : { localAddress }),
      ...named,
    });
    sent.on('timeout', () => {
      future.settle({ tag: 'err', val: { tag: 'connection-timeout' } });
      sent.destroy();
    });
    sent.on('error', (error: Error) => future.settle({ tag: 'err', val: codeOf(error) }));
    sent.on('response', (reply: IncomingMessage) => {
      const queue = new ByteQueue(() => reply.resume());
      reply.on('data', (chunk: Buffer) => {
        // Copied: the component's view must not keep Node's pool alive.
        queue.push(new Uint8Array(chunk));
        reply.pause();
      });
      reply.on('end', () => queue.end());
      reply.on('error', (error: Error) => queue.end(error.message));
      future.settle({ tag: 'ok', val: new IncomingResponse(reply.statusCode ?? 0, received(reply.rawHeaders), queue) });
    });
    connectBody(request, sent);
    return future;
  };
  return { handle };
}
