import type { Fault } from '../../../base/index.ts';
import type { KindRef, KubeObject } from '../../../kernel/index.ts';
import type { CompiledPolicy } from '../../model.ts';
import { lowerPolicy, type SchemaOf } from './lower.ts';
import { isCelPolicyObject, parseBinding, parsePolicy } from './parse.ts';
import type { BindingDocument, PolicyDocument } from './schema.ts';

/** Admission policies and bindings as they stand; compiled again only when one of a policy's documents changed. */
export interface CelPolicySet {
  /** Takes in a policy or binding; tells what is wrong with it. */
  set(object: KubeObject): readonly Fault[];
  remove(object: KubeObject): void;
  policies(): readonly CompiledPolicy[];
  documents(): Iterable<PolicyDocument>;
  /** Kinds that bindings take parameters from. */
  paramKinds(): readonly KindRef[];
}

const keyOf = (object: KubeObject): string => `${object.kind}/${object.metadata.name}`;

export function celPolicySet(schemaOf: SchemaOf): CelPolicySet {
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
    const policy = lowerPolicy(document, mine, schemaOf);
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
    documents: () => documents.values(),
    paramKinds: () => [...documents.values()].flatMap(document => (document.paramKind ? [document.paramKind] : [])),
  };
}
