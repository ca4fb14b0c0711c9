import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock, Timer } from '../../base/index.ts';

const RESOLUTION_ms = 10;
const REPORT_EVERY_ms = 1_000;
/** No task of the main thread may hold it longer (DESIGN, "Processes"). */
export const TASK_ms_MAX = 20;

export interface LongTasks extends Disposable {
  /** Seconds in which the main thread was held too long. */
  readonly count: number;
  readonly longest_ms: number;
}

/** Watches the main thread and reports each second in which something held it longer than allowed. */
export function watchLongTasks(clock: Clock, report: (duration_ms: number) => void): LongTasks {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_ms });
  delay.enable();
  let count = 0;
  let longest_ms = 0;
  let timer: Timer;
  const look = (): void => {
    // The histogram holds the time between ticks of a timer: its own period is no delay.
    const held_ms = delay.max / 1e6 - RESOLUTION_ms;
    delay.reset();
    if (held_ms > TASK_ms_MAX) {
      count++;
      longest_ms = Math.max(longest_ms, held_ms);
      report(Math.round(held_ms));
    }
    timer = clock.after(REPORT_EVERY_ms, look);
  };
  timer = clock.after(REPORT_EVERY_ms, look);
  return {
    get count() {
      return count;
    },
    get longest_ms() {
      return longest_ms;
    },
    [Symbol.dispose]: () => {
      timer.cancel();
      delay.disable();
    },
  };
}
