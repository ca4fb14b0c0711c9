import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { TextParams } from '../../base/index.ts';
import { type ImageFaultCode, imageFaults } from '../images/faults.ts';
import type { UnpackJob, UnpackResult } from './unpack-layer.ts';

interface Reply {
  readonly id: number;
  readonly result?: UnpackResult;
  readonly code?: ImageFaultCode;
  readonly params?: TextParams;
  readonly error?: string;
}

interface Waiting {
  readonly job: UnpackJob;
  readonly resolve: (result: UnpackResult) => void;
  readonly reject: (error: Error) => void;
}

/** Unpacks layers on worker threads, so that the API's thread never waits for a disk. Threads start on demand. */
export class UnpackPool implements AsyncDisposable {
  readonly #size: number;
  readonly #idle: Worker[] = [];
  readonly #workers = new Set<Worker>();
  readonly #queue: Waiting[] = [];
  #closed = false;

  constructor(size = Math.max(1, Math.min(4, availableParallelism()))) {
    this.#size = size;
  }

  unpack(job: UnpackJob): Promise<UnpackResult> {
    if (this.#closed) return Promise.reject(new Error('The unpack pool is closed'));
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, resolve, reject });
      this.#dispatch();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const waiting of this.#queue.splice(0)) waiting.reject(new Error('The unpack pool is closed'));
    await Promise.all([...this.#workers].map(worker => worker.terminate()));
  }

  #dispatch(): void {
    const waiting = this.#queue[0];
    if (!waiting) return;
    const worker = this.#idle.pop() ?? (this.#workers.size < this.#size ? this.#spawn() : undefined);
    if (!worker) return;
    this.#queue.shift();
    this.#run(worker, waiting);
    this.#dispatch();
  }

  #spawn(): Worker {
    const worker = new Worker(new URL('./unpack-worker.ts', import.meta.url), { execArgv: [], stdin: false });
    this.#workers.add(worker);
    return worker;
  }

  #run(worker: Worker, waiting: Waiting): void {
    const done = (): void => {
      for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event);
      worker.unref();
    };
    const lost = (error: Error): void => {
      done();
      this.#workers.delete(worker);
      waiting.reject(error);
      this.#dispatch();
    };
    worker.ref();
    worker.once('error', lost);
    worker.once('exit', code => lost(new Error(`The unpack thread ended with ${code}`)));
    worker.once('message', (reply: Reply) => {
      done();
      this.#idle.push(worker);
      if (reply.result) waiting.resolve(reply.result);
      else if (reply.code) waiting.reject(imageFaults.error(reply.code, reply.params));
      else waiting.reject(new Error(reply.error ?? 'The unpack thread failed'));
      this.#dispatch();
    });
    worker.postMessage({ id: 0, job: waiting.job });
  }
}
