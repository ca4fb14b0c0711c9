import type { KubeObject } from '../../../kernel/index.ts';
import type { CompiledPolicy, PolicyDialect, PolicySet, PolicyTypes } from '../../model.ts';
import { lowerPolicy } from './lower.ts';
import { isCelPolicyObject, parseBinding, parsePolicy } from './parse.ts';
import type { BindingDocument, PolicyDocument } from './schema.ts';
import { policyStatus, typeCheck } from './status.ts';

/** Kubernetes' own admission policies (admissionregistration.k8s.io). */
export const celDialect: PolicyDialect = {
  system: 'cel',
  resources: [
    'validatingadmissionpolicies',
    'validatingadmissionpolicybindings',
    'mutatingadmissionpolicies',
    'mutatingadmissionpolicybindings',
  ].map(resource => ({ group: 'admissionregistration.k8s.io', resource })),
  policyOf: ({ kind, metadata, spec }) =>
    kind.endsWith('Binding') ? (spec as { policyName?: string } | undefined)?.policyName : metadata.name,
  open: celPolicySet,
};

const keyOf = (object: KubeObject): string => `${object.kind}/${object.metadata.name}`;

/** Admission policies and bindings as they stand. */
export function celPolicySet(types: PolicyTypes): PolicySet {
  const documents = new Map<string, PolicyDocument>();
  const bindings = new Map<string, BindingDocument>();
  let compiled: readonly CompiledPolicy[] | undefined;
  const known = new Map<string, { inputs: readonly unknown[]; policy: CompiledPolicy }>();
  const compile = (key: string, document: PolicyDocument): CompiledPolicy => {
    const mine = [...bindings.values()].filter(
      binding => binding.policyName === document.name && binding.kind === `${document.kind}Binding`,
    );
    const inputs = [document, ...mine];
    const before = known.get(key);
    if (before && before.inputs.length === inputs.length && before.inputs.every((input, i) => input === inputs[i]))
      return before.policy;
    const policy = lowerPolicy(document, mine, types.schemaOf);
    known.set(key, { inputs, policy });
    return policy;
  };
  return {
    set: object => {
      if (!isCelPolicyObject(object)) return [];
      compiled = undefined;
      if (object.kind.endsWith('Binding')) {
        const { value, faults } = parseBinding(object);
        bindings.set(keyOf(object), value);
        return faults;
      }
      const { value, faults } = parsePolicy(object);
      documents.set(keyOf(object), value);
      return faults;
    },
    remove: object => {
      compiled = undefined;
      documents.delete(keyOf(object));
      bindings.delete(keyOf(object));
      known.delete(keyOf(object));
    },
    // In order of name, as the API server runs mutating policies.
    policies: () =>
      (compiled ??= [...documents]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, document]) => compile(key, document))),
    status: object => {
      const document = documents.get(keyOf(object));
      if (document?.kind !== 'ValidatingAdmissionPolicy') return undefined;
      return policyStatus(document, typeCheck(document, types.kindOf, types.schemaOf));
    },
    paramKinds: () => [...documents.values()].flatMap(document => (document.paramKind ? [document.paramKind] : [])),
  };
}
