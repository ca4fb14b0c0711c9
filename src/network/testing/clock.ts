import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock, Random } from '../../base/index.ts';

/** Real time for tests of the kernel's own behaviour. */
export const realClock: Clock = {
  now: () => Math.floor(performance.timeOrigin + performance.now()),
  monotonic: () => performance.now(),
  after: (delay_ms, action) => {
    const timer = setTimeout(action, delay_ms);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

export const realRandom: Random = {
  next: () => randomBytes(4).readUInt32LE() / 0x1_0000_0000,
  bytes: count => randomBytes(count),
};

/** Waits until `ready` says so; rejects when it never does. */
export async function until(what: string, ready: () => boolean | Promise<boolean>, limit_ms = 5000): Promise<void> {
  const start = performance.now();
  while (!(await ready())) {
    if (performance.now() - start > limit_ms) throw new Error(`Never happened: ${what}`);
    await wait(20);
  }
}
