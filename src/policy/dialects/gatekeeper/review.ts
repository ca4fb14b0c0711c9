import { rememberObject } from '../../../base/index.ts';
import type { JsonObject, KindRef, KubeObject } from '../../../kernel/index.ts';
import type { PolicyRequest } from '../../model.ts';
import type { Value } from '../../engine/rego/index.ts';
import type { Matchable, Source } from './match.ts';
import { fields, isObject, text } from './read.ts';

/** One object under review, as the templates' target sees it (admission.k8s.gatekeeper.sh). */
export interface Review {
  readonly request: PolicyRequest;
  readonly source: Source;
  /** `input.review`. */
  readonly document: Value;
  /** Objects that a match may be about: the new one, else the old one, or both. */
  readonly targets: readonly Matchable[];
}

type Draft = { -readonly [K in keyof PolicyRequest]: PolicyRequest[K] };

const kindDocument = ({ group, version, kind }: KindRef) => ({ group, kind, version });

/** `input.review` of a request; on deletion the old object stands as the object too. */
function reviewDocument(request: PolicyRequest, userInfo: JsonObject, admission: boolean): Value {
  const object = request.object ?? (request.operation === 'DELETE' ? request.oldObject : undefined);
  const resource = { group: request.group, resource: request.resource, version: request.version };
  return {
    kind: kindDocument(request.kind),
    ...(request.name === '' ? {} : { name: request.name }),
    ...(request.namespace === '' ? {} : { namespace: request.namespace }),
    namespaceObject: request.namespaceObject ?? {},
    object: object ?? null,
    oldObject: request.oldObject ?? null,
    operation: request.operation,
    options: Object.keys(request.options).length === 0 ? null : request.options,
    resource,
    uid: request.uid,
    userInfo,
    ...(request.subresource === '' ? {} : { subResource: request.subresource }),
    ...(admission
      ? { requestKind: kindDocument(request.kind), requestResource: resource, dryRun: request.dryRun }
      : {}),
  } as unknown as Value;
}

function targetsOf(request: PolicyRequest, source: Source, namespace: KubeObject | undefined): Matchable[] {
  return [request.object, request.oldObject]
    .filter(object => object !== undefined)
    .map(object => ({ object, namespace, source }));
}

/** The review of a request of the API, made once for all constraints. */
export const reviewOfRequest = rememberObject(readRequest);

function readRequest(request: PolicyRequest): Review {
  const source: Source = 'Original';
  const { user } = request;
  const userInfo = {
    username: user.name,
    ...(user.uid ? { uid: user.uid } : {}),
    groups: [...user.groups],
    ...(user.extra ? { extra: user.extra } : {}),
  } as unknown as JsonObject;
  return {
    request,
    source,
    document: reviewDocument(request, userInfo, true),
    targets: targetsOf(request, source, request.namespaced ? request.namespaceObject : undefined),
  };
}

const BARE: Omit<PolicyRequest, 'kind'> = {
  uid: '',
  operation: '' as PolicyRequest['operation'],
  group: '',
  version: '',
  resource: '',
  subresource: '',
  namespaced: false,
  name: '',
  namespace: '',
  object: undefined,
  oldObject: undefined,
  namespaceObject: undefined,
  user: { name: '', groups: [] },
  dryRun: false,
  options: {},
};

const splitKind = (object: KubeObject): KindRef => {
  const apiVersion = text(object.apiVersion);
  const slash = apiVersion.indexOf('/');
  return {
    group: slash < 0 ? '' : apiVersion.slice(0, slash),
    version: apiVersion.slice(slash + 1),
    kind: text(object.kind),
  };
};

/** The review of an object outside any request, as tools and the audit make it. `namespace` serves selectors only. */
export function reviewOfObject(object: KubeObject, source: Source, namespace: KubeObject | undefined): Review {
  const request: PolicyRequest = {
    ...BARE,
    kind: splitKind(object),
    name: text(object.metadata?.name),
    namespace: text(object.metadata?.namespace),
    namespaced: text(object.metadata?.namespace) !== '',
    object,
  };
  return {
    request,
    source,
    document: reviewDocument(request, {}, false),
    targets: targetsOf(request, source, namespace),
  };
}

export const isAdmissionReview = (object: KubeObject): boolean =>
  object.kind === 'AdmissionReview' && text(object.apiVersion).startsWith('admission.k8s.io/');

const objectOf = (value: unknown): KubeObject | undefined => (isObject(value) ? (value as KubeObject) : undefined);

/** The review an AdmissionReview document asks for; a text when it holds no request worth reviewing. */
export function reviewOfAdmission(document: KubeObject, namespace: KubeObject | undefined): Review | string {
  if (!isObject(document.request)) return 'request not found';
  const asked = fields(document.request);
  const object = objectOf(asked.object);
  const oldObject = objectOf(asked.oldObject);
  const operation = text(asked.operation);
  if (object === undefined && oldObject === undefined)
    return 'no object or oldObject found to review: AdmissionRequest does not contain an "object" or "oldObject" to review';
  const kind = fields(asked.kind);
  const resource = fields(asked.resource);
  const userInfo = fields(asked.userInfo);
  const request: Draft = {
    ...BARE,
    uid: text(asked.uid),
    operation: operation as PolicyRequest['operation'],
    kind: { group: text(kind.group), version: text(kind.version), kind: text(kind.kind) },
    group: text(resource.group),
    version: text(resource.version),
    resource: text(resource.resource),
    subresource: text(asked.subResource),
    name: text(asked.name),
    namespace: text(asked.namespace),
    namespaced: text(asked.namespace) !== '',
    object,
    oldObject,
    user: { name: text(userInfo.username), groups: (userInfo.groups ?? []) as string[] },
    dryRun: asked.dryRun === true,
    options: fields(asked.options),
  };
  return {
    request,
    source: 'Original',
    document: reviewDocument(request, userInfo, false),
    targets: targetsOf(request, 'Original', namespace),
  };
}
