export { type AuditOptions, auditEvery } from './audit-timer.ts';
export { type PoliciesOptions, runPolicies, type RunningPolicies } from './controller.ts';
export { policyRequest, policyStep, rehearsalStep } from './engine/admission.ts';
export * from './engine/review.ts';
export { equivalentsOf } from './engine/equivalent.ts';
export * from './engine/podsecurity/index.ts';
export {
  type CelEnvironment,
  type CelProgram,
  compileCel,
  extendEnvironment,
  KUBERNETES_ENVIRONMENT,
  types as celTypes,
} from './engine/cel/index.ts';
export * from './dialects/cel/parse.ts';
export { lowerPolicy } from './dialects/cel/lower.ts';
export { celRuleCompiler } from './dialects/cel/rules.ts';
export { compileJmes, JmesError, type JmesPorts } from './engine/jmespath/index.ts';
export * from './dialects/kyverno/testing/index.ts';
export { explainPolicies as explain } from './engine/explain.ts';
export { celPolicySet } from './dialects/cel/set.ts';
export { admissionPolicyStep } from './dialects/cel/written.ts';
export * from './dialects/index.ts';
export { policyStatus, typeCheck } from './dialects/cel/status.ts';
export { kyvernoDialect, type KyvernoPorts } from './dialects/kyverno/set.ts';
export { policyFaults } from './faults.ts';
export type * from './model.ts';
export type * from './ports.ts';
export * from './dialects/gatekeeper/index.ts';
export * as editor from './editor/index.ts';
export * as rego from './engine/rego/index.ts';
export * from './drivers/kyverno/index.ts';
export { nodeCrypto } from './drivers/rego-crypto.ts';
export { askProviders } from './drivers/gatekeeper/providers.ts';
export * from './engine/rego-tests.ts';
export * from './dialects/scans/index.ts';
