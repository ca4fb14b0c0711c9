/** The parent's side of a run in a worker thread: asks, and watches that it gets on. */
import { Worker } from 'node:worker_threads';
import { FaultError } from '../../../base/index.ts';
import { simFaults } from '../faults.ts';
import {
  type Answer,
  type Ask,
  BEAT,
  BEAT_WORDS,
  type CommandName,
  type Reply,
  type Request,
  type WorkerStart,
} from '../protocol.ts';
import { moment } from '../report/chart.ts';

/** Real time without any progress after which a run is held to be in an endless loop. */
const STUCK_MS = 30_000;

export interface RunThreadOptions {
  readonly stuck_ms?: number;
  /** Another program than worker.ts: tests plant their own rooms. */
  readonly program?: URL;
}

interface Pending {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

export class RunThread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #beat: Int32Array;
  readonly #stuck_ms: number;
  readonly #pending = new Map<number, Pending>();
  readonly #processes = new Map<number, string>();
  #id = 0;
  #watch: NodeJS.Timeout | undefined;
  #over: Error | undefined;
  /** It has loaded: from now on it must get on. */
  #loaded = false;

  constructor({ stuck_ms = STUCK_MS, program }: RunThreadOptions = {}) {
    const beat = new SharedArrayBuffer(4 * BEAT_WORDS);
    this.#beat = new Int32Array(beat);
    this.#stuck_ms = stuck_ms;
    this.#worker = new Worker(program ?? new URL('../worker.ts', import.meta.url), {
      workerData: { beat } satisfies WorkerStart,
      stdin: false,
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    this.#worker.unref();
    this.#worker.on('message', (reply: Reply) => this.#take(reply));
    this.#worker.on('error', (error: Error) => this.#end(simFaults.error('run-lost', { reason: error.message })));
    this.#worker.on('exit', code => this.#end(simFaults.error('run-lost', { reason: `exit code ${code}` })));
  }

  /** False once the thread ended: nothing can be asked of it any more. */
  get alive(): boolean {
    return this.#over === undefined;
  }

  /** Where the run is while it works, whole virtual seconds since the start. */
  get t_s(): number {
    return Atomics.load(this.#beat, BEAT.seconds);
  }

  /** FaultError: what was wrong with the question, or that the run does not get on; it is over then. */
  ask<C extends CommandName>(command: C, ask: Ask<C>): Promise<Answer<C>> {
    if (this.#over) return Promise.reject(this.#over);
    const id = ++this.#id;
    return new Promise<Answer<C>>((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as Pending['resolve'], reject });
      this.#worker.postMessage({ id, command, ask } satisfies Request);
      this.#worker.ref();
      this.#watch ??= this.#watching();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end(simFaults.error('not-open'));
    await this.#worker.terminate();
  }

  #take(reply: Reply): void {
    this.#loaded = true;
    if ('process' in reply) {
      this.#processes.set(reply.process, reply.name);
      return;
    }
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (this.#pending.size === 0) this.#rest();
    if (!pending) return;
    if ('answer' in reply) pending.resolve(reply.answer as never);
    else if ('fault' in reply) pending.reject(new FaultError(reply.fault));
    else pending.reject(Object.assign(new Error(reply.error.message), { stack: reply.error.stack }));
  }

  /** Looks eight times in the limit, so that it is passed by little. */
  #watching(): NodeJS.Timeout {
    let seen = -1;
    let still = 0;
    const LOOKS = 8;
    const look = (): void => {
      const count = Atomics.load(this.#beat, BEAT.count);
      still = count === seen && this.#loaded ? still + 1 : 0;
      seen = count;
      if (still < LOOKS) return;
      const process = this.#processes.get(this.#beat[BEAT.process]!) ?? '-';
      const seconds = this.#stuck_ms / 1000;
      this.#end(simFaults.error('stuck', { process, seconds, moment: moment(this.#beat[BEAT.seconds]! * 1000) }));
      void this.#worker.terminate();
    };
    return setInterval(look, this.#stuck_ms / LOOKS);
  }

  /** Nothing is asked: the thread keeps nobody from ending. */
  #rest(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
    this.#worker.unref();
  }

  #end(error: Error): void {
    this.#over ??= error;
    this.#rest();
    for (const { reject } of this.#pending.values()) reject(this.#over);
    this.#pending.clear();
  }
}
