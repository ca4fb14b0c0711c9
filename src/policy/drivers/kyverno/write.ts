import {
  equalJson,
  isNotFound,
  isObject,
  type JsonObject,
  type KubeObject,
  type ObjectKey,
  type ResourceDefinition,
} from '../../../kernel/index.ts';
import { textAt } from '../../dialects/kyverno/model.ts';
import { definitionOf, refOf } from './lookup.ts';
import type { Background } from './model.ts';

const FIELD_MANAGER = 'kyverno-background-controller';

/** Where an object is. */
export interface Place {
  readonly definition: ResourceDefinition;
  readonly key: ObjectKey;
}

export function placeOf(background: Background, object: JsonObject): Place | undefined {
  const definition = definitionOf(background.catalog, String(object.apiVersion ?? ''), String(object.kind ?? ''));
  if (definition === undefined) return undefined;
  const name = textAt(object, 'metadata', 'name');
  const namespace = textAt(object, 'metadata', 'namespace');
  return { definition, key: definition.namespaced ? { namespace: namespace || 'default', name } : { name } };
}

export async function read(background: Background, { definition, key }: Place): Promise<JsonObject | undefined> {
  try {
    return (await background.client.get(refOf(definition), key)) as unknown as JsonObject;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Deletes; what is gone already is well. */
export async function remove(background: Background, { definition, key }: Place): Promise<void> {
  try {
    await background.client.delete(refOf(definition), key, { propagationPolicy: 'Background' });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

const fields = (value: unknown): JsonObject => (isObject(value) ? (value as JsonObject) : {});

/** The object that is there with the wanted content; bookkeeping and foreign labels stay. */
function merged(found: JsonObject, wanted: JsonObject): JsonObject {
  const [had, wants] = [fields(found.metadata), fields(wanted.metadata)];
  const metadata: JsonObject = { ...had };
  for (const part of ['labels', 'annotations'])
    if (isObject(wants[part])) metadata[part] = { ...fields(had[part]), ...wants[part] };
  if (wants.ownerReferences !== undefined) metadata.ownerReferences = wants.ownerReferences;
  const { metadata: _, ...content } = wanted;
  const kept: JsonObject = { metadata };
  if (found.status !== undefined) kept.status = found.status;
  return { ...content, ...kept };
}

/** Creates the object, or brings what is there to its content. */
export async function bring(
  background: Background,
  place: Place,
  wanted: JsonObject,
  found: JsonObject | undefined,
  serverSide: boolean,
): Promise<void> {
  const ref = refOf(place.definition);
  const { namespace } = place.key;
  const { namespace: _, ...metadata } = fields(wanted.metadata);
  const object = {
    ...wanted,
    metadata: { ...metadata, ...(namespace === undefined ? {} : { namespace }) },
  } as unknown as KubeObject;
  if (serverSide) await background.client.apply(ref, place.key, object, { fieldManager: FIELD_MANAGER, force: true });
  else if (found === undefined)
    await background.client.create(ref, object, namespace === undefined ? {} : { namespace });
  else {
    const next = merged(found, object as unknown as JsonObject);
    if (!equalJson(next, found)) await background.client.update(ref, next as unknown as KubeObject);
  }
}
