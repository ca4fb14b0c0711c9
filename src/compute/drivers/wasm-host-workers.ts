import { Worker } from 'node:worker_threads';
import type { WorkerCode } from './wasm-host-code.ts';
import type { ComponentScript, WorkerPreparation } from './wasm-protocol.ts';

/** Generic workers that wait for a container: what a cold start does not have to wait for. */
const SPARE_WORKERS = 2;
/** JavaScript heap of a worker; linear memories are counted by the module's own limit. */
const LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };

/** Scripts that every waiting worker has compiled: those used last. */
const PREPARED_MAX = 8;

/** Fresh worker threads, some made ahead. A worker serves one container and ends with it. */
export class WorkerPool {
  readonly #code: WorkerCode;
  readonly #spare: Worker[] = [];
  readonly #scripts = new Map<string, ComponentScript>();
  /** What each waiting worker has compiled. */
  readonly #prepared = new WeakMap<Worker, Set<string>>();

  constructor(code: WorkerCode) {
    this.#code = code;
  }

  refill(): void {
    while (this.#spare.length < SPARE_WORKERS) this.#spare.push(this.#make());
  }

  #make(): Worker {
    const { entry, start, sources } = this.#code;
    const workerData = { start, sources };
    const worker = new Worker(entry, { env: {}, stdin: false, resourceLimits: LIMITS, workerData });
    worker.unref();
    // One that dies while it waits is no container's failure.
    const drop = (): void => {
      const at = this.#spare.indexOf(worker);
      if (at >= 0) this.#spare.splice(at, 1);
    };
    worker.on('error', drop).on('exit', drop);
    this.#prepared.set(worker, new Set());
    this.#prepare(worker, [...this.#scripts.values()]);
    return worker;
  }

  #prepare(worker: Worker, scripts: readonly ComponentScript[]): void {
    if (scripts.length === 0) return;
    for (const { key } of scripts) this.#prepared.get(worker)?.add(key);
    worker.postMessage({ kind: 'prepare', scripts } satisfies WorkerPreparation);
  }

  /** A component that may be asked for: workers that wait compile its script, those to come do too. */
  expect(script: ComponentScript): void {
    const known = this.#scripts.get(script.key);
    this.#scripts.delete(script.key);
    this.#scripts.set(script.key, script);
    if (this.#scripts.size > PREPARED_MAX) this.#scripts.delete(this.#scripts.keys().next().value as string);
    // With the code cache nothing is left to compile when it runs.
    if (known && (known.cached || !script.cached)) return;
    for (const worker of this.#spare) this.#prepare(worker, [script]);
  }

  /** Whether a worker that was taken has compiled the script. */
  isPrepared(worker: Worker, key: string): boolean {
    return this.#prepared.get(worker)?.has(key) ?? false;
  }

  take(): Worker {
    const worker = this.#spare.shift() ?? this.#make();
    // Not at once: making one takes longer than what the taken one has to do first.
    setTimeout(() => this.refill(), 20);
    return worker;
  }
}
