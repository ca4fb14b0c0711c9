import * as http from 'node:http';
import * as https from 'node:https';
import { Readable } from 'node:stream';
import { credentialsFor, type Credential, parseChallenges } from '../images/auth.ts';

/** Where registries are reached and how they are trusted. */
export interface RegistryOptions {
  /** Base URLs to try before the registry itself: `docker.io` -> `['http://mirror:5000']`. */
  readonly mirrors?: ReadonlyMap<string, readonly string[]>;
  /** Hosts spoken to without TLS, beside loopback. */
  readonly plainHttp?: readonly string[];
  /** Extra certificate authority, PEM. */
  readonly ca?: string;
  /** No byte for this long ends a request. */
  readonly idle_timeout_ms?: number;
}

export interface RegistryResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: http.IncomingMessage;
  readonly url: URL;
}

/** An answer that is no success, with the registry's own words. */
export class RegistryError extends Error {
  readonly status: number;
  readonly codes: readonly string[];
  constructor(status: number, message: string, codes: readonly string[] = []) {
    super(message);
    this.name = 'RegistryError';
    this.status = status;
    this.codes = codes;
  }
}

const REDIRECTS_MAX = 5;
const ERROR_BYTES_MAX = 64 * 1024;
const TOKEN_BYTES_MAX = 256 * 1024;

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/.test(host);

/** Reads a whole body of bounded size. */
export async function readBody(body: http.IncomingMessage, bytes_max: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bytes_max) {
      body.destroy();
      throw new RegistryError(0, `the answer exceeds ${bytes_max} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Turns a refusal into an error, using the distribution-spec's `errors` list where there is one. */
export async function refusal(response: RegistryResponse): Promise<RegistryError> {
  const text = (await readBody(response.body, ERROR_BYTES_MAX).catch(() => Buffer.alloc(0))).toString('utf8');
  try {
    const errors = (JSON.parse(text) as { errors?: { code?: string; message?: string }[] }).errors ?? [];
    const words = errors.map(error => [error.code, error.message].filter(Boolean).join(': ')).join('; ');
    if (words)
      return new RegistryError(
        response.status,
        words.slice(0, 500),
        errors.map(error => String(error.code)),
      );
  } catch {
    // Not JSON: the status alone is the message.
  }
  return new RegistryError(response.status, `HTTP ${response.status}`);
}

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: () => Readable;
  readonly signal?: AbortSignal;
}

/** Speaks to one repository of one registry; keeps its token and connections. */
export class RegistrySession implements Disposable {
  readonly registry: string;
  readonly repository: string;
  readonly #options: RegistryOptions;
  readonly #credentials: readonly Credential[];
  readonly #actions: string;
  readonly #agents = { http: new http.Agent({ keepAlive: true }), https: new https.Agent({ keepAlive: true }) };
  readonly #authorization = new Map<string, string>();

  constructor(
    registry: string,
    repository: string,
    options: RegistryOptions,
    auth: readonly Credential[],
    actions = 'pull',
  ) {
    this.registry = registry;
    this.repository = repository;
    this.#options = options;
    this.#credentials = credentialsFor(auth, registry, repository);
    this.#actions = actions;
  }

  [Symbol.dispose](): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  /** Base URLs in the order they are asked; the registry itself is last and the only one written to. */
  bases(): string[] {
    const host = this.registry === 'docker.io' ? 'registry-1.docker.io' : this.registry;
    const plain = isLoopback(host) || this.#options.plainHttp?.includes(host);
    return [...(this.#options.mirrors?.get(this.registry) ?? []), `${plain ? 'http' : 'https'}://${host}`];
  }

  /** One request with authentication; a 401 is answered once with what the challenge asks for. */
  async request(base: string, path: string, options: RequestOptions = {}): Promise<RegistryResponse> {
    const url = new URL(path, `${base.replace(/\/+$/, '')}/`);
    const first = await this.#follow(url, options);
    if (first.status !== 401) return first;
    const header = first.headers['www-authenticate'] ?? '';
    first.body.resume();
    for (const authorization of await this.#answers(header, options.signal)) {
      this.#authorization.set(url.host, authorization);
      const next = await this.#follow(url, options);
      if (next.status !== 401) return next;
      next.body.resume();
    }
    this.#authorization.delete(url.host);
    throw new RegistryError(
      401,
      this.#credentials.length === 0 ? 'it wants a login and none was given' : 'the login was not accepted',
      ['UNAUTHORIZED'],
    );
  }

  /** Authorization values to try, lazily in order of specificity. */
  async #answers(header: string, signal?: AbortSignal): Promise<string[]> {
    const answers: string[] = [];
    for (const challenge of parseChallenges(header)) {
      if (challenge.scheme === 'basic')
        for (const credential of this.#credentials) {
          const basic = basicOf(credential);
          if (basic) answers.push(basic);
        }
      if (challenge.scheme === 'bearer')
        for (const credential of [...this.#credentials, undefined]) {
          const token = await this.#token(challenge.params, credential, signal).catch((error: unknown) => {
            if (error instanceof RegistryError && error.status >= 400 && error.status < 500) return undefined;
            throw error;
          });
          if (token) {
            answers.push(`Bearer ${token}`);
            break;
          }
        }
    }
    return answers;
  }

  /** Docker token authentication ("Token Authentication Specification", and its OAuth2 form for identity tokens). */
  async #token(
    params: ReadonlyMap<string, string>,
    credential: Credential | undefined,
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    const realm = params.get('realm');
    if (!realm || !/^https?:\/\//.test(realm)) return undefined;
    const url = new URL(realm);
    // A password never goes to a token server without TLS unless the registry itself is a loopback one.
    if (url.protocol === 'http:' && credential && !isLoopback(url.host) && !this.#options.plainHttp?.includes(url.host))
      return undefined;
    const scope = params.get('scope') ?? `repository:${this.repository}:${this.#actions}`;
    const service = params.get('service');
    const headers: Record<string, string> = {};
    let body: (() => Readable) | undefined;
    if (credential?.identityToken) {
      const form = new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: credential.identityToken,
        scope,
        client_id: 'tenon',
        ...(service ? { service } : {}),
      }).toString();
      headers['content-type'] = 'application/x-www-form-urlencoded';
      headers['content-length'] = String(Buffer.byteLength(form));
      body = () => Readable.from([Buffer.from(form)]);
    } else {
      if (service) url.searchParams.set('service', service);
      url.searchParams.set('scope', scope);
      const basic = credential && basicOf(credential);
      if (basic) headers.authorization = basic;
    }
    const response = await this.#once(url, {
      method: body ? 'POST' : 'GET',
      headers,
      ...(body ? { body } : {}),
      ...(signal ? { signal } : {}),
    });
    if (response.status !== 200) throw await refusal(response);
    const answer = JSON.parse((await readBody(response.body, TOKEN_BYTES_MAX)).toString('utf8')) as {
      token?: unknown;
      access_token?: unknown;
    };
    const token = answer.token ?? answer.access_token;
    return typeof token === 'string' ? token : undefined;
  }

  async #follow(start: URL, options: RequestOptions): Promise<RegistryResponse> {
    let url = start;
    for (let hops = 0; ; hops++) {
      // A redirect to another host (blob storage) must not see the registry's token.
      const authorization = url.host === start.host ? this.#authorization.get(start.host) : undefined;
      const headers = { ...options.headers, ...(authorization ? { authorization } : {}) };
      const response = await this.#once(url, { ...options, headers });
      const location = response.headers.location;
      if (![301, 302, 303, 307, 308].includes(response.status) || !location) return response;
      response.body.resume();
      const next = new URL(location, url);
      if (hops >= REDIRECTS_MAX) throw new RegistryError(0, 'it redirects too often');
      if (!/^https?:$/.test(next.protocol) || (url.protocol === 'https:' && next.protocol === 'http:'))
        throw new RegistryError(0, `it redirects to "${next.protocol}//${next.host}"`);
      url = next;
    }
  }

  #once(url: URL, options: RequestOptions): Promise<RegistryResponse> {
    const secure = url.protocol === 'https:';
    return new Promise((resolve, reject) => {
      const request = (secure ? https : http).request(
        url,
        {
          method: options.method ?? 'GET',
          headers: { 'user-agent': 'tenon', ...options.headers },
          agent: secure ? this.#agents.https : this.#agents.http,
          ...(options.signal ? { signal: options.signal } : {}),
          ...(secure && this.#options.ca ? { ca: this.#options.ca } : {}),
        },
        message => resolve({ status: message.statusCode ?? 0, headers: message.headers, body: message, url }),
      );
      request.setTimeout(this.#options.idle_timeout_ms ?? 60_000, () =>
        request.destroy(new Error('it stopped answering')),
      );
      request.on('error', reject);
      if (options.body) {
        const body = options.body();
        body.on('error', error => request.destroy(error));
        body.pipe(request);
      } else request.end();
    });
  }
}

function basicOf(credential: Credential): string | undefined {
  if (credential.username === undefined) return undefined;
  return `Basic ${Buffer.from(`${credential.username}:${credential.password ?? ''}`).toString('base64')}`;
}
