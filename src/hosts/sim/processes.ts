/** What can crash: parts of the control plane and kubelets, each with a clock, a random stream and a client of its own. */
import { type Random, sleep, type VirtualClock } from '../../base/index.ts';
import { type Client, statusError } from '../../kernel/index.ts';
import type { ApiServer } from './apiserver.ts';
import { processClient } from './process-client.ts';
import { never, ProcessClock } from './env.ts';
import type { RunLog } from './log.ts';
import type { Interference } from './interference.ts';
import type { Links } from './links.ts';
import type { Cached, Observer, ProcessSpec } from './model.ts';

/** Calls of one process at one instant after which it is held to be in an endless loop. */
const CALLS_MAX = 3_000_000;
/** Writes of one process to one object at one instant: no controller has so much to say about a moment. */
const WRITES_MAX = 1_000;
/** Objects of generated names one process creates in one collection at one instant: as many as a large cluster has pods. */
const GENERATED_MAX = 500_000;
/** How long a crashed process is away when nobody says. */
const RESTART_MS = 1_000;

/** One life of a process, from a start to a crash. */
export interface Life {
  readonly name: string;
  readonly place: string;
  readonly clock: ProcessClock;
  readonly gone: AbortController;
  alive: boolean;
  /** Awaits of the API so far. */
  awaits: number;
}

/** A part of a process that shows its caches. */
interface HoldsCaches {
  readonly informers?: { all(): Iterable<Cached['informer']> };
}

export interface ProcessesOptions {
  readonly clock: VirtualClock;
  readonly random: (name: string) => Random;
  readonly log: RunLog;
  readonly links: Links;
  readonly interference: Interference;
  readonly api: ApiServer;
  readonly observers: readonly Observer[];
  /** Told of a process that never comes to rest at one instant; the run ends. */
  readonly endless: (process: string, about: string) => void;
}

interface Kept {
  readonly spec: ProcessSpec;
  generation: number;
  skew_ms: number;
  crashAt?: { readonly awaits: number; readonly restart_ms: number };
  life?: Life | undefined;
  part?: AsyncDisposable | undefined;
}

/** All processes of a run beside the API server. */
export class Processes {
  readonly #options: ProcessesOptions;
  readonly #kept = new Map<string, Kept>();
  /** Lives of clients that never crash: their watches end with the run, or the platform keeps hold of all of it. */
  readonly #outside: Life[] = [];
  #instant = -1;
  readonly #calls = new Map<string, number>();
  readonly #writes = new Map<string, number>();
  #ended = false;

  constructor(options: ProcessesOptions) {
    this.#options = options;
  }

  get names(): string[] {
    return [...this.#kept.keys()];
  }

  /** True while the process runs. */
  runs(name: string): boolean {
    return this.#kept.get(name)?.life?.alive ?? false;
  }

  async add(spec: ProcessSpec): Promise<void> {
    const kept: Kept = { spec, generation: 0, skew_ms: 0 };
    this.#kept.set(spec.name, kept);
    await this.#start(kept);
  }

  /** A client as a process of this name and place would have it, for what never crashes: the world, people at a terminal. */
  outsideClient(name: string, place: string): Client {
    const life = this.#lifeOf({ spec: { name, place, start: never }, generation: 0, skew_ms: 0 });
    this.#outside.push(life);
    return processClient(life, this);
  }

  /** The process ends where it is; without a delay it starts again after a second, with `never` only when it is revived. */
  crash(name: string, restart_ms: number | 'never' = RESTART_MS): void {
    const kept = this.#kept.get(name);
    if (!kept?.life) return;
    this.#end(kept);
    this.#options.log.write('world', 'crash', name);
    if (restart_ms === 'never') return;
    this.#options.clock.after(restart_ms, () => {
      if (!kept.life && !this.#ended) void this.#start(kept);
    });
  }

  /** The process crashes when it waits for the API for the n-th time from now: before that call has any effect, or after. */
  crashAtAwait(name: string, awaits: number, restart_ms = RESTART_MS): void {
    const kept = this.#kept.get(name);
    if (kept) kept.crashAt = { awaits: (kept.life?.awaits ?? 0) + awaits, restart_ms };
  }

  /** Starts what was crashed for good. */
  async revive(name: string): Promise<void> {
    const kept = this.#kept.get(name);
    if (kept && !kept.life) await this.#start(kept);
  }

  /** What the processes that run hold to be so, where they say it. */
  caches(): Cached[] {
    return [...this.#kept.values()].flatMap(({ spec, part }) =>
      [...((part as HoldsCaches | undefined)?.informers?.all() ?? [])].map(informer => ({ by: spec.name, informer })),
    );
  }

  /** How far the process's wall clock is ahead. */
  skew(name: string, ms: number): void {
    const kept = this.#kept.get(name);
    if (!kept) return;
    kept.skew_ms = ms;
    if (kept.life) kept.life.clock.skew_ms = ms;
  }

  /** One more call of a life; a crash that was planted happens here. True when the life is over. */
  await(life: Life, about: string, writes: boolean): boolean {
    life.awaits++;
    const kept = this.#kept.get(life.name);
    if (kept?.crashAt && kept.life === life && life.awaits >= kept.crashAt.awaits) {
      const { restart_ms } = kept.crashAt;
      delete kept.crashAt;
      this.crash(life.name, restart_ms);
    }
    if (!life.alive || this.#ended) return true;
    return this.#endless(life, about, writes);
  }

  get api(): ApiServer {
    return this.#options.api;
  }
  get links(): Links {
    return this.#options.links;
  }
  get interference(): Interference {
    return this.#options.interference;
  }
  get observers(): readonly Observer[] {
    return this.#options.observers;
  }
  /** Virtual milliseconds since the start. */
  get t(): number {
    return this.#options.clock.monotonic();
  }

  wait(delay_ms: number): Promise<void> {
    return sleep(this.#options.clock, delay_ms);
  }

  /** Ends everything: nothing of it goes on. */
  end(): void {
    this.#ended = true;
    for (const kept of this.#kept.values()) this.#end(kept);
    for (const life of this.#outside.splice(0)) close(life);
  }

  #endless(life: Life, about: string, writes: boolean): boolean {
    const t = this.t;
    if (t !== this.#instant) {
      this.#instant = t;
      this.#calls.clear();
      this.#writes.clear();
    }
    const calls = (this.#calls.get(life.name) ?? 0) + 1;
    this.#calls.set(life.name, calls);
    let left = WRITES_MAX;
    if (writes) {
      const key = `${life.name} ${about}`;
      const times = (this.#writes.get(key) ?? 0) + 1;
      this.#writes.set(key, times);
      left = (about.endsWith('*') ? GENERATED_MAX : WRITES_MAX) - times;
    }
    if (calls <= CALLS_MAX && left >= 0) return false;
    this.#spins(life.name, about);
    return true;
  }

  #spins(name: string, about: string): void {
    this.#ended = true;
    this.#options.endless(name, about);
  }

  #lifeOf(kept: Kept): Life {
    const { name, place } = kept.spec;
    return {
      name,
      place,
      clock: new ProcessClock(this.#options.clock, kept.skew_ms, () =>
        this.#spins(name, 'timers that fall due at once'),
      ),
      gone: new AbortController(),
      alive: true,
      awaits: 0,
    };
  }

  async #start(kept: Kept): Promise<void> {
    const { name } = kept.spec;
    const { log, random } = this.#options;
    kept.generation++;
    const life = this.#lifeOf(kept);
    kept.life = life;
    log.write('world', 'start', name);
    const part = await kept.spec.start({
      clock: life.clock,
      random: random(`${name}#${kept.generation}`),
      client: processClient(life, this),
      gone: life.gone.signal,
      report: (error, where) => {
        if (life.alive) log.write(name, 'error', where, error instanceof Error ? error.message : String(error));
      },
    });
    if (life.alive) kept.part = part;
  }

  #end(kept: Kept): void {
    const { life } = kept;
    if (!life) return;
    kept.life = undefined;
    kept.part = undefined;
    close(life);
  }
}

function close(life: Life): void {
  life.alive = false;
  life.clock.kill();
  life.gone.abort(statusError(503, 'ServiceUnavailable', 'the process is gone'));
}
