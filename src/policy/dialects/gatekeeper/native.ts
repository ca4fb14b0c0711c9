import { FaultError } from '../../../base/index.ts';
import type { JsonObject, KubeObject } from '../../../kernel/index.ts';
import type { PolicyWorld } from '../../model.ts';
import { lowerPolicy } from '../cel/lower.ts';
import type { BindingDocument, NamedExpression, PolicyDocument } from '../cel/schema.ts';
import { fields, list, text } from './read.ts';
import type { TemplateEngine } from './rego.ts';

/** The source of a target's K8sNativeValidation engine. */
export function nativeSource(target: JsonObject): JsonObject | undefined {
  for (const code of list(target.code)) {
    if (text(fields(code).engine) === 'K8sNativeValidation') return fields(fields(code).source);
  }
  return undefined;
}

const EVERYTHING: PolicyDocument['match'] = {
  include: undefined,
  exclude: [],
  namespaceSelector: undefined,
  objectSelector: undefined,
  equivalent: false,
};

/** What every template may use besides its own variables (Gatekeeper docs "Validating Admission Policy"). */
export const GIVEN: readonly NamedExpression[] = [
  {
    name: 'anyObject',
    expression: 'has(request.operation) && request.operation == "DELETE" && object == null ? oldObject : object',
  },
  {
    name: 'params',
    expression: '!has(params.spec) ? null : !has(params.spec.parameters) ? null: params.spec.parameters',
  },
];

const named = (value: unknown): NamedExpression[] =>
  list(value).map(each => ({ name: text(fields(each).name), expression: text(fields(each).expression) }));

const BINDING: BindingDocument = {
  kind: 'ValidatingAdmissionPolicyBinding',
  name: 'constraint',
  policyName: 'template',
  match: EVERYTHING,
  actions: ['Deny'],
  param: { name: 'constraint', namespace: undefined, selector: undefined, notFound: 'Deny' },
};

/** The template's validations as an admission policy whose parameter is the constraint. */
export function nativePolicy(template: KubeObject, source: JsonObject): PolicyDocument {
  return {
    kind: 'ValidatingAdmissionPolicy',
    name: 'template',
    generation: 1,
    failurePolicy: text(source.failurePolicy) === 'Ignore' ? 'Ignore' : 'Fail',
    paramKind: { group: 'constraints.gatekeeper.sh', version: 'v1beta1', kind: 'Constraint' },
    match: EVERYTHING,
    matchConditions: named(source.matchConditions),
    variables: [...GIVEN, ...named(source.variables)],
    validations: list(source.validations).map(each => {
      const validation = fields(each);
      return {
        expression: text(validation.expression),
        message: text(validation.message),
        messageExpression: text(validation.messageExpression),
        reason: text(validation.reason) || 'Invalid',
      };
    }),
    auditAnnotations: [],
    mutations: [],
    source: template,
  };
}

/** Compiles the CEL of one template. Throws an Error that tells why it cannot be. */
export function compileTemplateCel(template: KubeObject, source: JsonObject): TemplateEngine {
  const policy = lowerPolicy(nativePolicy(template, source), [BINDING]);
  const [fault] = policy.faults;
  if (fault) throw new FaultError(fault);
  return {
    engine: 'K8sNativeValidation',
    evaluate: (constraint, review) => {
      const world: PolicyWorld = {
        parameter: () => constraint,
        parameters: () => [constraint],
        authorize: () => ({ allowed: false, error: 'authorizer is not available to templates' }),
      };
      return policy.decide!(review.request, world)
        .answers.filter(answer => answer.outcome === 'deny')
        .map(answer => ({ message: answer.message, details: undefined }));
    },
  };
}
