import { Worker } from 'node:worker_threads';

/** Generic workers that wait for a container: what a cold start does not have to wait for. */
const SPARE_WORKERS = 2;
/** JavaScript heap of a worker; linear memories are counted by the module's own limit. */
const LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };

/** Fresh worker threads, some made ahead. A worker serves one container and ends with it. */
export class WorkerPool {
  readonly #code: URL;
  readonly #spare: Worker[] = [];

  constructor(code: URL) {
    this.#code = code;
  }

  refill(): void {
    while (this.#spare.length < SPARE_WORKERS) this.#spare.push(this.#make());
  }

  #make(): Worker {
    const worker = new Worker(this.#code, { env: {}, stdin: false, resourceLimits: LIMITS });
    worker.unref();
    // One that dies while it waits is no container's failure.
    const drop = (): void => {
      const at = this.#spare.indexOf(worker);
      if (at >= 0) this.#spare.splice(at, 1);
    };
    worker.on('error', drop).on('exit', drop);
    return worker;
  }

  take(): Worker {
    const worker = this.#spare.shift() ?? this.#make();
    // Not at once: making one takes longer than what the taken one has to do first.
    setTimeout(() => this.refill(), 20);
    return worker;
  }
}
