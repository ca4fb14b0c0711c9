import type { Fault } from '../../../base/index.ts';
import type { KubeObject } from '../../../kernel/index.ts';
import { DYN } from '../../engine/cel/index.ts';
import { compileExpressions } from './expressions.ts';
import { parsePolicy } from './parse.ts';

/** Says where and why a policy cannot be an admission policy; `pointer` is RFC 6901 into the document. */
export class NotExportable extends Error {
  readonly pointer: string;
  constructor(pointer: string, why: string) {
    super(why);
    this.pointer = pointer;
  }
}

export type Action = 'Deny' | 'Warn' | 'Audit';

/** One admission policy to be, with its binding. */
export interface PolicyDraft {
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** `spec` of the ValidatingAdmissionPolicy. */
  readonly spec: Readonly<Record<string, unknown>>;
  readonly actions: readonly Action[];
  /** More of the binding's `spec`. */
  readonly binding?: Readonly<Record<string, unknown>>;
}

const API_VERSION = 'admissionregistration.k8s.io/v1';
const NAME_CHARACTERS_MAX = 253;

/** A name the API takes (RFC 1123 subdomain). */
export const admissionName = (...parts: readonly string[]): string =>
  parts
    .join('-')
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
    .slice(0, NAME_CHARACTERS_MAX)
    .replace(/[^a-z0-9]+$/, '');

/** Why the expressions of a policy are no CEL that a kube-apiserver takes. */
export function celFaultOf(policy: KubeObject): Fault | undefined {
  const { value, faults } = parsePolicy(policy);
  return faults[0] ?? compileExpressions(value, { params: DYN }).faults[0];
}

export function admissionPolicy({ name, annotations, spec }: PolicyDraft): KubeObject {
  return {
    apiVersion: API_VERSION,
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
    spec,
  };
}

export function admissionBinding(
  policyName: string,
  name: string,
  actions: readonly Action[],
  more: Readonly<Record<string, unknown>> = {},
): KubeObject {
  return {
    apiVersion: API_VERSION,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name },
    spec: { policyName, validationActions: actions, ...more },
  };
}

/** Policy and binding of a draft. */
export const draftObjects = (draft: PolicyDraft): KubeObject[] => [
  admissionPolicy(draft),
  admissionBinding(draft.name, draft.name, draft.actions, draft.binding),
];
