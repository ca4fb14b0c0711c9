/** A simulated cluster in a test's hand. Everything happens in a worker thread; the test keeps its clock and its globals. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FaultError, reportFault } from '../../base/index.ts';
import type { KubeObject } from '../../kernel/index.ts';
import type { DisruptDocument, Duration, SendDocument, StepDocument, WorldDocument } from './documents.ts';
import type { RunThread } from './drivers/run-thread.ts';
import type { ThreadPool } from './drivers/pool.ts';
import { simFaults } from './faults.ts';
import type { Violation } from './model.ts';
import type { Answer, Ask, CommandName, Standing } from './protocol.ts';
import { moment } from './report/chart.ts';
import type { RunResult } from './run.ts';
import type { Observables } from './scenario/observables.ts';
import { readDuration } from './scenario/duration.ts';

export interface ClusterOptions {
  /** How many nodes of 4 CPUs and 16 GiB, where `world` names none; 3 unless said. */
  readonly nodes?: number;
  /** `spec.world` of a scenario. */
  readonly world?: WorldDocument;
  /** 1 unless said. The same seed and the same calls are the same run. */
  readonly seed?: number;
  /** What paths of manifests are relative to; the working folder unless said. */
  readonly folder?: string;
  /** The store can crash and lose what was not synced. */
  readonly durable?: boolean;
  /** Keeps what `report` draws. */
  readonly record?: boolean;
  /** True: a broken invariant does not fail the test by itself. */
  readonly tolerant?: boolean;
}

/** A moment of a run, and how it came to be. */
export interface ClusterSnapshot {
  readonly options: ClusterOptions;
  readonly journal: readonly (readonly [CommandName, unknown])[];
  readonly t_ms: number;
  readonly hash: string;
}

/** Commands that change nothing are not part of how a moment came to be. */
const READS: ReadonlySet<CommandName> = new Set([
  'get',
  'list',
  'observe',
  'violations',
  'hash',
  'report',
  'changes',
  'expect',
  'hello',
  'lines',
]);
const UNTIL = '5m';

function milliseconds(duration: Duration | number): number {
  const ms = typeof duration === 'number' ? duration : readDuration(duration);
  if (ms === undefined || !(ms >= 0)) throw simFaults.error('bad-duration', { text: String(duration) });
  return ms;
}

/** A fault as the failure of a test: what, where and what to do in one text. */
function failure(error: unknown): unknown {
  if (!(error instanceof FaultError)) return error;
  const { message, where, remedy, causes = [] } = reportFault(error.fault, 'en');
  const lines = [where === undefined ? message : `${where}: ${message}`, ...(remedy === undefined ? [] : [remedy])];
  error.message = [...lines, ...causes.map(cause => `  ${cause.where ?? ''} ${cause.message}`)].join('\n');
  // What counts is the line of the test, not that of the thread's answer.
  Error.captureStackTrace(error, failure);
  return error;
}

export class Cluster implements AsyncDisposable {
  readonly #pool: ThreadPool;
  readonly #thread: RunThread;
  readonly #options: ClusterOptions;
  readonly #journal: [CommandName, unknown][] = [];
  #t_ms = 0;
  #open = true;

  private constructor(pool: ThreadPool, options: ClusterOptions) {
    this.#pool = pool;
    this.#thread = pool.take();
    this.#options = options;
  }

  /** Opens a cluster with its control plane and nodes. FaultError: a world that cannot be read. */
  static async open(pool: ThreadPool, options: ClusterOptions = {}): Promise<Cluster> {
    const { nodes = 3, world = {}, seed = 1, folder = '.', durable, record } = options;
    const cluster = new Cluster(pool, options);
    const spec = {
      until: '10000d',
      seed,
      world: { ...world, nodes: world.nodes ?? [{ name: 'node', count: nodes }] },
      steps: [],
    };
    const document = JSON.stringify({ apiVersion: 'tenon.dev/v1', kind: 'Scenario', metadata: { name: 'test' }, spec });
    try {
      await cluster.#ask('open', {
        document,
        file: join(resolve(folder), 'cluster'),
        ...(durable === undefined ? {} : { durable }),
        ...(record === undefined ? {} : { record }),
      });
    } catch (error) {
      cluster.#open = false;
      pool.give(cluster.#thread);
      throw error;
    }
    return cluster;
  }

  /** Virtual milliseconds since the start. */
  get t_ms(): number {
    return this.#t_ms;
  }

  /** A manifest file or folder, YAML text, or objects. FaultError: unreadable, or not taken by the API. */
  async apply(...what: readonly (string | KubeObject | object)[]): Promise<void> {
    for (const one of what) {
      const isPath =
        typeof one === 'string' && !one.includes('\n') && existsSync(resolve(this.#options.folder ?? '.', one));
      if (typeof one === 'string' && !isPath) await this.#go('applyText', { text: one });
      else await this.#steps([{ apply: [one] }]);
    }
  }

  /** Objects such as `pod/shop/web-1`. */
  delete(...objects: readonly string[]): Promise<void> {
    return this.#steps([{ delete: objects }]);
  }

  scale(object: string, replicas: number): Promise<void> {
    return this.#steps([{ scale: { object, replicas } }]);
  }

  /** A JSON merge patch (RFC 7386). */
  patch(object: string, merge: object): Promise<void> {
    return this.#steps([{ patch: { object, merge } }]);
  }

  /** Clients ask from now on, until `for` is over or `stop`. */
  send(load: SendDocument): Promise<void> {
    return this.#steps([{ send: load }]);
  }

  /** Ends a load by its name. */
  stop(load: string): Promise<void> {
    return this.#go('stop', { load });
  }

  disrupt(disruption: DisruptDocument): Promise<void> {
    return this.#steps([{ disrupt: disruption }]);
  }

  /** Ends a disruption by its name. */
  heal(disruption: string): Promise<void> {
    return this.#go('heal', { disruption });
  }

  /** Any steps of a scenario, now. */
  steps(...steps: readonly StepDocument[]): Promise<void> {
    return this.#steps(steps);
  }

  /** Virtual time passes; milliseconds as a number. */
  async advance(duration: Duration | number): Promise<void> {
    return this.#go('advance', { ms: milliseconds(duration) });
  }

  /** Time passes until CEL over the observables holds. FaultError: it does not within the time (5m). */
  async until(expression: string, within: Duration | number = UNTIL): Promise<void> {
    return this.#go('until', { expression, within_ms: milliseconds(within) });
  }

  /** CEL over the observables holds now. FaultError: it does not, with what is seen instead. */
  expect(expression: string): Promise<void> {
    return this.#go('expect', { expression });
  }

  /** What expectations can name, as it is now. */
  observe(): Promise<Observables> {
    return this.#ask('observe', {});
  }

  /** By a kind as kubectl takes it (`deploy`, `pods`) and `namespace/name`, or `name` in namespace default. */
  get<T extends KubeObject = KubeObject>(kind: string, name: string): Promise<T | undefined> {
    const [namespace, own] = name.includes('/') ? name.split('/') : [undefined, name];
    return this.#ask('get', { kind, name: own!, ...(namespace === undefined ? {} : { namespace }) }) as Promise<
      T | undefined
    >;
  }

  /** Of one namespace, or of all. */
  list<T extends KubeObject = KubeObject>(
    kind: string,
    namespace?: string,
    labelSelector?: string,
  ): Promise<readonly T[]> {
    const where = {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
    };
    return this.#ask('list', { kind, ...where }) as Promise<readonly T[]>;
  }

  /** Invariants that were found broken so far. */
  violations(): Promise<readonly Violation[]> {
    return this.#ask('violations', {});
  }

  /** SHA-256 of everything that happened so far. */
  async hash(): Promise<string> {
    return (await this.#ask('hash', {})).hash;
  }

  /** One HTML file of what happened so far; the cluster must have been opened with `record`. */
  report(): Promise<string> {
    return this.#ask('report', { replay: 'node --test', revision: '' });
  }

  /** This moment, to come back to with `restore`. */
  async snapshot(): Promise<ClusterSnapshot> {
    const { hash, t_ms } = await this.#ask('hash', {});
    return { options: this.#options, journal: structuredClone(this.#journal), t_ms, hash };
  }

  /** Another cluster as one was at a moment. FaultError: it came out otherwise. */
  static async restore(pool: ThreadPool, { options, journal, t_ms, hash }: ClusterSnapshot): Promise<Cluster> {
    const cluster = await Cluster.open(pool, options);
    try {
      for (const [command, ask] of journal)
        if (command !== 'open') await cluster.#ask(command, ask as never).catch(() => undefined);
      const got = await cluster.hash();
      cluster.#t_ms = t_ms;
      if (got !== hash) throw simFaults.error('restored-otherwise', { got, wanted: hash, moment: moment(t_ms) });
      return cluster;
    } catch (error) {
      await cluster.#end();
      throw error;
    }
  }

  /** Ends the run and tells what became of it. */
  async finish(): Promise<RunResult> {
    const result = await this.#ask('finish', {});
    this.#open = false;
    this.#pool.give(this.#thread);
    return result;
  }

  /** Ends the run. FaultError: an invariant was broken on the way, unless the cluster is `tolerant`. */
  async [Symbol.asyncDispose](): Promise<void> {
    const result = await this.#end();
    const [broken] = result?.violations ?? [];
    if (!broken || this.#options.tolerant) return;
    const { t, invariant, about, message } = broken;
    throw failure(
      simFaults.error('broken-invariant', { moment: moment(t), invariant, about, reason: message }),
    ) as Error;
  }

  async #end(): Promise<RunResult | undefined> {
    return this.#open && this.#thread.alive ? this.finish() : undefined;
  }

  async #steps(steps: readonly StepDocument[]): Promise<void> {
    await this.#go('steps', { steps: JSON.stringify(steps) });
  }

  async #go<C extends CommandName>(command: C, ask: Ask<C>): Promise<void> {
    const { t_ms } = (await this.#ask(command, ask)) as Standing;
    this.#t_ms = t_ms;
  }

  async #ask<C extends CommandName>(command: C, ask: Ask<C>): Promise<Answer<C>> {
    if (!this.#open) throw failure(simFaults.error('not-open'));
    if (!READS.has(command)) this.#journal.push([command, ask]);
    try {
      return await this.#thread.ask(command, ask);
    } catch (error) {
      throw failure(error);
    }
  }
}
