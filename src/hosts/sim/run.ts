/** A scenario, run: its world, its steps at their times, what was expected and what must always hold. */
import { compareSpans } from './steps.ts';
import type { Disruption, LogLine, Observer, Violation } from './model.ts';
import { Observed } from './observed.ts';
import type { Observables } from './scenario/observables.ts';
import type { CommitModel, Expectation, Load, Scenario, Storm } from './scenario/model.ts';
import { type RunIdentity, Simulation } from './simulation.ts';
import { type Refusal, type StepHost, Steps } from './steps.ts';

/** The world below the control plane, as a run needs it (world/). */
export interface RunWorld {
  /** Everything a scenario's `world` names is there; called once, before the first step. */
  start(): Promise<void>;
  send(load: Load): void;
  /** Ends a load before its time. */
  stop(load: string): void;
  /** Adds a revision to a repository; absent where there are none. */
  commit?(commit: CommitModel): void | Promise<void>;
  /** Money spent until now. */
  cost(): number;
  /** What no object says and a report shows: `workloads.shop/web.cpu` in cores, `.memory` in bytes. */
  gauges?(): Iterable<readonly [name: string, value: number]>;
}

/** What goes wrong, as a run needs it (disruptions/). */
export interface RunDisruptions {
  begin(disruption: Disruption): void;
  /** Ends one before its time. */
  heal(name: string): void;
  /** Serves disruptions as API objects, once; absent where they are none. */
  serve?(): Promise<void>;
  /** Draws a storm's disruptions and begins each at its time. */
  storm(storm: Storm): void;
}

/** What became of an expectation. */
export interface ExpectationResult {
  readonly name: string;
  /** `file:line:column`. */
  readonly where: string;
  /** `open`: the run ended before it was decided. */
  readonly outcome: 'held' | 'failed' | 'open';
  /** When it was decided, virtual milliseconds since the start. */
  readonly t: number;
  /** What was there instead. */
  readonly message?: string;
}

/** What a scenario expects, as a run needs it (scenario/). */
export interface RunExpectations {
  /** From now on the expectation is looked at. */
  begin(expectation: Expectation): void;
  /** Calls once, at the end of the first instant from now on at which a CEL expression over the observables holds. */
  once(expression: string, then: () => void): void;
  /** At the end of every instant. */
  instant(t: number): void;
  /** Nothing more comes: what is still open is decided. */
  end(t: number): readonly ExpectationResult[];
}

/** What the rooms are given to work with. */
export interface RunContext {
  readonly scenario: Scenario;
  readonly simulation: Simulation;
  readonly observed: Observed;
  /** Names of the disruptions that happen, those of storms too; all where absent. */
  readonly only?: ReadonlySet<string>;
  /** Tells every observer of a request that ended. */
  readonly traffic: NonNullable<Observer['traffic']>;
  /** Tells every observer of a disruption. */
  readonly disrupted: NonNullable<Observer['disrupted']>;
}

/** The rooms of a run; index.ts names the real ones. */
export interface RunRooms {
  world(context: RunContext): Promise<RunWorld>;
  disruptions(context: RunContext, world: RunWorld): RunDisruptions;
  expectations(context: RunContext): RunExpectations;
  /** Observers that are told of every event, and what they found so far. */
  invariants(context: Pick<RunContext, 'scenario'>): {
    observers: readonly Observer[];
    found: () => readonly Violation[];
    /** Those that are looked at, for the report. */
    names?: readonly string[];
  };
}

export interface RunOptions {
  /** Instead of the scenario's. */
  readonly seed?: number;
  readonly until_ms?: number;
  readonly observers?: readonly Observer[];
  /** Told of every line of the log. */
  readonly line?: (line: LogLine) => void;
  readonly speed?: number;
  readonly pause?: (ms: number) => Promise<void>;
  /** At the end of every instant; a text ends the run there. */
  readonly instant?: (t: number, observed: () => Observables) => string | undefined;
  /** Called when everything is open, before the first step. */
  readonly opened?: (context: RunContext) => void;
  /** The store lies on a disk that can lose what was not synced, though no step says it will: steps may be taken by hand. */
  readonly durable?: boolean;
  /** Names of the disruptions that happen; all where absent. */
  readonly only?: readonly string[];
  /** The run ends with its first broken invariant. */
  readonly stopAtViolation?: boolean;
}

export interface RunResult extends RunIdentity {
  readonly scenario: string;
  readonly file: string;
  /** SHA-256 of what the scenario was read from. */
  readonly digest: string;
  readonly seed: number;
  readonly until_ms: number;
  /** Every expectation held, no invariant was broken, nothing was refused, and the run came to its end. */
  readonly ok: boolean;
  readonly expectations: readonly ExpectationResult[];
  readonly violations: readonly Violation[];
  /** Objects of the scenario that the API did not take. */
  readonly refusals: readonly Refusal[];
  /** The last moment. */
  readonly observables: Observables;
}

/** True where the scenario may crash or damage the store: it then lies on a virtual disk. */
const needsDisk = ({ steps }: Scenario): boolean =>
  steps.some(
    step => step.do === 'storm' || (step.do === 'disrupt' && /^(Store|Disk|Process)/.test(step.disruption.kind)),
  );

/** Runs a scenario to its end. Rejects only where the simulator itself fails. */
export async function runScenario(scenario: Scenario, rooms: RunRooms, options: RunOptions = {}): Promise<RunResult> {
  const run = await ScenarioRun.open(scenario, rooms, options);
  try {
    await run.simulation.run(run.until_ms);
    return run.finish();
  } finally {
    run[Symbol.dispose]();
  }
}

interface RunParts {
  readonly world: RunWorld;
  readonly invariants: readonly string[];
  readonly context: RunContext;
  readonly steps: Steps;
  readonly expectations: RunExpectations;
  readonly found: () => readonly Violation[];
  readonly seed: number;
  readonly until_ms: number;
}

/** A run that is open: its world is there and its steps will happen at their times. More steps can be taken at any moment. */
export class ScenarioRun implements Disposable {
  readonly #parts: RunParts;

  private constructor(parts: RunParts) {
    this.#parts = parts;
  }

  static async open(scenario: Scenario, rooms: RunRooms, options: RunOptions = {}): Promise<ScenarioRun> {
    const seed = options.seed ?? scenario.seed;
    const until_ms = options.until_ms ?? scenario.until_ms;
    const { observers, found, names = [] } = rooms.invariants({ scenario });
    const later: { world?: RunWorld } = {};
    const observed = new Observed({ cost: () => later.world?.cost() ?? 0, violations: () => found().length });
    const simulation = await Simulation.open({
      seed,
      start_ms: scenario.start_ms,
      durable: options.durable ?? needsDisk(scenario),
      observers: [observed, ...observers, ...(options.observers ?? [])],
      ...(options.line ? { line: options.line } : {}),
      ...(options.speed === undefined ? {} : { speed: options.speed }),
      ...(options.pause ? { pause: options.pause } : {}),
    });
    try {
      const context = contextOf(scenario, simulation, observed, options.only);
      const world = await rooms.world(context);
      later.world = world;
      const disruptions = rooms.disruptions(context, world);
      const expectations = rooms.expectations(context);
      const steps = new Steps({ steps: scenario.steps, host: stepHost(simulation), world, disruptions, expectations });
      simulation.onInstant(t => {
        expectations.instant(t);
        if (options.stopAtViolation && found().length > 0) return 'an invariant is broken';
        return options.instant?.(t, () => observed.at(t));
      });
      options.opened?.(context);
      await world.start();
      steps.schedule();
      return new ScenarioRun({ world, invariants: names, context, steps, expectations, found, seed, until_ms });
    } catch (error) {
      simulation.end();
      throw error;
    }
  }

  get simulation(): Simulation {
    return this.#parts.context.simulation;
  }

  get until_ms(): number {
    return this.#parts.until_ms;
  }

  /** Everything as it is now. */
  observe(): Observables {
    return this.#parts.context.observed.at(this.simulation.t);
  }

  /** The same, made as far as it is read, and true until the next thing happens. */
  now(): Observables {
    return this.#parts.context.observed.now(this.simulation.t);
  }

  get steps(): Steps {
    return this.#parts.steps;
  }

  /** CPU and memory in use, by workload. */
  gauges(): Iterable<readonly [name: string, value: number]> {
    return this.#parts.world.gauges?.() ?? [];
  }

  /** Names of the invariants that are looked at. */
  get invariants(): readonly string[] {
    return this.#parts.invariants;
  }

  /** What was found broken so far. */
  violations(): readonly Violation[] {
    return this.#parts.found();
  }

  /** Ends the run where it is and tells what became of it. */
  finish(): RunResult {
    const { context, expectations, steps, seed, until_ms } = this.#parts;
    const { scenario, simulation } = context;
    const results = expectations.end(simulation.t);
    const observables = this.observe();
    const identity = simulation.end();
    const violations = this.violations();
    const { refusals } = steps;
    const failed = results.some(({ outcome }) => outcome === 'failed') || violations.length + refusals.length > 0;
    return {
      ...identity,
      scenario: scenario.name,
      file: scenario.file,
      digest: scenario.digest,
      seed,
      until_ms,
      ok: !failed && identity.stopped === undefined,
      expectations: [...results].sort((left, right) => compareSpans(left.where, right.where)),
      violations,
      refusals,
      observables,
    };
  }

  [Symbol.dispose](): void {
    this.simulation.end();
  }
}

/** A run as its steps act on it. */
const stepHost = (simulation: Simulation): StepHost => ({
  client: simulation.client('kubectl'),
  kind: kind => simulation.platform.api.catalog?.kind(kind),
  t: () => simulation.t,
  at: (t_ms, action) => simulation.at(t_ms, action),
  log: (what, about, detail) => simulation.log.write('scenario', what, about, detail),
});

function contextOf(
  scenario: Scenario,
  simulation: Simulation,
  observed: Observed,
  only: readonly string[] | undefined,
): RunContext {
  const { observers, log } = simulation;
  return {
    scenario,
    simulation,
    observed,
    ...(only ? { only: new Set(only) } : {}),
    traffic: traffic => {
      const { from, to, pod, outcome, latency_ms, count } = traffic;
      log.write('world', 'request', `${from} ${to}`, [pod ?? null, outcome, latency_ms, count]);
      for (const observer of observers) observer.traffic?.(traffic);
    },
    disrupted: (disruption, active, t) => {
      log.write('disruption', active ? 'begin' : 'end', disruption.name, disruption.kind);
      for (const observer of observers) observer.disrupted?.(disruption, active, t);
    },
  };
}
