import { formatKey, type KubeObject } from './object.ts';

/** Names the places of an object in an index: `pod => [pod.spec.nodeName]`. */
export type IndexFunction<T> = (object: T) => readonly string[];

export const objectKey = (object: KubeObject): string =>
  formatKey({
    ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}),
    name: object.metadata.name ?? '',
  });

/** Objects by key with any number of secondary indexes, kept up to date one object at a time. */
export class Indexer<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  readonly #functions = new Map<string, IndexFunction<T>>();
  readonly #indexes = new Map<string, Map<string, Map<string, T>>>();

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  values(): MapIterator<T> {
    return this.#objects.values();
  }

  keys(): MapIterator<string> {
    return this.#objects.keys();
  }

  hasIndex(name: string): boolean {
    return this.#functions.has(name);
  }

  /** Declares an index; objects that are already there are put into it. */
  index(name: string, places: IndexFunction<T>): void {
    if (this.#functions.has(name)) return;
    this.#functions.set(name, places);
    const index = new Map<string, Map<string, T>>();
    this.#indexes.set(name, index);
    for (const [key, object] of this.#objects) enter(index, places(object), key, object);
  }

  by(name: string, place: string): T[] {
    const found = this.#indexes.get(name)?.get(place);
    return found ? [...found.values()] : [];
  }

  count(name: string, place: string): number {
    return this.#indexes.get(name)?.get(place)?.size ?? 0;
  }

  /** The values an index has objects at. */
  places(name: string): string[] {
    return [...(this.#indexes.get(name)?.keys() ?? [])];
  }

  set(key: string, object: T): void {
    const old = this.#objects.get(key);
    this.#objects.set(key, object);
    for (const [name, places] of this.#functions) {
      const index = this.#indexes.get(name)!;
      const now = places(object);
      // What stays where it was is only replaced there.
      if (old) leave(index, places(old), now, key);
      enter(index, now, key, object);
    }
  }

  delete(key: string): T | undefined {
    const old = this.#objects.get(key);
    if (!old) return undefined;
    this.#objects.delete(key);
    for (const [name, places] of this.#functions) leave(this.#indexes.get(name)!, places(old), NOWHERE, key);
    return old;
  }
}

const NOWHERE: readonly string[] = [];

function enter<T>(index: Map<string, Map<string, T>>, places: readonly string[], key: string, object: T): void {
  for (const place of places) {
    let bucket = index.get(place);
    if (!bucket) index.set(place, (bucket = new Map()));
    bucket.set(key, object);
  }
}

function leave<T>(
  index: Map<string, Map<string, T>>,
  places: readonly string[],
  now: readonly string[],
  key: string,
): void {
  for (const place of places) {
    if (now.includes(place)) continue;
    const bucket = index.get(place);
    bucket?.delete(key);
    if (bucket?.size === 0) index.delete(place);
  }
}
