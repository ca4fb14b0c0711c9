import type { Json, JsonObject, KubeObject } from '../object.ts';
import type { Schema } from '../schema/schema.ts';
import { eachMember, formatFieldPath } from './field-set.ts';
import { isObject } from './json.ts';
import { fieldSetOf } from './typed.ts';

/** Where `kubectl apply` (client side) keeps what it applied. */
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** All annotations of an object together (apimachinery TotalAnnotationSizeLimitB). */
const ANNOTATIONS_BYTES_MAX = 256 * 1024;

/** The paths of the last client-side apply, as conflicts print them; undefined without a readable annotation. */
export function allowedByLastApplied(schema: Schema, live: KubeObject): Set<string> | undefined {
  const text = live.metadata?.annotations?.[LAST_APPLIED];
  if (!text) return undefined;
  try {
    const applied = JSON.parse(text) as Json;
    if (!isObject(applied)) return undefined;
    const paths = new Set<string>();
    eachMember(fieldSetOf(schema, applied), path => paths.add(formatFieldPath(path)));
    return paths;
  } catch {
    return undefined;
  }
}

/** Writes the annotation anew where an object still carries it, so that client-side apply keeps working beside. */
export function refreshLastApplied(object: KubeObject, applied: KubeObject): KubeObject {
  const annotations = object.metadata?.annotations;
  if (!annotations?.[LAST_APPLIED]) return object;
  const metadata = { ...applied.metadata } as JsonObject & KubeObject['metadata'];
  delete metadata.managedFields;
  if (metadata.annotations) {
    const { [LAST_APPLIED]: _, ...rest } = metadata.annotations;
    metadata.annotations = rest;
  }
  const text = `${JSON.stringify({ ...applied, metadata })}\n`;
  const { [LAST_APPLIED]: previous, ...others } = annotations;
  let size = 0;
  for (const [name, value] of Object.entries(others)) size += name.length + value.length;
  if (size + text.length + LAST_APPLIED.length > ANNOTATIONS_BYTES_MAX) {
    return { ...object, metadata: { ...object.metadata, annotations: others } };
  }
  if (text === previous) return object;
  return { ...object, metadata: { ...object.metadata, annotations: { ...annotations, [LAST_APPLIED]: text } } };
}
