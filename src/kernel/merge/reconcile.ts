import type { Json } from '../object.ts';
import type { Schema } from '../schema/schema.ts';
import { type FieldSet, MEMBER } from './field-set.ts';
import { isObject, ownMember } from './json.ts';
import { groupItems, isAssociative, itemSchema, memberSchema } from './typed.ts';

/**
 * Adapts a set written under an older schema: children of what is atomic now become the whole. What was atomic and is
 * not any more is read as if it had never been (structured-merge-diff ReconcileFieldSetWithSchema). Answers the same set
 * if nothing changed.
 */
export function reconcileSet(schema: Schema, set: FieldSet, live: Json): FieldSet {
  return reconcileNode(schema, set, live) ?? set;
}

function reconcileNode(schema: Schema, node: FieldSet, value: Json | undefined): FieldSet | undefined {
  if (isLeaf(node)) return undefined;
  if (schema.atomic === true || (schema.type === 'list' && !isAssociative(schema))) return MEMBER;
  let draft: { [element: string]: FieldSet } | undefined;
  const items = Array.isArray(value) && isAssociative(schema) ? groupItems(schema, value) : undefined;
  for (const element of Object.keys(node)) {
    if (element === '.') continue;
    const named = element.charCodeAt(0) === 102;
    const name = element.slice(2);
    const below = named ? (isObject(value) ? ownMember(value, name) : undefined) : items?.get(element)?.[0];
    const changed = reconcileNode(named ? memberSchema(schema, name) : itemSchema(schema), node[element]!, below);
    if (changed !== undefined) {
      draft ??= { ...node };
      draft[element] = changed;
    }
  }
  return draft;
}

function isLeaf(node: FieldSet): boolean {
  for (const key in node) if (key !== '.') return false;
  return true;
}
