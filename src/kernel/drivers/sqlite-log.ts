import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { kernelFaults } from '../faults.ts';
import { type Discard, type Log, type LogContents, type LogRecord, LogRefusal } from '../store/log.ts';
import { FOREIGN, IN_USE, NEWER } from './sqlite-codes.ts';
import type { Reply, Request } from './sqlite-protocol.ts';

/** The file's name in a state folder. */
export const STORE_FILE = 'store.db';

/** A durable log in one SQLite file, written by a thread of its own so that no fsync ever blocks the API. */
export interface SqliteLog extends Log {
  /** Writes a consistent copy of the store to a new file while it is in use. */
  backup(path: string): Promise<void>;
}

type Body = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;
type Pending = { resolve: (reply: Reply) => void; reject: (error: Error) => void };

/** Opens (or makes) the store of a state folder; `erase` overwrites what is removed. The folder stays locked until the log is closed or the process ends. */
export function sqliteLog(folder: string, { erase = false }: { erase?: boolean } = {}): SqliteLog {
  const path = join(folder, STORE_FILE);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw kernelFaults.error('store-file', { path, cause: (error as Error).message }, path);
  }
  const worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), {
    workerData: { path, erase },
    name: 'store',
  });
  const pending = new Map<number, Pending>();
  let last = 0;
  let dead: Error | undefined;

  worker.on('message', (reply: Reply) => {
    const waiting = pending.get(reply.id);
    pending.delete(reply.id);
    waiting?.resolve(reply);
  });
  const die = (error: Error): void => {
    dead ??= error;
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  };
  worker.on('error', error => die(error instanceof Error ? error : new Error(String(error))));
  worker.on('exit', () => die(new Error('the store thread has ended')));

  const ask = (body: Body): Promise<Reply> =>
    new Promise((resolve, reject) => {
      if (dead) return reject(dead);
      const id = ++last;
      pending.set(id, { resolve, reject });
      return worker.postMessage({ ...body, id });
    });
  const done = (reply: Reply): void => {
    if (reply.outcome === 'refused') throw new LogRefusal(reply.message);
    if (reply.outcome === 'failed') throw openFault(path, reply.message, reply.code);
  };

  return {
    read: async (): Promise<LogContents> => {
      const reply = await ask({ verb: 'read' });
      done(reply);
      if (reply.outcome !== 'floors') throw new Error(`unexpected ${reply.outcome}`);
      return { floors: reply.floors, records: readAll(ask, done) };
    },
    append: async (records: readonly LogRecord[], discards: readonly Discard[]) =>
      done(await ask({ verb: 'append', records, discards })),
    backup: async to => done(await ask({ verb: 'backup', path: to })),
    close: async () => {
      if (!dead) await ask({ verb: 'close' }).catch(() => undefined);
      await worker.terminate();
    },
  };
}

/** Asks for the next batch before the last one is used, so that reading and parsing overlap. */
async function* readAll(
  ask: (body: Body) => Promise<Reply>,
  done: (reply: Reply) => void,
): AsyncGenerator<readonly LogRecord[]> {
  let next = ask({ verb: 'more' });
  for (;;) {
    const reply = await next;
    done(reply);
    if (reply.outcome !== 'records') throw new Error(`unexpected ${reply.outcome}`);
    if (!reply.last) next = ask({ verb: 'more' });
    yield reply.records;
    if (reply.last) return;
  }
}

function openFault(path: string, message: string, code: number): Error {
  if (code === IN_USE) return kernelFaults.error('store-in-use', { path }, path);
  if (code === NEWER) return kernelFaults.error('store-newer', { path, cause: message }, path);
  if (code === FOREIGN) return kernelFaults.error('store-foreign', { path }, path);
  return kernelFaults.error('store-file', { path, cause: message }, path);
}
