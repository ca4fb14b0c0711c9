import type { Json, JsonObject } from '../object.ts';
import type { Schema } from '../schema/schema.ts';

const isZero = (value: Json): boolean => value === '' || value === 0 || value === false;

/** Takes out, in place, scalars that are zero and were not meant: what Go's `omitempty` leaves out of JSON. */
export function omitEmpty(schema: Schema | undefined, value: Json): void {
  if (schema === undefined || typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) omitEmpty(schema.items, item);
    return;
  }
  // JSONSchemaPropsOrBool and its kin: an object is a schema itself.
  if (schema.type === 'any') return omitEmpty(schema.items, value);
  if (schema.type === 'map') {
    for (const key of Object.keys(value)) omitEmpty(schema.items, value[key]!);
    return;
  }
  if (schema.fields) omitFields(schema.fields, value);
}

function omitFields(fields: NonNullable<Schema['fields']>, object: JsonObject): void {
  for (const key of Object.keys(object)) {
    const field = fields.get(key);
    if (!field) continue;
    const value = object[key]!;
    if (!isZero(value)) omitEmpty(field.schema, value);
    else if (field.omitZero) delete object[key];
  }
}
