import { isObject, type JsonObject } from '../../../../kernel/index.ts';
import { activate } from '../../cel/activation.ts';
import { compileExpressions } from '../../cel/expressions.ts';
import { parsePolicy } from '../../cel/parse.ts';
import { asKube, resourceOf, type RuleStatus, textAt } from '../model.ts';
import type { RuleRun } from '../run.ts';
import { kyvernoEnvironment, type LibraryHost } from './library.ts';
import { imageLists, plainWorld, requestOf } from './review.ts';

interface Compiled {
  readonly host: LibraryHost;
  readonly expressions: ReturnType<typeof compileExpressions>;
  readonly params: boolean;
}
const compiledRules = new WeakMap<JsonObject, Compiled>();

function compile(rule: JsonObject, cel: JsonObject): Compiled {
  let compiled = compiledRules.get(rule);
  if (compiled !== undefined) return compiled;
  const host: LibraryHost = { world: undefined, generated: [] };
  const { value } = parsePolicy({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: String(rule.name ?? '') },
    spec: {
      validations: cel.expressions ?? [],
      variables: cel.variables ?? [],
      auditAnnotations: cel.auditAnnotations ?? [],
      matchConditions: rule.celPreconditions ?? [],
      ...(isObject(cel.paramKind) ? { paramKind: cel.paramKind } : {}),
    },
  });
  const expressions = compileExpressions(value, { base: kyvernoEnvironment(host) });
  compiled = { host, expressions, params: value.paramKind !== undefined };
  compiledRules.set(rule, compiled);
  return compiled;
}

/** A `validate.cel` rule (Kyverno, "CEL expressions" in ClusterPolicy). */
export function runCelRule(run: RuleRun): { readonly status: RuleStatus; readonly message: string } {
  const cel = (run.rule.validate as JsonObject).cel as JsonObject;
  const { host, expressions } = compile(run.rule, cel);
  host.world = run.world;
  const evaluation = activate(
    expressions,
    requestOf(run.review, run.world),
    paramsOf(cel, run),
    plainWorld(run.world),
    {
      images: imageLists(resourceOf(run.review)),
    },
  );
  for (const { program } of expressions.matchConditions) {
    const outcome = evaluation.run(program);
    if ('error' in outcome) return { status: 'error', message: outcome.error };
    if (outcome.value !== true) return { status: 'skip', message: 'cel preconditions not met' };
  }
  const text = String((run.rule.validate as JsonObject).message ?? '');
  for (const validation of expressions.validations) {
    const outcome = evaluation.run(validation.program);
    if ('error' in outcome)
      return { status: 'fail', message: `expression '${validation.expression}' resulted in error: ${outcome.error}` };
    if (outcome.value === true) continue;
    const said = validation.message && evaluation.run(validation.message);
    const message = said && !('error' in said) && typeof said.value === 'string' ? said.value : validation.text;
    return { status: 'fail', message: message || text || `failed expression: ${validation.expression}` };
  }
  return { status: 'pass', message: `Validation rule '${String(run.rule.name)}' passed.` };
}

function paramsOf(cel: JsonObject, run: RuleRun): ReturnType<typeof asKube> | undefined {
  if (!isObject(cel.paramKind) || !isObject(cel.paramRef)) return undefined;
  const namespace = textAt(cel.paramRef, 'namespace') || textAt(resourceOf(run.review), 'metadata', 'namespace');
  const kind = textAt(cel.paramKind, 'kind');
  const found = run.world.get(textAt(cel.paramKind, 'apiVersion'), kind, namespace, textAt(cel.paramRef, 'name'));
  return found && asKube(found);
}
