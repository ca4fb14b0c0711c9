import type { IncomingHttpHeaders } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Socket } from 'node:net';
import { rego } from '../../policy/index.ts';
import type { PolicyRequest } from './policies.ts';
import { type Reply, refuse } from './reply.ts';

export type Authentication = 'token' | 'tls' | 'off';

/** `authorization` -> `Authorization`: names as OPA's policies expect them. */
const canonical = (name: string): string => name.replace(/(?:^|-)[a-z]/g, part => part.toUpperCase());

/** Who asks: the bearer token or the subject of the client's certificate. */
function identityOf(authentication: Authentication, headers: IncomingHttpHeaders, socket: Socket): string | undefined {
  if (authentication === 'token') return /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (authentication !== 'tls') return undefined;
  const subject = (socket as TLSSocket).getPeerCertificate?.().subject as Record<string, string | string[]> | undefined;
  if (!subject) return undefined;
  // RFC 2253: the most specific part first.
  return Object.entries(subject)
    .reverse()
    .map(([name, value]) =>
      [value]
        .flat()
        .reverse()
        .map(each => `${name}=${each.replace(/[,+"\\<>;]/g, '\\$&')}`)
        .join('+'),
    )
    .join(',');
}

/** Whether the authorization policy sees the body of such a request (OPA, "Authentication and Authorization"). */
const seesBody = ({ method, parts }: PolicyRequest): boolean =>
  method === 'POST' && (parts.length === 0 || parts[1] === 'data' || parts[1] === 'query');

function inputOf(
  request: PolicyRequest,
  authentication: Authentication,
  headers: IncomingHttpHeaders,
  socket: Socket,
): rego.Value {
  const identity = identityOf(authentication, headers, socket);
  const params = Object.fromEntries(
    [...new Set(request.search.keys())].map(name => [name, request.search.getAll(name)]),
  );
  const shown = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [canonical(name), [value ?? ''].flat()] as const),
  );
  const body = seesBody(request) && request.body !== '' ? rego.fromJsonText(request.body) : undefined;
  return {
    method: request.method,
    path: request.parts,
    params,
    headers: shown,
    ...(identity === undefined ? {} : { identity }),
    ...(body === undefined ? {} : { body }),
  };
}

/** Asks the authorization policy; undefined when the request may pass. */
export function refusalOf(
  request: PolicyRequest,
  authentication: Authentication,
  from: { readonly headers: IncomingHttpHeaders; readonly socket: Socket },
  decide: (input: rego.Value) => rego.Value | undefined,
): Reply | undefined {
  let verdict: rego.Value | undefined;
  try {
    verdict = decide(inputOf(request, authentication, from.headers, from.socket));
  } catch (error) {
    if (error instanceof SyntaxError) return refuse(400, 'invalid_parameter', error.message);
    if (!(error instanceof rego.EvaluationError)) throw error;
    return refuse(500, 'internal_error', error.message);
  }
  if (verdict === true) return undefined;
  const told =
    typeof verdict === 'object' && verdict !== null && !Array.isArray(verdict)
      ? (verdict as { readonly [name: string]: rego.Value })
      : undefined;
  if (told?.allowed === true) return undefined;
  if (verdict === undefined || (told && typeof told.allowed !== 'boolean'))
    return refuse(500, 'internal_error', 'authorization policy missing or undefined');
  const reason = told && typeof told.reason === 'string' ? told.reason : 'request rejected by administrative policy';
  return refuse(401, 'unauthorized', reason);
}
