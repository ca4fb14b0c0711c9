import {
  badRequest,
  conflict,
  forbidden,
  invalid,
  isNotFound,
  type KubeObject,
  type ObjectKey,
  type ResourceRef,
  type StatusCause,
} from '../../kernel/index.ts';
import { uuid } from '../../base/index.ts';
import type { BoundClaims, TokenClaims } from '../authn/serviceAccount.ts';
import { LOOPBACK } from '../authz/feed.ts';
import type { ResourceRequest } from '../serve/request.ts';
import { sendBody } from '../serve/respond.ts';
import type { Services } from '../serve/services.ts';
import { readUnstored } from '../serve/write.ts';

const SECONDS_DEFAULT = 3600;
const SECONDS_MIN = 600;
const SECONDS_MAX = 2 ** 32;
/** kubelets ask for 3607 s and get a year, with a warning after 3607 (KEP-1205, extended expiration). */
const EXTENDED_ASK_s = 3607;

interface TokenRequestSpec {
  audiences?: string[];
  expirationSeconds?: number;
  boundObjectRef?: { kind?: string; apiVersion?: string; name?: string; uid?: string };
}

const core = (resource: string): ResourceRef => ({ group: '', version: 'v1', resource });

function checkSpec(spec: TokenRequestSpec): void {
  const causes: StatusCause[] = [];
  const seconds = spec.expirationSeconds ?? SECONDS_DEFAULT;
  const field = 'spec.expirationSeconds';
  const wrong = `Invalid value: ${seconds}: may not specify a duration`;
  if (seconds < SECONDS_MIN)
    causes.push({ reason: 'FieldValueInvalid', message: `${wrong} less than 10 minutes`, field });
  if (seconds > SECONDS_MAX)
    causes.push({ reason: 'FieldValueInvalid', message: `${wrong} larger than 2^32 seconds`, field });
  if (causes.length > 0) throw invalid('TokenRequest', 'authentication.k8s.io', '', causes);
}

async function bound(
  services: Services,
  request: ResourceRequest,
  spec: TokenRequestSpec,
): Promise<Partial<BoundClaims>> {
  const { namespace } = request.target;
  const reference = spec.boundObjectRef;
  if (!reference) return {};
  const name = reference.name ?? '';
  const kinds = new Map([
    ['v1/Pod', core('pods')],
    ['v1/Secret', core('secrets')],
    ['v1/Node', core('nodes')],
  ]);
  const ref = kinds.get(`${reference.apiVersion || 'v1'}/${reference.kind}`);
  if (!ref) throw badRequest(`cannot bind token to object of type ${reference.apiVersion}, Kind=${reference.kind}`);
  const key: ObjectKey = ref.resource === 'nodes' ? { name } : { namespace, name };
  const object = (await services.registry.get(LOOPBACK, ref, key)).object;
  const uid = object.metadata.uid!;
  if (reference.uid && reference.uid !== uid)
    throw conflict(
      ref,
      key,
      `the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  if (ref.resource === 'secrets') return { secret: { name, uid } };
  if (ref.resource === 'nodes') return { node: { name, uid } };
  return podBinding(services, request, object);
}

async function podBinding(
  services: Services,
  request: ResourceRequest,
  pod: KubeObject,
): Promise<Partial<BoundClaims>> {
  const spec = pod.spec as { serviceAccountName?: string; nodeName?: string };
  const { user, target } = request;
  if ((spec.serviceAccountName || 'default') !== target.name)
    throw badRequest(
      `cannot bind token for serviceaccount "${target.name}" to pod running with different serviceaccount name.`,
    );
  // A node gets tokens only for pods of its own (NodeRestriction admission).
  if (user.groups.includes('system:nodes') && user.name !== `system:node:${spec.nodeName}`)
    throw forbidden(
      { group: '', resource: 'serviceaccounts' },
      target.name,
      `node requested token bound to a pod scheduled on a different node`,
    );
  let node: BoundClaims['node'];
  if (spec.nodeName) {
    try {
      const object = (await services.registry.get(LOOPBACK, core('nodes'), { name: spec.nodeName })).object;
      node = { name: spec.nodeName, uid: object.metadata.uid! };
    } catch (error) {
      if (!isNotFound(error)) throw error;
      node = { name: spec.nodeName };
    }
  }
  return { pod: { name: pod.metadata.name!, uid: pod.metadata.uid! }, ...(node ? { node } : {}) };
}

/** POST serviceaccounts/NAME/token: a token bound in time, audience and, if asked, to an object (TokenRequest). */
export async function serveTokenRequest(services: Services, request: ResourceRequest): Promise<void> {
  const { namespace, name } = request.target;
  const review = await readUnstored(services, request);
  const spec = (review.spec ?? {}) as TokenRequestSpec;
  checkSpec(spec);
  const account = (await services.registry.get(LOOPBACK, core('serviceaccounts'), { namespace, name })).object;
  const signer = services.signer;
  const audiences = spec.audiences?.length ? spec.audiences : [signer.issuer];
  if (request.user.groups.includes('system:nodes') && !spec.boundObjectRef)
    throw forbidden({ group: '', resource: 'serviceaccounts' }, name, 'node requested token not bound to a pod');
  const seconds = spec.expirationSeconds ?? SECONDS_DEFAULT;
  const now_s = Math.floor(services.clock.now() / 1000);
  const claims: TokenClaims = {
    aud: audiences,
    exp: now_s + seconds,
    iat: now_s,
    iss: signer.issuer,
    jti: uuid(services.random),
    'kubernetes.io': {
      namespace,
      ...(await bound(services, request, spec)),
      serviceaccount: { name, uid: account.metadata.uid! },
      ...(seconds === EXTENDED_ASK_s ? { warnafter: now_s + seconds } : {}),
    },
    nbf: now_s,
    sub: `system:serviceaccount:${namespace}:${name}`,
  };
  review.metadata = { ...review.metadata, name, namespace };
  review.spec = { ...spec, audiences, expirationSeconds: seconds };
  review.status = {
    token: signer.sign(claims),
    expirationTimestamp: new Date(claims.exp * 1000).toISOString().replace('.000Z', 'Z'),
  };
  sendBody(services, request, 201, review);
}
