import type { Keeps } from './collection.ts';
import type { Discard, Log, LogRecord } from './log.ts';
import { LogRefusal } from './log.ts';
import type { WriteOrder } from './port.ts';
import { type Content, Store, type StoreLimits } from './store.ts';
import type { Version } from './version.ts';

/** Records of one batch; more wait for the next, so that a batch never holds the log for long. */
const BATCH_MAX = 500;

/** From so many records in one batch on, the next waits a little for the writers that were just answered. */
const CROWD_MIN = 8;
/** Turns of the event loop it waits at most: each batch costs a wake-up of the log's thread and an fsync, however small it is. */
const GATHER_TURNS = 3;

/** Why the journal takes no writes any more. */
export type JournalFailure = (cause: unknown) => Error;

interface Waiting {
  readonly record: LogRecord;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Puts the store behind a log with group commit: everything written while a batch is on its way to the disk becomes the
 * next batch. A write's promise resolves only after the log has it. After a failed batch that may or may not have been
 * kept, nothing is acknowledged any more ("fsyncgate": a second fsync would lie).
 */
export class Journal implements WriteOrder {
  readonly store: Store;
  /** Told of errors that belong to no write: a watcher that threw. */
  report: (error: unknown) => void = () => undefined;
  readonly #log: Log;
  readonly #failure: JournalFailure;
  readonly #turn: (() => Promise<void>) | undefined;
  #waiting: Waiting[] = [];
  #discards: Discard[] = [];
  #busy = false;
  #failed: Error | undefined;
  #tail: Promise<unknown> = Promise.resolve();

  /** `turn` lets the event loop go on once; without it batches never wait. */
  constructor(store: Store, log: Log, failure: JournalFailure, turn?: () => Promise<void>) {
    this.#turn = turn;
    this.store = store;
    this.#log = log;
    this.#failure = failure;
  }

  /** Reads the log into a new store. */
  static async open(
    log: Log,
    failure: JournalFailure,
    limits?: StoreLimits,
    turn?: () => Promise<void>,
    keeps?: Keeps,
  ): Promise<Journal> {
    const store = new Store(limits, keeps);
    try {
      const { floors, records } = await log.read();
      store.open(floors);
      for await (const batch of records) store.load(batch);
    } catch (error) {
      await log.close().catch(() => undefined);
      throw error;
    }
    const journal = new Journal(store, log, failure, turn);
    for (const collection of store.collections()) {
      const discard = collection.compact();
      if (discard) journal.#discards.push(discard);
    }
    return journal;
  }

  /** The error every write meets after the log failed for good. */
  get failed(): Error | undefined {
    return this.#failed;
  }

  /** Stages a write now and resolves when it is durable. The caller has checked the head in the same turn. */
  write(
    collection: string,
    path: string,
    build: (revision: number) => Content,
  ): { version: Version; durable: Promise<Version> } {
    if (this.#failed) throw this.#failed;
    const { version, record } = this.store.stage(collection, path, build);
    const durable = new Promise<Version>((resolve, reject) =>
      this.#waiting.push({ record, resolve: () => resolve(version), reject }),
    );
    this.#tail = durable;
    if (!this.#busy) {
      this.#busy = true;
      // Writes of the same turn of the event loop share a batch.
      queueMicrotask(() => void this.#run());
    }
    return { version, durable };
  }

  /** Resolves when everything staged so far is durable; rejects when it was lost. */
  async settled(): Promise<void> {
    await this.#tail;
  }

  /** Discards the past of a collection now, not when its limits are passed. */
  async forget(name: string): Promise<void> {
    await this.settled();
    const discard = this.store.collection(name).compact(this.store.revision);
    if (!discard) return;
    this.#discards.push(discard);
    if (this.#busy || this.#failed) return;
    // One append at a time, whoever asks: the log is not made for two.
    this.#busy = true;
    const discards = this.#discards.splice(0);
    try {
      await this.#log.append([], discards);
    } catch (cause) {
      this.#discards.unshift(...discards);
      if (!(cause instanceof LogRefusal)) this.#lose([], cause);
    }
    await this.#run();
  }

  async close(): Promise<void> {
    await this.settled().catch(() => undefined);
    await this.#log.close();
  }

  /** Waits for more writers, where the last batch was one of many. */
  async #gather(last: number): Promise<void> {
    for (let turns = 0; turns < GATHER_TURNS && this.#waiting.length < last * 2; turns++) await this.#turn!();
  }

  async #run(): Promise<void> {
    let last = 0;
    while (this.#waiting.length > 0 && !this.#failed) {
      if (this.#turn && last >= CROWD_MIN) await this.#gather(last);
      last = this.#waiting.length;
      const batch = this.#waiting.splice(0, BATCH_MAX);
      const discards = this.#discards;
      this.#discards = [];
      try {
        await this.#log.append(
          batch.map(entry => entry.record),
          discards,
        );
      } catch (cause) {
        // A discard that went missing would leave an object's row behind when its removal is given back.
        this.#discards.unshift(...discards);
        this.#lose(batch, cause);
        continue;
      }
      this.#discards.push(...this.store.commit(batch.at(-1)!.record.revision));
      for (const entry of batch) entry.resolve();
      for (const error of this.store.watcherErrors.splice(0)) this.report(error);
    }
    this.#busy = false;
  }

  /** Everything staged builds on what was lost, so all of it is refused. */
  #lose(batch: readonly Waiting[], cause: unknown): void {
    const error = this.#failure(cause);
    if (!(cause instanceof LogRefusal)) this.#failed = error;
    this.store.abandon();
    for (const entry of [...batch, ...this.#waiting.splice(0)]) entry.reject(error);
  }
}
