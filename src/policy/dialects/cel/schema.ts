import type { KindRef, KubeObject, LabelSelectorObject } from '../../../kernel/index.ts';
import type { ResourceMatch } from '../../engine/match.ts';

/** A named expression: match condition, variable, audit annotation. */
export interface NamedExpression {
  readonly name: string;
  readonly expression: string;
}

export interface Validation {
  readonly expression: string;
  readonly message: string;
  readonly messageExpression: string;
  readonly reason: string;
}

export type Mutation =
  | { readonly type: 'ApplyConfiguration'; readonly expression: string }
  | { readonly type: 'JSONPatch'; readonly expression: string };

/** A ValidatingAdmissionPolicy or MutatingAdmissionPolicy (admissionregistration v1 and its betas), read. */
export interface PolicyDocument {
  readonly kind: 'ValidatingAdmissionPolicy' | 'MutatingAdmissionPolicy';
  readonly name: string;
  readonly generation: number;
  readonly failurePolicy: 'Fail' | 'Ignore';
  readonly paramKind: KindRef | undefined;
  readonly match: ResourceMatch;
  readonly matchConditions: readonly NamedExpression[];
  readonly variables: readonly NamedExpression[];
  readonly validations: readonly Validation[];
  readonly auditAnnotations: readonly NamedExpression[];
  readonly mutations: readonly Mutation[];
  readonly source: KubeObject;
}

/** A binding of either kind. */
export interface BindingDocument {
  readonly kind: 'ValidatingAdmissionPolicyBinding' | 'MutatingAdmissionPolicyBinding';
  readonly name: string;
  readonly policyName: string;
  readonly match: ResourceMatch;
  readonly actions: readonly ('Deny' | 'Warn' | 'Audit')[];
  readonly param:
    | {
        readonly name: string | undefined;
        readonly namespace: string | undefined;
        readonly selector: LabelSelectorObject | undefined;
        readonly notFound: 'Allow' | 'Deny';
      }
    | undefined;
}
