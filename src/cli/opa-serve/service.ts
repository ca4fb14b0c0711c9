import { readFileSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { type RequestOptions, request as secureRequest } from 'node:https';
import { ConfigurationError, type Fields } from './configuration.ts';
import { OPA_VERSION } from '../opa-flags.ts';

const RESPONSE_MS = 10_000;
const BODY_MAX = 1024 * 1024 * 1024;
/** A token is asked for anew this long before it ends. */
const TOKEN_MARGIN_MS = 10_000;

export interface ServiceAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface ServiceRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** How long the answer may take, in milliseconds, where the service may hold it back. */
  readonly wait_ms?: number;
}

/** A remote control plane: where it is and who we are to it (OPA, "Services"). */
export interface Service {
  readonly name: string;
  ask(request: ServiceRequest, signal: AbortSignal): Promise<ServiceAnswer>;
}

interface Call extends ServiceRequest {
  readonly url: string;
  readonly timeout_ms: number;
  readonly tls: RequestOptions;
}

function send(
  { url, method, headers, body, timeout_ms, tls }: Omit<Call, 'path'>,
  signal: AbortSignal,
): Promise<ServiceAnswer> {
  return new Promise((resolve, reject) => {
    const target = new URL(url);
    const make = target.protocol === 'https:' ? secureRequest : plainRequest;
    const call = make(target, { method, headers: { ...headers }, signal, timeout: timeout_ms, ...tls }, response => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > BODY_MAX) response.destroy(new Error(`${url}: the answer is too long`));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    call.on('timeout', () => call.destroy(new Error(`${url}: no answer in ${timeout_ms} ms`)));
    call.on('error', reject);
    if (body !== undefined) call.setHeader('content-length', Buffer.byteLength(body));
    call.end(body);
  });
}

type Authorization = (signal: AbortSignal) => Promise<string | undefined>;

function bearer(fields: Fields): Authorization {
  const scheme = fields.text('scheme') ?? 'Bearer';
  const [token, path] = [fields.text('token'), fields.text('token_path')];
  if ((token === undefined) === (path === undefined))
    throw new ConfigurationError('services: credentials.bearer takes either "token" or "token_path"');
  // A file is read each time: whoever renews the token writes it there.
  return async () => `${scheme} ${token ?? readFileSync(path!, 'utf8').trim()}`;
}

/** The client credentials grant (RFC 6749, section 4.4); the token is kept until it ends. */
function oauth2(fields: Fields, tls: RequestOptions): Authorization {
  const grant = fields.text('grant_type') ?? 'client_credentials';
  const [url, id, secret] = ['token_url', 'client_id', 'client_secret'].map(name => fields.text(name));
  if (grant !== 'client_credentials')
    throw new ConfigurationError(`services: oauth2.grant_type "${grant}" is not there: use client_credentials`);
  if (url === undefined || id === undefined || secret === undefined)
    throw new ConfigurationError('services: credentials.oauth2 needs token_url, client_id and client_secret');
  const form = new URLSearchParams({ grant_type: grant, ...fields.texts('additional_parameters') });
  const scopes = fields.list('scopes');
  if (scopes.length > 0) form.set('scope', scopes.join(' '));
  let kept: { readonly text: string; readonly until_ms: number } | undefined;
  return async signal => {
    if (kept && performance.now() < kept.until_ms) return kept.text;
    const basic = Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64');
    const headers = {
      authorization: `Basic ${basic}`,
      'content-type': 'application/x-www-form-urlencoded',
      ...fields.texts('additional_headers'),
    };
    const answer = await send(
      { url, method: 'POST', headers, body: String(form), timeout_ms: RESPONSE_MS, tls },
      signal,
    );
    if (answer.status !== 200) throw new Error(`${url}: no token, the status is ${answer.status}`);
    const given = JSON.parse(answer.body.toString('utf8')) as {
      access_token?: string;
      token_type?: string;
      expires_in?: number;
    };
    if (typeof given.access_token !== 'string' || given.token_type?.toLowerCase() !== 'bearer')
      throw new Error(`${url}: the answer holds no bearer token`);
    const text = `Bearer ${given.access_token}`;
    kept = { text, until_ms: performance.now() + (given.expires_in ?? 0) * 1000 - TOKEN_MARGIN_MS };
    return text;
  };
}

function tlsOf(fields: Fields): RequestOptions {
  const client = fields.fields('credentials').fields('client_tls');
  const [cert, key, passphrase] = ['cert', 'private_key', 'private_key_passphrase'].map(name => client.text(name));
  if ((cert === undefined) !== (key === undefined))
    throw new ConfigurationError('services: credentials.client_tls needs "cert" and "private_key"');
  const ca = fields.fields('tls').text('ca_cert') ?? client.text('ca_cert');
  return {
    ...(cert === undefined ? {} : { cert: readFileSync(cert), key: readFileSync(key!) }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
    ...(fields.flag('allow_insecure_tls') ? { rejectUnauthorized: false } : {}),
  };
}

/** Throws ConfigurationError for a service that cannot be used. */
export function serviceOf(name: string, fields: Fields): Service {
  const url = fields.text('url');
  if (url === undefined || !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new ConfigurationError(`services.${name}.url: write http://HOST or https://HOST`);
  fields.refuse('type', 'bundles come over HTTP, not from an image registry');
  const credentials = fields.fields('credentials');
  for (const kind of ['s3_signing', 'gcp_metadata', 'azure_managed_identity', 'plugin'])
    credentials.refuse(kind, 'use bearer, client_tls or oauth2');
  const tls = tlsOf(fields);
  const authorize: Authorization = credentials.has('bearer')
    ? bearer(credentials.fields('bearer'))
    : credentials.has('oauth2')
      ? oauth2(credentials.fields('oauth2'), tls)
      : async () => undefined;
  const own = fields.texts('headers');
  const timeout_ms = (fields.number('response_header_timeout_seconds') ?? RESPONSE_MS / 1000) * 1000;
  return {
    name,
    async ask(request, signal) {
      const authorization = await authorize(signal);
      const headers = {
        'user-agent': `Open-Policy-Agent/${OPA_VERSION} (${process.platform}, ${process.arch === 'x64' ? 'amd64' : process.arch})`,
        ...request.headers,
        ...own,
        ...(authorization === undefined ? {} : { authorization }),
      };
      const target = `${url.replace(/\/+$/, '')}/${request.path.replace(/^\/+/, '')}`;
      return send({ ...request, url: target, headers, timeout_ms: timeout_ms + (request.wait_ms ?? 0), tls }, signal);
    },
  };
}
