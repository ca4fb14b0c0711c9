import { isObject, type Json, type JsonObject, type KindRef, splitApiVersion } from '../../../../kernel/index.ts';
import { matchesRequest } from '../../../engine/match.ts';
import { parseBinding, parsePolicy } from '../../cel/parse.ts';
import { lowerPolicy } from '../../cel/lower.ts';
import { runCelPolicy } from '../cel/run.ts';
import { celWorld, requestOf } from '../cel/review.ts';
import { evaluateConditions } from '../conditions.ts';
import { DataContext } from '../context.ts';
import { ruleMatches } from '../match.ts';
import {
  asKube,
  type KyvernoWorld,
  type PolicyResult,
  resourceOf,
  type Review,
  type RuleAnswer,
  textAt,
} from '../model.ts';
import { runPhase } from '../run.ts';
import type { Entry } from './model.ts';
import { fields, list, type TestSetup } from './setup.ts';

const isCel = (policy: JsonObject): boolean => String(policy.apiVersion).startsWith('policies.kyverno.io/');
const isAdmission = (policy: JsonObject): boolean =>
  String(policy.apiVersion).startsWith('admissionregistration.k8s.io/');
const isCleanup = (policy: JsonObject): boolean => String(policy.kind).endsWith('CleanupPolicy');
const mutates = (policy: JsonObject): boolean => /^(Namespaced)?Mutating/.test(String(policy.kind));

/** Runs every policy of a test over every resource, mutations first. */
export function execute(setup: TestSetup, operation: string | undefined): Entry[] {
  const entries: Entry[] = [];
  for (const resource of setup.resources) entries.push(...overResource(setup, resource, operation));
  for (const { mode, value } of setup.payloads) entries.push(...overPayload(setup, mode, value));
  return entries;
}

function overResource(setup: TestSetup, resource: JsonObject, operation: string | undefined): Entry[] {
  const entries: Entry[] = [];
  let current = resource;
  const mutating = setup.policies.filter(
    policy => mutates(policy) || (!isCel(policy) && !isAdmission(policy) && !isCleanup(policy)),
  );
  const parts = new Map<JsonObject, PolicyResult>();
  for (const policy of mutating) {
    const { review, world } = reviewOf(setup, policy, current, operation);
    const result = isAdmission(policy)
      ? runMutatingAdmission(policy, setup, review)
      : isCel(policy)
        ? runCelPolicy(policy, review, world, setup.exceptions)
        : runPhase(policy, 'mutate', review, world, setup.exceptions);
    parts.set(policy, result);
    if (review.operation !== 'DELETE') current = result.patched;
  }
  for (const policy of setup.policies) {
    const before = parts.get(policy);
    const { review, world } = reviewOf(setup, policy, current, operation);
    const answers: RuleAnswer[] = [...(before?.answers ?? [])];
    if (isCleanup(policy)) answers.push(...cleanup(policy, review, world));
    else if (isAdmission(policy)) {
      if (!mutates(policy)) answers.push(...runValidatingAdmission(policy, setup, review));
    } else if (isCel(policy)) {
      if (!mutates(policy)) answers.push(...runCelPolicy(policy, review, world, setup.exceptions).answers);
    } else
      for (const phase of ['verifyImages', 'validate', 'generate'] as const)
        answers.push(...runPhase(policy, phase, review, world, setup.exceptions).answers);
    const patched = before?.patched ?? current;
    entries.push({ policy, resource, result: { answers, patched } });
    for (const target of answers.flatMap(answer => answer.targets ?? []))
      entries.push({ policy, resource: target, result: { answers, patched: target } });
  }
  return entries;
}

function overPayload(setup: TestSetup, mode: string, value: JsonObject): Entry[] {
  const entries: Entry[] = [];
  for (const policy of setup.policies) {
    const evaluation = fields(fields(policy.spec).evaluation);
    const wants = String(evaluation.mode ?? 'Kubernetes');
    if (wants !== mode && !(mode === 'JSON' && policy.kind === 'DeletingPolicy')) continue;
    const review: Review = {
      operation: 'CREATE',
      object: value,
      oldObject: undefined,
      kind: { group: '', version: '', kind: '' },
      subresource: '',
      namespaceLabels: {},
      requester: setup.requester,
    };
    entries.push({ policy, resource: value, result: runCelPolicy(policy, review, setup.world, setup.exceptions) });
  }
  return entries;
}

const OPERATIONS = new Set(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']);

/** The review of a resource, with what the test's values say of the policy and the resource. */
function reviewOf(
  setup: TestSetup,
  policy: JsonObject,
  resource: JsonObject,
  wanted: string | undefined,
): { review: Review; world: KyvernoWorld } {
  const name = textAt(policy, 'metadata', 'name');
  const values = valuesFor(setup.values, name, textAt(resource, 'metadata', 'name'));
  const named = String(wanted ?? values['request.operation'] ?? 'CREATE').toUpperCase();
  const operation = (OPERATIONS.has(named) ? named : 'CREATE') as Review['operation'];
  const own = { ...splitApiVersion(String(resource.apiVersion ?? '')), kind: String(resource.kind ?? '') };
  const { kind, subresource } = subresourceOf(setup.values, own);
  const namespace =
    kind.kind === 'Namespace' ? textAt(resource, 'metadata', 'name') : textAt(resource, 'metadata', 'namespace');
  const { 'request.operation': _, ...request } = values;
  const review: Review = {
    operation,
    object: operation === 'DELETE' ? undefined : resource,
    oldObject: operation === 'DELETE' || operation === 'UPDATE' ? resource : undefined,
    kind,
    subresource,
    namespaceLabels: namespaceLabels(setup, namespace),
    requester: setup.requester,
    request,
  };
  const given: NonNullable<KyvernoWorld['given']> = (of, rule, element) => ruleValues(setup.values, of, rule, element);
  return { review, world: { ...setup.world, given } };
}

function valuesFor(values: JsonObject, policy: string, resource: string): JsonObject {
  const out: JsonObject = { ...fields(values.globalValues) };
  for (const each of list(values.policies).filter(isObject)) {
    if (each.name !== policy) continue;
    for (const item of list(each.resources).filter(isObject))
      if (item.name === resource) Object.assign(out, fields(item.values));
  }
  return out;
}

function ruleValues(values: JsonObject, policy: string, rule: string, element: number | undefined): JsonObject {
  const out: JsonObject = {};
  const names = new Set([rule, rule.replace(/^autogen-(cronjob-)?/, '')]);
  for (const each of list(values.policies).filter(isObject)) {
    if (each.name !== policy) continue;
    for (const item of list(each.rules).filter(isObject)) {
      if (!names.has(String(item.name))) continue;
      Object.assign(out, fields(item.values));
      for (const [name, many] of Object.entries(fields(item.foreachValues ?? item.foreachvalues)))
        out[name] = list(many)[element ?? 0] ?? null;
    }
  }
  return out;
}

/** Objects of subresources (`PodExecOptions`) count as their parent's kind. */
function subresourceOf(values: JsonObject, kind: KindRef): { readonly kind: KindRef; readonly subresource: string } {
  const found = list(values.subresources)
    .filter(isObject)
    .find(each => fields(each.subresource).kind === kind.kind);
  if (found === undefined) return { kind, subresource: '' };
  const parent = fields(found.parentResource);
  return {
    kind: {
      group: textAt(parent, 'group'),
      version: textAt(parent, 'version') || kind.version,
      kind: textAt(parent, 'kind') || kind.kind,
    },
    subresource: textAt(found.subresource, 'name').split('/')[1] ?? '',
  };
}

function namespaceLabels(setup: TestSetup, namespace: string): Record<string, string> {
  const given = list(setup.values.namespaceSelector)
    .filter(isObject)
    .find(each => each.name === namespace);
  const listed = list(setup.values.namespaces)
    .filter(isObject)
    .find(each => textAt(each, 'metadata', 'name') === namespace);
  const found = listed ?? setup.world.get('v1', 'namespaces', '', namespace);
  const labels = given ? fields(given.labels) : fields(fields(found?.metadata).labels);
  return labels as Record<string, string>;
}

/** Cleanup policies: what they would remove. */
function cleanup(policy: JsonObject, review: Review, world: KyvernoWorld): readonly RuleAnswer[] {
  const spec = fields(policy.spec);
  const namespace = policy.kind === 'CleanupPolicy' ? textAt(policy, 'metadata', 'namespace') || 'default' : undefined;
  const rule = textAt(policy, 'metadata', 'name');
  if (!ruleMatches(spec, review, namespace)) return [];
  const context = new DataContext({ target: resourceOf(review), request: { object: resourceOf(review) } }, world);
  try {
    const { holds } = evaluateConditions(spec.conditions, { context, deleting: false });
    return [{ rule, type: 'Deletion', status: holds ? 'pass' : 'fail', message: '' }];
  } catch (error) {
    return [
      { rule, type: 'Deletion', status: 'error', message: error instanceof Error ? error.message : String(error) },
    ];
  }
}

/** Bindings of a policy; one that binds everything where the test has none. */
function bindingsOf(policy: JsonObject, setup: TestSetup): ReturnType<typeof parseBinding>['value'][] {
  const name = textAt(policy, 'metadata', 'name');
  const found = setup.bindings
    .map(each => parseBinding(asKube(each)).value)
    .filter(each => each.policyName === name && each.kind === `${String(policy.kind)}Binding`);
  if (found.length > 0) return found;
  const spec: Json = { policyName: name, validationActions: ['Deny'] };
  return [
    parseBinding(
      asKube({ apiVersion: policy.apiVersion!, kind: `${String(policy.kind)}Binding`, metadata: { name }, spec }),
    ).value,
  ];
}

function runValidatingAdmission(policy: JsonObject, setup: TestSetup, review: Review): readonly RuleAnswer[] {
  const request = requestOf(review, setup.world);
  const document = parsePolicy(asKube(policy)).value;
  if (!matchesRequest(document.match, request)) return [];
  const bindings = bindingsOf(policy, setup).filter(each => matchesRequest(each.match, request));
  if (bindings.length === 0) return [];
  const compiled = lowerPolicy(document, bindings, setup.world.schemaOf);
  const { answers } = compiled.decide!(request, celWorld(setup.world, setup.parameters));
  const denied = answers.find(answer => answer.outcome === 'deny');
  return [
    {
      rule: document.name,
      type: 'Validation',
      status: denied ? 'fail' : 'pass',
      message: denied?.message ?? '',
    },
  ];
}

function runMutatingAdmission(policy: JsonObject, setup: TestSetup, review: Review): PolicyResult {
  const request = requestOf(review, setup.world);
  const resource = resourceOf(review);
  const document = parsePolicy(asKube(policy)).value;
  const bindings = bindingsOf(policy, setup).filter(each => matchesRequest(each.match, request));
  if (!matchesRequest(document.match, request) || bindings.length === 0) return { answers: [], patched: resource };
  const compiled = lowerPolicy(document, bindings, setup.world.schemaOf);
  const { object, faults } = compiled.mutate!(request, celWorld(setup.world, setup.parameters));
  const fault = faults.find(each => each.outcome === 'deny');
  const patched = object as unknown as JsonObject;
  const status = fault ? 'error' : patched === resource ? 'skip' : 'pass';
  return { answers: [{ rule: document.name, type: 'Mutation', status, message: fault?.message ?? '' }], patched };
}
