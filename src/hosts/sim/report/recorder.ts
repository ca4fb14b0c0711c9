/** Keeps what a report shows while a run goes on, in fixed memory: an observer like any other, and a listener of the log. */
import type { KubeObject } from '../../../kernel/index.ts';
import type { Commit, Disruption, LogLine, Observer } from '../model.ts';
import { SeriesRecorder, seriesOf, type SeriesDocument } from '../series.ts';
import type { Observables } from '../scenario/observables.ts';
import type { DisruptionSpan, Mark } from './model.ts';

const MARKS_MAX = 2_000;
const DISRUPTIONS_MAX = 2_000;
/** Alike marks within this are one. */
const JOINED_MS = 30_000;

/** Normal Events a reader of the timeline asks about; of Warnings every one is shown. */
const TOLD = new Set([
  'SuccessfulRescale',
  'ScalingReplicaSet',
  'DeploymentRollback',
  'NodeReady',
  'NodeNotReady',
  'TaintManagerEviction',
  'Completed',
]);

interface EventFacts {
  type?: string;
  reason?: string;
  message?: string;
  note?: string;
  involvedObject?: { kind?: string; namespace?: string; name?: string };
  regarding?: { kind?: string; namespace?: string; name?: string };
}

type Writable<T> = { -readonly [key in keyof T]: T[key] };

/** Gauges the world knows and no object says: CPU and memory in use. */
export type Gauges = () => Iterable<readonly [string, number]>;

export class RunRecorder implements Observer {
  readonly #marks: Writable<Mark>[] = [];
  readonly #last = new Map<string, Writable<Mark>>();
  #leftOut = 0;
  readonly #spans: Writable<DisruptionSpan>[] = [];
  readonly #open = new Map<string, Writable<DisruptionSpan>>();
  readonly #series: SeriesRecorder;
  readonly #observe: { now?: () => Observables } = {};

  constructor(gauges: Gauges = () => []) {
    this.#series = new SeriesRecorder(() => {
      const values = this.#observe.now ? seriesOf(this.#observe.now()) : new Map<string, number>();
      for (const [name, value] of gauges()) values.set(name, value);
      return values;
    });
  }

  /** At the end of every instant; `observed` is asked only where a value is due. */
  sample(t: number, observed: () => Observables): void {
    this.#observe.now = observed;
    this.#series.sample(t);
  }

  commit({ collection, object, t }: Commit): void {
    if ((collection === 'events' || collection === 'events.k8s.io/events') && object) this.#event(t, object);
  }

  disrupted({ name, kind, target }: Disruption, active: boolean, t: number): void {
    if (!active) {
      const span = this.#open.get(name);
      if (span) span.to_ms = t;
      this.#open.delete(name);
      return;
    }
    if (this.#spans.length >= DISRUPTIONS_MAX) return;
    const span: Writable<DisruptionSpan> = { name, kind, from_ms: t, ...(target === undefined ? {} : { target }) };
    this.#open.set(name, span);
    this.#spans.push(span);
  }

  /** A line of the run's log. */
  line({ t, by, what, about = '', detail }: LogLine): void {
    if (by === 'scenario') {
      const refused = what === 'refused';
      this.#mark({ t, kind: 'step', what, about, warning: refused, ...(refused ? { message: String(detail) } : {}) });
    } else if (what === 'crash') this.#mark({ t, kind: 'crash', what, about: about || by, warning: true });
  }

  /** What was kept; `t` is the end of the run. */
  document(t: number): {
    series: SeriesDocument;
    marks: readonly Mark[];
    marksLeftOut: number;
    disruptions: readonly DisruptionSpan[];
  } {
    return {
      series: this.#series.document(t),
      marks: this.#marks,
      marksLeftOut: this.#leftOut,
      disruptions: this.#spans,
    };
  }

  #event(t: number, object: KubeObject): void {
    const { type, reason = '', message, note, involvedObject, regarding } = object as KubeObject & EventFacts;
    const warning = type === 'Warning';
    if (!warning && !TOLD.has(reason)) return;
    const { kind = '', namespace, name = '' } = involvedObject ?? regarding ?? {};
    this.#mark({
      t,
      kind: 'event',
      what: reason,
      about: `${kind} ${namespace ? `${namespace}/` : ''}${name}`,
      warning,
      message: message ?? note ?? '',
    });
  }

  #mark(mark: Omit<Mark, 'count'>): void {
    const key = `${mark.kind}\n${mark.what}\n${mark.about}`;
    const before = this.#last.get(key);
    if (before && mark.kind !== 'step' && mark.t - before.t < JOINED_MS) {
      before.count++;
      return;
    }
    if (this.#marks.length >= MARKS_MAX) {
      this.#leftOut++;
      return;
    }
    const kept = { ...mark, count: 1 };
    this.#marks.push(kept);
    this.#last.set(key, kept);
  }
}
