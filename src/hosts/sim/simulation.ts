/** One run in virtual time: clock, log, control plane and whatever parts of the world are put on it. */
import { type Random, VirtualClock } from '../../base/index.ts';
import type { Client, StoreLimits } from '../../kernel/index.ts';
import { shutAmbient, wallClock_ms } from './ambient.ts';
import { randomStreams } from './env.ts';
import { RunLog } from './log.ts';
import { Loop } from './loop.ts';
import type { LogLine, Observer } from './model.ts';
import { type SimPlatform, startPlatform } from './platform.ts';
import { CONTROL } from './process-client.ts';

/** A run begins at this instant when nobody says another. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

export interface SimulationOptions {
  readonly seed: number;
  /** Milliseconds since the epoch when the run begins. */
  readonly start_ms?: number;
  readonly observers?: readonly Observer[];
  /** True where a disruption may crash the store: it then lies on a virtual disk. */
  readonly durable?: boolean;
  /** How much of each collection's past the store keeps. */
  readonly limits?: StoreLimits;
  /** Told of every line of the log. */
  readonly line?: (line: LogLine) => void;
  /** Virtual milliseconds a real one stands for; as fast as can be when absent. */
  readonly speed?: number;
  readonly pause?: (ms: number) => Promise<void>;
}

/** What a finished run is known by. */
export interface RunIdentity {
  /** SHA-256 of the log of events. */
  readonly hash: string;
  readonly events: number;
  /** Virtual milliseconds that passed. */
  readonly t_ms: number;
  readonly wall_ms: number;
  /** Why it ended before its time. */
  readonly stopped?: string;
}

export class Simulation {
  readonly clock: VirtualClock;
  readonly random: (name: string) => Random;
  readonly log: RunLog;
  readonly observers: Observer[];
  platform!: SimPlatform;
  readonly #loop: Loop;
  readonly #ambient: Disposable;
  readonly #began_ms = wallClock_ms();
  #ended = false;
  readonly #instants: ((t: number) => string | undefined)[] = [];

  private constructor(options: SimulationOptions) {
    const { seed, start_ms = EPOCH_MS, observers = [], line, speed, pause } = options;
    this.clock = new VirtualClock(start_ms);
    this.random = randomStreams(seed);
    this.observers = [...observers];
    this.log = new RunLog(() => this.clock.monotonic(), line);
    this.#ambient = shutAmbient(() => this.clock.now());
    this.#loop = new Loop({
      clock: this.clock,
      instant: t => this.#instant(t),
      ...(speed === undefined ? {} : { speed }),
      ...(pause ? { pause } : {}),
    });
  }

  /** Opens a run with its control plane; nothing of the world is there yet. From here to `end` the ambient world is shut. */
  static async open(options: SimulationOptions): Promise<Simulation> {
    const simulation = new Simulation(options);
    try {
      const { clock, random, log, observers } = simulation;
      simulation.log.write('world', 'seed', String(options.seed));
      simulation.platform = await startPlatform({
        clock,
        random,
        log,
        observers,
        durable: options.durable ?? false,
        ...(options.limits ? { limits: options.limits } : {}),
        endless: (process, about) => {
          log.write('world', 'endless', process, about);
          simulation.stop(`endless loop at one instant: ${process} on ${about}`);
        },
      });
      await simulation.#loop.settle();
    } catch (error) {
      simulation.#ambient[Symbol.dispose]();
      throw error;
    }
    return simulation;
  }

  /** Virtual milliseconds since the start. */
  get t(): number {
    return this.clock.monotonic();
  }

  get stopped(): string | undefined {
    return this.#loop.stopped;
  }

  /** A client of what never crashes: the scenario's own hand, the world's truth. */
  client(name = 'scenario', place = CONTROL): Client {
    return this.platform.processes.outsideClient(name, place);
  }

  /** Calls at a virtual instant, milliseconds since the start; at once when it is over. */
  at(t_ms: number, action: () => void): void {
    this.clock.after(Math.max(0, t_ms - this.t), action);
  }

  /** Called when everything of an instant has happened; a text ends the run there. */
  onInstant(hook: (t: number) => string | undefined): void {
    this.#instants.push(hook);
  }

  stop(reason: string): void {
    this.#loop.stop(reason);
  }

  /** Everything due at this instant happens. */
  settle(): Promise<void> {
    return this.#loop.settle();
  }

  /** Runs until a virtual instant, milliseconds since the start, or until an instant after which it is `enough`. */
  run(until_ms: number, enough?: () => boolean): Promise<void> {
    return this.#loop.run(until_ms, enough);
  }

  /** Moves on to the next instant at which something happens, no later than `until_ms`. */
  step(until_ms: number): Promise<void> {
    return this.#loop.step(until_ms);
  }

  /** What the run is known by so far. */
  identity(): RunIdentity {
    return {
      hash: this.log.hash(),
      events: this.log.count,
      t_ms: this.t,
      wall_ms: wallClock_ms() - this.#began_ms,
      ...(this.stopped === undefined ? {} : { stopped: this.stopped }),
    };
  }

  /** Ends the run and opens the ambient world again. */
  end(): RunIdentity {
    const identity = this.identity();
    if (this.#ended) return identity;
    this.#ended = true;
    for (const observer of this.observers) observer.end?.(this.t);
    this.platform.end();
    this.#ambient[Symbol.dispose]();
    return identity;
  }

  #instant(t: number): string | undefined {
    let reason: string | undefined;
    for (const observer of this.observers) observer.instant?.(t);
    for (const hook of this.#instants) reason = hook(t) ?? reason;
    return reason;
  }
}
