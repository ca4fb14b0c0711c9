import type { JsonObject } from '../object.ts';
import type { Schema } from '../schema/schema.ts';
import { isAssociative } from './typed.ts';

/** Made once a type; never changed. */
const values = new WeakMap<Schema, JsonObject>();

/**
 * A built-in type's zero value as Kubernetes' own types write it: structs are said though empty, required lists, maps and
 * pointers as null. Ownership of a new object is the difference to it. Custom kinds have none.
 */
export function zeroValue(schema: Schema): JsonObject {
  const known = values.get(schema);
  if (known) return known;
  const zero: JsonObject = {};
  values.set(schema, zero);
  if (schema.typeName === undefined) return zero;
  for (const { name, schema: inner, required, default: preset } of schema.fields?.values() ?? []) {
    if (isStruct(inner, preset)) zero[name] = zeroValue(inner);
    else if (required) Object.assign(zero, emptied(name, inner));
  }
  return zero;
}

/** A required field that was never set; lists that merge by item are there with no item. */
function emptied(name: string, schema: Schema): JsonObject {
  if (isAssociative(schema)) return { [name]: [] };
  return schema.type === 'list' || schema.type === 'map' || schema.type === 'object' ? { [name]: null } : {};
}

/** Fields of struct type carry an empty default; pointers to structs do not (kube-openapi). */
const isStruct = (schema: Schema, preset: unknown): boolean =>
  schema.type === 'object' && typeof preset === 'object' && preset !== null && Object.keys(preset).length === 0;
