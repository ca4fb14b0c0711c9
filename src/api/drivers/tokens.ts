import { createHash, type KeyObject, sign, verify } from 'node:crypto';
import type { TokenClaims, TokenSigner } from '../authn/serviceAccount.ts';

const base64url = (text: string): string => Buffer.from(text).toString('base64url');

/** RFC 7638 thumbprint of a P-256 key: its id in the JWKS. */
function keyId(publicKey: KeyObject): string {
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

/** RFC 7517 key set with the one public key that checks our tokens. */
export function keySet(publicKey: KeyObject): string {
  return JSON.stringify({
    keys: [{ use: 'sig', kid: keyId(publicKey), alg: 'ES256', ...publicKey.export({ format: 'jwk' }) }],
  });
}

/** Signs tokens as ES256 (RFC 7518 §3.4). */
export function tokenSigner(issuer: string, privateKey: KeyObject, publicKey: KeyObject): TokenSigner {
  const header = base64url(JSON.stringify({ alg: 'ES256', kid: keyId(publicKey) }));
  return {
    issuer,
    sign: claims => {
      const body = `${header}.${base64url(JSON.stringify(claims))}`;
      return `${body}.${sign('sha256', Buffer.from(body), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    },
    verify: token => {
      const [head, body, signature, more] = token.split('.');
      // Only our own header is taken: the token cannot choose algorithm or key.
      if (head !== header || body === undefined || signature === undefined || more !== undefined) return undefined;
      const good = verify(
        'sha256',
        Buffer.from(`${head}.${body}`),
        { key: publicKey, dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64url'),
      );
      if (!good) return undefined;
      const claims = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as TokenClaims;
      return claims.iss === issuer ? claims : undefined;
    },
  };
}
