import type { BuiltinDefinition } from '../compile.ts';
import type { Context, LinkedNode } from '../runtime.ts';
import type { Literal, Rule } from '../syntax.ts';
import type { PlacedRule, RuleDocument, TreeNode } from '../tree.ts';
import type { Value } from '../value.ts';

/** Told of every step of an evaluation. */
export interface Tracer {
  enter(placed: PlacedRule, rule: Rule): void;
  exit(placed: PlacedRule, rule: Rule): void;
  /** Nothing more comes of the rule that was entered last. */
  leave?(): void;
  /** The literal holds, in some way. */
  held?(literal: Literal, file: string, bindings: ReadonlyMap<string, Value>): void;
  eval(literal: Literal, bindings: ReadonlyMap<string, Value>, file: string): void;
  redo(literal: Literal, bindings: ReadonlyMap<string, Value>, file: string): void;
  fail(literal: Literal, bindings: ReadonlyMap<string, Value>, file: string): void;
}

/** What bodies need of the program around them. */
export interface TwinProgram {
  readonly root: TreeNode;
  /** The module the evaluation is in. */
  readonly file: string;
  node(node: TreeNode): LinkedNode;
  builtin(name: string): BuiltinDefinition | undefined;
  arity(name: readonly string[]): number | undefined;
  function(path: readonly string[]): RuleDocument | undefined;
  apply(document: RuleDocument, context: Context, args: readonly Value[]): Value | undefined;
  /** What `rego.metadata.…()` is where the evaluation is; undefined for other names. */
  metadata(name: string): Value | undefined;
  unsafe(names: readonly string[], literal: Literal): never;
}
