/** The thread a run lives in. */
import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerStart } from './protocol.ts';
import { realRooms } from './rooms.ts';
import { serveSession } from './serve-session.ts';

serveSession(parentPort!, workerData as WorkerStart, realRooms);
