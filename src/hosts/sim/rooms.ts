/** The rooms of a real run. */
import type { RunContext, RunDisruptions, RunRooms } from './run.ts';
import { openExpectations } from './scenario/room.ts';
import { SimWorld } from './world/index.ts';

/** What every run is made of. */
export const realRooms: RunRooms = {
  world: context => SimWorld.open(context),
  disruptions: (context, world) => simpleDisruptions(context, world as SimWorld),
  expectations: context => openExpectations(context),
  invariants: () => ({ observers: [], found: () => [] }),
};

/** Disruptions of nodes and processes by name. */
function simpleDisruptions({ simulation, disrupted }: RunContext, { hooks }: SimWorld): RunDisruptions {
  const active = new Map<string, () => void>();
  const heal = (name: string): void => {
    active.get(name)?.();
    active.delete(name);
  };
  return {
    begin: disruption => {
      const { name, kind, target = '', for_ms } = disruption;
      const undo = kind === 'NodeLoss' ? hooks.loseNode(target) : undefined;
      if (kind === 'ProcessCrash') simulation.platform.processes.crash(target);
      disrupted(disruption, true, simulation.t);
      active.set(name, () => {
        undo?.[Symbol.dispose]();
        disrupted(disruption, false, simulation.t);
      });
      if (for_ms !== undefined) simulation.at(simulation.t + for_ms, () => heal(name));
    },
    heal,
    storm: () => undefined,
  };
}
