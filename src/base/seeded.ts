import { Heap } from './heap.ts';
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

/** A double tells instants of this century apart from 0.24 us on: a shorter wait would not move the clock. */
const RESOLUTION_MS = 0.001;

/** A clock that moves only when told; timers due at one instant fire in the order they were set. */
export class VirtualClock implements Clock {
  /** How far the wall was put ahead of the time that passed, or back: timers run by elapsed time and do not notice. */
  ahead_ms = 0;
  #now_ms: number;
  readonly #start_ms: number;
  #order = 0;
  /** The earliest first; cancelled timers stay in it until they are due. */
  readonly #waiting = new Heap<Waiting>(before);

  constructor(start_ms = Date.UTC(2026, 0, 1)) {
    this.#now_ms = start_ms;
    this.#start_ms = start_ms;
  }

  now(): number {
    return this.#now_ms + this.ahead_ms;
  }

  monotonic(): number {
    return this.#now_ms - this.#start_ms;
  }

  after(delay_ms: number, action: () => void): Timer {
    const waits_ms = delay_ms > 0 ? Math.max(delay_ms, RESOLUTION_MS) : 0;
    const entry: Waiting = { at_ms: this.#now_ms + waits_ms, order: this.#order++, action };
    this.#waiting.push(entry);
    return {
      cancel: () => {
        entry.action = undefined;
      },
    };
  }

  /** Instant of the next timer as the wall tells it, or undefined when nothing waits. */
  next(): number | undefined {
    let first = this.#waiting.first();
    for (; first && !first.action; first = this.#waiting.first()) this.#waiting.pop();
    return first && first.at_ms + this.ahead_ms;
  }

  /**
   * Moves time forward, firing every timer that falls due, earliest first. With `most` it stops at the instant of the last
   * timer it was allowed to fire, and what is left is due when it is called again.
   */
  advance(by_ms: number, most = Number.POSITIVE_INFINITY): void {
    const until = this.#now_ms + by_ms;
    let fired = 0;
    for (let first = this.#waiting.first(); first && first.at_ms <= until; first = this.#waiting.first()) {
      if (first.action && fired >= most) return;
      this.#waiting.pop();
      const { action } = first;
      if (!action) continue;
      first.action = undefined;
      this.#now_ms = Math.max(this.#now_ms, first.at_ms);
      fired++;
      action();
    }
    this.#now_ms = until;
  }
}
