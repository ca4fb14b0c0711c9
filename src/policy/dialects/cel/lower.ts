import type { Fault, Text } from '../../../base/index.ts';
import { type KindRef, type KubeObject, selects } from '../../../kernel/index.ts';
import { PER_CALL_LIMIT } from '../../engine/cel/index.ts';
import { matchedVersion, matchesRequest, missedBy } from '../../engine/match.ts';
import type {
  CompiledPolicy,
  PolicyAction,
  PolicyAnswer,
  PolicyOutcome,
  PolicyRequest,
  PolicyWorld,
  PolicyTypes,
} from '../../model.ts';
import { activate, type Evaluation } from './activation.ts';
import { compileExpressions, type CompiledExpressions, type CompiledValidation } from './expressions.ts';
import { applyMutations } from './mutate.ts';
import type { BindingDocument, PolicyDocument } from './schema.ts';

/** Finds the schema of a kind, for typed merges and type checks; undefined where it is unknown. */
export type SchemaOf = PolicyTypes['schemaOf'];

const CODES: Readonly<Record<string, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  Invalid: 422,
  RequestEntityTooLarge: 413,
};

/** One policy with its bindings, ready to decide. */
export function lowerPolicy(
  policy: PolicyDocument,
  bindings: readonly BindingDocument[],
  schemaOf: SchemaOf = () => undefined,
): CompiledPolicy {
  const compiled = compileExpressions(policy);
  const mine = bindings.filter(
    binding => binding.policyName === policy.name && binding.kind === `${policy.kind}Binding`,
  );
  const faults: Fault[] = [...compiled.faults];
  const matches = (request: PolicyRequest): boolean => mine.length > 0 && matchesRequest(policy.match, request);
  const missed = (request: PolicyRequest): Text | undefined =>
    mine.length === 0
      ? { en: 'No binding puts this policy in force', zh: '没有绑定使该策略生效' }
      : missedBy(policy.match, request);
  const base = { system: 'cel', kind: policy.kind, name: policy.name, faults, matches, missed };
  const passed: PolicyOutcome = { answers: [allowed(policy)], annotations: {} };
  if (policy.kind === 'MutatingAdmissionPolicy') {
    return { ...base, mutate: (request, world) => mutate(policy, compiled, mine, request, world, schemaOf) };
  }
  return { ...base, decide: (request, world) => decide(policy, compiled, mine, request, world) ?? passed };
}

/** Walks the bindings that match, with each of their parameters. */
function* applicable(
  policy: PolicyDocument,
  bindings: readonly BindingDocument[],
  request: PolicyRequest,
  world: PolicyWorld,
): Generator<{ binding: BindingDocument; params: KubeObject | undefined; missing: boolean }> {
  for (const binding of bindings) {
    if (!matchesRequest(binding.match, request)) continue;
    if (policy.paramKind === undefined || binding.param === undefined) {
      yield { binding, params: undefined, missing: false };
      continue;
    }
    const found = findParams(policy.paramKind, binding.param, request, world);
    if (found.length === 0 && binding.param.notFound === 'Deny') yield { binding, params: undefined, missing: true };
    for (const params of found) yield { binding, params, missing: false };
  }
}

function findParams(
  kind: KindRef,
  param: NonNullable<BindingDocument['param']>,
  request: PolicyRequest,
  world: PolicyWorld,
): KubeObject[] {
  // Without a namespace, parameters of namespaced kinds are looked up beside the request's object.
  const namespace = param.namespace ?? (request.namespace || undefined);
  if (param.name !== undefined) {
    const found = world.parameter(kind, namespace, param.name) ?? world.parameter(kind, undefined, param.name);
    return found ? [found] : [];
  }
  if (param.selector === undefined) return [];
  return [...world.parameters(kind, namespace)].filter(object => selects(param.selector!, object.metadata.labels));
}

/** Undefined where nothing is refused and nothing noted. */
function decide(
  policy: PolicyDocument,
  compiled: CompiledExpressions,
  bindings: readonly BindingDocument[],
  asked: PolicyRequest,
  world: PolicyWorld,
): PolicyOutcome | undefined {
  // A policy on another version of the resource sees the object in that version.
  const version = matchedVersion(policy.match, asked);
  const request = (version === undefined ? undefined : asked.equivalents?.inVersion(version)) ?? asked;
  const answers: PolicyAnswer[] = [];
  const annotations: Record<string, string> = {};
  for (const { binding, params, missing } of applicable(policy, bindings, request, world)) {
    const say = (rule: string, message: string, reason = 'Invalid'): void => {
      answers.push(verdict(policy, binding, rule, message, reason));
    };
    if (missing) {
      if (policy.failurePolicy === 'Fail')
        say(
          'spec.paramKind',
          'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
        );
      continue;
    }
    const evaluation = activate(compiled, request, params, world);
    const condition = conditionsHold(compiled, evaluation);
    if (condition === false) continue;
    if (typeof condition === 'string') {
      if (policy.failurePolicy === 'Fail') say('spec.matchConditions', condition);
      continue;
    }
    for (const [i, validation] of compiled.validations.entries()) {
      const message = validate(validation, evaluation, policy.failurePolicy);
      if (message !== undefined) say(`spec.validations[${i}]`, message, validation.reason);
    }
    for (const annotation of compiled.auditAnnotations) {
      const outcome = evaluation.run(annotation.program);
      if ('value' in outcome && typeof outcome.value === 'string' && outcome.value.trim() !== '') {
        annotations[`${policy.name}/${annotation.name}`] = outcome.value;
      }
    }
  }
  if (answers.length > 0) return { answers, annotations };
  return Object.keys(annotations).length === 0 ? undefined : { answers: [allowed(policy)], annotations };
}

/** True to go on, false to skip, a text when a condition failed and none was false. */
export function conditionsHold(compiled: CompiledExpressions, evaluation: Evaluation): boolean | string {
  let error: string | undefined;
  for (const condition of compiled.matchConditions) {
    const outcome = evaluation.run(condition.program);
    if ('value' in outcome) {
      if (outcome.value === false) return false;
      if (outcome.value !== true) error ??= `match condition "${condition.name}" did not evaluate to a boolean`;
    } else error ??= `match condition "${condition.name}" resulted in error: ${outcome.error}`;
  }
  return error ?? true;
}

const MESSAGE_LENGTH_MAX = 5 * 1024;

function validate(
  validation: CompiledValidation,
  evaluation: Evaluation,
  failurePolicy: 'Fail' | 'Ignore',
): string | undefined {
  const outcome = evaluation.run(validation.program);
  if ('error' in outcome) {
    if (failurePolicy === 'Ignore') return undefined;
    return `expression '${validation.expression}' resulted in error: ${outcome.error}`;
  }
  if (outcome.value === true) return undefined;
  if (validation.message) {
    const told = evaluation.run(validation.message);
    if ('value' in told && typeof told.value === 'string') {
      const text = told.value.trim();
      if (text !== '' && text.length <= MESSAGE_LENGTH_MAX && !text.includes('\n')) return text;
    }
  }
  return validation.text.trim() || `failed expression: ${validation.expression.trim()}`;
}

function actionsOf(binding: BindingDocument): PolicyAction[] {
  return binding.actions.map(action => action.toLowerCase() as PolicyAction);
}

function verdict(
  policy: PolicyDocument,
  binding: BindingDocument,
  rule: string,
  message: string,
  reason: string,
): PolicyAnswer {
  const mutating = policy.kind === 'MutatingAdmissionPolicy';
  return {
    outcome: 'deny',
    layer: 'policy',
    enforcer: policy.kind,
    by: { kind: policy.kind, name: policy.name, rule, where: { object: `${policy.kind}/${policy.name} ${rule}` } },
    because: [{ en: message, zh: message }],
    nearMisses: [],
    unmodelled: [],
    actions: mutating ? ['deny'] : actionsOf(binding),
    message,
    reason,
    code: CODES[reason] ?? 422,
    refusal: `${policy.kind} '${policy.name}' with binding '${binding.name}' denied request: ${message}`,
  };
}

function allowed(policy: PolicyDocument): PolicyAnswer {
  return {
    outcome: 'allow',
    layer: 'policy',
    enforcer: policy.kind,
    by: { kind: policy.kind, name: policy.name },
    because: [{ en: 'Every validation holds', zh: '所有校验均通过' }],
    nearMisses: [],
    unmodelled: [],
    actions: [],
    message: '',
    reason: '',
    code: 200,
    refusal: '',
  };
}

function mutate(
  policy: PolicyDocument,
  compiled: CompiledExpressions,
  bindings: readonly BindingDocument[],
  request: PolicyRequest,
  world: PolicyWorld,
  schemaOf: SchemaOf,
) {
  let object = request.object!;
  const faults: PolicyAnswer[] = [];
  if (object === undefined) return { object, faults };
  for (const { binding, params, missing } of applicable(policy, bindings, request, world)) {
    const fail = (message: string): void => {
      if (policy.failurePolicy === 'Fail') faults.push(verdict(policy, binding, 'spec.mutations', message, 'Invalid'));
    };
    if (missing) {
      fail('failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction');
      continue;
    }
    const current = { ...request, object };
    const evaluation = activate(compiled, current, params, world);
    const condition = conditionsHold(compiled, evaluation);
    if (condition === false) continue;
    if (typeof condition === 'string') {
      fail(condition);
      continue;
    }
    const result = applyMutations(compiled, evaluation, object, schemaOf(request.kind), next =>
      activate(compiled, { ...request, object: next }, params, world),
    );
    if (typeof result === 'string') fail(result);
    else object = result;
  }
  return { object, faults };
}

export { PER_CALL_LIMIT };
