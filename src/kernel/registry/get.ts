import type { GetOptions } from '../client.ts';
import type { ObjectKey, ResourceRef } from '../object.ts';
import { notFound, statusError } from '../status.ts';
import { checkSubresource, collectionOf, definitionOf, pathOf, storageOf, viewOf } from './collections.ts';
import type { RegistryParts } from './ports.ts';
import type { RequestContext, StoredObject } from './registry.ts';
import { scaleOf } from './scale.ts';

/** A revision as clients write it, '' and '0' included; a 400 (or another `code`) that begins with `verb`'s words for anything else. */
export function parseRevision(text: string | undefined, words = '', code = 400): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw statusError(
    code,
    code === 400 ? 'BadRequest' : '',
    `${words}Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
  );
}

/** Refuses a revision the store has not reached (apiserver watch cache: `Timeout: Too large resource version`). */
export function checkReached(parts: RegistryParts, revision: number | undefined): void {
  const current = parts.journal.store.revision;
  if (revision === undefined || revision <= current) return;
  throw statusError(504, 'Timeout', `Timeout: Too large resource version: ${revision}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

export async function get(
  parts: RegistryParts,
  _context: RequestContext,
  ref: ResourceRef,
  key: ObjectKey,
  options: GetOptions = {},
): Promise<StoredObject> {
  const definition = definitionOf(parts.catalog, ref);
  checkSubresource(definition, options.subresource);
  await parts.journal.fresh?.();
  checkReached(parts, parseRevision(options.resourceVersion));
  const version = parts.journal.store.collection(collectionOf(ref)).get(pathOf(definition, key));
  if (!version) throw notFound(ref, key.name);
  const storage = storageOf(parts.catalog, definition);
  if (options.subresource === 'scale')
    return scaleOf(definition, await viewOf(parts.schema, version, storage, definition));
  return viewOf(parts.schema, version, storage, definition);
}
