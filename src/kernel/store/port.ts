import type { Content, Store } from './store.ts';
import type { Version } from './version.ts';

/**
 * What the registry writes through: the store it reads, and a way to make the next version of an object durable. One
 * writer over a log (journal.ts) and several servers on one etcd (drivers/etcd-journal.ts) look the same from here.
 */
export interface WriteOrder {
  readonly store: Store;
  /** The error every write meets after the log failed for good. */
  readonly failed: Error | undefined;
  /** Told of errors that belong to no write. */
  report: (error: unknown) => void;
  /** True where the store behind removes Events when their time is over. */
  readonly expiresEvents?: boolean;
  /**
   * Writes on top of the collection's head, which the caller has checked in the same turn. `durable` resolves to the
   * version once it is durable and visible, and rejects with {@link Superseded} when another writer was faster.
   */
  write(collection: string, path: string, build: (revision: number) => Content): { readonly durable: Promise<Version> };
  /** Resolves when everything written so far is durable; rejects when it was lost. */
  settled(): Promise<void>;
  /** Resolves when the store shows everything any server acknowledged before the call; absent where it always does. */
  fresh?(): Promise<void>;
  /** Gives back everything but the current objects of a collection; absent where the store behind decides. */
  forget?(collection: string): Promise<void>;
  /** A record of numbers given away that every server on this store shares; absent where there is but one server. */
  allocation?(name: string): AllocationRecord;
  close(): Promise<void>;
}

/** Numbers given away of a range `first-last`: bit n of `data`, read as one big-endian number, is the range's n-th. */
export interface Allocation {
  readonly range: string;
  readonly data: Uint8Array;
}

/**
 * Reads the record, lets `build` say what it shall be, and writes that unless it says undefined; again from the start where
 * another server was faster. What `build` throws is thrown, and nothing is written.
 */
export type AllocationRecord = (build: (held: Allocation | undefined) => Allocation | undefined) => Promise<void>;

/** Another writer changed the object first; nothing was written. */
export class Superseded extends Error {
  constructor() {
    super('another writer was faster');
    this.name = 'Superseded';
  }
}
