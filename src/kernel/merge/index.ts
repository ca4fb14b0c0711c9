export {
  applyConflictError,
  checkApplied,
  type ApplyTerms,
  type FieldConflict,
  serverSideApply,
  updateManagedFields,
  type UpdateTerms,
} from './apply.ts';
export { decodeFieldSet, eachMember, encodeFieldSet, type FieldSet, formatFieldPath } from './field-set.ts';
export { applyJsonPatch, JSON_PATCH_OPERATIONS_MAX, parsePointer } from './json-patch.ts';
export { cloneJson, equalJson, isObject, ownMember, setOwn } from './json.ts';
export { LAST_APPLIED } from './last-applied.ts';
export { applyMergePatch } from './merge-patch.ts';
export { applyStrategicMerge, threeWayStrategicMerge } from './strategic.ts';
export { compareTyped, fieldSetOf, removeItems, TypingError } from './typed.ts';
export { checkTyped, mergeTyped } from './typed-merge.ts';
