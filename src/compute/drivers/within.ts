import type { Clock, Timer } from '../../base/index.ts';

/** Whether `promise` settled in time. */
export function within(clock: Clock, promise: Promise<void>, timeout_ms: number): Promise<boolean> {
  let timer: Timer | undefined;
  const late = new Promise<boolean>(resolve => {
    timer = clock.after(timeout_ms, () => resolve(false));
  });
  return Promise.race([promise.then(() => true), late]).finally(() => timer?.cancel());
}
