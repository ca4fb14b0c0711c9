/** The rooms of a real run. */
import { join } from 'node:path';
import { FaultError } from '../../base/index.ts';
import { explainPorts } from '../node/explain-ports.ts';
import { Disruptor } from './disruptions/apply.ts';
import { serveDisruptions } from './disruptions/served.ts';
import { INVARIANT_NAMES, standardInvariants } from './invariants/index.ts';
import type { Disruption, Violation } from './model.ts';
import type { RunContext, RunDisruptions, RunRooms } from './run.ts';
import { drawScenarioStorm } from './scenario/draw-storm.ts';
import type { Scenario } from './scenario/model.ts';
import { openExpectations } from './scenario/room.ts';
import { SimWorld } from './world/index.ts';

/** What is modelled and what is not lies beside the code: read before a run shuts the world out. */
const rows = explainPorts(process.env.TENON_ROOT ?? join(import.meta.dirname, '../../..')).ledger?.() ?? [];

/** What every run is made of. */
export const realRooms: RunRooms = {
  world: context => SimWorld.open(context),
  disruptions: (context, world) => openDisruptions(context, world as SimWorld),
  expectations: context => openExpectations(context, () => rows),
  invariants: ({ scenario }) => openInvariants(scenario),
};

/** Disruptions of a scenario: its own, and those of its storms. One that this world has not is refused. */
function openDisruptions({ simulation, scenario, only }: RunContext, { hooks }: SimWorld): RunDisruptions {
  const disruptor = new Disruptor({
    on: { ...simulation.platform, world: hooks },
    log: simulation.log,
    observers: simulation.observers,
    now: () => simulation.t,
    after: (delay_ms, action) => simulation.at(simulation.t + delay_ms, action),
  });
  const begin = (disruption: Disruption): void => {
    if (only?.has(disruption.name) === false) return;
    const [fault] = disruptor.begin(disruption);
    if (fault) throw new FaultError(fault);
  };
  const heal = (name: string): void => void disruptor.heal(name);
  let served: Promise<void> | undefined;
  return {
    begin,
    heal,
    serve: () => (served ??= serveDisruptions({ simulation, begin, heal })),
    storm: storm => {
      const zones = [...new Set(scenario.world.nodes.map(({ zone }) => zone))];
      const nodes = hooks.nodes();
      const places = [...nodes.map(node => `kubelet/${node}`), ...zones];
      const targets = { nodes, places, processes: simulation.platform.processes.names };
      const drawn = drawScenarioStorm(storm, simulation.random(`storm/${storm.name}`), targets, simulation.t).filter(
        ({ name }) => only?.has(name) !== false,
      );
      // What this world has not is drawn and does not happen.
      disruptor.schedule(drawn, fault => simulation.log.write('disruption', 'not here', storm.name, fault.code));
    },
  };
}

function openInvariants({ invariants, start_ms }: Scenario): ReturnType<RunRooms['invariants']> {
  const violations: Violation[] = [];
  const { converge_ms, fights_per_minute, except } = invariants;
  const observers = standardInvariants({
    quiet_ms: converge_ms,
    start_ms,
    fights_max: fights_per_minute,
    violated: violation => {
      if (!except.includes(violation.invariant)) violations.push(violation);
    },
  });
  return {
    observers,
    found: () => violations,
    names: INVARIANT_NAMES.filter(name => !except.includes(name)),
  };
}
