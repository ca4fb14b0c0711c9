import {
  applyJsonPatch,
  isObject,
  type Json,
  type JsonObject,
  type KubeObject,
  mergeTyped,
  type Schema,
  StatusError,
} from '../../../kernel/index.ts';
import { CelError, toJson } from '../../engine/cel/index.ts';
import type { Evaluation } from './activation.ts';
import type { CompiledExpressions } from './expressions.ts';

/** Runs the mutations of a policy in order, each on the result of the one before; a text says why one failed. */
export function applyMutations(
  compiled: CompiledExpressions,
  first: Evaluation,
  object: KubeObject,
  schema: Schema | undefined,
  again: (object: KubeObject) => Evaluation,
): KubeObject | string {
  let current = object;
  let evaluation = first;
  for (const mutation of compiled.mutations) {
    const outcome = evaluation.run(mutation.program);
    if ('error' in outcome) return outcome.error;
    try {
      const value = toJson(outcome.value);
      const next = mutation.type === 'JSONPatch' ? patched(current, value) : merged(current, value, schema);
      if (typeof next === 'string') return next;
      if (next !== current) evaluation = again(next);
      current = next;
    } catch (error) {
      if (error instanceof CelError) return error.message;
      if (error instanceof StatusError) return error.status.details?.causes?.[0]?.message ?? error.message;
      throw error;
    }
  }
  return current;
}

function patched(object: KubeObject, value: Json): KubeObject | string {
  if (!Array.isArray(value)) return 'JSONPatch expression must return a list of JSONPatch';
  return value.length === 0 ? object : applyJsonPatch(object, value as JsonObject[]);
}

/** Apply configurations merge like server-side apply, without ownership; they may not touch who the object is. */
function merged(object: KubeObject, value: Json, schema: Schema | undefined): KubeObject | string {
  if (!isObject(value)) return 'ApplyConfiguration expression must return an Object';
  const metadata = value.metadata;
  if (isObject(metadata)) {
    for (const field of [
      'name',
      'generateName',
      'namespace',
      'uid',
      'resourceVersion',
      'creationTimestamp',
      'managedFields',
    ]) {
      if (Object.hasOwn(metadata, field)) return `invalid ApplyConfiguration: may not mutate metadata.${field}`;
    }
  }
  const atomic = schema && atomicPath(schema, value, '');
  if (atomic) return `invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomic}`;
  return mergeTyped(schema ?? { type: 'any' }, object as unknown as Json, value) as unknown as KubeObject;
}

/** The first list or map in `value` that would be replaced as a whole. */
function atomicPath(schema: Schema, value: Json, path: string): string | undefined {
  if (Array.isArray(value)) {
    if (schema.type === 'list' && schema.listType !== 'map' && schema.listType !== 'set') return path;
    return schema.items
      ? value.map(item => atomicPath(schema.items!, item, `${path}[]`)).find(found => found !== undefined)
      : undefined;
  }
  if (!isObject(value)) return undefined;
  if (schema.atomic) return path;
  for (const [name, member] of Object.entries(value)) {
    const child = schema.fields?.get(name)?.schema ?? (schema.type === 'map' ? schema.items : undefined);
    const found = child && atomicPath(child, member, `${path}.${name}`);
    if (found) return found;
  }
  return undefined;
}
