import { setOwn } from '../merge/json.ts';
import type { Json, JsonObject } from '../object.ts';

/** Longer texts are hardly ever said twice. */
const TEXT_MAX = 2_048;
/** Texts of one generation; those of two are known. */
const GENERATION_MAX = 4_096;
/** What a place is judged by, and the share of values found again below which its parts are looked at instead. */
const TRIES = 16;
/** Of fewer objects it is not worth the search. */
export const SHARED_FROM = 2_000;
const FOUND_MIN = 0.75;
/** Places of one collection that are told apart. */
const PLACES_MAX = 1_000;

/** A place in the objects of a collection (`spec.containers[].ports`), and what became of the values that stood there. */
interface Place {
  tries: number;
  found: number;
  /** The places below, once whole values at this one proved to differ. */
  below: Map<string, Place> | undefined;
}

const newPlace = (): Place => ({ tries: 0, found: 0, below: undefined });

/** What the collections of a store have in common: values that were stored lately, by their JSON text. */
export class CommonValues {
  #young = new Map<string, Json>();
  #old = new Map<string, Json>();

  /** The value that said this text first; undefined where it is new, and is then the first one. */
  find(text: string, value: Json): Json | undefined {
    const known = this.#young.get(text);
    if (known !== undefined) return known;
    const earlier = this.#old.get(text);
    this.#young.set(text, earlier ?? value);
    if (this.#young.size > GENERATION_MAX) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    return earlier;
  }
}

/**
 * Makes equal parts of stored objects the same object: pods of one workload differ in little more than a name, and a
 * hundred thousand of them would fill the heap with copies of one template. Which parts are worth a look is learnt place by
 * place. Objects that are stored are never changed, so that nobody can tell.
 */
export class CommonParts {
  readonly #values: CommonValues;
  readonly #root: Place = { ...newPlace(), below: new Map() };
  #places = 1;

  constructor(values: CommonValues) {
    this.#values = values;
  }

  /** The same value with what is common taken from others; `known` is the object's earlier state, which is shared already. */
  share<T extends object>(value: T, known: object | undefined): T {
    return this.#below(this.#root.below!, value as JsonObject, known as JsonObject | undefined) as T;
  }

  #share(place: Place, value: Json[] | JsonObject, known: Json | undefined): Json {
    if (value === known) return value;
    if (place.below !== undefined) {
      const earlier = known !== null && typeof known === 'object' ? known : undefined;
      return this.#below(place.below, value, earlier);
    }
    place.tries++;
    const text = JSON.stringify(value);
    const found = text.length > TEXT_MAX ? undefined : this.#values.find(text, value);
    if (found !== undefined) place.found++;
    else if (place.tries >= TRIES && place.found < place.tries * FOUND_MIN) place.below = new Map();
    return found ?? value;
  }

  #below(places: Map<string, Place>, value: Json[] | JsonObject, known: Json[] | JsonObject | undefined): Json {
    if (Array.isArray(value)) return this.#items(places, value, Array.isArray(known) ? known : undefined);
    const earlier = known === undefined || Array.isArray(known) ? undefined : known;
    let copy: JsonObject | undefined;
    for (const name in value) {
      const member = value[name]!;
      if (member === null || typeof member !== 'object') continue;
      const place = this.#place(places, name);
      if (place === undefined) continue;
      const shared = this.#share(place, member, earlier?.[name]);
      if (shared === member) continue;
      copy ??= { ...value };
      setOwn(copy, name, shared);
    }
    return copy ?? value;
  }

  #items(places: Map<string, Place>, list: Json[], known: Json[] | undefined): Json[] {
    const place = this.#place(places, '');
    if (place === undefined) return list;
    let copy: Json[] | undefined;
    for (let at = 0; at < list.length; at++) {
      const item = list[at]!;
      if (item === null || typeof item !== 'object') continue;
      const shared = this.#share(place, item, known?.[at]);
      if (shared === item) continue;
      copy ??= list.slice();
      copy[at] = shared;
    }
    return copy ?? list;
  }

  #place(places: Map<string, Place>, name: string): Place | undefined {
    let place = places.get(name);
    if (place === undefined && this.#places < PLACES_MAX) {
      places.set(name, (place = newPlace()));
      this.#places++;
    }
    return place;
  }
}
