import { badRequest } from '../../kernel/index.ts';
import type { RequestTarget } from '../request/target.ts';
import type { Exchange } from '../serve/exchange.ts';
import type { Handler } from '../serve/resources.ts';
import { headersOf } from '../serve/respond.ts';
import type { Services } from '../serve/services.ts';
import { admitConnection } from './connect.ts';
import { logPlace, proxyPlace } from './place.ts';

/** GET pods/NAME/log: the agent's answer as it comes. */
const serveLog: Handler = async (services, request) => {
  const place = await logPlace(services, request.target, request.params);
  if (!place) {
    request.exchange.respond(200, headersOf(request, 'text/plain'), '');
    return;
  }
  await services.relay.request(request.exchange, place, headersOf(request, 'text/plain'));
};

/** The same log to an exchange of another sort, where no request went through the handlers (WebSocket). */
export async function sendLog(
  services: Services,
  target: RequestTarget,
  params: URLSearchParams,
  exchange: Exchange,
): Promise<void> {
  const place = await logPlace(services, target, params);
  if (place) await services.relay.request(exchange, place, { 'content-type': 'text/plain' });
  else exchange.open(200, {}).end();
}

/** Any method on pods/services/nodes `proxy`. */
const serveProxy: Handler = async (services, request) => {
  const { target, exchange } = request;
  // The bare `/proxy` path is the root, which relative links need a slash for (as the API server redirects).
  if (target.rest === '' && !target.path.endsWith('/') && (exchange.method === 'GET' || exchange.method === 'HEAD')) {
    exchange.respond(
      301,
      { ...headersOf(request, 'text/plain'), location: `${target.path}/${target.query ? `?${target.query}` : ''}` },
      '',
    );
    return;
  }
  await admitConnection(services, request.context, request.definition, target, request.params);
  await services.relay.request(exchange, await proxyPlace(services, target), {});
};

const needsUpgrade: Handler = () => {
  throw badRequest('Upgrade request required');
};

/** Handlers of relayed subresources that come as ordinary requests. */
export const RELAYED: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['/pods/log', serveLog],
  ['/pods/proxy', serveProxy],
  ['/services/proxy', serveProxy],
  ['/nodes/proxy', serveProxy],
  ['/pods/exec', needsUpgrade],
  ['/pods/attach', needsUpgrade],
  ['/pods/portforward', needsUpgrade],
]);
