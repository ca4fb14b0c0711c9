import { statusError } from '../../kernel/index.ts';
import { truth } from '../request/query.ts';
import type { Headers } from './exchange.ts';
import type { ApiRequest } from './request.ts';
import { pageNotFound } from './resources.ts';
import { send } from './respond.ts';
import type { Services } from './services.ts';
import { VERSION } from './version.ts';

const TEXT = 'text/plain; charset=utf-8';

/** Answers every path that is no resource. */
export async function servePage(services: Services, request: ApiRequest): Promise<void> {
  const { method } = request.exchange;
  const { path } = request.target;
  if (path === '/api' || path === '/apis' || path.startsWith('/api/') || path.startsWith('/apis/')) {
    if (method !== 'GET' && method !== 'HEAD') throw pageNotFound();
    return services.discovery.serve(request);
  }
  if (method !== 'GET' && method !== 'HEAD')
    throw statusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
  if (path.startsWith('/openapi/')) return serveOpenApi(services, request);
  const [root, name] = path.slice(1).split('/');
  switch (root) {
    case 'healthz':
    case 'livez':
    case 'readyz':
      return serveHealth(services, request, root, name);
    case 'version':
      return send(services, request, 200, 'application/json', JSON.stringify(VERSION, undefined, 2));
    case 'metrics':
      return send(services, request, 200, 'text/plain; version=0.0.4; charset=utf-8', services.metrics.text());
    case '':
      return send(services, request, 200, 'application/json', JSON.stringify({ paths: rootPaths(services) }));
    case '.well-known':
      return serveIssuer(services, request);
    case 'openid':
      if (path === '/openid/v1/jwks')
        return send(services, request, 200, 'application/jwk-set+json', services.tokenKeys().jwks);
      throw pageNotFound();
    default:
      throw pageNotFound();
  }
}

function rootPaths(services: Services): string[] {
  const paths = new Set([
    '/.well-known/openid-configuration',
    '/api',
    '/apis',
    '/healthz',
    '/livez',
    '/metrics',
    '/openapi/v2',
    '/openapi/v3',
    '/openid/v1/jwks',
    '/readyz',
    '/version',
  ]);
  for (const { group, version } of services.catalog.all()) {
    if (group === '') paths.add(`/api/${version}`);
    else paths.add(`/apis/${group}`).add(`/apis/${group}/${version}`);
  }
  for (const name of services.health.keys()) paths.add(`/healthz/${name}`).add(`/livez/${name}`).add(`/readyz/${name}`);
  return [...paths].sort();
}

/** OpenID Connect Discovery 1.0 for service-account tokens (Kubernetes, "Service account issuer discovery"). */
function serveIssuer(services: Services, request: ApiRequest): void {
  if (request.target.path !== '/.well-known/openid-configuration') throw pageNotFound();
  const { issuer } = services.tokenKeys();
  const body = {
    issuer,
    // Whoever reads this reached the issuer; the address the API listens at may be loopback to them (pods).
    jwks_uri: `${issuer}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  };
  send(services, request, 200, 'application/json', JSON.stringify(body));
}

/** `/healthz`, `/livez`, `/readyz`, with `?verbose`, `?exclude=` and one check by name. */
function serveHealth(services: Services, request: ApiRequest, kind: string, only: string | undefined): void {
  const excluded = new Set(request.params.getAll('exclude'));
  if (only) {
    const check = services.health.get(only);
    if (!check) throw pageNotFound();
    const wrong = check();
    return send(
      services,
      request,
      wrong === undefined ? 200 : 500,
      TEXT,
      wrong === undefined ? 'ok' : `internal server error: ${wrong}`,
    );
  }
  const lines: string[] = [];
  let well = true;
  for (const [name, check] of services.health) {
    if (kind === 'livez' && name === 'shutdown') continue;
    if (excluded.has(name)) {
      lines.push(`[+]${name} excluded: ok`);
      continue;
    }
    const wrong = check();
    if (wrong === undefined) lines.push(`[+]${name} ok`);
    else {
      well = false;
      lines.push(`[-]${name} failed: reason withheld`);
    }
  }
  const summary = `${kind} check ${well ? 'passed' : 'failed'}`;
  if (!well || truth(request.params.get('verbose')))
    return send(services, request, well ? 200 : 500, TEXT, `${lines.join('\n')}\n${summary}\n`);
  send(services, request, 200, TEXT, 'ok');
}

function serveOpenApi(services: Services, request: ApiRequest): void {
  const { openapi } = services;
  if (!openapi) throw pageNotFound();
  const { path } = request.target;
  if (path === '/openapi/v2') {
    const accept = request.exchange.header('accept') ?? '';
    if (accept.includes('application/com.github.proto-openapi.spec.v2') && openapi.v2Protobuf)
      return send(
        services,
        request,
        200,
        'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
        openapi.v2Protobuf(),
      );
    return send(services, request, 200, 'application/json', openapi.v2());
  }
  if (path === '/openapi/v3' || path === '/openapi/v3/')
    return send(services, request, 200, 'application/json', openapi.index());
  const document = path.startsWith('/openapi/v3/') ? openapi.group(path.slice('/openapi/v3/'.length)) : undefined;
  if (document === undefined) throw pageNotFound();
  // The URL carries the document's hash, so that a cache may keep it for good.
  const more: Headers = request.params.has('hash')
    ? { 'cache-control': 'public, immutable', expires: new Date(services.clock.now() + 365 * 86_400_000).toUTCString() }
    : {};
  send(services, request, 200, 'application/json', document, more);
}
