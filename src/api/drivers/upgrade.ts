import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { badRequest, StatusError, statusError } from '../../kernel/index.ts';
import { parseQuery } from '../request/query.ts';
import { parseTarget, verbOf } from '../request/target.ts';
import { attributesOf, denied } from '../serve/denied.ts';
import type { Connection } from '../serve/exchange.ts';
import { pageNotFound } from '../serve/resources.ts';
import { userOf } from '../serve/handler.ts';
import type { Services } from '../serve/services.ts';
import { admitConnection } from '../streams/connect.ts';
import { proxyPlace, streamPlace } from '../streams/place.ts';
import { sendLog } from '../streams/serve.ts';
import type { NodeRelay } from './relay.ts';
import { webSocketExchange } from './webSocketExchange.ts';

const STREAMS: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward']);

function refuse(socket: Duplex, error: StatusError): void {
  const body = `${JSON.stringify(error.status)}\n`;
  socket.end(
    `HTTP/1.1 ${error.code} ${STATUS_CODES[error.code] ?? 'Error'}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

const isWebSocket = ({ method, headers }: IncomingMessage): boolean =>
  method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';

/** Serves an HTTP/1.1 upgrade: authenticates and authorizes it like any request, then joins it to the agent or pod. */
export async function serveUpgrade(
  services: Services,
  relay: NodeRelay,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  connection: Connection,
): Promise<void> {
  try {
    const target = parseTarget(request.url ?? '/');
    const header = (name: string): string | undefined => {
      const value = request.headers[name];
      return Array.isArray(value) ? value[0] : value;
    };
    const user = await userOf(services, { header, headers: () => request.headers, connection, url: request.url ?? '' });
    const definition = target.isResource ? services.catalog.resource(target) : undefined;
    if (!definition || !definition.subresources.some(one => one.name === target.subresource)) throw pageNotFound();
    const stream = definition.group === '' && definition.resource === 'pods' && STREAMS.has(target.subresource);
    // Logs come as messages to who can only read those (a page, an old client).
    const log = definition.resource === 'pods' && target.subresource === 'log' && isWebSocket(request);
    if (!stream && !log && target.subresource !== 'proxy') throw badRequest('this request cannot be upgraded');
    // WebSockets arrive as GET; opening a stream needs `create` whatever the method (KEP-4006).
    const verbs = stream ? ['create'] : [verbOf(request.method ?? 'GET', target, false)];
    for (const verb of verbs) {
      const attributes = attributesOf(user, verb, target);
      const decision = services.authorizer.authorize(attributes);
      if (!decision.allowed) throw denied(attributes, decision.reason);
    }
    const params = parseQuery(target.query);
    if (log) return await sendLog(services, target, params, webSocketExchange(request, socket, head, connection));
    await admitConnection(services, { user, warnings: [] }, definition, target, params);
    const place = stream ? await streamPlace(services, target, params) : await proxyPlace(services, target);
    await relay.upgrade(request, socket, head, place);
  } catch (error) {
    refuse(
      socket,
      error instanceof StatusError
        ? error
        : statusError(500, 'InternalError', `Internal error occurred: ${(error as Error).message}`),
    );
  }
}
