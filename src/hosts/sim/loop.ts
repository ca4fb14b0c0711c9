import type { VirtualClock } from '../../base/index.ts';
import { turn, wallClock_ms } from './ambient.ts';

/** Times that one virtual instant may go on by timers that fall due at once. */
const ROUNDS_MAX = 100_000;
/**
 * Timers of one instant that fire before what they set off goes on: what a hundred thousand pods do at one instant is done
 * by few at a time, as on a machine, and not held in memory by all of them at once.
 */
const TIMERS_MAX = 16;

export interface LoopOptions {
  readonly clock: VirtualClock;
  /** Called when everything of an instant has happened; a text ends the run there. */
  readonly instant?: (t: number) => string | undefined;
  /** Virtual milliseconds a real one stands for; as fast as can be when absent. */
  readonly speed?: number;
  /** Real seconds pass only in runs with a speed. */
  readonly pause?: (ms: number) => Promise<void>;
}

/** Moves a run through virtual time: microtasks to their end, then the next timer. */
export class Loop {
  /** Why the run ended before its time. */
  stopped: string | undefined;
  readonly #options: LoopOptions;
  #rounds = 0;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  stop(reason: string): void {
    this.stopped ??= reason;
  }

  /** Moves on to the next instant at which something happens, no later than `until_ms`. */
  step(until_ms: number): Promise<void> {
    const { clock } = this.#options;
    const next = clock.next();
    clock.advance(
      Math.max(0, Math.min(next === undefined ? Infinity : next - clock.now(), until_ms - clock.monotonic())),
      TIMERS_MAX,
    );
    return this.settle();
  }

  /** Lets everything that can happen at this instant happen. */
  async settle(): Promise<void> {
    const { clock, instant } = this.#options;
    await turn();
    for (let next = clock.next(); next !== undefined && next <= clock.now() && !this.stopped; next = clock.next()) {
      if (++this.#rounds > ROUNDS_MAX) return this.stop('endless');
      clock.advance(0, TIMERS_MAX);
      await turn();
    }
    this.#rounds = 0;
    const reason = instant?.(clock.monotonic());
    if (reason !== undefined) this.stop(reason);
  }

  /** Runs until the instant, in virtual milliseconds since the start; ends there, where it is stopped, or after an instant that is `enough`. */
  async run(until_ms: number, enough: () => boolean = () => false): Promise<void> {
    const { clock, speed, pause } = this.#options;
    const began = { real: wallClock_ms(), virtual: clock.monotonic() };
    const left = (): number => until_ms - clock.monotonic();
    await this.settle();
    while (!this.stopped) {
      if (enough()) return;
      const next = clock.next();
      const step_ms = next === undefined ? left() : next - clock.now();
      if (step_ms > left()) break;
      if (speed !== undefined && pause) {
        const due = (clock.monotonic() + step_ms - began.virtual) / speed;
        const early_ms = due - (wallClock_ms() - began.real);
        if (early_ms > 1) await pause(early_ms);
      }
      clock.advance(Math.max(0, step_ms), TIMERS_MAX);
      await this.settle();
      if (next === undefined) return;
    }
    // Nothing falls due in what is left: it is no instant, so that a run in parts is the run in one.
    if (!this.stopped && left() > 0) clock.advance(left());
  }
}
