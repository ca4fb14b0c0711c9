import type { WriteOrder } from '../store/port.ts';
import { Superseded } from '../store/port.ts';
import type { ValueTransform } from './transform.ts';

/**
 * Writes every object again that an old key, or none, made; then nothing is left of the old form. Objects that change
 * meanwhile are written by whoever changes them. Resolves to how many were written.
 */
export async function rewriteStale(journal: WriteOrder, transform: ValueTransform): Promise<number> {
  let written = 0;
  for (const name of transform.stale) {
    const collection = journal.store.collection(name);
    const { items } = journal.store.list(name, { prefix: '' }, journal.store.revision, '', Number.POSITIVE_INFINITY);
    for (const version of items) {
      if (collection.head(version.path) !== version) continue;
      const object = structuredClone(version.object);
      try {
        await journal.write(name, version.path, revision => {
          object.metadata.resourceVersion = String(revision);
          return { json: JSON.stringify(object), object };
        }).durable;
        written++;
      } catch (error) {
        if (!(error instanceof Superseded)) throw error;
      }
    }
    await journal.forget?.(name);
  }
  return written;
}
