import { badRequest, invalid, type StatusCause, type UserInfo } from '../../kernel/index.ts';
import type { ResourceRequest } from '../serve/request.ts';
import { sendBody } from '../serve/respond.ts';
import type { Attributes, Decision, Services } from '../serve/services.ts';
import { readUnstored } from '../serve/write.ts';

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

/** What is wrong with whose and what access a review asks for (authorization validation). */
function checkAccess(spec: AccessSpec, users: boolean, more: readonly StatusCause[] = []): void {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  const causes: StatusCause[] = [];
  const wrong = (field: string, value: unknown, why: string): void => {
    causes.push({
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(value ?? null)}: ${why}`,
      field: `spec.${field}`,
    });
  };
  if (resource && path)
    wrong('nonResourceAttributes', path, 'cannot be specified in combination with resourceAttributes');
  if (!resource && !path)
    wrong('resourceAttributes', null, 'exactly one of nonResourceAttributes or resourceAttributes must be specified');
  if (users && !spec.user && !spec.groups?.length)
    wrong('user', spec.user ?? '', 'at least one of user or group must be specified');
  causes.push(...more);
  // The API server leaves out the kind.
  if (causes.length > 0) throw invalid('', 'authorization.k8s.io', '', causes);
}

function attributesOf(spec: AccessSpec, user: UserInfo): Attributes {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
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

const namedUser = (spec: AccessSpec): UserInfo => ({
  name: spec.user ?? '',
  groups: spec.groups ?? [],
  ...(spec.uid ? { uid: spec.uid } : {}),
  ...(spec.extra ? { extra: spec.extra } : {}),
});

/** SelfSubjectAccessReview: may I? */
export async function serveSelfAccess(services: Services, request: ResourceRequest): Promise<void> {
  const review = await readUnstored(services, request);
  const spec = (review.spec ?? {}) as AccessSpec;
  checkAccess(spec, false);
  review.status = statusOf(services.authorizer.authorize(attributesOf(spec, request.user)));
  sendBody(services, request, 201, review);
}

/** SubjectAccessReview: may they? */
export async function serveAccess(services: Services, request: ResourceRequest): Promise<void> {
  const review = await readUnstored(services, request);
  const spec = (review.spec ?? {}) as AccessSpec;
  checkAccess(spec, true);
  review.status = statusOf(services.authorizer.authorize(attributesOf(spec, namedUser(spec))));
  sendBody(services, request, 201, review);
}

const otherNamespace = (asked: string): StatusCause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(asked)}: must match metadata.namespace`,
  field: 'spec.resourceAttributes.namespace',
});

/** LocalSubjectAccessReview: may they, in this namespace? */
export async function serveLocalAccess(services: Services, request: ResourceRequest): Promise<void> {
  const review = await readUnstored(services, request);
  const spec = (review.spec ?? {}) as AccessSpec;
  const { namespace } = request.target;
  if (review.metadata.namespace && review.metadata.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  review.metadata.namespace = namespace;
  const asked = spec.resourceAttributes?.namespace ?? '';
  const elsewhere = spec.resourceAttributes !== undefined && asked !== namespace;
  checkAccess(spec, true, elsewhere ? [otherNamespace(asked)] : []);
  review.status = statusOf(services.authorizer.authorize(attributesOf(spec, namedUser(spec))));
  sendBody(services, request, 201, review);
}

/** SelfSubjectRulesReview: what may I do here? */
export async function serveRules(services: Services, request: ResourceRequest): Promise<void> {
  const review = await readUnstored(services, request);
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
