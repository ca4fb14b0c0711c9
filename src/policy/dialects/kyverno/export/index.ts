import { isObject, type Json, type JsonObject, type ResourceDefinition } from '../../../../kernel/index.ts';
import { celAll, celAny } from '../../../engine/patterns/cel-text.ts';
import { NotInCel } from '../../../engine/patterns/leaf-cel.ts';
import { patternConditions } from '../../../engine/patterns/pattern-cel.ts';
import { type Action, admissionName, NotExportable, type PolicyDraft } from '../../cel/exported.ts';
import { celForms } from '../cel/autogen.ts';
import { textAt } from '../model.ts';
import { rulesOf } from '../run.ts';
import { preconditions } from './conditions.ts';
import { matchCondition, resourceRules } from './match.ts';

type Kinds = () => Iterable<ResourceDefinition>;

const fields = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

function annotationsOf(source: JsonObject): Record<string, string> {
  return { 'policy.tenon.dev/source': `${String(source.kind)}/${textAt(source, 'metadata', 'name')}` };
}

/** A ClusterPolicy or Policy as admission policies, one a rule. Throws {@link NotExportable}. */
export function exportRules(source: JsonObject, kinds: Kinds): PolicyDraft[] {
  const spec = fields(source.spec);
  if (spec.admission === false) throw new NotExportable('/spec/admission', 'the policy is not asked at admission');
  if (list(spec.validationFailureActionOverrides).length > 0)
    throw new NotExportable('/spec/validationFailureActionOverrides', 'a binding has one action for all namespaces');
  const written = list(spec.rules).filter(isObject);
  return rulesOf(source).map((rule, at) => {
    const own = written.indexOf(rule);
    // Rules made for pod controllers come behind the rule they are made of.
    const pointer = `/spec/rules/${own >= 0 ? own : Math.max(0, written.indexOf(lastWritten(source, written, at)))}`;
    try {
      return exportRule(source, rule, pointer, kinds);
    } catch (error) {
      if (error instanceof NotInCel)
        throw new NotExportable(`${pointer}/validate`, `CEL has no words for ${error.message}`);
      throw error;
    }
  });
}

function lastWritten(source: JsonObject, written: readonly JsonObject[], at: number): JsonObject {
  return (
    rulesOf(source)
      .slice(0, at)
      .findLast(rule => written.includes(rule)) ?? written[0]!
  );
}

function actionsOf(spec: JsonObject, body: JsonObject, pointer: string): Action[] {
  if (list(body.failureActionOverrides).length > 0)
    throw new NotExportable(
      `${pointer}/validate/failureActionOverrides`,
      'a binding has one action for all namespaces',
    );
  const action = String(body.failureAction ?? spec.validationFailureAction ?? 'Audit').toLowerCase();
  if (action === 'enforce') return ['Deny'];
  return spec.emitWarning === true ? ['Warn', 'Audit'] : ['Audit'];
}

function exportRule(source: JsonObject, rule: JsonObject, pointer: string, kinds: Kinds): PolicyDraft {
  for (const name of ['mutate', 'generate', 'verifyImages'])
    if (rule[name] !== undefined)
      throw new NotExportable(
        `${pointer}/${name}`,
        `a validating admission policy does not ${name.replace('I', ' i')}`,
      );
  if (list(rule.context).length > 0)
    throw new NotExportable(`${pointer}/context`, 'admission policies look nothing up but parameters');
  const body = fields(rule.validate);
  for (const name of ['deny', 'foreach', 'podSecurity', 'manifests', 'assert'])
    if (body[name] !== undefined) throw new NotExportable(`${pointer}/validate/${name}`, `${name} has no form in CEL`);
  const spec = fields(source.spec);
  const namespace = source.kind === 'Policy' ? textAt(source, 'metadata', 'namespace') || 'default' : undefined;
  const conditions = celAll([
    preconditions(rule.preconditions, `${pointer}/preconditions`),
    matchCondition(rule, pointer, namespace),
  ]);
  const message = String(body.message ?? '');
  const told = message.includes('{{') || message === '' ? `rule ${String(rule.name)} is not met` : message;
  const written = isObject(body.cel)
    ? celBody(body.cel, rule, told)
    : { validations: [{ expression: patternExpression(body, `${pointer}/validate`), message: told }] };
  const more = isObject(body.cel) && isObject(body.cel.paramRef) ? { binding: { paramRef: body.cel.paramRef } } : {};
  const actions = actionsOf(spec, body, pointer);
  const rules = resourceRules(rule, kinds);
  const updates = rules.some(each => list(fields(each).operations).some(name => name === 'UPDATE' || name === '*'));
  if (updates && actions.includes('Deny') && body.cel === undefined && body.allowExistingViolations !== false)
    throw new NotExportable(
      `${pointer}/validate/allowExistingViolations`,
      'an update may keep the violation its object had, which has no form in CEL; false says that it may not',
    );
  return {
    name: admissionName(textAt(source, 'metadata', 'name'), String(rule.name)),
    annotations: annotationsOf(source),
    actions,
    spec: {
      failurePolicy: String(spec.failurePolicy ?? 'Fail'),
      matchConstraints: { resourceRules: rules },
      ...written,
      matchConditions: [{ name: 'match', expression: conditions }, ...list(rule.celPreconditions)],
    },
    ...more,
  };
}

function celBody(cel: JsonObject, rule: JsonObject, message: string): JsonObject {
  const validations = list(cel.expressions)
    .filter(isObject)
    .map(each => (each.message === undefined && each.messageExpression === undefined ? { ...each, message } : each));
  return {
    ...(cel.paramKind === undefined ? {} : { paramKind: cel.paramKind }),
    ...(cel.variables === undefined ? {} : { variables: cel.variables }),
    ...(cel.auditAnnotations === undefined ? {} : { auditAnnotations: cel.auditAnnotations }),
    validations: validations.length > 0 ? validations : [{ expression: 'true', message: String(rule.name) }],
  };
}

function patternExpression(body: JsonObject, pointer: string): string {
  const patterns = body.pattern === undefined ? list(body.anyPattern) : [body.pattern];
  if (patterns.length === 0) throw new NotExportable(pointer, 'there is nothing to validate');
  const outcomes = patterns.map(pattern => patternConditions('o', pattern));
  const fits = celAny(outcomes.map(each => each.fits));
  // A rule of several patterns is passed over only where every one of them is.
  const skips = celAll(outcomes.map(each => each.skips));
  return `[object != null ? object : oldObject].exists(o, ${celAny([fits, skips])})`;
}

/** Fields of the CEL kinds' spec that admission policies have too. */
const SHARED = ['failurePolicy', 'matchConstraints', 'matchConditions', 'variables', 'validations', 'auditAnnotations'];

/** A ValidatingPolicy (policies.kyverno.io) as admission policies, one a form. Throws {@link NotExportable}. */
export function exportCelKind(source: JsonObject): PolicyDraft[] {
  const kind = String(source.kind);
  if (!/^(?:Namespaced)?ValidatingPolicy$/.test(kind))
    throw new NotExportable('/kind', `a ${kind} does more than validate`);
  const spec = fields(source.spec);
  const evaluation = fields(spec.evaluation);
  if (String(evaluation.mode ?? 'Kubernetes') !== 'Kubernetes')
    throw new NotExportable('/spec/evaluation/mode', 'admission policies judge requests of Kubernetes only');
  if (fields(evaluation.admission).enabled === false)
    throw new NotExportable('/spec/evaluation/admission', 'the policy is not asked at admission');
  const name = textAt(source, 'metadata', 'name');
  const namespace = kind.startsWith('Namespaced') ? textAt(source, 'metadata', 'namespace') || 'default' : undefined;
  const actions = list(spec.validationActions).map(String) as Action[];
  return celForms(spec).map((form, at) => ({
    name: admissionName(name, ...(at === 0 ? [] : ['autogen', form.path.length > 2 ? 'cronjobs' : 'controllers'])),
    annotations: annotationsOf(source),
    actions: actions.length > 0 ? actions : ['Deny'],
    spec: Object.fromEntries(
      SHARED.flatMap(field => (form.spec[field] === undefined ? [] : [[field, form.spec[field]]])),
    ),
    ...(namespace === undefined
      ? {}
      : {
          binding: {
            matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } },
          },
        }),
  }));
}
