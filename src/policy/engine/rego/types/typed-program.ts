import type { Rule } from '../syntax.ts';
import type { PlacedRule, RuleDocument, TreeNode } from '../tree.ts';
import type { Type } from './type.ts';

/** What the checker needs to know of a program. */
export interface TypedProgram {
  readonly root: TreeNode;
  readonly documents: readonly RuleDocument[];
  resolved(placed: PlacedRule): Rule;
  arity(name: readonly string[]): number | undefined;
  /** The type a schema gives to a reference under `input` or `data` in a rule; undefined without one. */
  schema?(path: readonly string[], placed: PlacedRule | undefined): Type | undefined;
}
