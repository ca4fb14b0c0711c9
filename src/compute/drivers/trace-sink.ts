import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ProcessEvent } from '../process-events.ts';

const [STOP, PENDING] = [0, 1];

/**
 * Listens for what kernels of containers tell (gVisor's remote sink). The socket is read by a thread of its own that blocks on
 * it; what the other side does not take in time is dropped by the kernels, and told as lost.
 */
export class TraceSink implements AsyncDisposable {
  readonly path: string;
  readonly #worker: Worker;
  readonly #shared: Int32Array;

  private constructor(path: string, worker: Worker, shared: Int32Array) {
    this.path = path;
    this.#worker = worker;
    this.#shared = shared;
  }

  /** `path`: at most 107 bytes. Rejects when nothing can listen there. */
  static async open(path: string, deliver: (events: readonly ProcessEvent[]) => void): Promise<TraceSink> {
    const shared = new Int32Array(new SharedArrayBuffer(8));
    const url = new URL('./trace-worker.ts', import.meta.url);
    const worker = new Worker(url, { execArgv: [], stdin: false, workerData: { path, shared } });
    await once(worker, 'message');
    worker.on('message', (events: readonly ProcessEvent[]) => {
      Atomics.sub(shared, PENDING, events.length);
      Atomics.notify(shared, PENDING);
      deliver(events);
    });
    worker.on('error', () => deliver([{ kind: 'lost', count: 'unknown', why: 'cut' }]));
    worker.unref();
    return new TraceSink(path, worker, shared);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#worker, 'exit');
    Atomics.store(this.#shared, STOP, 1);
    this.#worker.ref();
    await ended;
  }
}
