export { declare } from './declarations.ts';
export { type CelEnvironment, extendEnvironment, STANDARD_ENVIRONMENT } from './environment.ts';
export {
  type CelProgram,
  type CelResult,
  compileCel,
  formatIssues,
  PER_CALL_LIMIT,
  RUNTIME_BUDGET,
} from './program.ts';
export { functionTable } from './runtime/table.ts';
export { type CelType, DYN, formatType, listOf, mapOf, optionalOf, typeFromText, typeOfSchema } from './types.ts';
export { CelError, CelMap, type CelValue } from './values.ts';
export type { Activation } from './writer.ts';
