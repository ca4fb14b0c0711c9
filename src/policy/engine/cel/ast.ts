import type { CelValue } from './values.ts';

/** A node of a parsed expression; `at` is the offset of its first character (of the operator for infix calls). */
export type Expr =
  | { readonly kind: 'const'; readonly value: CelValue; readonly at: number }
  | { readonly kind: 'ident'; readonly name: string; readonly absolute?: boolean; readonly at: number }
  | {
      readonly kind: 'select';
      readonly operand: Expr;
      readonly field: string;
      readonly test?: boolean;
      readonly optional?: boolean;
      readonly at: number;
    }
  | {
      readonly kind: 'call';
      readonly fn: string;
      readonly target?: Expr;
      readonly args: readonly Expr[];
      readonly at: number;
    }
  | { readonly kind: 'list'; readonly items: readonly ListItem[]; readonly at: number }
  | { readonly kind: 'map'; readonly entries: readonly MapEntry[]; readonly at: number }
  | { readonly kind: 'struct'; readonly name: string; readonly fields: readonly StructField[]; readonly at: number }
  | Comprehension
  | { readonly kind: 'bind'; readonly name: string; readonly init: Expr; readonly body: Expr; readonly at: number }
  | { readonly kind: 'block'; readonly slots: readonly Expr[]; readonly body: Expr; readonly at: number };

export interface ListItem {
  readonly value: Expr;
  readonly optional: boolean;
}
export interface MapEntry {
  readonly key: Expr;
  readonly value: Expr;
  readonly optional: boolean;
}
export interface StructField {
  readonly name: string;
  readonly value: Expr;
  readonly optional: boolean;
  readonly at: number;
}

/** What a comprehension macro folds to. */
export type Fold =
  | 'all'
  | 'exists'
  | 'existsOne'
  | 'map'
  | 'filter'
  | 'transformList'
  | 'transformMap'
  | 'transformMapEntry'
  | 'sortBy';

/** A macro over a range: `vars` has one name, or two (index or key, value); `filter` narrows, `body` is folded. */
export interface Comprehension {
  readonly kind: 'comprehension';
  readonly fold: Fold;
  readonly vars: readonly string[];
  readonly range: Expr;
  readonly filter?: Expr;
  readonly body: Expr;
  readonly at: number;
}

/** A place where a text is not CEL. */
export interface CelIssue {
  readonly at: number;
  readonly message: string;
}

/** The nodes directly below a node. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'select':
      return [expr.operand];
    case 'call':
      return expr.target ? [expr.target, ...expr.args] : expr.args;
    case 'list':
      return expr.items.map(item => item.value);
    case 'map':
      return expr.entries.flatMap(entry => [entry.key, entry.value]);
    case 'struct':
      return expr.fields.map(field => field.value);
    case 'comprehension':
      return expr.filter ? [expr.range, expr.filter, expr.body] : [expr.range, expr.body];
    case 'bind':
      return [expr.init, expr.body];
    case 'block':
      return [...expr.slots, expr.body];
    default:
      return [];
  }
}

/** True when a variable of that name is mentioned anywhere. */
export function mentions(expr: Expr, name: string): boolean {
  return (expr.kind === 'ident' && expr.name === name) || childrenOf(expr).some(child => mentions(child, name));
}
