import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerStart } from '../protocol.ts';
import { serveSession } from '../serve-session.ts';
import { bareRooms } from './bare-rooms.ts';

/** A load of this name makes the process that sends it spin. */
const SPINNER = 'spinner';

serveSession(parentPort!, workerData as WorkerStart, {
  ...bareRooms,
  world: async context => {
    const world = await bareRooms.world(context);
    return {
      ...world,
      send: load => {
        if (load.name !== SPINNER) return;
        void context.simulation.platform.processes.add({
          name: 'spinner',
          place: 'control',
          start: async ({ client }) => {
            await client.list({ group: '', version: 'v1', resource: 'pods' });
            for (;;);
          },
        });
      },
    };
  },
});
