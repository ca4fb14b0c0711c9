import { applyJsonPatch } from '../../merge/index.ts';
import type { JsonObject, KindRef, KubeObject, ResourceRef } from '../../object.ts';
import { statusError, StatusError, type Status } from '../../status.ts';
import type { AdmissionAttributes } from '../admission.ts';

/** What a webhook answered. */
export interface Verdict {
  readonly allowed: boolean;
  readonly status?: Partial<Status>;
  readonly patch?: readonly JsonObject[];
  readonly warnings: readonly string[];
}

const RESPONSE_WARNINGS_MAX = 50;

/** The AdmissionReview (admission.k8s.io/v1) of a write; `asked` is the write as it was requested, where a webhook sees another version. */
export function reviewOf(
  attributes: AdmissionAttributes,
  uid: string,
  asked: AdmissionAttributes = attributes,
): { apiVersion: string; kind: string; request: JsonObject } {
  const { subresource, key, operation, user, object, oldObject, dryRun, options } = attributes;
  const request = {
    uid,
    kind: kindOf(attributes),
    resource: resourceOf(attributes),
    ...(subresource ? { subResource: subresource } : {}),
    requestKind: kindOf(asked),
    requestResource: resourceOf(asked),
    ...(subresource ? { requestSubResource: subresource } : {}),
    ...(key.name ? { name: key.name } : {}),
    ...(key.namespace ? { namespace: key.namespace } : {}),
    operation,
    userInfo: {
      username: user.name,
      ...(user.uid ? { uid: user.uid } : {}),
      groups: user.groups,
      ...(user.extra ? { extra: user.extra } : {}),
    },
    object: object ?? null,
    oldObject: oldObject ?? null,
    dryRun,
    options: Object.keys(options).length > 0 ? options : null,
  };
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: request as unknown as JsonObject };
}

const kindOf = ({ kind, definition: { group, version, kind: name } }: AdmissionAttributes): KindRef =>
  kind ?? { group, version, kind: name };

const resourceOf = ({ definition: { group, version, resource } }: AdmissionAttributes): ResourceRef => ({
  group,
  version,
  resource,
});

/** Reads the answer to a review; throws where it is none (request.VerifyAdmissionResponse). */
export function readVerdict(body: unknown, uid: string): Verdict {
  const review = (body ?? {}) as { apiVersion?: string; kind?: string; response?: Record<string, unknown> };
  if (review.kind !== 'AdmissionReview' || review.apiVersion !== 'admission.k8s.io/v1') {
    throw new Error(
      `expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${review.apiVersion}, Kind=${review.kind}`,
    );
  }
  const { response } = review;
  if (response === null || typeof response !== 'object') throw new Error('webhook response was absent');
  if (response.uid !== uid)
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid)}`);
  const { patch, patchType } = response;
  if (patch !== undefined && patchType !== 'JSONPatch')
    throw new Error(`unsupported patch type ${JSON.stringify(patchType)}`);
  const warnings = Array.isArray(response.warnings) ? response.warnings.filter(text => typeof text === 'string') : [];
  return {
    allowed: response.allowed === true,
    warnings: warnings.slice(0, RESPONSE_WARNINGS_MAX),
    ...(typeof response.status === 'object' && response.status !== null
      ? { status: response.status as Partial<Status> }
      : {}),
    ...(typeof patch === 'string' ? { patch: readPatch(patch) } : {}),
  };
}

function readPatch(text: string): readonly JsonObject[] {
  const operations = JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as unknown;
  if (!Array.isArray(operations)) throw new Error('the patch is no list of operations');
  return operations as JsonObject[];
}

/** The refusal of a webhook in the API server's words (webhookerrors.ToStatusErr). */
export function denial(name: string, status: Partial<Status> | undefined): StatusError {
  const by = `admission webhook ${JSON.stringify(name)} denied the request`;
  const why = status?.message || status?.reason;
  const code = typeof status?.code === 'number' && status.code >= 400 ? status.code : 400;
  const message = why ? `${by}: ${why}` : `${by} without explanation`;
  return statusError(code, typeof status?.reason === 'string' ? status.reason : '', message, status?.details);
}

/** The object after a webhook's patch; what the webhook may not touch is put back by the registry. */
export function patchedBy(object: KubeObject, patch: readonly JsonObject[]): KubeObject {
  return structuredClone(applyJsonPatch(object, patch));
}
