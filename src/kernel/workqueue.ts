import type { Clock, Timer } from '../base/ports.ts';

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** First back-off of a failing key, milliseconds; doubles with every failure. */
  readonly backoff_ms_min?: number;
  readonly backoff_ms_max?: number;
}

interface Delayed {
  readonly key: string;
  readonly at_ms: number;
}

/**
 * A queue of keys with the promises of client-go's work queue: a key waits at most once, is never handed to two workers
 * at a time, and a key added while it is being worked on comes again afterwards. Delays use one timer for all keys.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #min_ms: number;
  readonly #max_ms: number;
  #ready: string[] = [];
  #head = 0;
  readonly #dirty = new Set<string>();
  readonly #working = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #delayed: Delayed[] = [];
  readonly #dueOf = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #timer: Timer | undefined;
  #timerAt_ms = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#min_ms = options.backoff_ms_min ?? 5;
    this.#max_ms = options.backoff_ms_max ?? 60_000;
  }

  /** Keys that wait or are being worked on, delayed ones not counted. */
  get size(): number {
    return this.#dirty.size + this.#working.size;
  }

  add(key: string): void {
    if (this.#closed || this.#dirty.has(key)) return;
    this.#dirty.add(key);
    if (!this.#working.has(key)) this.#push(key);
  }

  /** Adds after a delay; of several delays for one key the earliest counts. */
  addAfter(key: string, delay_ms: number): void {
    if (this.#closed) return;
    if (delay_ms <= 0) return this.add(key);
    const at_ms = this.#clock.monotonic() + delay_ms;
    const known = this.#dueOf.get(key);
    if (known !== undefined && known <= at_ms) return;
    this.#dueOf.set(key, at_ms);
    pushHeap(this.#delayed, { key, at_ms });
    this.#arm();
  }

  /** Adds after the key's own exponential back-off. */
  addRateLimited(key: string): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.addAfter(key, Math.min(this.#max_ms, this.#min_ms * 2 ** Math.min(failures, 30)));
  }

  /** Ends a key's back-off after a success. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** How often a key failed since it was forgotten. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The next key, or undefined once the queue is closed. The taker must call `done`. */
  take(): Promise<string | undefined> {
    const key = this.#shift();
    if (key !== undefined) return Promise.resolve(this.#begin(key));
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise(resolve => this.#takers.push(resolve));
  }

  done(key: string): void {
    this.#working.delete(key);
    if (this.#dirty.has(key)) this.#push(key);
  }

  /** No key is handed out any more; waiting takers get undefined. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#ready = [];
    this.#head = 0;
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  #begin(key: string): string {
    this.#dirty.delete(key);
    this.#working.add(key);
    return key;
  }

  #push(key: string): void {
    const taker = this.#takers.shift();
    if (taker) taker(this.#begin(key));
    else this.#ready.push(key);
  }

  #shift(): string | undefined {
    if (this.#head >= this.#ready.length) return undefined;
    const key = this.#ready[this.#head++]!;
    if (this.#head > 1024 && this.#head * 2 > this.#ready.length) {
      this.#ready = this.#ready.slice(this.#head);
      this.#head = 0;
    }
    return key;
  }

  #arm(): void {
    const first = this.#delayed[0];
    if (!first || first.at_ms >= this.#timerAt_ms) return;
    this.#timer?.cancel();
    this.#timerAt_ms = first.at_ms;
    this.#timer = this.#clock.after(first.at_ms - this.#clock.monotonic(), () => this.#fire());
  }

  #fire(): void {
    this.#timerAt_ms = Number.POSITIVE_INFINITY;
    this.#timer = undefined;
    const now_ms = this.#clock.monotonic();
    for (let first = this.#delayed[0]; first && first.at_ms <= now_ms; first = this.#delayed[0]) {
      popHeap(this.#delayed);
      if (this.#dueOf.get(first.key) !== first.at_ms) continue;
      this.#dueOf.delete(first.key);
      this.add(first.key);
    }
    this.#arm();
  }
}

function pushHeap(heap: Delayed[], entry: Delayed): void {
  heap.push(entry);
  let at = heap.length - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (heap[parent]!.at_ms <= entry.at_ms) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = entry;
}

function popHeap(heap: Delayed[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]!.at_ms < heap[child]!.at_ms) child++;
    if (heap[child]!.at_ms >= last.at_ms) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
}
