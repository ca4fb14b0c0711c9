/** Threads that run storms. */
import { Worker } from 'node:worker_threads';
import type { StormPlan } from '../../storm/run.ts';
import type { SourceEdit, StormTask, StormTold, WorkerSetting } from '../protocol.ts';

/** A run that says nothing for so long, in real milliseconds, is held to be hung. */
const SILENCE_MS = 600_000;

export interface PoolOptions {
  readonly threads: number;
  readonly edit?: SourceEdit;
  /** Where the thread's program is, when not beside this file: a planted bug needs the sources. */
  readonly program?: URL;
}

interface Waiting {
  readonly task: StormTask;
  readonly resolve: (told: StormTold) => void;
  readonly reject: (error: Error) => void;
}

const hung = (task: StormTask): StormTold => {
  const message = `no end within ${SILENCE_MS} ms of real time`;
  const plan = ('plan' in task ? task.plan : { seed: task.seed }) as StormPlan;
  const violation = { t: 0, invariant: 'progress', about: '', message };
  return { id: task.id, plan, result: { violations: [violation], hash: '', events: 0, t_ms: 0, cpu_ms: 0 } };
};

/** One thread and what it is at. */
interface Thread {
  readonly worker: Worker;
  current: ((told: StormTold | Error | undefined) => void) | undefined;
}

/** Hands tasks to threads, one at a time each. A run that hangs is a violation; its thread is replaced. */
export class StormPool implements AsyncDisposable {
  readonly #options: PoolOptions;
  readonly #idle: Thread[] = [];
  readonly #all = new Set<Thread>();
  readonly #queue: Waiting[] = [];
  #tasks = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  seed(seed: number, first = true): Promise<StormTold> {
    return this.#add({ id: ++this.#tasks, first, seed });
  }

  plan(plan: StormPlan, first = true): Promise<StormTold> {
    return this.#add({ id: ++this.#tasks, first, plan });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#all].map(({ worker }) => worker.terminate()));
  }

  #add(task: StormTask): Promise<StormTold> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ task, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    if (this.#closed || this.#queue.length === 0) return;
    const thread = this.#idle.pop() ?? (this.#all.size < this.#options.threads ? this.#start() : undefined);
    if (!thread) return;
    const { task, resolve, reject } = this.#queue.shift()!;
    const timer = setTimeout(() => thread.current?.(undefined), SILENCE_MS);
    thread.current = told => {
      clearTimeout(timer);
      thread.current = undefined;
      if (told && !(told instanceof Error)) this.#idle.push(thread);
      else {
        this.#all.delete(thread);
        void thread.worker.terminate();
      }
      if (told instanceof Error) reject(told);
      else resolve(told ?? hung(task));
      this.#next();
    };
    thread.worker.postMessage(task);
  }

  #start(): Thread {
    const { program, edit } = this.#options;
    const setting: WorkerSetting = edit ? { edit } : {};
    const worker = new Worker(program ?? new URL('./storm-worker.ts', import.meta.url), {
      workerData: setting,
      execArgv: [],
    });
    const thread: Thread = { worker, current: undefined };
    this.#all.add(thread);
    worker.on('message', (told: StormTold) => thread.current?.(told));
    // A thread that dies is a fault of the search, never a finding.
    worker.on('error', error => thread.current?.(error as Error));
    worker.on('exit', code => thread.current?.(new Error(`The thread of a storm ended with ${code}`)));
    return thread;
  }
}
