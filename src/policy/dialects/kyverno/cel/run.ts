import { isObject, type Json, type JsonObject, type KubeObject } from '../../../../kernel/index.ts';
import { CelError } from '../../../engine/cel/index.ts';
import { applyMutations } from '../../cel/mutate.ts';
import {
  type KyvernoWorld,
  type PolicyResult,
  resourceOf,
  type Review,
  type RuleAnswer,
  type RuleType,
} from '../model.ts';
import { targetsOf } from './targets.ts';
import { interpolate } from './template.ts';
import { answerOf, celPolicy, type CelRun, jsonOf, messageOf, openRun } from './policy.ts';

const TYPES: Readonly<Record<string, RuleType>> = {
  ValidatingPolicy: 'Validation',
  ImageValidatingPolicy: 'ImageVerify',
  MutatingPolicy: 'Mutation',
  GeneratingPolicy: 'Generation',
  DeletingPolicy: 'Deletion',
};

/** Runs a policies.kyverno.io policy over a review; no answers where it does not apply. */
export function runCelPolicy(
  source: JsonObject,
  review: Review,
  world: KyvernoWorld,
  exceptions: readonly JsonObject[] = [],
): PolicyResult {
  const policy = celPolicy(source);
  const type = TYPES[policy.kind] ?? 'Validation';
  const patched = resourceOf(review);
  const opening = openRun(policy, review, world, exceptions, type);
  if (opening.kind === 'unmatched') return { answers: [], patched };
  if (opening.kind === 'answer') return { answers: [opening.answer], patched };
  const { run } = opening;
  const result = runKind(run, policy, review, world, type, patched);
  return { ...result, answers: result.answers.map(answer => noted(run, answer)) };
}

/** What the policy's audit annotations come to is told with the answer. */
function noted(run: CelRun, answer: RuleAnswer): RuleAnswer {
  const properties: Record<string, string> = {};
  for (const { name, program } of run.form.compiled.auditAnnotations) {
    const outcome = run.evaluation.run(program);
    if (!('error' in outcome) && typeof outcome.value === 'string') properties[name] = outcome.value;
  }
  return Object.keys(properties).length === 0 ? answer : { ...answer, properties };
}

function runKind(
  run: CelRun,
  policy: CelRun['policy'],
  review: Review,
  world: KyvernoWorld,
  type: RuleType,
  patched: JsonObject,
): PolicyResult {
  switch (policy.kind) {
    case 'MutatingPolicy':
      return mutate(run, review, world);
    case 'GeneratingPolicy':
      return { answers: [generate(run, world)], patched };
    case 'DeletingPolicy':
      return { answers: [deletes(run)], patched };
    default:
      return {
        answers: [policy.mode === 'HTTP' || policy.mode === 'Envoy' ? replies(run) : validate(run, type)],
        patched,
      };
  }
}

function validate(run: CelRun, type: RuleType): RuleAnswer {
  for (const [i, validation] of run.form.compiled.validations.entries()) {
    const outcome = run.evaluation.run(validation.program);
    if ('error' in outcome) return answerOf(run.policy, type, 'error', outcome.error);
    if (outcome.value !== true) return answerOf(run.policy, type, 'fail', messageOf(run, i));
  }
  return answerOf(run.policy, type, 'pass', 'success');
}

/** HTTP and Envoy policies answer with the first reply that is not null. */
function replies(run: CelRun): RuleAnswer {
  for (const { program } of run.form.compiled.validations) {
    const outcome = run.evaluation.run(program);
    if ('error' in outcome) return answerOf(run.policy, 'Validation', 'error', outcome.error);
    if (outcome.value === null) continue;
    const reply = jsonOf(outcome.value);
    if (!isObject(reply)) return answerOf(run.policy, 'Validation', 'error', 'the expression gives no reply');
    return reply.allowed === true
      ? answerOf(run.policy, 'Validation', 'pass', 'request allowed')
      : answerOf(run.policy, 'Validation', 'fail', `request denied with status code ${String(reply.status)}`);
  }
  return answerOf(run.policy, 'Validation', 'pass', 'request allowed');
}

function deletes(run: CelRun): RuleAnswer {
  for (const { program } of run.form.extra) {
    const outcome = run.evaluation.run(program);
    if ('error' in outcome) return answerOf(run.policy, 'Deletion', 'error', outcome.error);
    if (outcome.value !== true) return answerOf(run.policy, 'Deletion', 'fail', 'resource did not match');
  }
  return answerOf(run.policy, 'Deletion', 'pass', 'resource matched');
}

function generate(run: CelRun, world: KyvernoWorld): RuleAnswer {
  run.policy.host.generated = [];
  for (const { program } of run.form.extra) {
    const outcome = run.evaluation.run(program);
    if ('error' in outcome)
      return answerOf(run.policy, 'Generation', 'error', `failed to evaluate policy: ${outcome.error}`);
  }
  const templated = templates(run, world);
  if (typeof templated === 'string') return answerOf(run.policy, 'Generation', 'error', templated);
  run.policy.host.generated.push(...templated);
  const answer = answerOf(run.policy, 'Generation', 'pass', 'policy evaluated successfully');
  return { ...answer, generated: run.policy.host.generated };
}

/** Resources written out as YAML documents (`generate[].template`). */
function templates(run: CelRun, world: KyvernoWorld): readonly JsonObject[] | string {
  const made: JsonObject[] = [];
  const { generate: items } = run.policy.source.spec as JsonObject;
  for (const item of Array.isArray(items) ? items : []) {
    const template = isObject(item) ? item.template : undefined;
    if (!isObject(template) || typeof template.value !== 'string') continue;
    const interpolates = String(template.interpolate ?? 'none').toLowerCase();
    if (interpolates !== 'none' && interpolates !== 'cel') return `template interpolation ${interpolates} is unknown`;
    for (const text of template.value.split(/^---\s*$/m)) {
      const value = text.trim() === '' ? null : world.parseYaml(text);
      try {
        const filled = interpolates === 'cel' ? interpolate(value, run) : value;
        if (isObject(filled)) made.push(filled);
      } catch (error) {
        if (error instanceof CelError) return error.message;
        throw error;
      }
    }
  }
  return made;
}

function mutate(run: CelRun, review: Review, world: KyvernoWorld): PolicyResult {
  const resource = resourceOf(review);
  const spec = run.policy.source.spec as JsonObject;
  const evaluation = isObject(spec.evaluation) ? spec.evaluation : {};
  const existing = isObject(evaluation.mutateExisting) && evaluation.mutateExisting.enabled === true;
  if (existing && isObject(spec.targetMatchConstraints)) return mutateTargets(run, spec, resource, world);
  const next = mutated(run, resource, world);
  if (typeof next === 'string')
    return { answers: [answerOf(run.policy, 'Mutation', 'error', next)], patched: resource };
  const answer = answerOf(run.policy, 'Mutation', 'pass', 'mutated');
  return { answers: [existing ? { ...answer, targets: [next] } : answer], patched: next };
}

/** Changes the objects that `targetMatchConstraints` names, each as `object`. */
function mutateTargets(run: CelRun, spec: JsonObject, resource: JsonObject, world: KyvernoWorld): PolicyResult {
  const targets = targetsOf(run, spec, world);
  if (typeof targets === 'string')
    return { answers: [answerOf(run.policy, 'Mutation', 'error', targets)], patched: resource };
  const changed: JsonObject[] = [];
  for (const target of targets) {
    const next = mutated({ ...run, evaluation: run.again(target) }, target, world);
    if (typeof next === 'string')
      return { answers: [answerOf(run.policy, 'Mutation', 'error', next)], patched: resource };
    changed.push(next);
  }
  const answer = answerOf(run.policy, 'Mutation', 'pass', 'success');
  return { answers: [{ ...answer, targets: changed }], patched: resource };
}

function mutated(run: CelRun, resource: JsonObject, world: KyvernoWorld): JsonObject | string {
  const { form } = run;
  const again = (object: KubeObject): CelRun['evaluation'] =>
    placed(run.again(object as unknown as JsonObject), form.path);
  try {
    const schema = world.schemaOf(run.request.kind);
    const next = applyMutations(
      form.compiled,
      placed(run.evaluation, form.path),
      resource as unknown as KubeObject,
      schema,
      again,
    );
    return typeof next === 'string' ? next : (next as unknown as JsonObject);
  } catch (error) {
    if (error instanceof CelError || error instanceof Error) return error.message;
    throw error;
  }
}

/** Mutations of generated forms are written for a pod: their results are put under the template. */
function placed(evaluation: CelRun['evaluation'], path: readonly string[]): CelRun['evaluation'] {
  if (path.length === 0) return evaluation;
  return {
    run: program => {
      const outcome = evaluation.run(program);
      if ('error' in outcome) return outcome;
      const value = jsonOf(outcome.value);
      return {
        ...outcome,
        value: (Array.isArray(value) ? value.map(each => prefixed(each, path)) : nested(value, path)) as never,
      };
    },
  };
}

const nested = (value: Json, path: readonly string[]): Json =>
  path.reduceRight<Json>((inner, step) => ({ [step]: inner }), value);

function prefixed(operation: Json, path: readonly string[]): Json {
  if (!isObject(operation)) return operation;
  const under = (pointer: Json | undefined): Json =>
    typeof pointer === 'string' && /^\/(?:spec|metadata)\b/.test(pointer) && !pointer.startsWith(`/${path.join('/')}/`)
      ? `/${path.join('/')}${pointer}`
      : (pointer ?? null);
  return {
    ...operation,
    path: under(operation.path),
    ...(operation.from === undefined ? {} : { from: under(operation.from) }),
  };
}
