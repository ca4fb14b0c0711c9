import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import {
  builtinCatalog,
  defaultObject,
  isObject,
  type Json,
  type JsonObject,
  type KubeObject,
  kindOf,
  type Schema,
  schemaOf,
} from '../src/kernel/index.ts';
import {
  lowerPolicy,
  parseBinding,
  parsePolicy,
  type PolicyAnswer,
  type PolicyRequest,
  type PolicyWorld,
} from '../src/policy/index.ts';
import type { CaseResult, SuiteContext, SuiteRunner } from './runner.ts';

interface Case {
  readonly name: string;
  readonly template: string;
  readonly expected: 'pass' | 'fail' | 'warn';
  readonly binding_template?: string;
  readonly field_change_list?: readonly string[];
}

const read = (path: string): KubeObject => parse(readFileSync(path, 'utf8')) as KubeObject;

/** Sets `spec.containers.[0].image=nginx`: steps in brackets are list positions, the value is JSON where it reads so. */
function change(object: KubeObject, edit: string): void {
  const equals = edit.indexOf('=');
  const steps = edit
    .slice(0, equals)
    .split('.')
    .map(step => (/^\[\d+\]$/.test(step) ? Number(step.slice(1, -1)) : step));
  let value: Json;
  try {
    value = JSON.parse(edit.slice(equals + 1)) as Json;
  } catch {
    value = edit.slice(equals + 1);
  }
  let node = object as unknown as Json;
  for (const [i, step] of steps.entries()) {
    const parent = node as JsonObject & Json[];
    if (i === steps.length - 1) (parent as JsonObject)[step] = value;
    else {
      (parent as JsonObject)[step] ??= typeof steps[i + 1] === 'number' ? [] : {};
      node = (parent as JsonObject)[step]!;
    }
  }
}

/** As the API server decodes: quantities are texts. */
function quantitiesAsText(schema: Schema, value: Json): Json {
  if (schema.type === 'quantity' && typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value.map(item => quantitiesAsText(schema.items ?? { type: 'any' }, item));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      quantitiesAsText(schema.fields?.get(name)?.schema ?? schema.items ?? { type: 'any' }, member),
    ]),
  );
}

function request(object: KubeObject): PolicyRequest {
  const definition = builtinCatalog().kind(kindOf(object));
  if (definition === undefined) throw new Error(`unknown kind ${object.apiVersion} ${object.kind}`);
  const schema = schemaOf(kindOf(object))!;
  const decoded = defaultObject(schema, quantitiesAsText(schema, object as unknown as Json) as unknown as KubeObject);
  return {
    uid: '1',
    operation: 'CREATE',
    group: definition.group,
    version: definition.version,
    resource: definition.resource,
    subresource: '',
    kind: kindOf(object),
    namespaced: definition.namespaced,
    name: object.metadata.name ?? '',
    namespace: definition.namespaced ? (object.metadata.namespace ?? 'default') : '',
    object: decoded,
    oldObject: undefined,
    namespaceObject: {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: object.metadata.namespace ?? 'default' },
    },
    user: { name: 'kubernetes-admin', groups: ['system:masters'] },
    dryRun: false,
    options: {},
  };
}

function outcome(answers: readonly PolicyAnswer[]): 'pass' | 'fail' | 'warn' {
  const denied = answers.filter(answer => answer.outcome === 'deny');
  if (denied.some(answer => answer.actions.includes('deny'))) return 'fail';
  return denied.some(answer => answer.actions.includes('warn')) ? 'warn' : 'pass';
}

function runCase(root: string, policyObject: KubeObject, test: Case): CaseResult['result'] | string {
  const object = read(join(root, 'test-resources', test.template.replace(/^test-resources\//, '')));
  for (const edit of test.field_change_list ?? []) change(object, edit);
  const policy = parsePolicy(policyObject);
  const bindingObject = read(join(root, 'test-resources', test.binding_template ?? 'policy-binding.yaml'));
  const spec = bindingObject.spec as JsonObject;
  spec.policyName = policy.value.name;
  if (policy.value.paramKind === undefined) delete spec.paramRef;
  const params = read(join(root, 'test-resources', 'default-control-configuration.yaml'));
  const world: PolicyWorld = {
    parameter: (_, __, name) => (name === params.metadata.name ? params : undefined),
    parameters: () => [params],
    authorize: () => ({ allowed: true }),
  };
  const compiled = lowerPolicy(policy.value, [parseBinding(bindingObject).value], schemaOf);
  const faults = [...policy.faults, ...compiled.faults];
  if (faults.length > 0) return `cannot be read: ${JSON.stringify(faults[0]!.params)}`;
  const asked = request(object);
  const answers = compiled.matches(asked) ? compiled.decide!(asked, world).answers : [];
  const got = outcome(answers);
  return got === test.expected ? 'passed' : `${got} ${answers.map(answer => answer.message).join('; ')}`;
}

/** policy/vap-kubescape: ValidatingAdmissionPolicies of the kubescape library with their tests. */
export const runner: SuiteRunner = {
  suite: 'policy/vap-kubescape',
  async *run(context: SuiteContext): AsyncIterable<CaseResult> {
    const controls = join(context.cases, 'controls');
    for (const control of readdirSync(controls).sort()) {
      const file = join(controls, control, 'tests.json');
      if (!existsSync(file)) continue;
      const policy = read(join(controls, control, 'policy.yaml'));
      for (const test of JSON.parse(readFileSync(file, 'utf8')) as Case[]) {
        const name = `${control}/${test.name}`;
        try {
          const result = runCase(context.cases, policy, test);
          yield result === 'passed'
            ? { case: name, result }
            : { case: name, result: 'failed', expected: test.expected, got: result };
        } catch (error) {
          yield {
            case: name,
            result: 'failed',
            expected: test.expected,
            got: error instanceof Error ? error.message : String(error),
          };
        }
      }
    }
  },
};
