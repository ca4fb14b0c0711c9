import { appendFileSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import type { Opened } from '../hosts/sim/protocol.ts';
import type { RunThread } from '../hosts/sim/drivers/run-thread.ts';
import type { RunResult } from '../hosts/sim/run.ts';
import { simFaults } from '../hosts/sim/faults.ts';
import { readScenarioText } from '../hosts/sim/scenario/drivers/files.ts';
import { chainValue, isChain } from '../hosts/sim/scenario/expression.ts';
import { formatDuration } from '../hosts/sim/scenario/units.ts';
import { type Invocation } from './command.ts';
import { cliFaults } from './faults.ts';
import type { SimOptions, Snapshot } from './sim-options.ts';
import { revisionOf, said } from './sim-report.ts';

/** Real time between two looks at progress and at Ctrl-C. */
const LOOK_MS = 200;
const CHUNK_MS_MIN = 1000;
const CHUNK_MS_MAX = 3_600_000;

/** How a run stands when it came to rest. */
export interface Rest {
  readonly t_ms: number;
  readonly stopped?: string;
  readonly broke?: string;
}

/** A result, and the names of the disruptions that began. */
export type Finished = RunResult & { readonly disruptions: readonly string[] };

/** One run, from its opening to its result. */
export class SimRun {
  readonly opened: Opened;
  #rest: Rest = { t_ms: 0 };
  readonly #thread: RunThread;
  readonly #options: SimOptions;
  readonly #invocation: Invocation;
  readonly #revision: string;

  private constructor(opened: Opened, thread: RunThread, options: SimOptions, invocation: Invocation) {
    this.opened = opened;
    this.#thread = thread;
    this.#options = options;
    this.#invocation = invocation;
    this.#revision = revisionOf(invocation.root);
  }

  /** Opens the scenario; from a snapshot: as it was then. Fault: whatever is wrong with it, or another run comes out. */
  static async open(thread: RunThread, options: SimOptions, invocation: Invocation): Promise<SimRun> {
    const { file, name, root, seed, until_ms, html, events, step, restore, only } = options;
    const opened = await thread.ask('open', {
      document: readScenarioText(file),
      file,
      ...(name === undefined ? {} : { name }),
      ...(root === undefined ? {} : { root }),
      ...(seed === undefined ? {} : { seed }),
      ...(until_ms === undefined ? {} : { until_ms }),
      ...(only === undefined ? {} : { only }),
      record: html !== undefined,
      lines: events !== undefined || step,
    });
    if (events !== undefined) writeFileSync(events, '');
    const run = new SimRun(opened, thread, options, invocation);
    if (restore) await run.#restore(restore);
    return run;
  }

  get rest(): Rest {
    return this.#rest;
  }

  get revision(): string {
    return this.#revision;
  }

  async #restore({ digest, t_ms, hash }: Snapshot): Promise<void> {
    if (digest !== this.opened.digest) throw cliFaults.error('snapshot-other', { file: this.#options.file });
    await this.play({ until_ms: t_ms });
    const got = await this.#thread.ask('hash', {});
    if (got.hash === hash) return;
    throw simFaults.error('restored-otherwise', { got: got.hash, moment: formatDuration(t_ms), wanted: hash });
  }

  /** Plays on to a moment, a condition, a stop of the run or Ctrl-C. */
  async play({ until_ms, breakWhen }: { readonly until_ms: number; readonly breakWhen?: string }): Promise<Rest> {
    const { speed } = this.#options;
    const began = { real: performance.now(), t_ms: this.#rest.t_ms };
    let chunk_ms = 60_000;
    using _ = this.#progress();
    while (this.#rest.t_ms < until_ms && !this.#invocation.signal.aborted) {
      const real = performance.now();
      if (speed !== undefined) {
        await new Promise(done => setTimeout(done, Math.max(0, LOOK_MS / 4)));
        chunk_ms = began.t_ms + (performance.now() - began.real) * speed - this.#rest.t_ms;
      }
      const next = Math.min(until_ms, this.#rest.t_ms + chunk_ms);
      const more = breakWhen === undefined ? {} : { breakWhen };
      this.#rest = await this.#thread.ask('play', { until_ms: next, ...more });
      await this.#drain();
      if (this.#rest.stopped !== undefined || this.#rest.broke !== undefined) break;
      const took_ms = performance.now() - real;
      if (took_ms < LOOK_MS / 2) chunk_ms = Math.min(CHUNK_MS_MAX, chunk_ms * 2);
      else if (took_ms > LOOK_MS * 2) chunk_ms = Math.max(CHUNK_MS_MIN, chunk_ms / 2);
    }
    return this.#rest;
  }

  /** Moves on to the next instant; what happened in it, a line each. */
  async step(): Promise<Rest> {
    this.#rest = await this.#thread.ask('step', {});
    return this.#rest;
  }

  /** What is seen of an expression now, or everything. */
  async seen(expression?: string): Promise<unknown> {
    const observables = await this.#thread.ask('observe', {});
    if (expression === undefined) return observables;
    const value = isChain(expression) ? chainValue(expression, { ...observables }) : undefined;
    if (value !== undefined) return JSON.stringify(value);
    const { broke } = await this.#thread.ask('play', { until_ms: this.#rest.t_ms, breakWhen: expression });
    return broke === undefined ? 'false' : `true: ${broke}`;
  }

  /** The lines of the log since this was asked last; they go to `--events` too. */
  async lines(): Promise<readonly { t: number; by: string; what: string; about?: string; detail?: unknown }[]> {
    const { events, step } = this.#options;
    if (events === undefined && !step) return [];
    const lines = await this.#thread.ask('lines', {});
    if (events !== undefined && lines.length > 0)
      appendFileSync(events, `${lines.map(line => JSON.stringify(line)).join('\n')}\n`);
    return lines;
  }

  async #drain(): Promise<void> {
    if (this.#options.events !== undefined && !this.#options.step) await this.lines();
  }

  /** A line on a terminal that is written over. */
  #progress(): Disposable {
    const { terminal } = this.#invocation;
    if (!process.stderr.isTTY || !terminal.color || this.#options.step) return { [Symbol.dispose]: () => undefined };
    const until = formatDuration(this.opened.until_ms);
    const timer = setInterval(() => {
      const at = formatDuration(this.#thread.t_s * 1000);
      process.stderr.write(`\r\u001b[K${said('progress', terminal.language, { at, until })}`);
    }, LOOK_MS);
    return {
      [Symbol.dispose]: () => {
        clearInterval(timer);
        process.stderr.write('\r\u001b[K');
      },
    };
  }

  /** The command that does it again. */
  get again(): string {
    const { file, name, root, until_ms, only } = this.#options;
    const quoted = /^[\w./-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`;
    const more = [
      ...(name === undefined ? [] : ['--scenario', name]),
      ...(root === undefined ? [] : ['--root', root]),
      ...(until_ms === undefined ? [] : ['--until', formatDuration(until_ms)]),
      ...(only === undefined ? [] : ['--only', `'${only.join(',')}'`]),
    ];
    return ['tenon sim', quoted, '--seed', this.opened.seed, ...more].join(' ');
  }

  /** Ends the run; writes the snapshot and the report that are wanted. */
  async finish(): Promise<Finished> {
    const { html, snapshot } = this.#options;
    const report = html === undefined ? {} : { report: { replay: this.again, revision: this.#revision } };
    if (snapshot !== undefined) await this.#write(snapshot);
    await this.#drain();
    const { report: drawn, ...result } = await this.#thread.ask('finish', report);
    if (html !== undefined && drawn !== undefined) writeFileSync(html, drawn);
    return result;
  }

  async #write(file: string): Promise<void> {
    const { hash, t_ms } = await this.#thread.ask('hash', {});
    const { scenario: name, digest, seed } = this.opened;
    const scenario = relative(dirname(resolve(file)), resolve(this.#options.file));
    const { only } = this.#options;
    const more = only === undefined ? {} : { only };
    const snapshot: Snapshot = { scenario, name, digest, seed, t_ms, hash, revision: this.#revision, ...more };
    writeFileSync(file, `${JSON.stringify({ apiVersion: 'tenon.dev/v1', kind: 'Snapshot', ...snapshot }, null, 2)}\n`);
  }
}
