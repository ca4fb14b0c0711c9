import { closeSync, copyFileSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { SqliteFile } from '../../kernel/drivers/sqlite-file.ts';
import { STORE_FILE, sqliteLog } from '../../kernel/drivers/sqlite-log.ts';
import { hostFaults } from './faults.ts';
import type { StateFolder } from './state.ts';

/** Writes the store of a folder nobody runs on to a file. */
export async function backupStore(state: StateFolder, file: string): Promise<void> {
  const log = sqliteLog(state.file('store'));
  try {
    const { records } = await log.read();
    for await (const _ of records) break;
    await log.backup(file);
  } finally {
    await log.close();
  }
}

/** How many records a backup holds. Faults: it is no store, or damaged. */
function inspect(copy: string, file: string): number {
  try {
    const store = new SqliteFile(copy);
    try {
      store.check();
      let count = 0;
      for (const records = store.records(); !records.next().done; ) count++;
      return count;
    } finally {
      store.close();
    }
  } catch (error) {
    throw hostFaults.error('backup-unusable', { file, cause: (error as Error).message }, file, { cause: error });
  }
}

function persist(path: string): void {
  const descriptor = openSync(path, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

/** Puts a backup in the store's place after reading all of it; the old store is kept beside it. */
export function restoreStore(state: StateFolder, file: string): { count: number; aside: string } {
  const folder = state.file('store');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const copy = state.file('store', 'restoring.db');
  const store = state.file('store', STORE_FILE);
  const aside = state.file('store', 'before-restore.db');
  try {
    copyFileSync(file, copy);
  } catch (error) {
    throw hostFaults.error('backup-unusable', { file, cause: (error as Error).message }, file, { cause: error });
  }
  try {
    const count = inspect(copy, file);
    persist(copy);
    for (const suffix of ['', '-wal', '-shm']) {
      rmSync(aside + suffix, { force: true });
      // The log beside a store belongs to it: it goes where the store goes.
      if (existsSync(store + suffix)) renameSync(store + suffix, aside + suffix);
    }
    renameSync(copy, store);
    persist(folder);
    return { count, aside };
  } finally {
    for (const suffix of ['', '-wal', '-shm']) rmSync(copy + suffix, { force: true });
  }
}
