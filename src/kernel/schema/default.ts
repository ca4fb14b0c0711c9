import type { Json, JsonObject, KubeObject } from '../object.ts';
import { cloneJson, setOwn } from '../merge/json.ts';
import { defaultingOf } from './defaults/index.ts';
import type { Field, Schema } from './schema.ts';

const plans = new WeakMap<ReadonlyMap<string, Field>, readonly Field[]>();

/** Fields of a type that have a default, found once. */
function fieldsWithDefault(fields: ReadonlyMap<string, Field>): readonly Field[] {
  let plan = plans.get(fields);
  if (plan === undefined) {
    // A zero that is left out of JSON is not there to be read either.
    plan = [...fields.values()].filter(field => field.default !== undefined && !(field.omitZero && !field.default));
    plans.set(fields, plan);
  }
  return plan;
}

function applyDefaults(schema: Schema, value: Json, known?: JsonObject): void {
  if (value === null || typeof value !== 'object') return;
  if (Array.isArray(value)) {
    if (schema.items && schema.type === 'list') for (const item of value) applyDefaults(schema.items, item);
    return;
  }
  const fields = schema.fields;
  if (fields !== undefined) {
    for (const field of fieldsWithDefault(fields)) {
      const present = Object.hasOwn(value, field.name) ? value[field.name] : undefined;
      if (present === undefined || (present === null && !field.schema.nullable)) {
        setOwn(value, field.name, cloneJson(field.default as Json));
      }
    }
  }
  for (const key of Object.keys(value)) {
    const part = value[key]!;
    if (part === null || typeof part !== 'object' || (known !== undefined && known[key] === part)) continue;
    const inner = fields?.get(key)?.schema ?? (schema.type === 'any' ? undefined : schema.items);
    if (inner !== undefined) applyDefaults(inner, part);
  }
}

/**
 * Fills what the API server fills, *in place*, in an object nobody else holds: hand-written defaults of built-in kinds,
 * then the defaults of the schema (for built-in kinds also the empty values Go always writes, such as `status: {}`). Members
 * that are the very same in `known` have all of that already.
 */
export function defaultObject<T>(schema: Schema, object: T, known?: object): T {
  const [draft, other] = [object as JsonObject, known as JsonObject | undefined];
  const shared = draft.spec !== undefined && draft.spec === other?.spec;
  if (schema.typeName !== undefined) defaultingOf(schema.typeName, shared ? 'beside-spec' : 'any')?.(draft);
  applyDefaults(schema, draft, other);
  return object;
}

/** Fills the status alone, *in place*: what Go always writes of it (`loadBalancer: {}`, `replicas: 0`). */
export function defaultStatus(schema: Schema, object: KubeObject): void {
  const status = schema.fields?.get('status')?.schema;
  if (status !== undefined) applyDefaults(status, object.status as Json);
}
