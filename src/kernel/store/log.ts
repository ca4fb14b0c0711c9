/** One write as it lies in the log; `value` is the object's JSON text, null when the object was removed. */
export interface LogRecord {
  readonly revision: number;
  readonly collection: string;
  readonly path: string;
  readonly value: string | null;
}

/** History of one collection that nobody may ask for any more: events up to `floor`, and the rows only they needed. */
export interface Discard {
  readonly collection: string;
  readonly floor: number;
  readonly revisions: readonly number[];
}

/** What a log holds when it is opened: records in revision order, and how far each collection was compacted. */
export interface LogContents {
  readonly floors: ReadonlyMap<string, number>;
  readonly records: AsyncIterable<readonly LogRecord[]>;
}

/**
 * Where writes become durable. `append` resolves only after everything in the batch survives a power cut; batches take
 * effect in the order of the calls, each as a whole or not at all. When it rejects with {@link LogRefusal} nothing of the
 * batch was kept and the log still works (a full disk); on any other rejection the log must not be used again.
 */
export interface Log {
  read(): Promise<LogContents>;
  /** Discards ride along in the same batch, each exactly once and in order: giving rows back never costs an fsync of its own. */
  append(records: readonly LogRecord[], discards: readonly Discard[]): Promise<void>;
  close(): Promise<void>;
}

/** A batch the log did not keep, while staying usable. */
export class LogRefusal extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LogRefusal';
  }
}
