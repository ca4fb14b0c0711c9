import { badRequest, type KubeObject, type UserInfo } from '../../kernel/index.ts';
import { readBody, parseObject } from '../serve/bodies.ts';
import type { ResourceRequest } from '../serve/request.ts';
import { sendBody } from '../serve/respond.ts';
import type { Attributes, Decision, Services } from '../serve/services.ts';
import { checkKind } from '../serve/write.ts';

interface ResourceAttributes {
  namespace?: string;
  verb?: string;
  group?: string;
  version?: string;
  resource?: string;
  subresource?: string;
  name?: string;
}

interface AccessSpec {
  resourceAttributes?: ResourceAttributes;
  nonResourceAttributes?: { path?: string; verb?: string };
  user?: string;
  uid?: string;
  groups?: string[];
  extra?: Record<string, string[]>;
}

/** Reads a review and checks that it is one. */
export async function readReview(services: Services, request: ResourceRequest): Promise<KubeObject> {
  const object = parseObject(services, request, await readBody(request));
  checkKind(request, object);
  object.metadata ??= {};
  return object;
}

function attributesOf(spec: AccessSpec, user: UserInfo): Attributes {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  if ((resource === undefined) === (path === undefined))
    throw badRequest('exactly one of nonResourceAttributes or resourceAttributes must be specified');
  return {
    user,
    verb: resource?.verb ?? path?.verb ?? '',
    isResource: resource !== undefined,
    group: resource?.group ?? '',
    version: resource?.version ?? '*',
    resource: resource?.resource ?? '',
    subresource: resource?.subresource ?? '',
    namespace: resource?.namespace ?? '',
    name: resource?.name ?? '',
    path: path?.path ?? '',
  };
}

const statusOf = (decision: Decision): object => ({
  allowed: decision.allowed,
  ...(decision.denied ? { denied: true } : {}),
  ...(decision.reason ? { reason: decision.reason } : {}),
});

const namedUser = (spec: AccessSpec): UserInfo => {
  if (!spec.user && !spec.groups?.length) throw badRequest('at least one of user or group must be specified');
  return {
    name: spec.user ?? '',
    groups: spec.groups ?? [],
    ...(spec.uid ? { uid: spec.uid } : {}),
    ...(spec.extra ? { extra: spec.extra } : {}),
  };
};

/** SelfSubjectAccessReview: may I? */
export async function serveSelfAccess(services: Services, request: ResourceRequest): Promise<void> {
  const review = await readReview(services, request);
  const spec = (review.spec ?? {}) as AccessSpec;
  review.status = statusOf(services.authorizer.authorize(attributesOf(spec, request.user)));
  sendBody(services, request, 201, review);
}

/** SubjectAccessReview: may they? */
export async function serveAccess(services: Services, request: ResourceRequest): Promise<void> {
  const review = await readReview(services, request);
  const spec = (review.spec ?? {}) as AccessSpec;
  review.status = statusOf(services.authorizer.authorize(attributesOf(spec, namedUser(spec))));
  sendBody(services, request, 201, review);
}

/** LocalSubjectAccessReview: may they, in this namespace? */
export async function serveLocalAccess(services: Services, request: ResourceRequest): Promise<void> {
  const review = await readReview(services, request);
  const spec = (review.spec ?? {}) as AccessSpec;
  if (!spec.resourceAttributes || spec.resourceAttributes.namespace !== request.target.namespace)
    throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${request.target.namespace}`);
  review.status = statusOf(services.authorizer.authorize(attributesOf(spec, namedUser(spec))));
  sendBody(services, request, 201, review);
}

/** SelfSubjectRulesReview: what may I do here? */
export async function serveRules(services: Services, request: ResourceRequest): Promise<void> {
  const review = await readReview(services, request);
  const namespace = (review.spec as { namespace?: string } | undefined)?.namespace ?? '';
  if (namespace === '') throw badRequest('no namespace on request');
  const master = request.user.groups.includes('system:masters');
  const rules = master
    ? [
        { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
        { verbs: ['*'], nonResourceURLs: ['*'] },
        ...services.rulesOf(request.user, namespace),
      ]
    : services.rulesOf(request.user, namespace);
  const list = (values: readonly string[] | undefined): string[] => [...(values ?? [])];
  review.status = {
    resourceRules: rules
      .filter(rule => rule.resources?.length)
      .map(rule => ({
        verbs: list(rule.verbs),
        apiGroups: list(rule.apiGroups),
        resources: list(rule.resources),
        ...(rule.resourceNames?.length ? { resourceNames: list(rule.resourceNames) } : {}),
      })),
    nonResourceRules: rules
      .filter(rule => rule.nonResourceURLs?.length)
      .map(rule => ({ verbs: list(rule.verbs), nonResourceURLs: list(rule.nonResourceURLs) })),
    incomplete: false,
  };
  sendBody(services, request, 201, review);
}
