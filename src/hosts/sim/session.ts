/** One run, asked command by command: what a worker thread holds for a test file or a console. */
import { FaultError } from '../../base/index.ts';
import {
  type Client,
  decodeDocuments,
  isNotFound,
  type KubeObject,
  type ResourceDefinition,
} from '../../kernel/index.ts';
import { ChangeCollector } from './changes.ts';
import { simFaults } from './faults.ts';
import type { LogLine, Observer } from './model.ts';
import type { Answer, Ask, CommandName, Standing } from './protocol.ts';
import { rehearse } from './rehearsal.ts';
import { reportHtml } from './report/html.ts';
import { RunRecorder } from './report/recorder.ts';
import { moment } from './report/chart.ts';
import { type RunRooms, ScenarioRun } from './run.ts';
import { compileExpression, type Expression } from './scenario/expression.ts';
import { FolderFiles } from './scenario/drivers/files.ts';
import { scenarioFaults } from './scenario/faults.ts';
import type { Scenario } from './scenario/model.ts';
import { readScenarios } from './scenario/parse.ts';
import { formatDuration } from './scenario/units.ts';

/** API calls of a step take no longer than this, whatever the network between: the server is away, or the step hangs. */
const STEP_MS_MAX = 120_000;
const STEP_MS = 100;
/** Tests do not name their end. */
const ENDLESS = '10000d';

/** The scenario that is meant. Fault: none, or several and none is named. */
function chosen(scenarios: readonly Scenario[], { file, name }: Ask<'open'>): Scenario {
  const found = name === undefined ? scenarios : scenarios.filter(scenario => scenario.name === name);
  if (found.length === 1) return found[0]!;
  const where = { file, line: 1, column: 1 };
  if (found.length === 0) throw scenarioFaults.error('no-scenario', { file }, where);
  const names = scenarios.map(scenario => scenario.name).join(', ');
  throw scenarioFaults.error('several-scenarios', { file, count: found.length, names }, where);
}

export type Handlers = { readonly [C in CommandName]: (ask: Ask<C>) => Promise<Answer<C>> };

export class Session {
  readonly #rooms: RunRooms;
  readonly #observers: readonly Observer[];
  #run: ScenarioRun | undefined;
  #scenario: Scenario | undefined;
  #file = '';
  #recorder: RunRecorder | undefined;
  #lines: LogLine[] = [];
  readonly #begun = new Set<string>();
  #changes = new ChangeCollector();
  #client: Client | undefined;
  #rehearsed: Promise<void> | undefined;

  /** `observers` see every run of the session. */
  constructor(rooms: RunRooms, observers: readonly Observer[] = []) {
    this.#rooms = rooms;
    this.#observers = observers;
  }

  readonly handlers: Handlers = {
    hello: async () => {
      // Once a thread, and never beside a run.
      if (!this.#run) await (this.#rehearsed ??= rehearse(this.#rooms));
      return {};
    },
    open: async ask => this.#open(ask),
    steps: async ({ steps }) => this.#steps(steps),
    applyText: async ({ text }) => this.#applyText(text),
    heal: async ({ disruption }) => this.#take({ do: 'heal', disruption }),
    stop: async ({ load }) => this.#take({ do: 'stop', load }),
    advance: async ({ ms }) => {
      const { simulation } = this.#open_;
      await simulation.run(simulation.t + ms);
      return this.#going();
    },
    step: async () => {
      const { simulation, until_ms } = this.#open_;
      await simulation.step(until_ms);
      return this.#standing();
    },
    until: async ask => this.#until(ask),
    expect: async ({ expression }) => {
      const compiled = this.#compiled(expression);
      if (!this.#holds(compiled)) throw simFaults.error('not-true', this.#seen(compiled));
      return this.#standing();
    },
    get: async ask => this.#get(ask),
    list: async ({ kind, namespace, labelSelector }) => {
      const definition = this.#definition(kind);
      const { items } = await this.#promised(
        this.#client!.list<KubeObject>(definition, {
          ...(namespace === undefined ? {} : { namespace }),
          ...(labelSelector === undefined ? {} : { labelSelector }),
        }),
      );
      return items;
    },
    observe: async () => this.#open_.observe(),
    violations: async () => this.#open_.violations(),
    hash: async () => {
      const { hash, t_ms } = this.#open_.simulation.identity();
      return { hash, t_ms };
    },
    report: async ask => this.#report(ask),
    play: async ask => this.#play(ask),
    changes: async () => this.#changes.take(),
    lines: async () => {
      const lines = this.#lines;
      this.#lines = [];
      return lines;
    },
    finish: async ask => this.#finish(ask),
  };

  /** Ends what is open. */
  end(): void {
    this.#run?.[Symbol.dispose]();
    this.#run = undefined;
  }

  get #open_(): ScenarioRun {
    if (!this.#run) throw simFaults.error('not-open');
    return this.#run;
  }

  #standing(): Standing {
    const { t, stopped } = this.#open_.simulation;
    return { t_ms: t, ...(stopped === undefined ? {} : { stopped }) };
  }

  /** The standing of a run that goes on. Fault: it was stopped. */
  #going(): Standing {
    const { t, stopped } = this.#open_.simulation;
    if (stopped !== undefined) throw simFaults.error('run-stopped', { moment: moment(t), reason: stopped });
    return { t_ms: t };
  }

  async #open(ask: Ask<'open'>): Promise<Answer<'open'>> {
    const { document, file, seed, durable, record, until_ms, only } = ask;
    this.end();
    this.#file = file;
    const scenario = chosen(readScenarios(document, file, new FolderFiles(file, ask.root)), ask);
    this.#scenario = scenario;
    const recorder = record ? new RunRecorder(() => this.#run?.gauges() ?? []) : undefined;
    this.#recorder = recorder;
    this.#lines = [];
    this.#begun.clear();
    const begun: Observer = { disrupted: ({ name }, active) => void (active && this.#begun.add(name)) };
    this.#changes = new ChangeCollector();
    this.#run = await ScenarioRun.open(scenario, this.#rooms, {
      ...(seed === undefined ? {} : { seed }),
      ...(durable === undefined ? {} : { durable }),
      ...(only === undefined ? {} : { only }),
      ...(until_ms === undefined ? {} : { until_ms }),
      observers: [...this.#observers, begun, ...(recorder ? [recorder] : []), ...(ask.changes ? [this.#changes] : [])],
      ...(recorder || ask.lines
        ? {
            line: line => {
              recorder?.line(line);
              if (ask.lines) this.#lines.push(line);
            },
          }
        : {}),
      ...(recorder
        ? {
            instant: (t, observed) => {
              recorder.sample(t, observed);
              return undefined;
            },
          }
        : {}),
    });
    this.#client = this.#run.simulation.client('kubectl');
    await this.#run.simulation.settle();
    const { name, digest } = scenario;
    return {
      ...this.#standing(),
      scenario: name,
      digest,
      seed: seed ?? scenario.seed,
      until_ms: this.#run.until_ms,
    };
  }

  async #play({ until_ms, breakWhen }: Ask<'play'>): Promise<Answer<'play'>> {
    const { simulation } = this.#open_;
    const compiled = breakWhen === undefined ? undefined : this.#compiled(breakWhen);
    let broke = false;
    if (compiled) await simulation.run(until_ms, () => (broke = this.#holds(compiled)));
    else await simulation.run(until_ms);
    return { ...this.#standing(), ...(broke ? { broke: this.#seen(compiled!).seen } : {}) };
  }

  async #finish({ report }: Ask<'finish'>): Promise<Answer<'finish'>> {
    const run = this.#open_;
    const recorded = report && (this.#recorder ?? new RunRecorder()).document(run.simulation.t);
    this.#run = undefined;
    const result = { ...run.finish(), disruptions: [...this.#begun] };
    if (!report || !recorded) return result;
    const { start_ms } = this.#scenario!;
    return {
      ...result,
      report: reportHtml({ ...recorded, ...report, run: result, invariants: run.invariants, start_ms }),
    };
  }

  /** Reads steps as a scenario has them, so that every mistake is told as there, and takes them one after the other. */
  async #steps(steps: string): Promise<Standing> {
    const spec = { until: ENDLESS, steps: JSON.parse(steps) as unknown };
    const text = JSON.stringify({ apiVersion: 'tenon.dev/v1', kind: 'Scenario', metadata: { name: 'steps' }, spec });
    const [read] = readScenarios(text, this.#file, new FolderFiles(this.#file));
    for (const step of read!.steps) await this.#take(step);
    return this.#going();
  }

  async #applyText(text: string): Promise<Standing> {
    const { value, faults } = decodeDocuments(text, { file: this.#file });
    if (faults.length > 0) throw new FaultError(faults[0]!);
    const objects = value.map(({ value: object }) => object).filter(object => object !== null);
    return this.#steps(JSON.stringify([{ apply: objects }]));
  }

  /** A step happens now. Fault: what the API did not take of it. */
  async #take(
    step:
      | Parameters<ScenarioRun['steps']['take']>[0]
      | { do: 'heal'; disruption: string }
      | { do: 'stop'; load: string },
  ): Promise<Standing> {
    const { steps, simulation } = this.#open_;
    const before = steps.refusals.length;
    const where = { file: this.#file, line: 1, column: 1 };
    await this.#promised(steps.take({ where, ...step, at_ms: simulation.t }));
    const refusal = steps.refusals[before];
    if (refusal) throw simFaults.error('refused', { what: refusal.what, reason: refusal.message }, refusal.where);
    return this.#going();
  }

  /** Lets time pass until an answer is there: calls may have a way to go. */
  async #promised<T>(promise: Promise<T>): Promise<T> {
    const { simulation } = this.#open_;
    let done = false;
    const noted = promise.finally(() => (done = true));
    noted.catch(() => undefined);
    await simulation.settle();
    for (let waited = 0; !done && waited < STEP_MS_MAX && simulation.stopped === undefined; waited += STEP_MS)
      await simulation.run(simulation.t + STEP_MS, () => done);
    if (!done) this.#going();
    return noted;
  }

  #compiled(text: string): Expression {
    const compiled = compileExpression(text, 'run', (line, column) => ({ file: this.#file, line, column }));
    if ('faults' in compiled) throw new FaultError(compiled.faults[0]!);
    return compiled;
  }

  #holds(expression: Expression): boolean {
    return expression.holds(this.#open_.now() as unknown as Record<string, unknown>) === true;
  }

  #seen(expression: Expression): { expression: string; moment: string; seen: string } {
    const values = this.#open_.now() as unknown as Record<string, unknown>;
    const verdict = expression.holds(values);
    const seen = expression.told(values) || (typeof verdict === 'object' ? verdict.error : String(verdict));
    return { expression: expression.text, moment: moment(this.#open_.simulation.t), seen };
  }

  async #until({ expression, within_ms }: Ask<'until'>): Promise<Standing> {
    const { simulation } = this.#open_;
    const compiled = this.#compiled(expression);
    let held = false;
    await simulation.run(simulation.t + within_ms, () => (held = this.#holds(compiled)));
    if (!held && !this.#holds(compiled)) {
      this.#going();
      throw simFaults.error('never-true', { within: formatDuration(within_ms), ...this.#seen(compiled) });
    }
    return this.#standing();
  }

  #definition(word: string): ResourceDefinition {
    const wanted = word.toLowerCase();
    const all = [...(this.#open_.simulation.platform.api.catalog?.all() ?? [])].filter(
      ({ served }) => served !== false,
    );
    const named = all.filter(({ kind, resource, singular, shortNames }) =>
      [kind.toLowerCase(), resource, singular, ...shortNames].includes(wanted),
    );
    // The core group before others that have a kind of the same name, as kubectl does.
    const found = named.find(({ group }) => group === '') ?? named[0];
    if (!found) throw simFaults.error('unknown-kind', { kind: word });
    return found;
  }

  async #get({ kind, namespace, name }: Ask<'get'>): Promise<KubeObject | undefined> {
    const definition = this.#definition(kind);
    const key = definition.namespaced ? { namespace: namespace ?? 'default', name } : { name };
    try {
      return await this.#promised(this.#client!.get<KubeObject>(definition, key));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #report({ replay, revision }: Ask<'report'>): Promise<string> {
    const run = this.#open_;
    const { simulation } = run;
    const scenario = this.#scenario!;
    const recorded = (this.#recorder ?? new RunRecorder()).document(simulation.t);
    const violations = run.violations();
    return reportHtml({
      ...recorded,
      run: {
        ...simulation.identity(),
        scenario: scenario.name,
        file: scenario.file,
        digest: scenario.digest,
        seed: scenario.seed,
        ok: violations.length + run.steps.refusals.length === 0,
        expectations: [],
        violations,
        refusals: run.steps.refusals,
        observables: run.observe(),
      },
      invariants: run.invariants,
      start_ms: scenario.start_ms,
      revision,
      replay,
    });
  }
}
