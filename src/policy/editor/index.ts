/** Policies in editors: what is wrong where, what a name means, what may be written. */
export { type EditorTypes, findingsInDocuments } from './documents.ts';
export type { DeclaredName, EditorText, Finding, Suggestion } from './model.ts';
export {
  definitionsOf,
  describe,
  namesIn,
  openRego,
  type RegoVersion,
  type RegoWorkspace,
  suggest,
} from './rego.ts';
export { offsetOf } from './spans.ts';
