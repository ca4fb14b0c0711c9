/** Buckets a doubling: the middle of a bucket is within 3 % of what fell into it. */
const PER_DOUBLING = 16;
const SMALLEST_MS = 0.01;
const BUCKETS = PER_DOUBLING * 27;

/** Upper bounds, milliseconds; made by multiplication, so that every machine has the same. */
const BOUNDS: Float64Array = (() => {
  // The 16th root of 2, written out: Math.pow may differ in its last bit between builds.
  const ROOT = 1.0442737824274138;
  const bounds = new Float64Array(BUCKETS);
  let bound = SMALLEST_MS;
  for (let at = 0; at < BUCKETS; at++) {
    bounds[at] = bound;
    bound *= ROOT;
  }
  return bounds;
})();

function bucketOf(latency_ms: number): number {
  let low = 0;
  let high = BUCKETS - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (BOUNDS[middle]! < latency_ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Counts of latencies that can be added up, from 10 microseconds to about 23 minutes. */
export class LatencyHistogram {
  total = 0;
  sum_ms = 0;
  #counts: Float64Array | undefined;

  add(latency_ms: number, count = 1): void {
    this.#counts ??= new Float64Array(BUCKETS);
    const at = bucketOf(latency_ms);
    this.#counts[at] = this.#counts[at]! + count;
    this.total += count;
    this.sum_ms += latency_ms * count;
  }

  merge(other: LatencyHistogram): void {
    if (!other.#counts) return;
    this.#counts ??= new Float64Array(BUCKETS);
    for (let at = 0; at < BUCKETS; at++) this.#counts[at] = this.#counts[at]! + other.#counts[at]!;
    this.total += other.total;
    this.sum_ms += other.sum_ms;
  }

  clear(): void {
    this.#counts?.fill(0);
    this.total = 0;
    this.sum_ms = 0;
  }

  get mean_ms(): number {
    return this.total === 0 ? 0 : this.sum_ms / this.total;
  }

  /** Latency that a share (0 to 1) of the requests did not pass; 0 without any. */
  quantile(share: number): number {
    if (!this.#counts || this.total === 0) return 0;
    const wanted = share * this.total;
    let seen = 0;
    for (let at = 0; at < BUCKETS; at++) {
      seen += this.#counts[at]!;
      if (seen >= wanted && seen > 0) return BOUNDS[at]!;
    }
    return BOUNDS[BUCKETS - 1]!;
  }
}
