/** A session behind a message port: what worker.ts runs, and workers of tests with rooms of their own. */
import type { MessagePort } from 'node:worker_threads';
import { FaultError } from '../../base/index.ts';
import type { Observer } from './model.ts';
import { BEAT, type Ask, type CommandName, type Reply, type Request, type WorkerStart } from './protocol.ts';
import type { RunRooms } from './run.ts';
import { Session } from './session.ts';

/** Tells the parent that the run gets on, and who does: a loop that never ends cannot be seen from inside. */
function heart(beat: Int32Array, tell: (reply: Reply) => void): Observer {
  const numbers = new Map<string, number>();
  const active = (by: string, t: number): void => {
    let number = numbers.get(by);
    if (number === undefined) {
      numbers.set(by, (number = numbers.size));
      tell({ process: number, name: by });
    }
    beat[BEAT.process] = number;
    beat[BEAT.seconds] = t / 1000;
    Atomics.add(beat, BEAT.count, 1);
  };
  return {
    call: ({ by, t }) => active(by, t),
    deliver: ({ by, t }) => active(by, t),
    instant: t => {
      beat[BEAT.seconds] = t / 1000;
      Atomics.add(beat, BEAT.count, 1);
    },
  };
}

/** Answers requests one after the other until the port closes. */
export function serveSession(port: MessagePort, { beat }: WorkerStart, rooms: RunRooms): void {
  const tell = (reply: Reply): void => port.postMessage(reply);
  const session = new Session(rooms, [heart(new Int32Array(beat), tell)]);
  tell({ process: -1, name: '-' });
  let last = Promise.resolve();
  const answer = async <C extends CommandName>(id: number, command: C, ask: Ask<C>): Promise<void> => {
    try {
      tell({ id, answer: await session.handlers[command](ask) });
    } catch (error) {
      if (error instanceof FaultError) tell({ id, fault: error.fault });
      else {
        const { message, stack = '' } = error as Error;
        tell({ id, error: { message, stack } });
      }
    }
  };
  port.on('message', ({ id, command, ask }: Request) => {
    last = last.then(() => answer(id, command, ask as Ask<typeof command>));
  });
}
