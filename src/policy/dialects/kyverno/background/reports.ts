import { isObject, type Json, type JsonObject, type KindRef } from '../../../../kernel/index.ts';
import { isFiltered } from '../filters.ts';
import type { Settings } from '../settings.ts';
import { CEL_GROUP, plainKind } from '../kinds.ts';
import { type RuleAnswer, textAt } from '../model.ts';

/** Results one report keeps, and characters of one message: reports stay far from the limits of the store. */
export const RESULTS_MAX = 500;
const MESSAGE_LENGTH_MAX = 1024;

export type Process = 'background scan' | 'admission review';

/** One result of a report (wgpolicyk8s.io/v1alpha2 PolicyReportResult). */
export type ReportResult = JsonObject;

const fields = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** Who says a result: `kyverno`, or the kind of a CEL policy. */
export function sourceOf(policy: JsonObject): string {
  const apiVersion = String(policy.apiVersion);
  if (apiVersion.startsWith(`${CEL_GROUP}/`)) return `Kyverno${plainKind(String(policy.kind))}`;
  return apiVersion.startsWith('admissionregistration.k8s.io/') ? String(policy.kind) : 'kyverno';
}

function messageOf(answer: RuleAnswer): string {
  if (answer.message !== '' || answer.status !== 'pass') return answer.message;
  return `validation rule '${answer.rule}' passed.`;
}

/** What a report says of one answer. */
export function resultOf(policy: JsonObject, answer: RuleAnswer, process: Process, seconds: number): ReportResult {
  const annotations = fields(fields(policy.metadata).annotations);
  const namespace = textAt(policy, 'metadata', 'namespace');
  const name = textAt(policy, 'metadata', 'name');
  const scored = annotations['policies.kyverno.io/scored'] !== 'false';
  const properties: JsonObject = { ...answer.properties, process };
  if (answer.exceptions !== undefined) properties.exceptions = answer.exceptions.join(',');
  if (answer.generated !== undefined && answer.generated.length > 0)
    properties['generated-resources'] = answer.generated.map(described).join('; ');
  const result: ReportResult = {
    message: messageOf(answer).slice(0, MESSAGE_LENGTH_MAX),
    policy: namespace === '' ? name : `${namespace}/${name}`,
    properties,
    result: answer.status === 'fail' && !scored ? 'warn' : answer.status,
    rule: answer.rule,
    scored,
    source: sourceOf(policy),
    timestamp: { nanos: 0, seconds },
  };
  for (const [field, key] of [
    ['category', 'policies.kyverno.io/category'],
    ['severity', 'policies.kyverno.io/severity'],
  ] as const)
    if (typeof annotations[key] === 'string') result[field] = annotations[key];
  return result;
}

function described(object: JsonObject): string {
  const apiVersion = String(object.apiVersion);
  const group = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
  return `${group}, Kind=${String(object.kind)} Name=${textAt(object, 'metadata', 'name')} Namespace=${textAt(object, 'metadata', 'namespace')}`;
}

/** How many results there are of each kind. */
export function summaryOf(results: readonly ReportResult[]): JsonObject {
  const summary: JsonObject = { error: 0, fail: 0, pass: 0, skip: 0, warn: 0 };
  for (const { result } of results) summary[String(result)] = Number(summary[String(result)]) + 1;
  return summary;
}

/** The report of one object, in the group of policy reports or in that of open ones; undefined when there is nothing to say of it. */
export function reportOf(scope: JsonObject, results: readonly ReportResult[], open = false): JsonObject | undefined {
  if (results.length === 0) return undefined;
  const kept = results.slice(0, RESULTS_MAX);
  const namespace = textAt(scope, 'metadata', 'namespace');
  const name = textAt(scope, 'metadata', 'name');
  const uid = textAt(scope, 'metadata', 'uid');
  const apiVersion = String(scope.apiVersion);
  const kind = String(scope.kind);
  return {
    apiVersion: open ? 'openreports.io/v1alpha1' : 'wgpolicyk8s.io/v1alpha2',
    kind: `${namespace === '' ? 'Cluster' : ''}${open ? 'Report' : 'PolicyReport'}`,
    metadata: {
      name: uid,
      ...(namespace === '' ? {} : { namespace }),
      labels: { 'app.kubernetes.io/managed-by': 'kyverno' },
      ownerReferences: [{ apiVersion, kind, name, uid }],
    },
    results: kept,
    scope: { apiVersion, kind, name, uid, ...(namespace === '' ? {} : { namespace }) },
    summary: summaryOf(kept),
  };
}

/** How a policy takes part in reports: by scans of what is there, or only by what is admitted. */
export function processOf(policy: JsonObject): Process | undefined {
  const spec = fields(policy.spec);
  const evaluation = fields(spec.evaluation);
  const background = spec.background !== false && fields(evaluation.background).enabled !== false;
  if (background) return 'background scan';
  return admits(policy) ? 'admission review' : undefined;
}

/** True for policies that are asked at admission. */
export function admits(policy: JsonObject): boolean {
  const spec = fields(policy.spec);
  return spec.admission !== false && fields(fields(spec.evaluation).admission).enabled !== false;
}

const SORTS: Readonly<Record<RuleAnswer['type'], string>> = {
  Validation: 'validate',
  Mutation: 'mutate',
  ImageVerify: 'imageVerify',
  Generation: 'generate',
  Deletion: 'delete',
};

/** Whether answers of a rule's sort are reported. */
export const isReportedSort = ({ reported }: Settings, { type, targets }: RuleAnswer): boolean =>
  reported.has(type === 'Mutation' && targets !== undefined ? 'mutateExisting' : SORTS[type]);

/** Kinds that come and go with the machinery and are not reported on. */
const UNREPORTED: ReadonlySet<string> = new Set([
  'Event',
  'APIService',
  'Binding',
  'TokenReview',
  'SubjectAccessReview',
  'SelfSubjectAccessReview',
  'LocalSubjectAccessReview',
  'Lease',
  'EndpointSlice',
  'Endpoints',
  'PolicyReport',
  'ClusterPolicyReport',
  'Report',
  'ClusterReport',
  'EphemeralReport',
  'ClusterEphemeralReport',
  'UpdateRequest',
]);

/** Whether objects are reported on: not the machinery's, nor what the resource filters name. */
export const isReported = (
  { filters, filtersReports }: Settings,
  kind: KindRef,
  namespace: string,
  name: string,
): boolean =>
  !UNREPORTED.has(kind.kind) && !(filtersReports && isFiltered(filters, { ...kind, subresource: '', namespace, name }));
