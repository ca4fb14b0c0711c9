import { badRequest, StatusError, statusError, type UserInfo } from '../../kernel/index.ts';
import { impersonate } from '../authn/impersonation.ts';
import { parseQuery, wantsWatch } from '../request/query.ts';
import { parseTarget, verbOf } from '../request/target.ts';
import { attributesOf, denied } from './denied.ts';
import type { Exchange } from './exchange.ts';
import { servePage } from './pages.ts';
import type { ApiRequest } from './request.ts';
import { serveResource } from './resources.ts';
import { sendError } from './respond.ts';
import type { Services } from './services.ts';

const ANONYMOUS: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
const URL_LENGTH_MAX = 32 * 1024;

/** Unforeseen errors are ours: 500 without inner details, and the whole in the log. */
function asStatusError(services: Services, error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  services.log?.({
    level: 'error',
    message: 'request failed',
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
  return statusError(
    500,
    'InternalError',
    `Internal error occurred: ${error instanceof Error ? error.message : 'unknown'}`,
    {
      causes: [{ message: error instanceof Error ? error.message : 'unknown' }],
    },
  );
}

/** Who asks: the credential's user, or anonymous; then whom they act as. */
export async function userOf(
  services: Services,
  exchange: Pick<Exchange, 'header' | 'headers' | 'connection' | 'url'>,
): Promise<UserInfo> {
  const found = services.authenticator.authenticate(exchange);
  const user = (found instanceof Promise ? await found : found) ?? ANONYMOUS;
  return impersonate(services.authorizer, user, exchange);
}

const actsAsAnother = (exchange: Exchange): boolean =>
  exchange.header('impersonate-user') !== undefined ||
  exchange.header('impersonate-group') !== undefined ||
  exchange.header('impersonate-uid') !== undefined;

/** Serves one request from beginning to end; never rejects. */
export async function handle(services: Services, exchange: Exchange): Promise<void> {
  const started_ms = services.clock.monotonic();
  const target = parseTarget(exchange.url);
  let request: ApiRequest = {
    exchange,
    target,
    params: parseQuery(''),
    verb: '',
    user: ANONYMOUS,
    context: { user: ANONYMOUS, warnings: [] },
    auditId: services.nextAuditId(),
  };
  let leave: (() => void) | undefined;
  try {
    if (exchange.url.length > URL_LENGTH_MAX) throw badRequest('the request URI is too long');
    const found = services.authenticator.authenticate(exchange);
    let user = (found instanceof Promise ? await found : found) ?? ANONYMOUS;
    if (actsAsAnother(exchange)) user = impersonate(services.authorizer, user, exchange);
    const params = parseQuery(target.query);
    const verb = verbOf(exchange.method, target, target.query !== '' && wantsWatch(params));
    request = { exchange, target, params, verb, user, context: { user, warnings: [] }, auditId: request.auditId };
    services.audit?.received(request);
    if (user.groups.includes('system:nodes')) await services.nodeReady();
    authorize(services, request);
    const entered = services.flow.enter(request);
    leave = entered instanceof Promise ? await entered : entered;
    if (target.isResource) await serveResource(services, request);
    else await servePage(services, request);
  } catch (error) {
    const refusal = asStatusError(services, error);
    if (refusal.code === 401) request.context.warnings.length = 0;
    sendError(services, request, refusal);
  } finally {
    leave?.();
    services.audit?.completed(request);
    services.metrics.observe(request, services.clock.monotonic() - started_ms);
  }
}

function authorize(services: Services, request: ApiRequest): void {
  const attributes = attributesOf(request.user, request.verb, request.target);
  const decision = services.authorizer.authorize(attributes);
  if (!decision.allowed) throw denied(attributes, decision.reason);
}
