/** Gatekeeper: constraint templates, constraints, mutators, expansions and test suites. */
export { type AuditResult, auditObject, auditObjects, expansionNamespace } from './audit.ts';
export { type Constraint, ConstraintSet, type Result } from './constraints.ts';
export { actionsOf, type Enforcement, enforcementAt, type EnforcementPoint } from './enforce.ts';
export { ExpansionSet, isExpansion, type Resultant } from './expansion.ts';
export { DocumentError, gatekeeperFaults } from './faults.ts';
export { MutatorSet } from './mutations.ts';
export { isMutator } from './mutator.ts';
export { externalKey } from './rego.ts';
export {
  isSuite,
  type SuiteFilter,
  suiteFilter,
  type SuiteOutcome,
  type SuitePorts,
  type SuiteResult,
  SuiteRun,
  type TestOutcome,
} from './suite.ts';
export { isConstraint, isTemplate, type TemplateOptions } from './template.ts';
export { constraintDefinition } from './definition.ts';
export { gatekeeperDialect } from './set.ts';
export { type AuditReporter, constraintStatus } from './status.ts';
