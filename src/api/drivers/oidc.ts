import type { JWTPayload } from 'jose';
import type { TokenReader } from '../authn/authenticator.ts';

/** `--oidc-*` of kube-apiserver. */
export interface OidcOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly usernameClaim?: string;
  readonly usernamePrefix?: string;
  readonly groupsClaim?: string;
  readonly groupsPrefix?: string;
  readonly requiredClaims?: Readonly<Record<string, string>>;
  readonly algorithms?: readonly string[];
  /** Where the keys are; read from the issuer's discovery document when absent. */
  readonly jwksUri?: string;
  /** Instead of the global fetch, for issuers behind a private CA. */
  readonly fetch?: typeof fetch;
}

// Loaded only where an issuer is configured: a start without one does not pay for it.
const library = (): Promise<typeof import('jose')> => import('jose');

type KeySet = ReturnType<typeof import('jose')['createRemoteJWKSet']>;

async function openKeySet(options: OidcOptions): Promise<KeySet> {
  const get = options.fetch ?? fetch;
  let uri = options.jwksUri;
  if (!uri) {
    const response = await get(`${options.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
      signal: AbortSignal.timeout(10_000),
    });
    const document = (await response.json()) as { issuer?: string; jwks_uri?: string };
    if (document.issuer !== options.issuer || !document.jwks_uri)
      throw new Error('the issuer describes another issuer');
    uri = document.jwks_uri;
  }
  const { createRemoteJWKSet, customFetch } = await library();
  return createRemoteJWKSet(new URL(uri), { [customFetch]: (url: string, init: RequestInit) => get(url, init) });
}

function userOf(options: OidcOptions, payload: JWTPayload): { name: string; groups: string[] } | undefined {
  const claim = options.usernameClaim ?? 'sub';
  const name = payload[claim];
  if (typeof name !== 'string' || name === '') return undefined;
  if (claim === 'email' && payload.email_verified === false) return undefined;
  // Without a prefix of its own a name that is no e-mail is told apart by its issuer, so that it cannot pose as a system user.
  const prefix =
    options.usernamePrefix === '-' ? '' : (options.usernamePrefix ?? (claim === 'email' ? '' : `${options.issuer}#`));
  const claimed = options.groupsClaim ? payload[options.groupsClaim] : undefined;
  const groups = (Array.isArray(claimed) ? claimed : claimed === undefined ? [] : [claimed]).filter(
    one => typeof one === 'string',
  );
  return { name: prefix + name, groups: groups.map(group => (options.groupsPrefix ?? '') + group) };
}

/** Reads ID tokens of one OpenID Connect issuer; its keys are fetched when first needed and kept by `jose`. */
export function oidcReader(options: OidcOptions, now: () => number): TokenReader {
  let keys: Promise<KeySet> | undefined;
  return {
    read: async token => {
      if (token.split('.').length !== 3) return undefined;
      const { decodeJwt, jwtVerify } = await library();
      try {
        if (decodeJwt(token).iss !== options.issuer) return undefined;
      } catch {
        return undefined;
      }
      keys ??= openKeySet(options);
      let set: KeySet;
      try {
        set = await keys;
      } catch {
        keys = undefined;
        return undefined;
      }
      try {
        const { payload } = await jwtVerify(token, set, {
          issuer: options.issuer,
          audience: options.clientId,
          algorithms: [...(options.algorithms ?? ['RS256', 'ES256'])],
          currentDate: new Date(now()),
        });
        for (const [claim, value] of Object.entries(options.requiredClaims ?? {}))
          if (payload[claim] !== value) return undefined;
        const user = userOf(options, payload);
        if (!user) return undefined;
        return {
          user: { name: user.name, groups: [...user.groups, 'system:authenticated'] },
          audiences: [options.clientId],
          until_ms: Math.min(now() + 60_000, (payload.exp ?? 0) * 1000),
        };
      } catch {
        return undefined;
      }
    },
  };
}
