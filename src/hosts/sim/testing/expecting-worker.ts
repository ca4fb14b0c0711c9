/** The bare world with real expectations: what the command line is tested over. */
import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerStart } from '../protocol.ts';
import { openExpectations } from '../scenario/room.ts';
import { serveSession } from '../serve-session.ts';
import { bareRooms } from './bare-rooms.ts';

serveSession(parentPort!, workerData as WorkerStart, {
  ...bareRooms,
  expectations: context => openExpectations(context),
});
