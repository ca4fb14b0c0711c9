import type { Subscription } from '../ports.ts';
import type { ProcessEvent, ProcessEvents } from '../process-events.ts';

type Deliver = (events: readonly ProcessEvent[]) => void;

/** One source for everybody who listens: opened for the first, ended after the last. */
export class SharedEvents implements ProcessEvents {
  readonly #open: (deliver: Deliver) => Promise<AsyncDisposable>;
  readonly #listeners = new Set<Deliver>();
  #source: AsyncDisposable | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(open: (deliver: Deliver) => Promise<AsyncDisposable>) {
    this.#open = open;
  }

  async subscribe(deliver: Deliver): Promise<Subscription> {
    const listener: Deliver = events => deliver(events);
    this.#listeners.add(listener);
    try {
      await this.#settle();
    } catch (error) {
      this.#listeners.delete(listener);
      throw error;
    }
    return {
      close: () => {
        this.#listeners.delete(listener);
        this.#settle().catch(() => {});
      },
    };
  }

  /** Opens or ends the source as there are listeners, one after the other. */
  #settle(): Promise<void> {
    const settled = this.#turn.then(async () => {
      if (this.#listeners.size > 0 && !this.#source)
        this.#source = await this.#open(events => {
          for (const listener of this.#listeners) listener(events);
        });
      else if (this.#listeners.size === 0 && this.#source) {
        const source = this.#source;
        this.#source = undefined;
        await source[Symbol.asyncDispose]();
      }
    });
    this.#turn = settled.catch(() => {});
    return settled;
  }
}
