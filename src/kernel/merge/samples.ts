import type { Json, JsonObject, KubeObject } from '../object.ts';
import type { Field, Schema, SchemaType } from '../schema/schema.ts';

/** Schemas for tests: `object({ a: text })`, `keyed(item, 'name')`. */
export const text: Schema = { type: 'string' };
export const integer: Schema = { type: 'integer' };
export const of = (type: SchemaType): Schema => ({ type });

export function object(
  fields: Record<string, Schema>,
  more: Partial<Schema> = {},
  defaults: Record<string, Json> = {},
): Schema {
  const list = Object.entries(fields).map(([name, schema]): [string, Field] => [
    name,
    { name, schema, ...(Object.hasOwn(defaults, name) ? { default: defaults[name]! } : {}) },
  ]);
  return { type: 'object', fields: new Map(list), ...more };
}

export const map = (items: Schema, more: Partial<Schema> = {}): Schema => ({ type: 'map', items, ...more });

export const keyed = (items: Schema, ...keys: string[]): Schema => ({
  type: 'list',
  items,
  listType: 'map',
  listMapKeys: keys,
  patchStrategy: ['merge'],
  patchMergeKey: keys[0]!,
});

export const setOf = (items: Schema): Schema => ({ type: 'list', items, listType: 'set', patchStrategy: ['merge'] });
export const atomic = (items: Schema): Schema => ({ type: 'list', items, listType: 'atomic' });

const port = object({ containerPort: integer, protocol: text, name: text }, {}, { protocol: 'TCP' });
const container = object({
  name: text,
  image: text,
  args: atomic(text),
  env: keyed(object({ name: text, value: text }), 'name'),
  ports: { ...keyed(port, 'containerPort', 'protocol') },
});

/** A kind with every sort of field. */
export const THING: Schema = object({
  apiVersion: text,
  kind: text,
  metadata: object({
    name: text,
    namespace: text,
    uid: text,
    resourceVersion: text,
    labels: map(text),
    annotations: map(text),
    finalizers: setOf(text),
  }),
  spec: object({
    replicas: integer,
    paused: of('boolean'),
    selector: map(text, { atomic: true }),
    strategy: object({ type: text, rolling: object({ max: of('int-or-string') }) }, { patchStrategy: ['retainKeys'] }),
    containers: keyed(container, 'name'),
    tags: setOf(text),
    order: atomic(text),
    nodes: map(map(text)),
    open: of('any'),
    limits: map(of('quantity')),
  }),
  status: object({ phase: text, ready: integer }),
});

export function thing(spec: JsonObject, metadata: JsonObject = {}): KubeObject {
  return { apiVersion: 'x/v1', kind: 'Thing', metadata: { name: 't', namespace: 'd', ...metadata }, spec };
}
