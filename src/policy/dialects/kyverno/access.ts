import { isObject, type Json, type JsonObject } from '../../../kernel/index.ts';
import type { PolicyRequest } from '../../model.ts';
import type { AuthorizationRequest } from '../../need.ts';
import { textAt } from './model.ts';

const PATH = '/apis/authorization.k8s.io/v1/subjectaccessreviews';

/** The request of nobody in particular: reviews name their subject themselves. */
export const ANYBODY: PolicyRequest = {
  uid: '',
  operation: 'CREATE',
  group: '',
  version: '',
  resource: '',
  subresource: '',
  kind: { group: '', version: '', kind: '' },
  namespaced: false,
  name: '',
  namespace: '',
  object: undefined,
  oldObject: undefined,
  namespaceObject: undefined,
  user: { name: '', groups: [] },
  dryRun: true,
  options: {},
};

/** Answers a SubjectAccessReview (authorization.k8s.io/v1) that a rule posts; undefined for any other call. */
export function accessReview(
  url: string,
  body: Json | undefined,
  authorize: (question: AuthorizationRequest) => { allowed: boolean; reason?: string },
): JsonObject | undefined {
  if (url.split('?')[0] !== PATH || !isObject(body) || !isObject(body.spec)) return undefined;
  const { spec } = body;
  const attributes = isObject(spec.resourceAttributes) ? spec.resourceAttributes : {};
  const isResource = spec.nonResourceAttributes === undefined;
  const question: AuthorizationRequest = {
    user: textAt(spec, 'user'),
    verb: textAt(isResource ? attributes : spec.nonResourceAttributes, 'verb'),
    ...(isResource ? {} : { path: textAt(spec.nonResourceAttributes, 'path') }),
    group: textAt(attributes, 'group'),
    resource: textAt(attributes, 'resource'),
    subresource: textAt(attributes, 'subresource'),
    namespace: textAt(attributes, 'namespace'),
    name: textAt(attributes, 'name'),
  };
  const { allowed, reason } = authorize(question);
  return { ...body, status: { allowed, ...(reason === undefined ? {} : { reason }) } };
}
