import {
  isNotFound,
  type KubeObject,
  type ObjectKey,
  type Registry,
  type ResourceRef,
  type UserInfo,
} from '../../kernel/index.ts';
import { LOOPBACK } from '../authz/feed.ts';
import type { TokenReader, TokenUser } from './authenticator.ts';

/** What a bound token says under `kubernetes.io` (Kubernetes, "Schema for service account private claims"). */
export interface BoundClaims {
  readonly namespace: string;
  readonly serviceaccount: { readonly name: string; readonly uid: string };
  readonly pod?: { readonly name: string; readonly uid: string };
  readonly secret?: { readonly name: string; readonly uid: string };
  readonly node?: { readonly name: string; readonly uid?: string };
}

/** A JWT's claims as far as the API reads them. Times are seconds. */
export interface TokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly nbf: number;
  readonly jti: string;
  readonly 'kubernetes.io': BoundClaims;
}

/** Signs and checks service-account tokens; the key stays behind it. */
export interface TokenSigner {
  readonly issuer: string;
  sign(claims: TokenClaims): string;
  /** Claims of a token of ours with a good signature; undefined for any other. */
  verify(token: string): TokenClaims | undefined;
}

const RECHECK_ms = 10_000;
/** Clocks may differ this much. */
const LEEWAY_s = 60;

const core = (resource: string): ResourceRef => ({ group: '', version: 'v1', resource });

export const serviceAccountUser = (namespace: string, name: string, uid?: string): UserInfo => ({
  name: `system:serviceaccount:${namespace}:${name}`,
  ...(uid ? { uid } : {}),
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
});

function extraOf(claims: TokenClaims): Record<string, readonly string[]> {
  const { pod, node } = claims['kubernetes.io'];
  const prefix = 'authentication.kubernetes.io/';
  return {
    [`${prefix}credential-id`]: [`JTI=${claims.jti}`],
    ...(pod ? { [`${prefix}pod-name`]: [pod.name], [`${prefix}pod-uid`]: [pod.uid] } : {}),
    ...(node
      ? { [`${prefix}node-name`]: [node.name], ...(node.uid ? { [`${prefix}node-uid`]: [node.uid] } : {}) }
      : {}),
  };
}

async function find(registry: Registry, ref: ResourceRef, key: ObjectKey): Promise<KubeObject | undefined> {
  try {
    return (await registry.get(LOOPBACK, ref, key)).object;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Reads our own tokens, and believes them only while what they are bound to is there. */
export function serviceAccountReader(registry: Registry, signer: TokenSigner, now: () => number): TokenReader {
  const alive = async (ref: ResourceRef, key: ObjectKey, uid: string | undefined): Promise<boolean> => {
    const object = await find(registry, ref, key);
    return object !== undefined && (!uid || object.metadata.uid === uid);
  };
  return {
    read: async (token, audiences): Promise<TokenUser | undefined> => {
      const claims = signer.verify(token);
      if (!claims) return undefined;
      const now_s = now() / 1000;
      if (claims.exp <= now_s - 0 || claims.nbf > now_s + LEEWAY_s) return undefined;
      const accepted = claims.aud.filter(audience => audiences.includes(audience));
      if (accepted.length === 0) return undefined;
      const bound = claims['kubernetes.io'];
      const { namespace, serviceaccount } = bound;
      if (!(await alive(core('serviceaccounts'), { namespace, name: serviceaccount.name }, serviceaccount.uid)))
        return undefined;
      if (bound.pod && !(await alive(core('pods'), { namespace, name: bound.pod.name }, bound.pod.uid)))
        return undefined;
      if (bound.secret && !(await alive(core('secrets'), { namespace, name: bound.secret.name }, bound.secret.uid)))
        return undefined;
      return {
        user: { ...serviceAccountUser(namespace, serviceaccount.name, serviceaccount.uid), extra: extraOf(claims) },
        audiences: accepted,
        until_ms: Math.min(now() + RECHECK_ms, claims.exp * 1000),
      };
    },
  };
}
