/** What a report is drawn from: a finished run and what was seen of it on the way. */
import type { Violation } from '../model.ts';
import type { SeriesDocument } from '../series.ts';

/** Something worth a mark on the timeline. */
export interface Mark {
  /** Virtual milliseconds since the start of the run. */
  readonly t: number;
  /** `step`: the scenario's own hand. `event`: an Event object. `crash`: a process or server that went down. */
  readonly kind: 'step' | 'event' | 'crash';
  readonly what: string;
  readonly about: string;
  readonly message?: string;
  readonly warning: boolean;
  /** How many alike it stands for. */
  readonly count: number;
}

/** A disruption and how long it lasted; without an end it did until the run's. */
export interface DisruptionSpan {
  readonly name: string;
  readonly kind: string;
  readonly target?: string;
  readonly from_ms: number;
  readonly to_ms?: number;
}

export interface Judgement {
  readonly name: string;
  /** `file:line:column`. */
  readonly where: string;
  /** `open`: the run ended before it was decided. */
  readonly outcome: 'held' | 'failed' | 'open';
  readonly t: number;
  readonly message?: string;
}

/** The parts of a run's result a report shows. */
export interface ReportedRun {
  readonly scenario: string;
  readonly file: string;
  readonly digest: string;
  readonly seed: number;
  readonly hash: string;
  readonly events: number;
  readonly t_ms: number;
  readonly wall_ms: number;
  readonly stopped?: string;
  readonly ok: boolean;
  readonly expectations: readonly Judgement[];
  readonly violations: readonly Violation[];
  readonly refusals: readonly {
    readonly t: number;
    readonly what: string;
    readonly where: string;
    readonly message: string;
  }[];
  readonly observables: { readonly cost: number };
}

export interface RunReport {
  readonly run: ReportedRun;
  readonly series: SeriesDocument;
  readonly marks: readonly Mark[];
  /** Marks that were too many. */
  readonly marksLeftOut: number;
  readonly disruptions: readonly DisruptionSpan[];
  /** Names of the invariants that were held against the run. */
  readonly invariants: readonly string[];
  /** Milliseconds since the epoch at the start of the run. */
  readonly start_ms: number;
  /** Revision of the program; the run's hash is only the same under the same. */
  readonly revision: string;
  /** The command that makes this very run again. */
  readonly replay: string;
}
