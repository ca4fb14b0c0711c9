import { RunThread, type RunThreadOptions } from './run-thread.ts';

/** Threads that hold no run, kept for the next: starting one costs more than a test. */
const IDLE_MAX = 4;

/** Worker threads of one kind. An idle one keeps nobody from ending. */
export class ThreadPool {
  readonly #options: RunThreadOptions;
  readonly #idle: RunThread[] = [];

  constructor(options: RunThreadOptions = {}) {
    this.#options = options;
  }

  /** A thread for one run; it loads the simulator while the caller goes on. */
  take(): RunThread {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) if (idle.alive) return idle;
    return new RunThread(this.#options);
  }

  /** A thread whose run is finished. */
  give(thread: RunThread): void {
    if (!thread.alive) return;
    if (this.#idle.length < IDLE_MAX) this.#idle.push(thread);
    else void thread[Symbol.asyncDispose]();
  }

  /** One thread has loaded everything and waits. */
  async warm(): Promise<void> {
    const thread = this.take();
    await thread.ask('hello', {});
    this.give(thread);
  }
}
