import { isObject, type Json, type JsonObject, selects } from '../../../../kernel/index.ts';
import { compileCel, extendEnvironment } from '../../../engine/cel/index.ts';
import { policyEnvironment } from '../../cel/expressions.ts';
import { type KyvernoWorld, textAt } from '../model.ts';
import { type CelRun, jsonOf } from './policy.ts';

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
const fields = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
const labelsOf = (object: JsonObject | undefined): Record<string, string> =>
  fields(fields(object?.metadata).labels) as Record<string, string>;

/** Objects that a MutatingPolicy changes beside its trigger: by an expression, or all that its rules pick. */
export function targetsOf(run: CelRun, spec: JsonObject, world: KyvernoWorld): readonly JsonObject[] | string {
  const constraints = fields(spec.targetMatchConstraints);
  const found =
    typeof constraints.expression === 'string'
      ? byExpression(run, constraints.expression)
      : byRules(run, constraints, world);
  if (typeof found === 'string') return found;
  const conditions = list(spec.targetMatchConditions).filter(isObject);
  return found.filter(target => conditions.every(each => holds(run, String(each.expression ?? ''), target)));
}

function program(run: CelRun, expression: string) {
  const { form, policy } = run;
  const environment = extendEnvironment(policyEnvironment(form.document, { base: policy.environment }), {
    variables: [['variables', form.compiled.variablesType]],
  });
  return compileCel(expression, environment).value;
}

function byExpression(run: CelRun, expression: string): readonly JsonObject[] | string {
  // Of a deletion the object is the one that goes.
  const { object, oldObject } = run.request;
  const evaluation =
    object === undefined && oldObject !== undefined ? run.again(oldObject as unknown as JsonObject) : run.evaluation;
  const outcome = evaluation.run(program(run, expression));
  if ('error' in outcome) return outcome.error;
  const value = jsonOf(outcome.value);
  const items = isObject(value) && Array.isArray(value.items) ? value.items : Array.isArray(value) ? value : [value];
  return items.filter(isObject);
}

/** A condition speaks of the target as `object`; variables stay those of the trigger. */
function holds(run: CelRun, expression: string, target: JsonObject): boolean {
  const outcome = run.again(target).run(program(run, expression));
  return !('error' in outcome) && outcome.value === true;
}

function byRules(run: CelRun, constraints: JsonObject, world: KyvernoWorld): readonly JsonObject[] {
  const own = String(run.policy.source.kind).startsWith('Namespaced')
    ? textAt(run.policy.source, 'metadata', 'namespace') || 'default'
    : '';
  const picked: JsonObject[] = [];
  for (const rule of list(constraints.resourceRules).filter(isObject))
    for (const group of list(rule.apiGroups))
      for (const version of list(rule.apiVersions))
        for (const resource of list(rule.resources)) {
          const apiVersion = group === '' ? String(version) : `${String(group)}/${String(version)}`;
          const names = list(rule.resourceNames);
          for (const object of world.list(apiVersion, String(resource).split('/')[0]!, own))
            if (names.length === 0 || names.includes(textAt(object, 'metadata', 'name'))) picked.push(object);
        }
  return picked.filter(object => selectsTarget(constraints, object, world));
}

function selectsTarget(constraints: JsonObject, object: JsonObject, world: KyvernoWorld): boolean {
  if (isObject(constraints.objectSelector) && !selects(constraints.objectSelector, labelsOf(object))) return false;
  if (!isObject(constraints.namespaceSelector)) return true;
  const namespace = world.get('v1', 'namespaces', '', textAt(object, 'metadata', 'namespace'));
  return selects(constraints.namespaceSelector, labelsOf(namespace));
}
