import { randomBytes } from 'node:crypto';
import type { Clock, Random, Timer } from '../../base/index.ts';

/** Timers longer than this overflow Node's 32-bit delay and would fire at once. */
const DELAY_MS_MAX = 2_147_483_647;

/** The machine's time. Timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delay_ms: number, action: () => void): Timer => {
    const due_ms = performance.now() + delay_ms;
    const wait = (): NodeJS.Timeout => {
      const left_ms = Math.max(0, due_ms - performance.now());
      return setTimeout(
        () => {
          if (left_ms > DELAY_MS_MAX) timer = wait();
          else action();
        },
        Math.min(left_ms, DELAY_MS_MAX),
      ).unref();
    };
    let timer = wait();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Bytes drawn from the system at a time; a draw a call would cost a system call each. */
const POOL_BYTES = 4096;

/** The system's cryptographic randomness. */
export function systemRandom(): Random {
  let pool = new Uint8Array(0);
  let used = 0;
  const bytes = (count: number): Uint8Array => {
    if (count > POOL_BYTES) return randomBytes(count);
    if (used + count > pool.length) {
      pool = new Uint8Array(randomBytes(POOL_BYTES));
      used = 0;
    }
    const drawn = pool.slice(used, used + count);
    pool.fill(0, used, used + count);
    used += count;
    return drawn;
  };
  return {
    bytes,
    next: () => {
      const [a, b, c, d, e, f, g] = bytes(7);
      return (
        ((a! & 0x1f) * 2 ** 48 + (b! * 2 ** 40 + c! * 2 ** 32 + d! * 2 ** 24 + e! * 2 ** 16 + f! * 2 ** 8 + g!)) /
        2 ** 53
      );
    },
  };
}

/** One turn of the event loop: timers and sockets get theirs before the caller goes on. */
export const breathe = (): Promise<void> => new Promise(resolve => void setImmediate(resolve));
