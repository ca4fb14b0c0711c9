export { mentions } from './ast.ts';
export { declare, joinDeclarations } from './declarations.ts';
export { CEL_EXTENSIONS, type CelEnvironment, extendEnvironment, STANDARD_ENVIRONMENT } from './environment.ts';
export { cardinalityOf, estimateCost } from './estimate.ts';
export { toJson } from './json.ts';
export { AUTHORIZER_TYPE, KUBERNETES_ENVIRONMENT, RESOURCE_CHECK_TYPE } from './kubernetes.ts';
export { NETWORK } from './network.ts';
export {
  type CelProgram,
  type CelResult,
  compileCel,
  formatIssues,
  PER_CALL_LIMIT,
  RUNTIME_BUDGET,
} from './program.ts';
export {
  type AuthorizationAnswer,
  type AuthorizationQuestion,
  type Authorize,
  authorizerValue,
  requestResourceValue,
} from './runtime/authorizer.ts';
export { type FunctionTable, functionTable } from './runtime/table.ts';
export {
  BOOL,
  type CelType,
  DYN,
  formatType,
  INT,
  listOf,
  mapOf,
  objectOf,
  opaque,
  optionalOf,
  STRING,
  typeFromText,
  typeOfSchema,
} from './types.ts';
export {
  Bytes,
  CelError,
  CelMap,
  type CelValue,
  Opaque as CelOpaque,
  Optional,
  Timestamp as CelTimestamp,
} from './values.ts';
export type { Activation } from './writer.ts';
export * as types from './types.ts';
