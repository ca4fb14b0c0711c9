import type { Json, JsonObject } from '../object.ts';
import type { Schema } from './schema.ts';

const IDENTITY: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

function walk(schema: Schema, value: Json, path: string, root: boolean, pruned: string[]): void {
  if (value === null || typeof value !== 'object') return;
  if (Array.isArray(value)) {
    if (schema.items)
      for (let i = 0; i < value.length; i++) walk(schema.items, value[i]!, `${path}[${i}]`, false, pruned);
    return;
  }
  const own = root || schema.embedded === true;
  for (const key of Object.keys(value)) {
    const field = schema.fields?.get(key);
    const at = path === '' ? key : `${path}.${key}`;
    if (field !== undefined) walk(field.schema, value[key]!, at, false, pruned);
    else if (schema.items !== undefined && schema.type !== 'list') walk(schema.items, value[key]!, at, false, pruned);
    else if (own && IDENTITY.has(key)) continue;
    else if (!schema.preserveUnknown && schema.type !== 'any') {
      pruned.push(at);
      delete (value as JsonObject)[key];
    }
  }
}

/**
 * Drops what a structural schema does not name, *in place* (apiextensions, "Field pruning"), and tells the paths it
 * dropped. apiVersion, kind and metadata of the object itself and of embedded objects stay.
 */
export function prune(schema: Schema, object: unknown): string[] {
  const pruned: string[] = [];
  walk(schema, object as Json, '', true, pruned);
  return pruned;
}
