import { Agent, get as httpsGet } from 'node:https';
import type { TokenReader } from '../authn/authenticator.ts';
import type { JwtIssuer } from '../authn/configuration.ts';

// Loaded only where an issuer is configured: a start without one does not pay for it.
const library = (): Promise<typeof import('jose')> => import('jose');

type KeySet = ReturnType<typeof import('jose')['createRemoteJWKSet']>;

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'];
const TIMEOUT_MS = 10_000;
const DOCUMENT_BYTES_MAX = 1 << 20;
/** How long a proof is believed without looking at the token again. */
const BELIEVED_MS = 60_000;

/** A GET of one small document over HTTPS, by the given authorities or the system's. */
function fetchDocument(url: string, agent: Agent): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = httpsGet(url, { agent, signal: AbortSignal.timeout(TIMEOUT_MS) }, response => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if ((size += chunk.length) > DOCUMENT_BYTES_MAX) request.destroy(new Error('the document is too large'));
      });
      response.on('error', reject);
      response.on('end', () => resolve(new Response(Buffer.concat(chunks), { status: response.statusCode ?? 500 })));
    });
    request.on('error', reject);
  });
}

async function openKeySet({ issuer, discoveryUrl, certificateAuthority }: JwtIssuer): Promise<KeySet> {
  const agent = new Agent(certificateAuthority === undefined ? {} : { ca: certificateAuthority });
  const response = await fetchDocument(
    discoveryUrl ?? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
    agent,
  );
  const document = (await response.json()) as { issuer?: string; jwks_uri?: string };
  if (document.issuer !== issuer || !document.jwks_uri) throw new Error('the issuer describes another issuer');
  const { createRemoteJWKSet, customFetch } = await library();
  return createRemoteJWKSet(new URL(document.jwks_uri), { [customFetch]: (url: string) => fetchDocument(url, agent) });
}

/** Reads ID tokens of one issuer; its keys are fetched when first needed and kept by `jose`. */
export function oidcReader(options: JwtIssuer, now: () => number): TokenReader {
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
          audience: [...options.audiences],
          algorithms: ALGORITHMS,
          requiredClaims: ['exp'],
          currentDate: new Date(now()),
        });
        const user = options.userOf(payload);
        if (!user) return undefined;
        const until_ms = Math.min(now() + BELIEVED_MS, payload.exp! * 1000);
        return {
          user: { ...user, groups: [...user.groups, 'system:authenticated'] },
          audiences: options.audiences,
          until_ms,
        };
      } catch {
        // A signature, a claim or a rule that does not hold.
        return undefined;
      }
    },
  };
}
