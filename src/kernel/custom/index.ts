export { customKindsStep } from './admission.ts';
export { type CustomCatalog, customCatalog } from './catalog.ts';
export { checkDefinition } from './check.ts';
export { CRD_REF, type CustomKindsOptions, runCustomKinds } from './controller.ts';
export { definitionsOf } from './definition.ts';
export { CLEANUP_FINALIZER, type CustomResourceDefinition, type CustomVersion } from './document.ts';
export { customSchemaPort } from './port.ts';
export type {
  CompiledRule,
  ConversionCall,
  ConversionWebhook,
  RuleCompiler,
  RuleOutcome,
  ValidationRule,
} from './ports.ts';
export { ratchet } from './ratchet.ts';
export { ValidationRules } from './rules.ts';
export { readCustomSchema } from './schema.ts';
export { checkStructural } from './structural.ts';
