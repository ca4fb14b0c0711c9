import type { Clock, Timer } from '../base/index.ts';
import { formatTime } from '../kernel/index.ts';
import type { RunningPolicies } from './controller.ts';

export interface AuditOptions {
  readonly policies: Pick<RunningPolicies, 'audit'>;
  readonly clock: Clock;
  /** From the end of one audit to the start of the next. */
  readonly every_ms: number;
  readonly report?: (error: unknown) => void;
}

/** Audits again and again until it is disposed of. */
export function auditEvery({ policies, clock, every_ms, report }: AuditOptions): Disposable {
  let timer: Timer | undefined;
  let ended = false;
  const arm = (): void => {
    if (ended) return;
    timer = clock.after(every_ms, () => {
      policies
        .audit(formatTime({ seconds: Math.floor(clock.now() / 1000), nanoseconds: 0 }, false))
        .catch((error: unknown) => report?.(error))
        .finally(arm);
    });
  };
  arm();
  return {
    [Symbol.dispose]: () => {
      ended = true;
      timer?.cancel();
    },
  };
}
