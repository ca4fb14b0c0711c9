import type { Fault } from '../../../base/index.ts';
import {
  AUTHORIZER_TYPE,
  type CelEnvironment,
  type CelProgram,
  type CelType,
  compileCel,
  DYN,
  extendEnvironment,
  KUBERNETES_ENVIRONMENT,
  listOf,
  objectOf,
  typeFromText,
} from '../../engine/cel/index.ts';
import type { NamedExpression, PolicyDocument } from './schema.ts';

export interface CompiledNamed {
  readonly name: string;
  readonly program: CelProgram;
}

export interface CompiledValidation {
  readonly expression: string;
  readonly program: CelProgram;
  readonly message: CelProgram | undefined;
  readonly text: string;
  readonly reason: string;
}

/** Every expression of a policy, compiled; faults name the field. */
export interface CompiledExpressions {
  readonly matchConditions: readonly CompiledNamed[];
  readonly variables: readonly CompiledNamed[];
  readonly validations: readonly CompiledValidation[];
  readonly auditAnnotations: readonly CompiledNamed[];
  readonly mutations: readonly { readonly type: 'ApplyConfiguration' | 'JSONPatch'; readonly program: CelProgram }[];
  /** The type of `variables`, for further expressions of the same policy. */
  readonly variablesType: CelType;
  readonly faults: readonly Fault[];
}

const text = typeFromText('string');
const gvk = objectOf('kubernetes.GroupVersionKind', [
  ['group', text],
  ['version', text],
  ['kind', text],
]);
const gvr = objectOf('kubernetes.GroupVersionResource', [
  ['group', text],
  ['version', text],
  ['resource', text],
]);

/** The type of `request` (admission/v1 AdmissionRequest without the objects). */
export const REQUEST_TYPE: CelType = objectOf('kubernetes.AdmissionRequest', [
  ['kind', gvk],
  ['resource', gvr],
  ['subResource', text],
  ['requestKind', gvk],
  ['requestResource', gvr],
  ['requestSubResource', text],
  ['name', text],
  ['namespace', text],
  ['operation', text],
  [
    'userInfo',
    objectOf('kubernetes.UserInfo', [
      ['username', text],
      ['uid', text],
      ['groups', typeFromText('list<string>')],
      ['extra', typeFromText('map<string,list<string>>')],
    ]),
  ],
  ['dryRun', typeFromText('bool')],
  ['options', DYN],
]);

const texts = typeFromText('list<string>');
const moment = typeFromText('timestamp');

/** The type of `namespaceObject`: what of a Namespace expressions may look at. */
const NAMESPACE_TYPE: CelType = objectOf('kubernetes.Namespace', [
  [
    'metadata',
    objectOf('kubernetes.NamespaceMetadata', [
      ['name', text],
      ['generateName', text],
      ['namespace', text],
      ['labels', typeFromText('map<string,string>')],
      ['annotations', typeFromText('map<string,string>')],
      ['UID', text],
      ['creationTimestamp', moment],
      ['deletionGracePeriodSeconds', typeFromText('int')],
      ['deletionTimestamp', moment],
      ['generation', typeFromText('int')],
      ['resourceVersion', text],
      ['finalizers', texts],
    ]),
  ],
  ['spec', objectOf('kubernetes.NamespaceSpec', [['finalizers', texts]])],
  [
    'status',
    objectOf('kubernetes.NamespaceStatus', [
      [
        'conditions',
        listOf(
          objectOf('kubernetes.NamespaceCondition', [
            ['status', text],
            ['type', text],
            ['lastTransitionTime', moment],
            ['message', text],
            ['reason', text],
          ]),
        ),
      ],
      ['phase', text],
    ]),
  ],
]);

/** What type checks know beyond the policy; `base` is the environment of systems with more functions and variables. */
export interface ExpressionTypes {
  readonly object?: CelType;
  readonly params?: CelType;
  readonly base?: CelEnvironment;
  /** The type of `request`, for systems whose requests hold more. */
  readonly request?: CelType;
}

/** The variables of a policy; types of `object` and `params` narrow what type checks see. */
export function policyEnvironment(policy: PolicyDocument, types: ExpressionTypes = {}): CelEnvironment {
  const object = types.object ?? DYN;
  return extendEnvironment(types.base ?? KUBERNETES_ENVIRONMENT, {
    variables: [
      ['object', object],
      ['oldObject', object],
      ['request', types.request ?? REQUEST_TYPE],
      ['namespaceObject', types.request === undefined ? NAMESPACE_TYPE : DYN],
      ['authorizer', AUTHORIZER_TYPE],
      ['authorizer.requestResource', typeFromText('kubernetes.authorization.ResourceCheck')],
      ...(policy.paramKind ? ([['params', types.params ?? DYN]] as const) : []),
    ],
    // Object literals of apply configurations and patches build plain maps.
    ...(policy.kind === 'MutatingAdmissionPolicy' ? { structType: structOf } : {}),
  });
}

const structOf = (name: string): CelType | undefined =>
  name === 'JSONPatch' || name === 'Object' || name.startsWith('Object.') ? DYN : undefined;

/** Compiles all expressions of a policy. */
export function compileExpressions(policy: PolicyDocument, types: ExpressionTypes = {}): CompiledExpressions {
  const faults: Fault[] = [];
  const base = policyEnvironment(policy, types);
  const compile = (field: string, expression: string, environment: CelEnvironment): CelProgram => {
    const { value, faults: found } = compileCel(expression, environment);
    faults.push(...found.map(fault => ({ ...fault, params: { ...fault.params, field } })));
    return value;
  };
  const named = (
    list: readonly NamedExpression[],
    path: string,
    key: string,
    environment: CelEnvironment,
  ): CompiledNamed[] =>
    list.map((each, i) => ({
      name: each.name,
      program: compile(`${path}[${i}].${key}`, each.expression, environment),
    }));

  const matchConditions = named(policy.matchConditions, 'spec.matchConditions', 'expression', base);
  const fields = new Map<string, CelType>();
  const variables: CompiledNamed[] = [];
  for (const [i, variable] of policy.variables.entries()) {
    // A variable sees those before it.
    const environment = extendEnvironment(base, {
      variables: [['variables', objectOf('kubernetes.variables', fields)]],
    });
    const program = compile(`spec.variables[${i}].expression`, variable.expression, environment);
    variables.push({ name: variable.name, program });
    fields.set(variable.name, program.type);
  }
  // A policy without variables does not know their name.
  const full = extendEnvironment(base, {
    variables: fields.size > 0 ? [['variables', objectOf('kubernetes.variables', fields)]] : [],
  });
  return {
    matchConditions,
    variables,
    validations: policy.validations.map((validation, i) => ({
      expression: validation.expression,
      program: compile(`spec.validations[${i}].expression`, validation.expression, full),
      message: validation.messageExpression
        ? compile(`spec.validations[${i}].messageExpression`, validation.messageExpression, full)
        : undefined,
      text: validation.message,
      reason: validation.reason,
    })),
    auditAnnotations: named(policy.auditAnnotations, 'spec.auditAnnotations', 'valueExpression', full),
    mutations: policy.mutations.map((mutation, i) => ({
      type: mutation.type,
      program: compile(
        `spec.mutations[${i}].${mutation.type === 'JSONPatch' ? 'jsonPatch' : 'applyConfiguration'}.expression`,
        mutation.expression,
        full,
      ),
    })),
    variablesType: objectOf('kubernetes.variables', fields),
    faults,
  };
}
