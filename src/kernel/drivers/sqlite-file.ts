import { backup, DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Discard, LogRecord } from '../store/log.ts';
import { FOREIGN, IN_USE, NEWER } from './sqlite-codes.ts';
import { APPLICATION, FORMAT } from './sqlite-protocol.ts';

/** SQLite result codes (sqlite.org/rescode.html), primary part. */
const BUSY = 5;
const FULL = 13;

/** A problem with the file itself; `code` is an SQLite result code or one of sqlite-codes.ts. */
export class FileProblem extends Error {
  readonly code: number;
  /** The write was rolled back and the file is as it was before. */
  readonly undone: boolean;
  constructor(message: string, code: number, undone = false) {
    super(message);
    this.name = 'FileProblem';
    this.code = code;
    this.undone = undone;
  }
}

const codeOf = (error: unknown): number => ((error as { errcode?: number }).errcode ?? 0) & 0xff;
const textOf = (error: unknown): string => {
  const detail = (error as { errstr?: string }).errstr;
  const message = (error as Error).message;
  return detail && detail !== message ? `${message} (${detail})` : message;
};

/** The one SQLite file of a store: a log of records by revision, and how far each collection was compacted. */
export class SqliteFile {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #remove: StatementSync;
  readonly #floor: StatementSync;

  constructor(path: string, { erase = false }: { erase?: boolean } = {}) {
    this.#database = open(path);
    // What is removed is overwritten: a key that was rotated out must not leave what it protected behind.
    if (erase) this.#database.exec('PRAGMA secure_delete = ON');
    this.#insert = this.#database.prepare('INSERT INTO log (revision, collection, path, value) VALUES (?, ?, ?, ?)');
    this.#remove = this.#database.prepare('DELETE FROM log WHERE revision = ?');
    this.#floor = this.#database.prepare(
      'INSERT INTO floors (collection, revision) VALUES (?, ?) ON CONFLICT DO UPDATE SET revision = excluded.revision',
    );
  }

  /** One transaction: everything or nothing, on the disk when this returns. */
  append(records: readonly LogRecord[], discards: readonly Discard[]): void {
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      for (const { revision, collection, path, value } of records) this.#insert.run(revision, collection, path, value);
      for (const { collection, floor, revisions } of discards) {
        this.#floor.run(collection, floor);
        for (const revision of revisions) this.#remove.run(revision);
      }
      this.#database.exec('COMMIT');
    } catch (error) {
      throw new FileProblem(textOf(error), codeOf(error), this.#undo(error));
    }
  }

  floors(): Map<string, number> {
    const rows = this.#database.prepare('SELECT collection, revision FROM floors').all() as {
      collection: string;
      revision: number;
    }[];
    return new Map(rows.map(({ collection, revision }) => [collection, revision]));
  }

  records(): Iterator<LogRecord> {
    const rows = this.#database
      .prepare('SELECT revision, collection, path, value FROM log ORDER BY revision')
      .iterate();
    return rows as unknown as Iterator<LogRecord>;
  }

  /** A consistent copy while writes go on, a few hundred pages at a time. */
  async backup(path: string): Promise<void> {
    await backup(this.#database, path, { rate: 256 });
  }

  /** Throws where the file is damaged. */
  check(): void {
    const { integrity_check: found } = this.#database.prepare('PRAGMA integrity_check(1)').get() as {
      integrity_check: string;
    };
    if (found !== 'ok') throw new FileProblem(found, 0);
  }

  close(): void {
    this.#database.close();
  }

  /** Only a full disk is certain to leave the file as it was (sqlite.org/lang_transaction.html §3.2); an I/O error is not. */
  #undo(error: unknown): boolean {
    try {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      return codeOf(error) === FULL;
    } catch {
      return false;
    }
  }
}

function open(path: string): DatabaseSync {
  try {
    // The exclusive lock is held as long as the file is open: it is also the lock of the state folder, and the system
    // takes it back from a process that dies.
    const database = new DatabaseSync(path, { timeout: 0 });
    // Objects are about 2 KiB: in pages of 4 KiB half of the file would be empty.
    database.exec('PRAGMA page_size = 16384');
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = FULL');
    // Small checkpoints: one of 4 MiB is hardly seen, one of 64 MiB stops writers for a moment.
    database.exec('PRAGMA wal_autocheckpoint = 256');
    database.exec('PRAGMA journal_size_limit = 67108864');
    database.exec('PRAGMA cache_size = -1024');
    database.exec('BEGIN IMMEDIATE');
    migrate(database);
    database.exec('COMMIT');
    return database;
  } catch (error) {
    if (error instanceof FileProblem) throw error;
    throw new FileProblem(textOf(error), codeOf(error) === BUSY ? IN_USE : codeOf(error));
  }
}

function migrate(database: DatabaseSync): void {
  const { user_version: format } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  const { application_id: application } = database.prepare('PRAGMA application_id').get() as { application_id: number };
  if (format > FORMAT) throw new FileProblem(`format ${format}, this version reads up to ${FORMAT}`, NEWER);
  if (format !== 0) {
    if (application !== APPLICATION) throw new FileProblem('not a Tenon store', FOREIGN);
    return;
  }
  const { count } = database.prepare('SELECT count(*) AS count FROM sqlite_schema').get() as { count: number };
  if (count > 0) throw new FileProblem('not a Tenon store', FOREIGN);
  database.exec(`
    CREATE TABLE log (revision INTEGER PRIMARY KEY, collection TEXT NOT NULL, path TEXT NOT NULL, value TEXT) STRICT;
    CREATE TABLE floors (collection TEXT PRIMARY KEY, revision INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    PRAGMA application_id = ${APPLICATION};
    PRAGMA user_version = ${FORMAT};
  `);
}
