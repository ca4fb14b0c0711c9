import type { Fault, Parsed } from '../../../base/index.ts';
import { type KubeObject, type LabelSelectorObject, splitApiVersion } from '../../../kernel/index.ts';
import type { ResourceMatch, ResourceRule } from '../../engine/match.ts';
import { policyFaults } from '../../faults.ts';
import type { BindingDocument, Mutation, NamedExpression, PolicyDocument, Validation } from './schema.ts';

type Fields = Readonly<Record<string, unknown>>;

const GROUP = 'admissionregistration.k8s.io';

/** True for objects of this dialect. */
export function isCelPolicyObject(object: KubeObject): boolean {
  return (
    object.apiVersion.startsWith(`${GROUP}/`) && /^(Validating|Mutating)AdmissionPolicy(Binding)?$/.test(object.kind)
  );
}

/** Reads fields and notes those that are not what they should be; a broken one never hides the others. */
class Reader {
  readonly faults: Fault[] = [];
  private readonly object: KubeObject;
  constructor(object: KubeObject) {
    this.object = object;
  }

  fields(value: unknown, path: string): Fields {
    if (value === undefined || value === null) return {};
    if (typeof value === 'object' && !Array.isArray(value)) return value as Fields;
    this.fault(path, 'expected an object');
    return {};
  }

  list(value: unknown, path: string): readonly unknown[] {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value;
    this.fault(path, 'expected a list');
    return [];
  }

  text(value: unknown, path: string): string {
    if (value === undefined || value === null) return '';
    if (typeof value === 'string') return value;
    this.fault(path, 'expected a string');
    return '';
  }

  texts(value: unknown, path: string): string[] {
    return this.list(value, path).map((item, i) => this.text(item, `${path}[${i}]`));
  }

  named(value: unknown, path: string, key: string, expression: string): NamedExpression[] {
    return this.list(value, path).map((item, i) => {
      const fields = this.fields(item, `${path}[${i}]`);
      return {
        name: this.text(fields[key], `${path}[${i}].${key}`),
        expression: this.text(fields[expression], `${path}[${i}].${expression}`),
      };
    });
  }

  fault(field: string, why: string): void {
    const { kind, metadata } = this.object;
    this.faults.push(
      policyFaults.make(
        'policy-invalid',
        { field, kind, name: metadata.name ?? '', why },
        `${kind}/${metadata.name ?? ''} ${field}`,
      ),
    );
  }
}

function readRule(reader: Reader, value: unknown, path: string): ResourceRule {
  const fields = reader.fields(value, path);
  return {
    operations: reader.texts(fields.operations, `${path}.operations`),
    groups: reader.texts(fields.apiGroups, `${path}.apiGroups`),
    versions: reader.texts(fields.apiVersions, `${path}.apiVersions`),
    resources: reader.texts(fields.resources, `${path}.resources`),
    names: reader.texts(fields.resourceNames, `${path}.resourceNames`),
    scope: reader.text(fields.scope, `${path}.scope`) || '*',
  };
}

function readMatch(reader: Reader, value: unknown, path: string): ResourceMatch {
  const fields = reader.fields(value, path);
  const rules = (name: string): ResourceRule[] =>
    reader.list(fields[name], `${path}.${name}`).map((rule, i) => readRule(reader, rule, `${path}.${name}[${i}]`));
  const selector = (name: string): LabelSelectorObject | undefined =>
    fields[name] === undefined ? undefined : (reader.fields(fields[name], `${path}.${name}`) as LabelSelectorObject);
  const include = rules('resourceRules');
  return {
    include: include.length > 0 ? include : undefined,
    exclude: rules('excludeResourceRules'),
    namespaceSelector: selector('namespaceSelector'),
    objectSelector: selector('objectSelector'),
    equivalent: (reader.text(fields.matchPolicy, `${path}.matchPolicy`) || 'Equivalent') === 'Equivalent',
  };
}

function readMutations(reader: Reader, value: unknown): Mutation[] {
  return reader.list(value, 'spec.mutations').flatMap((item, i): Mutation[] => {
    const path = `spec.mutations[${i}]`;
    const fields = reader.fields(item, path);
    const type = reader.text(fields.patchType, `${path}.patchType`);
    const body = type === 'JSONPatch' ? 'jsonPatch' : 'applyConfiguration';
    if (type !== 'JSONPatch' && type !== 'ApplyConfiguration') {
      reader.fault(`${path}.patchType`, 'expected ApplyConfiguration or JSONPatch');
      return [];
    }
    return [
      {
        type,
        expression: reader.text(
          reader.fields(fields[body], `${path}.${body}`).expression,
          `${path}.${body}.expression`,
        ),
      },
    ];
  });
}

/** Reads a policy. */
export function parsePolicy(object: KubeObject): Parsed<PolicyDocument> {
  const reader = new Reader(object);
  const spec = reader.fields(object.spec, 'spec');
  const paramKind = reader.fields(spec.paramKind, 'spec.paramKind');
  const failurePolicy = reader.text(spec.failurePolicy, 'spec.failurePolicy') || 'Fail';
  if (failurePolicy !== 'Fail' && failurePolicy !== 'Ignore')
    reader.fault('spec.failurePolicy', 'expected Fail or Ignore');
  const validations = reader.list(spec.validations, 'spec.validations').map((item, i): Validation => {
    const path = `spec.validations[${i}]`;
    const fields = reader.fields(item, path);
    return {
      expression: reader.text(fields.expression, `${path}.expression`),
      message: reader.text(fields.message, `${path}.message`),
      messageExpression: reader.text(fields.messageExpression, `${path}.messageExpression`),
      reason: reader.text(fields.reason, `${path}.reason`) || 'Invalid',
    };
  });
  const value: PolicyDocument = {
    kind: object.kind === 'MutatingAdmissionPolicy' ? 'MutatingAdmissionPolicy' : 'ValidatingAdmissionPolicy',
    name: object.metadata.name ?? '',
    generation: object.metadata.generation ?? 0,
    failurePolicy: failurePolicy === 'Ignore' ? 'Ignore' : 'Fail',
    paramKind:
      spec.paramKind === undefined || spec.paramKind === null
        ? undefined
        : {
            ...splitApiVersion(reader.text(paramKind.apiVersion, 'spec.paramKind.apiVersion')),
            kind: reader.text(paramKind.kind, 'spec.paramKind.kind'),
          },
    match: readMatch(reader, spec.matchConstraints, 'spec.matchConstraints'),
    matchConditions: reader.named(spec.matchConditions, 'spec.matchConditions', 'name', 'expression'),
    variables: reader.named(spec.variables, 'spec.variables', 'name', 'expression'),
    validations,
    auditAnnotations: reader.named(spec.auditAnnotations, 'spec.auditAnnotations', 'key', 'valueExpression'),
    mutations: readMutations(reader, spec.mutations),
    source: object,
  };
  return { value, faults: reader.faults };
}

/** Reads a binding. */
export function parseBinding(object: KubeObject): Parsed<BindingDocument> {
  const reader = new Reader(object);
  const spec = reader.fields(object.spec, 'spec');
  const actions: ('Deny' | 'Warn' | 'Audit')[] = [];
  for (const action of reader.texts(spec.validationActions, 'spec.validationActions')) {
    if (action === 'Deny' || action === 'Warn' || action === 'Audit') actions.push(action);
    else reader.fault('spec.validationActions', `unknown action "${action}"`);
  }
  const ref = reader.fields(spec.paramRef, 'spec.paramRef');
  const text = (name: string): string | undefined => reader.text(ref[name], `spec.paramRef.${name}`) || undefined;
  const value: BindingDocument = {
    kind:
      object.kind === 'MutatingAdmissionPolicyBinding'
        ? 'MutatingAdmissionPolicyBinding'
        : 'ValidatingAdmissionPolicyBinding',
    name: object.metadata.name ?? '',
    policyName: reader.text(spec.policyName, 'spec.policyName'),
    match: readMatch(reader, spec.matchResources, 'spec.matchResources'),
    actions,
    param:
      spec.paramRef === undefined || spec.paramRef === null
        ? undefined
        : {
            name: text('name'),
            namespace: text('namespace'),
            selector:
              ref.selector === undefined
                ? undefined
                : (reader.fields(ref.selector, 'spec.paramRef.selector') as LabelSelectorObject),
            notFound: text('parameterNotFoundAction') === 'Allow' ? 'Allow' : 'Deny',
          },
  };
  return { value, faults: reader.faults };
}
