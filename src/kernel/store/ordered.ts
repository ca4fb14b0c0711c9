/** Keys a chunk holds before it is split in two; small enough that one insertion moves little memory. */
const CHUNK_MAX = 512;

/** A sorted set of strings in chunks: insertion and removal move at most one chunk, a range walk is a plain array walk. */
export class OrderedKeys {
  #chunks: string[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(key: string): void {
    const chunks = this.#chunks;
    if (chunks.length === 0) {
      chunks.push([key]);
      this.#size = 1;
      return;
    }
    const at = this.#chunkOf(key);
    const chunk = chunks[at]!;
    // Names often grow (`job-0001`, `job-0002`): appending needs no search.
    const place = key > chunk[chunk.length - 1]! ? chunk.length : lowerBound(chunk, key);
    if (chunk[place] === key) return;
    chunk.splice(place, 0, key);
    this.#size++;
    if (chunk.length > CHUNK_MAX) chunks.splice(at + 1, 0, chunk.splice(CHUNK_MAX >> 1));
  }

  delete(key: string): void {
    if (this.#chunks.length === 0) return;
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at]!;
    const place = lowerBound(chunk, key);
    if (chunk[place] !== key) return;
    chunk.splice(place, 1);
    this.#size--;
    if (chunk.length === 0) this.#chunks.splice(at, 1);
  }

  /** Every key with the prefix, at or after `from`, in order, until `visit` returns false. */
  walk(prefix: string, from: string, visit: (key: string) => boolean): void {
    const start = from > prefix ? from : prefix;
    if (this.#chunks.length === 0) return;
    let at = this.#chunkOf(start);
    let place = lowerBound(this.#chunks[at]!, start);
    for (; at < this.#chunks.length; at++, place = 0) {
      const chunk = this.#chunks[at]!;
      for (; place < chunk.length; place++) {
        const key = chunk[place]!;
        if (prefix !== '' && !key.startsWith(prefix)) return;
        if (!visit(key)) return;
      }
    }
  }

  /** How many keys have the prefix and are at or after `from`. */
  count(prefix: string, from: string): number {
    if (this.#chunks.length === 0) return 0;
    const first = this.#rank(from > prefix ? from : prefix);
    // No key holds U+FFFF, so that this is after all keys with the prefix.
    return Math.max(0, (prefix === '' ? this.#size : this.#rank(`${prefix}\uffff`)) - first);
  }

  /** How many keys are before this one. */
  #rank(key: string): number {
    const at = this.#chunkOf(key);
    let before = lowerBound(this.#chunks[at]!, key);
    for (let index = 0; index < at; index++) before += this.#chunks[index]!.length;
    return before;
  }

  /** Index of the last chunk that begins at or before the key. */
  #chunkOf(key: string): number {
    const chunks = this.#chunks;
    let low = 0;
    let high = chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (chunks[middle]![0]! <= key) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : low - 1;
  }
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
