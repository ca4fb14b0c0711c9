/** The world of a storm: the simulator's own, of a few nodes whose images say by their names what they do. */
import { defaultWorld } from '../scenario/grammar-world.ts';
import type { Distribution, NodeGroup, WorkloadModel } from '../scenario/model.ts';
import { EPOCH_MS, type Simulation } from '../simulation.ts';
import { SimWorld } from '../world/index.ts';
import type { Reach } from '../world/reach-port.ts';

const CAPACITY = { cpu: '4', memory: '8Gi', pods: '110' };
const NOWHERE = { file: 'storm', line: 1, column: 1 };
const SCRAPE_MS = 60_000;
const FLAKY_SHARE = 0.3;

/** About so long: machines differ. */
const about = (ms: number): Distribution => ({ kind: 'uniform', min: ms * 0.3, max: ms * 1.7 });

const of = (image: string, model: Omit<WorkloadModel, 'match' | 'where'>): WorkloadModel => ({
  match: { image },
  where: NOWHERE,
  ...model,
});

/** Works so many seconds; the flaky fail at the end of it now and then. */
const work = (seconds: number): readonly WorkloadModel[] => [
  of(`work-${seconds}`, { runs: about(seconds * 1_000) }),
  of(`flaky-${seconds}`, {
    runs: about(seconds * 1_000),
    crash: { after: about(seconds * 1_000), code: 1, share: FLAKY_SHARE },
  }),
];

const WORKLOADS: readonly WorkloadModel[] = [
  of('*', { startup: about(2_000), shutdown: about(1_500) }),
  of('broken:*', { ready: false }),
  of('linger:*', { startup: about(2_000), shutdown: about(12_000) }),
  of('fail-5', { runs: about(5_000), crash: { after: about(4_000), code: 1, share: 1 } }),
  ...[5, 10, 15, 40, 60, 70, 90].flatMap(work),
];

/** Nobody sends requests in a storm. */
const NO_REACH: Reach = {
  version: 0,
  route: () => ({ outcome: 'unknown', pods: [] }),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** Opens and starts the world; zones take turns. */
export async function openStormWorld(simulation: Simulation, names: readonly string[]): Promise<SimWorld> {
  const nodes = names.map(
    (name, index): NodeGroup => ({
      names: [name],
      zone: `zone-${(index % 2) + 1}`,
      capacity: CAPACITY,
      labels: {},
      annotations: {},
      taints: [],
      unschedulable: false,
      slowness: 1,
      where: NOWHERE,
    }),
  );
  const world = {
    ...defaultWorld(),
    nodes,
    images: [{ match: '*', pull: about(1_500), missing: false, where: NOWHERE }],
    workloads: WORKLOADS,
    scrape_ms: SCRAPE_MS,
  };
  const traffic = (): void => undefined;
  const opened = await SimWorld.open(
    { simulation, scenario: { world, start_ms: EPOCH_MS }, traffic },
    { reach: () => Promise.resolve(NO_REACH) },
  );
  await opened.start();
  return opened;
}

/** uid -> node of every pod with a container that lives. */
export function runningNow(world: SimWorld): Map<string, string> {
  const running = new Map<string, string>();
  for (const machine of world.machines) {
    for (const { uid, runs } of machine.pods.values()) if (runs) running.set(uid, machine.name);
  }
  return running;
}
