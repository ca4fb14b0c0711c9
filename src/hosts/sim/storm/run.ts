/** One run of the standard storm: a workload, a hand that changes it, disruptions, invariants, and quiet at the end. */
import { randomStreams } from '../env.ts';
import { Disruptor } from '../disruptions/apply.ts';
import { standardInvariants } from '../invariants/index.ts';
import type { Disruption, LogLine, Violation } from '../model.ts';
import { scalingProcess } from '../scaling.ts';
import { EPOCH_MS, Simulation } from '../simulation.ts';
import { drawStorm, STORM_KINDS } from './draw.ts';
import { Elastic } from './elastic.ts';
import { Operator } from './operator.ts';
import { Probe } from './probe.ts';
import { type Deed, drawDeeds } from './steps.ts';
import { Draw, standardWorkload } from './workload.ts';
import { openStormWorld, runningNow } from './world.ts';

/** Everything that makes a run, as data: what is left of it after shrinking is what a failure needs. */
export interface StormPlan {
  readonly seed: number;
  readonly nodes: number;
  readonly storm_ms: number;
  /** Quiet after the last disruption, in which everything must converge. */
  readonly quiet_ms: number;
  readonly disruptions: readonly Disruption[];
  readonly deeds: readonly Deed[];
  /** So many changes of a collection are remembered; watchers that are further behind must list anew. */
  readonly history?: number;
}

export interface StormResult {
  readonly violations: readonly Violation[];
  readonly hash: string;
  readonly events: number;
  readonly t_ms: number;
}

const WARM_MS = 25_000;
const STORM_MS = 240_000;
const QUIET_MS = 330_000;
/** Some storms hold a long silence of the controllers: what they missed meanwhile is a thing of its own. */
const LONG_SHARE = 0.03;
const LONG_MS = 7_200_000;
const DISRUPTIONS_MAX = 14;
const HISTORY_BYTES_MAX = 16 * 1024 * 1024;
const PROBE_MS = 10_000;

const nodeNames = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index + 1}`);

/** The plan of a seed. */
export function planStorm(seed: number): StormPlan {
  const draw = new Draw(randomStreams(seed)('storm'));
  const nodes = draw.from(3, 5);
  const names = nodeNames(nodes);
  const places = [...names.map(name => `kubelet/${name}`), 'zone-1', 'zone-2'];
  const processes = ['controller-manager', 'scheduler', 'scaling', ...names.map(name => `kubelet/${name}`)];
  const long = draw.chance(LONG_SHARE);
  const storm_ms = WARM_MS + (long ? LONG_MS : STORM_MS);
  const shape = { from_ms: WARM_MS, to_ms: storm_ms, kinds: [...STORM_KINDS, 'MetricsGap'], most: DISRUPTIONS_MAX };
  const disruptions = drawStorm(draw, shape, { nodes: names, places, processes });
  const outage: Disruption = {
    name: 'outage',
    kind: 'ProcessCrash',
    at_ms: WARM_MS + draw.from(1_000, 60_000),
    target: 'controller-manager',
    settings: { restart_ms: LONG_MS - 120_000 },
  };
  const deeds = drawDeeds(draw, WARM_MS, storm_ms - 5_000, names);
  const history = draw.of([undefined, undefined, 3, 10, 40]);
  return {
    seed,
    nodes,
    storm_ms,
    quiet_ms: QUIET_MS,
    disruptions: long ? [outage] : disruptions,
    deeds,
    ...(history === undefined ? {} : { history }),
  };
}

/** A store on a disk that can lose writes costs time: only storms that disturb it have one. */
const needsDisk = (plan: StormPlan): boolean =>
  plan.disruptions.some(({ kind }) => kind === 'StoreCrash' || kind.startsWith('Disk'));

export interface StormOptions {
  readonly line?: (line: LogLine) => void;
  /** Stops at the first violation; otherwise all are gathered. */
  readonly first?: boolean;
}

export async function runStorm(plan: StormPlan, options: StormOptions = {}): Promise<StormResult> {
  const names = nodeNames(plan.nodes);
  const violations: Violation[] = [];
  const invariants = standardInvariants({
    violated: violation => void violations.push(violation),
    start_ms: EPOCH_MS,
    quiet_ms: plan.quiet_ms - 60_000,
    always: true,
  });
  const elastic = new Elastic(invariants);
  const sim = await Simulation.open({
    seed: plan.seed,
    durable: needsDisk(plan),
    observers: [...invariants, elastic],
    ...(plan.history === undefined
      ? {}
      : { limits: { default: { events_max: plan.history, bytes_max: HISTORY_BYTES_MAX } } }),
    ...(options.line ? { line: options.line } : {}),
  });
  try {
    if (options.first) sim.onInstant(() => violations[0]?.invariant);
    const world = await openStormWorld(sim, names);
    elastic.start(sim.clock);
    // The world's autoscaler reads the world's traffic; a storm has a load of its own.
    sim.platform.processes.crash('scaling', 'never');
    await sim.platform.processes.add(scalingProcess(sim.platform.api, elastic));
    const hand = new Operator({ client: sim.client('operator'), clock: sim.clock, random: sim.random('operator') });
    await hand.apply(standardWorkload(new Draw(sim.random('workload'))));
    await sim.settle();
    const probe = new Probe(sim.client('operator'), sim.clock, violation => void violations.push(violation));
    sim.at(WARM_MS, () => probe.every(PROBE_MS));
    const disruptor = new Disruptor({
      on: { ...sim.platform, world: { ...world.hooks, stopMetrics: target => elastic.gap(target) } },
      log: sim.log,
      observers: sim.observers,
      now: () => sim.t,
      after: (delay_ms, action) => void sim.clock.after(delay_ms, action),
    });
    disruptor.schedule(plan.disruptions, fault => sim.log.write('disruption', 'fault', fault.code));
    for (const deed of plan.deeds)
      sim.at(deed.at_ms, () => {
        sim.log.write('operator', deed.do, deed.target, deed.value);
        if (deed.do === 'load') elastic.load_m = Number(deed.value);
        else void hand.carryOut(deed);
      });
    // The hand puts right what it made wrong, once everything it began has ended.
    sim.at(plan.storm_ms + 60_000, () => void hand.repair(names));
    await sim.run(plan.storm_ms + plan.quiet_ms);
    if (sim.stopped === undefined)
      for (const invariant of invariants) invariant.truth?.(runningNow(world), sim.platform.processes.caches());
  } finally {
    const early = sim.stopped === undefined ? undefined : violations.length;
    if (sim.stopped?.startsWith('endless'))
      violations.push({ t: sim.t, invariant: 'progress', about: '', message: sim.stopped });
    sim.end();
    // What was stopped early has not come to rest.
    if (early !== undefined) violations.splice(Math.max(1, early));
  }
  const { hash, events, t_ms } = sim.identity();
  return { violations, hash, events, t_ms };
}
