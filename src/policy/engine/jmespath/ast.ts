import type { Json } from '../../../kernel/index.ts';

/** A JMESPath expression. */
export type Node =
  | { readonly kind: 'current' }
  | { readonly kind: 'literal'; readonly value: Json }
  | { readonly kind: 'field' | 'binding'; readonly name: string }
  | { readonly kind: 'sub' | 'pipe' | 'or' | 'and'; readonly left: Node; readonly right: Node }
  | { readonly kind: 'index'; readonly left: Node; readonly index: number }
  | {
      readonly kind: 'slice';
      readonly left: Node;
      readonly right: Node;
      readonly parts: readonly (number | undefined)[];
    }
  | { readonly kind: 'list' | 'flatten' | 'values'; readonly left: Node; readonly right: Node }
  | { readonly kind: 'filter'; readonly left: Node; readonly right: Node; readonly condition: Node }
  | { readonly kind: 'compare'; readonly operator: string; readonly left: Node; readonly right: Node }
  | { readonly kind: 'not'; readonly of: Node }
  | { readonly kind: 'reference'; readonly of: Node }
  | { readonly kind: 'many'; readonly items: readonly Node[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [string, Node])[] }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Node[] };
