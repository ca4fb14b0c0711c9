/** Time and randomness of a run: one clock for all, views of it for processes, a stream of random numbers a name. */
import { type Clock, type Random, seededRandom, type Timer, type VirtualClock } from '../../base/index.ts';

/** FNV-1a over the UTF-16 code units, mixed with the seed: names far apart in the numbers they draw. */
function seedOf(seed: number, name: string): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b) >>> 0;
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** Timers without delay one process sets at one instant after which it is held to be in an endless loop. */
const AT_ONCE_MAX = 20_000;

/** One stream a name, so that a draw more in one part of the world does not shift any other. */
export function randomStreams(seed: number): (name: string) => Random {
  return name => seededRandom(seedOf(seed, name));
}

/**
 * The run's clock as one process reads it: off by its skew, and with timers that never fire once the process is gone.
 * Timers run by elapsed time, which a wrong wall clock does not change.
 */
export class ProcessClock implements Clock {
  skew_ms = 0;
  #dead = false;
  #instant = Number.NaN;
  #atOnce = 0;
  readonly #base: VirtualClock;
  readonly #spins: (() => void) | undefined;

  /** `spins` hears when the process asks to be called at once again and again and never lets the instant pass. */
  constructor(base: VirtualClock, skew_ms = 0, spins?: () => void) {
    this.#base = base;
    this.skew_ms = skew_ms;
    this.#spins = spins;
  }

  now(): number {
    return this.#base.now() + this.skew_ms;
  }

  monotonic(): number {
    return this.#base.monotonic();
  }

  after(delay_ms: number, action: () => void): Timer {
    if (delay_ms <= 0 && this.#isEndless()) this.#spins?.();
    return this.#base.after(delay_ms, () => {
      if (!this.#dead) action();
    });
  }

  #isEndless(): boolean {
    const t = this.monotonic();
    if (t !== this.#instant) [this.#instant, this.#atOnce] = [t, 0];
    return ++this.#atOnce > AT_ONCE_MAX;
  }

  /** From now on nothing that was set fires. */
  kill(): void {
    this.#dead = true;
  }
}

/** The promise of those that are no more. */
export const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
