import { parentPort, workerData } from 'node:worker_threads';
import type { LogRecord } from '../store/log.ts';
import { FileProblem, SqliteFile } from './sqlite-file.ts';
import type { Reply, Request } from './sqlite-protocol.ts';

/** Records of one message while the store opens: few enough that their texts are gone before the collector sees them. */
const READ_BATCH = 250;

const port = parentPort!;
const reply = (message: Reply): void => port.postMessage(message);
let file: SqliteFile | undefined;
let reading: Iterator<LogRecord> | undefined;
let failed: string | undefined;

function more(id: number): void {
  const records: LogRecord[] = [];
  while (records.length < READ_BATCH) {
    const next = reading!.next();
    if (next.done) {
      reading = undefined;
      return reply({ id, outcome: 'records', records, last: true });
    }
    records.push(next.value);
  }
  return reply({ id, outcome: 'records', records, last: false });
}

/** After an error that may have left half a write on the disk, nothing is accepted any more. */
function append(request: Extract<Request, { verb: 'append' }>): void {
  if (failed !== undefined) return reply({ id: request.id, outcome: 'failed', message: failed, code: 0 });
  try {
    file!.append(request.records, request.discards);
  } catch (error) {
    const problem = error instanceof FileProblem ? error : new FileProblem(String(error), 0);
    if (!problem.undone) failed = problem.message;
    return reply({
      id: request.id,
      outcome: problem.undone ? 'refused' : 'failed',
      message: problem.message,
      code: problem.code,
    });
  }
  return reply({ id: request.id, outcome: 'done' });
}

async function serve(request: Request): Promise<void> {
  switch (request.verb) {
    case 'append':
      return append(request);
    case 'read': {
      const { path, erase } = workerData as { path: string; erase: boolean };
      file = new SqliteFile(path, { erase });
      reply({ id: request.id, outcome: 'floors', floors: file.floors() });
      reading = file.records();
      return undefined;
    }
    case 'more':
      return more(request.id);
    case 'backup':
      await file!.backup(request.path);
      return reply({ id: request.id, outcome: 'done' });
    case 'close':
      file?.close();
      reply({ id: request.id, outcome: 'done' });
      return port.close();
  }
}

port.on('message', (request: Request) => {
  serve(request).catch((error: unknown) => {
    const code = error instanceof FileProblem ? error.code : 0;
    reply({ id: request.id, outcome: 'failed', message: error instanceof Error ? error.message : String(error), code });
  });
});
