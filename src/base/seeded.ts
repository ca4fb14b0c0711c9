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
  readonly action: () => void;
}

/** A clock that moves only when told; timers due at one instant fire in the order they were set. */
export class VirtualClock implements Clock {
  #now_ms: number;
  readonly #start_ms: number;
  #order = 0;
  #waiting: Waiting[] = [];

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
    this.#waiting.push(entry);
    return {
      cancel: () => {
        this.#waiting = this.#waiting.filter(other => other !== entry);
      },
    };
  }

  /** Instant of the next timer, or undefined when nothing waits. */
  next(): number | undefined {
    let soonest: number | undefined;
    for (const { at_ms } of this.#waiting) if (soonest === undefined || at_ms < soonest) soonest = at_ms;
    return soonest;
  }

  /** Moves time forward, firing every timer that falls due, earliest first. */
  advance(by_ms: number): void {
    const until = this.#now_ms + by_ms;
    for (;;) {
      const due = this.#waiting
        .filter(entry => entry.at_ms <= until)
        .sort((left, right) => left.at_ms - right.at_ms || left.order - right.order)[0];
      if (!due) break;
      this.#waiting = this.#waiting.filter(entry => entry !== due);
      this.#now_ms = Math.max(this.#now_ms, due.at_ms);
      due.action();
    }
    this.#now_ms = until;
  }
}
