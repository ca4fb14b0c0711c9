import type { Clock, Random, Timer } from './ports.ts';

/** Deterministic randomness for tests and the simulator (xoshiro128**). Not for secrets. */
export function seededRandom(seed: number): Random {
  let a = seed >>> 0 || 0x9e3779b9;
  let b = 0x243f6a88;
  let c = 0xb7e15162;
  let d = 0xdeadbeef ^ a;
  const word = (): number => {
    const scrambled = Math.imul(b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  for (let i = 0; i < 16; i++) word();
  return {
    next: () => word() / 0x1_0000_0000,
    bytes: count => Uint8Array.from({ length: count }, () => word() & 0xff),
  };
}

interface Waiting {
  readonly at_ms: number;
  readonly order: number;
  /** Taken away when the timer is cancelled or has fired. */
  action: (() => void) | undefined;
}

const before = (left: Waiting, right: Waiting): boolean =>
  left.at_ms < right.at_ms || (left.at_ms === right.at_ms && left.order < right.order);

/** A clock that moves only when told; timers due at one instant fire in the order they were set. */
export class VirtualClock implements Clock {
  #now_ms: number;
  readonly #start_ms: number;
  #order = 0;
  /** A binary heap, the earliest first; cancelled timers stay in it until they are due. */
  readonly #waiting: Waiting[] = [];

  constructor(start_ms = Date.UTC(2026, 0, 1)) {
    this.#now_ms = start_ms;
    this.#start_ms = start_ms;
  }

  now(): number {
    return this.#now_ms;
  }

  monotonic(): number {
    return this.#now_ms - this.#start_ms;
  }

  after(delay_ms: number, action: () => void): Timer {
    const entry: Waiting = { at_ms: this.#now_ms + Math.max(0, delay_ms), order: this.#order++, action };
    this.#push(entry);
    return {
      cancel: () => {
        entry.action = undefined;
      },
    };
  }

  /** Instant of the next timer, or undefined when nothing waits. */
  next(): number | undefined {
    while (this.#waiting[0] && !this.#waiting[0].action) this.#pop();
    return this.#waiting[0]?.at_ms;
  }

  /** Moves time forward, firing every timer that falls due, earliest first. */
  advance(by_ms: number): void {
    const until = this.#now_ms + by_ms;
    for (let first = this.#waiting[0]; first && first.at_ms <= until; first = this.#waiting[0]) {
      this.#pop();
      const { action } = first;
      if (!action) continue;
      first.action = undefined;
      this.#now_ms = Math.max(this.#now_ms, first.at_ms);
      action();
    }
    this.#now_ms = until;
  }

  #push(entry: Waiting): void {
    const heap = this.#waiting;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#waiting;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}
