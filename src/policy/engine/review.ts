import { isObject, type Json, type JsonObject, type KubeObject, type UserInfo } from '../../kernel/index.ts';
import type { PolicyRequest } from '../model.ts';
import type { PolicySource } from '../ports.ts';
import { jsonPatchBetween } from './json-diff.ts';
import { asking } from './asking.ts';
import { judge, type Judgement, mutateFully, type Mutated, tell } from './judge.ts';

export { judge, type Judgement } from './judge.ts';

/** What a webhook answers: an AdmissionReview with a response (admission.k8s.io/v1). */
export interface ReviewAnswer {
  readonly apiVersion: string;
  readonly kind: string;
  readonly response: JsonObject;
}

/** What makes a request one for policies; `undefined` where the body is no AdmissionReview. */
export interface ReadReview {
  readonly uid: string;
  readonly request: PolicyRequest;
}

const API_VERSION = 'admission.k8s.io/v1';
const OPERATIONS = new Set(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']);
/** The API server keeps no more of one answer (request.VerifyAdmissionResponse). */
const WARNINGS_MAX = 50;
const WARNING_CHARACTERS_MAX = 256;

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
const fields = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
const objectOf = (value: Json | undefined): KubeObject | undefined =>
  isObject(value) ? (value as unknown as KubeObject) : undefined;

function userOf(value: Json | undefined): UserInfo {
  const { username, uid, groups, extra } = fields(value);
  const lists = Object.entries(fields(extra)).map(
    ([name, values]) => [name, Array.isArray(values) ? values.map(String) : []] as const,
  );
  return {
    name: text(username),
    ...(uid === undefined ? {} : { uid: text(uid) }),
    groups: Array.isArray(groups) ? groups.map(String) : [],
    ...(lists.length > 0 ? { extra: Object.fromEntries(lists) } : {}),
  };
}

/** Reads the body of a webhook call. `namespaceOf` finds Namespace objects; reviews carry only their names. */
export function readReview(
  body: unknown,
  namespaceOf: (name: string) => KubeObject | undefined,
): ReadReview | undefined {
  const review = fields(body as Json);
  if (review.kind !== 'AdmissionReview' || review.apiVersion !== API_VERSION || !isObject(review.request))
    return undefined;
  const { request } = review;
  const operation = text(request.operation);
  const uid = text(request.uid);
  if (!OPERATIONS.has(operation) || uid === '') return undefined;
  const [kind, resource] = [fields(request.kind), fields(request.resource)];
  const asked = fields(request.requestResource);
  const namespace = text(request.namespace);
  const object = objectOf(request.object);
  const own = resource.resource === 'namespaces' && text(resource.group) === '';
  const version = text(resource.version);
  return {
    uid,
    request: {
      uid: object?.metadata?.uid ?? objectOf(request.oldObject)?.metadata?.uid ?? '',
      operation: operation as PolicyRequest['operation'],
      group: text(resource.group),
      version,
      resource: text(resource.resource),
      subresource: text(request.subResource),
      kind: { group: text(kind.group), version: text(kind.version), kind: text(kind.kind) },
      namespaced: namespace !== '' && !own,
      name: text(request.name) || (object?.metadata?.name ?? ''),
      namespace,
      object,
      oldObject: objectOf(request.oldObject),
      namespaceObject: namespace === '' || own ? undefined : namespaceOf(namespace),
      user: userOf(request.userInfo),
      dryRun: request.dryRun === true,
      options: fields(request.options),
      ...(asked.version !== undefined && asked.version !== version ? { requestVersion: text(asked.version) } : {}),
    },
  };
}

const answerOf = (response: JsonObject): ReviewAnswer => ({
  apiVersion: API_VERSION,
  kind: 'AdmissionReview',
  response,
});

/** Warnings as the API server takes them: no line ends, and not too many or too long. */
const told = (warnings: readonly string[]): Json =>
  warnings.slice(0, WARNINGS_MAX).map(each => each.replace(/\s+/g, ' ').slice(0, WARNING_CHARACTERS_MAX));

/** The words of a refusal without the sentence the API server itself puts before what a webhook says. */
const plain = (refusal: string): string => refusal.replace(/^admission webhook "[^"]*" denied the request: /, '');

/** Asks the policies as the admission step in process does, and answers as a validating webhook. */
export function answerValidation(
  { uid, request }: ReadReview,
  source: PolicySource,
): ReviewAnswer | Promise<ReviewAnswer> {
  const judgement = asking(source, over => judge(over, request));
  const end = (made: Judgement): ReviewAnswer => {
    tell(source, made);
    return validationAnswer(uid, made);
  };
  return judgement instanceof Promise ? judgement.then(end) : end(judgement);
}

function validationAnswer(uid: string, { refusal, warnings, annotations }: Judgement): ReviewAnswer {
  const audit = Object.fromEntries(
    Object.entries(annotations).map(([key, value]) => [key.replaceAll('/', '-'), value] as const),
  );
  return answerOf({
    uid,
    allowed: refusal === undefined,
    ...(refusal
      ? { status: { code: refusal.code, reason: refusal.reason, message: plain(refusal.refusal), status: 'Failure' } }
      : {}),
    ...(warnings.length > 0 ? { warnings: told(warnings) } : {}),
    ...(Object.keys(audit).length > 0 ? { auditAnnotations: audit } : {}),
  });
}

/** The same for mutations: the answer carries what they changed as a JSON patch. */
export function answerMutation(
  { uid, request }: ReadReview,
  source: PolicySource,
): ReviewAnswer | Promise<ReviewAnswer> {
  const mutated = asking(source, over => mutateFully(over, request));
  const end = (made: Mutated): ReviewAnswer => mutationAnswer(uid, request, made);
  return mutated instanceof Promise ? mutated.then(end) : end(mutated);
}

function mutationAnswer(uid: string, request: PolicyRequest, { object, refusal }: Mutated): ReviewAnswer {
  if (refusal)
    return answerOf({
      uid,
      allowed: false,
      status: { code: refusal.code, reason: refusal.reason, message: plain(refusal.refusal), status: 'Failure' },
    });
  if (object === request.object || object === undefined) return answerOf({ uid, allowed: true });
  const patch = jsonPatchBetween(request.object as unknown as Json, object as unknown as Json);
  if (patch.length === 0) return answerOf({ uid, allowed: true });
  const bytes = new TextEncoder().encode(JSON.stringify(patch));
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return answerOf({ uid, allowed: true, patchType: 'JSONPatch', patch: btoa(binary) });
}
