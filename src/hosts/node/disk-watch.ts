import { statfsSync } from 'node:fs';
import type { Clock, Fault, Timer } from '../../base/index.ts';
import { hostFaults } from './faults.ts';

const LOOK_EVERY_MS = 2_000;
/** With less than this nothing can be relied on to be written. */
const FREE_BYTES_MIN = 4 * 1024 * 1024;

export interface DiskWatchOptions {
  readonly folder: string;
  readonly clock: Clock;
  /** Told once when room runs out. */
  readonly full: (fault: Fault) => void;
  /** Told when there is room again, with the fault that is over. */
  readonly over: (fault: Fault) => void;
}

/** Says when the state folder's disk is full: what is written to it is refused then, and everything else goes on. */
export function watchDisk({ folder, clock, full, over }: DiskWatchOptions): Disposable {
  let told: Fault | undefined;
  const look = (): void => {
    try {
      const { bavail, bsize } = statfsSync(folder);
      const free_bytes = bavail * bsize;
      if (free_bytes < FREE_BYTES_MIN && !told) {
        told = hostFaults.make('disk-full', { state: folder, free: `${Math.floor(free_bytes / 1024)} KiB` });
        full(told);
      } else if (free_bytes >= FREE_BYTES_MIN && told) {
        over(told);
        told = undefined;
      }
    } catch {
      // The folder is gone or unreadable: writing to it tells that better.
    }
    timer = clock.after(LOOK_EVERY_MS, look);
  };
  let timer: Timer = clock.after(LOOK_EVERY_MS, look);
  return { [Symbol.dispose]: () => timer.cancel() };
}
