/** The thread a run lives in. What it loads is kept compiled, as the launcher keeps the command line: tests start it often. */
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerStart } from './protocol.ts';

const { NODE_COMPILE_CACHE, XDG_CACHE_HOME } = process.env;
enableCompileCache(NODE_COMPILE_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tenon/compile'));
const [{ serveSession }, { realRooms }] = await Promise.all([import('./serve-session.ts'), import('./rooms.ts')]);
serveSession(parentPort!, workerData as WorkerStart, realRooms);
