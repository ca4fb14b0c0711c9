import type { Json, JsonObject } from '../../../../kernel/index.ts';
import type { KyvernoWorld } from '../model.ts';

const bytesOf = (text: string): string => atob(text.replaceAll('-', '+').replaceAll('_', '/'));

/** A JSON Web Token with an HMAC signature (RFC 7519): whether it holds, and what it says. */
export function decodeToken(token: string, key: string, world: KyvernoWorld): JsonObject {
  const [head = '', body = '', signature = ''] = token.split('.');
  let header: JsonObject;
  let claims: JsonObject;
  try {
    header = JSON.parse(bytesOf(head)) as JsonObject;
    claims = JSON.parse(bytesOf(body)) as JsonObject;
  } catch {
    return { Valid: false, Claims: {}, Header: {} };
  }
  const hash = ({ HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' } as const)[String(header.alg)];
  const now_s = world.now() / 1000;
  const timely = within(claims.exp, exp => now_s < exp) && within(claims.nbf, nbf => now_s >= nbf);
  const signed = hash !== undefined && world.hmac(hash, key, `${head}.${body}`) === signature;
  return { Valid: signed && timely, Claims: claims, Header: header };
}

const within = (value: Json | undefined, holds: (seconds: number) => boolean): boolean =>
  typeof value !== 'number' || holds(value);
