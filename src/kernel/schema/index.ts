export { builtinCatalog, compareVersions, describeKind, schemaOf, typeTable } from './builtin.ts';
export { defaultObject } from './default.ts';
export { prune } from './prune.ts';
export type { Field, Schema, SchemaType, ValueRules } from './schema.ts';
export {
  QUANTITY_MESSAGE,
  readBuiltin,
  type StructureReport,
  validateStructure,
} from './structure.ts';
export { type ApiTime, formatTime, parseTime } from './time.ts';
export { convertBuiltin } from './convert.ts';
export { type CustomKinds, schemaPort } from './port.ts';
export { validateObject } from './validate.ts';
export { validateValue } from './value.ts';
export { Causes } from './validation/causes.ts';
