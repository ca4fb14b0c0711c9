import type { UserInfo } from '../../kernel/index.ts';
import { unauthorized } from '../serve/denied.ts';
import type { Exchange } from '../serve/exchange.ts';
import type { Authenticator } from '../serve/services.ts';

/** What a token proved. */
export interface TokenUser {
  readonly user: UserInfo;
  readonly audiences: readonly string[];
  /** When the answer must be asked for again. */
  readonly until_ms: number;
}

/** One way to read bearer tokens: undefined when the token is not of its kind, a rejection when it is and is no good. */
export interface TokenReader {
  read(token: string, audiences: readonly string[]): TokenUser | undefined | Promise<TokenUser | undefined>;
}

export interface AuthenticatorOptions {
  readonly readers: readonly TokenReader[];
  /** What the API itself is called in `aud`. */
  readonly audiences: readonly string[];
  readonly now: () => number;
  /** Whether a request without credentials may ask for a path; always when absent. */
  readonly anonymous?: (path: string) => boolean;
}

const CACHED_TOKENS_MAX = 4096;
const TOKEN_LENGTH_MAX = 16 * 1024;

/** Authenticates requests: a verified client certificate first, then a bearer token. */
export class RequestAuthenticator implements Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #known = new Map<string, TokenUser>();

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  authenticate(
    exchange: Pick<Exchange, 'header' | 'connection' | 'url'>,
  ): UserInfo | undefined | Promise<UserInfo | undefined> {
    const certificate = exchange.connection.certificateUser;
    if (certificate) return certificate;
    const token = bearerToken(exchange);
    if (token === undefined) {
      if (exchange.connection.certificateRejected) throw unauthorized();
      if (this.#options.anonymous?.(exchange.url.split('?')[0]!) === false) throw unauthorized();
      return undefined;
    }
    const known = this.#known.get(token);
    if (known && known.until_ms > this.#options.now()) return known.user;
    return this.#read(token);
  }

  async #read(token: string): Promise<UserInfo> {
    const found = await this.#find(token, this.#options.audiences);
    if (!found) throw unauthorized();
    if (this.#known.size >= CACHED_TOKENS_MAX) this.#known.clear();
    this.#known.set(token, found);
    return found.user;
  }

  async #find(token: string, audiences: readonly string[]): Promise<TokenUser | undefined> {
    if (token.length > TOKEN_LENGTH_MAX) return undefined;
    for (const reader of this.#options.readers) {
      const found = await reader.read(token, audiences);
      if (found) return found;
    }
    return undefined;
  }

  async token(
    token: string,
    audiences: readonly string[],
  ): Promise<{ user: UserInfo; audiences: readonly string[] } | undefined> {
    return this.#find(token, audiences.length > 0 ? audiences : this.#options.audiences);
  }

  /** Forgets what tokens proved; after a service account or its secret went away. */
  forget(): void {
    this.#known.clear();
  }
}

/** RFC 6750 §2.1; a WebSocket may carry it as a subprotocol (`base64url.bearer.authorization.k8s.io.<token>`). */
export function bearerToken(exchange: Pick<Exchange, 'header'>): string | undefined {
  const header = exchange.header('authorization');
  if (header !== undefined) {
    const match = /^bearer +(\S+) *$/i.exec(header);
    return match ? match[1] : undefined;
  }
  const protocols = exchange.header('sec-websocket-protocol');
  if (!protocols) return undefined;
  const prefix = 'base64url.bearer.authorization.k8s.io.';
  for (const protocol of protocols.split(',')) {
    const name = protocol.trim();
    if (name.startsWith(prefix)) return Buffer.from(name.slice(prefix.length), 'base64url').toString('utf8');
  }
  return undefined;
}
