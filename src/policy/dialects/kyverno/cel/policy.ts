import { rememberObject } from '../../../../base/index.ts';
import { isObject, type Json, type JsonObject } from '../../../../kernel/index.ts';
import {
  type CelEnvironment,
  type CelValue,
  compileCel,
  type CelProgram,
  DYN,
  extendEnvironment,
  toJson,
} from '../../../engine/cel/index.ts';
import { matchesRequest } from '../../../engine/match.ts';
import type { PolicyRequest } from '../../../model.ts';
import { activate, type Evaluation, requestValue } from '../../cel/activation.ts';
import { type CompiledExpressions, compileExpressions, policyEnvironment } from '../../cel/expressions.ts';
import { parsePolicy } from '../../cel/parse.ts';
import type { PolicyDocument } from '../../cel/schema.ts';
import {
  asKube,
  type KyvernoWorld,
  resourceOf,
  type Review,
  type RuleAnswer,
  type RuleStatus,
  type RuleType,
  textAt,
} from '../model.ts';
import { celForms } from './autogen.ts';
import { kyvernoEnvironment, type LibraryHost, NEEDS_SIGNATURES } from './library.ts';
import { imageLists, plainWorld, requestOf } from './review.ts';

/** One form of a policy, compiled. */
interface Form {
  readonly document: PolicyDocument;
  readonly compiled: CompiledExpressions;
  readonly path: readonly string[];
  readonly extra: readonly { readonly name: string; readonly program: CelProgram }[];
}

/** A policies.kyverno.io policy ready to run; kept for as long as its document is. */
export interface CelPolicy {
  readonly name: string;
  readonly kind: string;
  readonly mode: string;
  readonly forms: readonly Form[];
  readonly host: LibraryHost;
  readonly environment: CelEnvironment;
  readonly source: JsonObject;
  /** True where expressions look at `request.object`. */
  readonly seesObjects: boolean;
}

const compiledPolicies = new WeakMap<JsonObject, CelPolicy>();
const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

/** Compiles a policy of any of the CEL kinds, once. */
export function celPolicy(source: JsonObject): CelPolicy {
  const known = compiledPolicies.get(source);
  if (known !== undefined) return known;
  const host: LibraryHost = { world: undefined, generated: [] };
  const environment = kyvernoEnvironment(host);
  const spec = isObject(source.spec) ? source.spec : {};
  const evaluation = isObject(spec.evaluation) ? spec.evaluation : {};
  const kind = String(source.kind).replace(/^Namespaced/, '');
  const autogen = kind === 'ValidatingPolicy' || kind === 'MutatingPolicy' || kind === 'ImageValidatingPolicy';
  const forms = autogen ? celForms(spec) : [{ spec, path: [] }];
  const policy: CelPolicy = {
    name: textAt(source, 'metadata', 'name'),
    kind,
    mode: String(evaluation.mode ?? 'Kubernetes'),
    forms: forms.map(form => compileForm(form.spec, form.path, kind, source, environment)),
    host,
    environment,
    source,
    seesObjects: /\brequest\.(?:object|oldObject)\b/.test(JSON.stringify(spec)),
  };
  compiledPolicies.set(source, policy);
  return policy;
}

/** Other kinds put their expressions elsewhere than admission policies do; each becomes a named expression. */
function extraOf(kind: string, spec: JsonObject): readonly { name: string; expression: string }[] {
  const field = kind === 'GeneratingPolicy' ? 'generate' : kind === 'DeletingPolicy' ? 'conditions' : undefined;
  if (field === undefined) return [];
  return list(spec[field])
    .filter(isObject)
    .filter(each => each.template === undefined)
    .map((each, i) => ({ name: String(each.name ?? i), expression: String(each.expression ?? '') }));
}

/** Deleting policies look at what is there: their rules name no operations. */
function anyOperation(spec: JsonObject): JsonObject {
  const constraints = isObject(spec.matchConstraints) ? spec.matchConstraints : {};
  const resourceRules = list(constraints.resourceRules).map(rule =>
    isObject(rule) ? { operations: ['*'], ...rule } : rule,
  );
  return { ...spec, matchConstraints: { ...constraints, resourceRules } };
}

function compileForm(
  spec: JsonObject,
  path: readonly string[],
  kind: string,
  source: JsonObject,
  base: CelEnvironment,
): Form {
  const mutating = kind === 'MutatingPolicy' || kind === 'MutatingAdmissionPolicy';
  const { value: parsed } = parsePolicy({
    ...asKube(source),
    kind: mutating ? 'MutatingAdmissionPolicy' : 'ValidatingAdmissionPolicy',
    spec: kind === 'DeletingPolicy' ? anyOperation(spec) : spec,
  });
  const document = source.kind === 'NamespacedValidatingPolicy' ? parsed : parsed;
  const types = { base, request: DYN };
  const compiled = compileExpressions(document, types);
  const variables = policyEnvironment(document, types);
  const extra = extraOf(kind, spec).map(({ name, expression }) => ({
    name,
    program: compileCel(
      expression,
      extendEnvironment(variables, { variables: [['variables', compiled.variablesType]] }),
    ).value,
  }));
  return { document, compiled, path, extra };
}

/** One form at work on one request. */
export interface CelRun {
  readonly policy: CelPolicy;
  readonly form: Form;
  readonly request: PolicyRequest;
  readonly evaluation: Evaluation;
  again(object: JsonObject): Evaluation;
}

/** What comes before a policy's own expressions: matching, conditions and exceptions. */
export type Opening =
  | { readonly kind: 'unmatched' }
  | { readonly kind: 'answer'; readonly answer: RuleAnswer }
  | { readonly kind: 'run'; readonly run: CelRun };

/** Finds the form that matches a review and checks its conditions and exceptions. */
export function openRun(
  policy: CelPolicy,
  review: Review,
  world: KyvernoWorld,
  exceptions: readonly JsonObject[],
  type: RuleType,
): Opening {
  policy.host.world = world;
  const request = requestOf(review, world);
  const payload = policy.mode !== 'Kubernetes';
  const namespaced = String(policy.source.kind).startsWith('Namespaced');
  if (namespaced && (textAt(policy.source, 'metadata', 'namespace') || 'default') !== request.namespace)
    return { kind: 'unmatched' };
  const form = policy.forms.find(each => payload || matchesRequest(each.document.match, request));
  if (form === undefined) return { kind: 'unmatched' };
  const images = imageLists(resourceOf(review));
  let parts = namedParts(policy.source);
  const start = (of: PolicyRequest): Evaluation =>
    activate(
      form.compiled,
      of,
      undefined,
      plainWorld(world),
      { images, ...parts },
      // Whatever `object` is, the request is about its own.
      policy.seesObjects ? wholeRequest(request) : undefined,
    );
  let run: CelRun = {
    policy,
    form,
    request,
    evaluation: start(request),
    again: object => start({ ...request, object: asKube(object) }),
  };
  const found = exceptions.filter(each => excepts(each, policy, run, review));
  const narrow = found.filter(isNarrow);
  // Exceptions for single images or values are for the policy's own expressions to look at, its conditions among them.
  if (narrow.length > 0) {
    parts = { ...parts, exceptions: allowances(narrow) };
    run = { ...run, evaluation: start(request) };
  }
  for (const [i, { program }] of form.compiled.matchConditions.entries()) {
    const outcome = run.evaluation.run(program);
    if ('error' in outcome) {
      const { expression } = form.document.matchConditions[i]!;
      const text = `expression '${expression}' resulted in error: ${outcome.error}`;
      return { kind: 'answer', answer: { ...answerOf(policy, type, 'error', text), unmet: true } };
    }
    if (outcome.value !== true) return { kind: 'answer', answer: answerOf(policy, type, 'skip', 'skip') };
  }
  const exception = found.find(each => !isNarrow(each));
  if (exception === undefined) return { kind: 'run', run };
  const reportsPass = isObject(exception.spec) && exception.spec.reportResult === 'pass';
  const answer = answerOf(
    policy,
    type,
    reportsPass ? 'pass' : 'skip',
    `rule is skipped due to policy exception: ${textAt(exception, 'metadata', 'name')}`,
  );
  return { kind: 'answer', answer: { ...answer, excepted: true, exceptions: [textAt(exception, 'metadata', 'name')] } };
}

/** `attestors` and `attestations` by name, as image policies refer to them. */
const namedParts = rememberObject((source: JsonObject): Readonly<Record<string, CelValue>> => {
  const spec = isObject(source.spec) ? source.spec : {};
  const parts: Record<string, CelValue> = { exceptions: { allowedImages: [], allowedValues: [] } };
  for (const field of ['attestors', 'attestations']) {
    const named = list(spec[field]).filter(isObject);
    parts[field] = Object.fromEntries(named.map(each => [String(each.name), each])) as CelValue;
  }
  return parts;
});

export function answerOf(policy: CelPolicy, type: RuleType, status: RuleStatus, message: string): RuleAnswer {
  const needs = message.includes(NEEDS_SIGNATURES) ? { needs: 'image-signatures' } : {};
  return { rule: policy.name, type, status, message, ...needs };
}

const specOf = (exception: JsonObject): JsonObject => (isObject(exception.spec) ? exception.spec : {});

/** True for exceptions that speak of single images or values. */
const isNarrow = (exception: JsonObject): boolean =>
  list(specOf(exception).images).length > 0 || list(specOf(exception).allowedValues).length > 0;

/** `exceptions.allowedImages` and `exceptions.allowedValues`. */
const allowances = (exceptions: readonly JsonObject[]): CelValue =>
  ({
    allowedImages: exceptions.flatMap(each => [...list(specOf(each).images)]),
    allowedValues: exceptions.flatMap(each => [...list(specOf(each).allowedValues)]),
  }) as CelValue;

/** The request with its objects, which Kyverno adds to what admission policies see. */
const wholeRequest = rememberObject(
  (request: PolicyRequest): CelValue =>
    ({
      ...(requestValue(request) as Record<string, CelValue>),
      object: (request.object ?? null) as CelValue,
      oldObject: (request.oldObject ?? null) as CelValue,
    }) as CelValue,
);

/** policies.kyverno.io PolicyException: names policies, and CEL conditions say where it applies. */
function excepts(exception: JsonObject, policy: CelPolicy, run: CelRun, review: Review): boolean {
  const spec = isObject(exception.spec) ? exception.spec : {};
  const named = list(spec.policyRefs)
    .filter(isObject)
    .some(
      ref => ref.name === policy.name && String(ref.kind ?? policy.kind).replace(/^Namespaced/, '') === policy.kind,
    );
  if (!named) return false;
  const environment = policyEnvironment(run.form.document, { base: policy.environment });
  return list(spec.matchConditions)
    .filter(isObject)
    .every(condition => {
      const { value: program } = compileCel(String(condition.expression ?? ''), environment);
      const outcome = run.evaluation.run(program);
      return !('error' in outcome) && outcome.value === true && resourceOf(review) !== undefined;
    });
}

/** The text of a failed validation. */
export function messageOf(run: CelRun, index: number): string {
  const validation = run.form.compiled.validations[index]!;
  if (validation.message !== undefined) {
    const outcome = run.evaluation.run(validation.message);
    if (!('error' in outcome) && typeof outcome.value === 'string' && outcome.value !== '') return outcome.value;
  }
  return validation.text || `failed expression: ${validation.expression}`;
}

export const jsonOf = (value: CelValue): Json => toJson(value);
