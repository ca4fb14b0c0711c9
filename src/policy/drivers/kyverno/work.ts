import type { Clock } from '../../../base/index.ts';

/** How often a piece of work that fails is tried, and from which wait on. */
const TRIES_MAX = 6;
const WAIT_MS = 250;
const QUEUE_MAX = 50_000;

/** Pieces of work, one after the other; one that fails comes again after a wait, a few times. */
export class Work {
  readonly #clock: Clock;
  readonly #report: (error: unknown) => void;
  readonly #queue: { readonly key: string | undefined; readonly run: () => Promise<void>; readonly tries: number }[] =
    [];
  readonly #keys = new Set<string>();
  #running: Promise<void> | undefined;
  #ended = false;

  constructor(clock: Clock, report: (error: unknown) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  /** Work with a key that waits already is not taken twice. */
  add(run: () => Promise<void>, key?: string): void {
    this.#add(run, key, 0);
  }

  /** Adds after a delay. */
  after(delay_ms: number, run: () => Promise<void>, key?: string): void {
    this.#clock.after(delay_ms, () => this.#add(run, key, 0));
  }

  async end(): Promise<void> {
    this.#ended = true;
    this.#queue.length = 0;
    await this.#running;
  }

  #add(run: () => Promise<void>, key: string | undefined, tries: number): void {
    if (this.#ended || (key !== undefined && this.#keys.has(key))) return;
    if (this.#queue.length >= QUEUE_MAX) {
      this.#report(new Error(`More than ${QUEUE_MAX} pieces of policy work wait: the newest is left out`));
      return;
    }
    if (key !== undefined) this.#keys.add(key);
    this.#queue.push({ key, run, tries });
    this.#running ??= this.#drain();
  }

  async #drain(): Promise<void> {
    // The write that caused the work is answered first.
    await Promise.resolve();
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const { key, run, tries } = next;
      if (key !== undefined) this.#keys.delete(key);
      try {
        await run();
      } catch (error) {
        if (tries + 1 < TRIES_MAX) this.#clock.after(WAIT_MS * 2 ** tries, () => this.#add(run, key, tries + 1));
        else this.#report(error);
      }
    }
    this.#running = undefined;
  }
}
