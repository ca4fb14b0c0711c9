/** Texts longer than this are not kept. */
const KEPT_LENGTH_MAX = 256;
/** Results kept of one function; all are dropped when there are more. */
const KEPT_MAX = 4_096;

/** A pure function of a text that keeps what it made of the last few thousand short ones. */
export function rememberText<V>(make: (text: string) => V): (text: string) => V {
  const kept = new Map<string, V>();
  return text => {
    const known = kept.get(text);
    if (known !== undefined || kept.has(text)) return known as V;
    const value = make(text);
    if (text.length > KEPT_LENGTH_MAX) return value;
    if (kept.size >= KEPT_MAX) kept.clear();
    kept.set(text, value);
    return value;
  };
}

/** A pure function of an object nobody changes any more, made once while the object lives. */
export function rememberObject<K extends object, V>(make: (object: K) => V): (object: K) => V {
  const kept = new WeakMap<K, { readonly value: V }>();
  return object => {
    let known = kept.get(object);
    if (known === undefined) kept.set(object, (known = { value: make(object) }));
    return known.value;
  };
}
