import { isObject } from '../merge/json.ts';
import type { Json, JsonObject } from '../object.ts';
import { schemaOf } from '../schema/builtin.ts';
import type { Field, Schema, SchemaType, ValueRules } from '../schema/schema.ts';

type Draft = { -readonly [K in keyof Schema]: Schema[K] };
type RulesDraft = { -readonly [K in keyof ValueRules]: ValueRules[K] };

const DEPTH_MAX = 200;

/** What `kubectl explain` says of the fields every custom kind has. */
const API_VERSION = 'APIVersion defines the version of the schema that this object is written in.';
const KIND = 'Kind names what this object is; it cannot be changed.';

/** Reads a structural OpenAPI v3 schema of a custom kind; apiVersion, kind and metadata are added at the root. */
export function readCustomSchema(props: JsonObject | undefined): Schema {
  const schema = props === undefined ? { type: 'object' as const, preserveUnknown: true } : readNode(props, 0);
  return { ...schema, type: 'object', fields: withIdentity(schema.fields) };
}

function withIdentity(fields: ReadonlyMap<string, Field> | undefined): ReadonlyMap<string, Field> {
  const metadata = schemaOf({ group: '', version: 'v1', kind: 'ConfigMap' })?.fields?.get('metadata')?.schema ?? {
    type: 'any',
  };
  const all = new Map(fields);
  all.set('apiVersion', { name: 'apiVersion', schema: { type: 'string', description: API_VERSION } });
  all.set('kind', { name: 'kind', schema: { type: 'string', description: KIND } });
  all.set('metadata', { name: 'metadata', schema: metadata });
  return all;
}

function typeOf(props: JsonObject): SchemaType {
  if (props['x-kubernetes-int-or-string'] === true) return 'int-or-string';
  switch (props.type) {
    case 'array':
      return 'list';
    case 'object':
      // Properties, open or not, make an object; only values of one schema make a map.
      return isObject(props.additionalProperties) && !isObject(props.properties) ? 'map' : 'object';
    case 'string':
    case 'integer':
    case 'number':
    case 'boolean':
      return props.type;
    default:
      return 'any';
  }
}

function readNode(props: JsonObject, depth: number): Schema {
  if (depth > DEPTH_MAX) return { type: 'any' };
  const schema: Draft = { type: typeOf(props) };
  if (isObject(props.properties)) schema.fields = readFields(props, depth);
  const items = schema.type === 'list' ? props.items : props.additionalProperties;
  if (isObject(items)) schema.items = readNode(items, depth + 1);
  else if (props.additionalProperties === true) schema.items = { type: 'any' };
  const listType = props['x-kubernetes-list-type'];
  if (schema.type === 'list' && (listType === 'map' || listType === 'set' || listType === 'atomic'))
    schema.listType = listType;
  if (Array.isArray(props['x-kubernetes-list-map-keys']))
    schema.listMapKeys = props['x-kubernetes-list-map-keys'].map(String);
  if (props['x-kubernetes-map-type'] === 'atomic') schema.atomic = true;
  if (props['x-kubernetes-preserve-unknown-fields'] === true) schema.preserveUnknown = true;
  if (props['x-kubernetes-embedded-resource'] === true) {
    schema.embedded = true;
    schema.fields = withIdentity(schema.fields);
  }
  if (props.nullable === true) schema.nullable = true;
  if (typeof props.description === 'string') schema.description = props.description;
  if (typeof props.format === 'string') schema.format = props.format;
  const rules = readRules(props, depth);
  if (rules) schema.rules = rules;
  return schema;
}

function readFields(props: JsonObject, depth: number): ReadonlyMap<string, Field> {
  const required = new Set(Array.isArray(props.required) ? props.required : []);
  const fields = new Map<string, Field>();
  for (const [name, value] of Object.entries(props.properties as JsonObject)) {
    if (!isObject(value)) continue;
    fields.set(name, {
      name,
      schema: readNode(value, depth + 1),
      ...(required.has(name) ? { required: true } : {}),
      ...(Object.hasOwn(value, 'default') ? { default: value.default! } : {}),
    });
  }
  for (const name of required) {
    if (typeof name === 'string' && !fields.has(name))
      fields.set(name, { name, schema: { type: 'any' }, required: true });
  }
  return fields;
}

const NUMBERS = [
  'minimum',
  'maximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
] as const;

function readRules(props: JsonObject, depth: number): ValueRules | undefined {
  const rules: RulesDraft = {};
  for (const name of NUMBERS) if (typeof props[name] === 'number') rules[name] = props[name];
  if (typeof props.pattern === 'string') rules.pattern = props.pattern;
  if (props.exclusiveMinimum === true) rules.exclusiveMinimum = true;
  if (props.exclusiveMaximum === true) rules.exclusiveMaximum = true;
  if (props.uniqueItems === true) rules.uniqueItems = true;
  if (Array.isArray(props.enum)) rules.enum = props.enum;
  for (const name of ['allOf', 'anyOf', 'oneOf'] as const) {
    const list = props[name];
    // int-or-string documents its two types with anyOf; the type says it already.
    if (Array.isArray(list) && !(props['x-kubernetes-int-or-string'] === true && name === 'anyOf'))
      rules[name] = list.filter(isObject).map(each => readNode(each, depth + 1));
  }
  if (isObject(props.not)) rules.not = readNode(props.not, depth + 1);
  const validations = props['x-kubernetes-validations'];
  if (Array.isArray(validations))
    rules.validations = validations.filter(isObject) as unknown as NonNullable<ValueRules['validations']>;
  // Without properties beside it, as branches of anyOf and oneOf have it, `required` is a rule over a value of any type.
  if (Array.isArray(props.required) && !isObject(props.properties))
    rules.required = props.required.filter(name => typeof name === 'string');
  return Object.keys(rules).length > 0 ? rules : undefined;
}

export type { Json };
