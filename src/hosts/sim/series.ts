/** What a run looked like over time, in fixed memory however long it lasts: the report's plots are drawn from it. */
import type { Observables, PodCounts, TrafficView } from './scenario/observables.ts';

/** Points of a series at most; when they are full every two become one and stand for twice the time. */
const POINTS = 720;
/** Names a run may have; what comes later is counted, not kept. */
const NAMES_MAX = 600;
const FIRST_STEP_MS = 1_000;

/** One series: `mean[i]`, `low[i]` and `high[i]` of the time from `i * step_ms` on; null where nothing was known. */
export interface RecordedSeries {
  /** `pods.pending`, `deployments.shop/web.ready`, `traffic.users.p99_ms`. */
  readonly name: string;
  readonly mean: readonly (number | null)[];
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
}

/** All series of a run, on one time axis. */
export interface SeriesDocument {
  readonly step_ms: number;
  readonly points: number;
  readonly series: readonly RecordedSeries[];
  /** Values of names that were too many. */
  readonly leftOut: number;
}

interface Column {
  readonly sum: Float64Array;
  readonly count: Uint32Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
}

const column = (): Column => ({
  sum: new Float64Array(POINTS),
  count: new Uint32Array(POINTS),
  low: new Float64Array(POINTS).fill(Number.POSITIVE_INFINITY),
  high: new Float64Array(POINTS).fill(Number.NEGATIVE_INFINITY),
});

/** Every two neighbours become one. */
function halve({ sum, count, low, high }: Column): void {
  for (let at = 0; at < POINTS; at++) {
    const [one, other] = [2 * at, 2 * at + 1];
    sum[at] = (sum[one] ?? 0) + (sum[other] ?? 0);
    count[at] = (count[one] ?? 0) + (count[other] ?? 0);
    low[at] = Math.min(low[one] ?? Number.POSITIVE_INFINITY, low[other] ?? Number.POSITIVE_INFINITY);
    high[at] = Math.max(high[one] ?? Number.NEGATIVE_INFINITY, high[other] ?? Number.NEGATIVE_INFINITY);
  }
}

function recorded(name: string, { sum, count, low, high }: Column, points: number): RecordedSeries {
  const shown = (value: (at: number) => number): (number | null)[] =>
    Array.from({ length: points }, (_, at) => (count[at] === 0 ? null : rounded(value(at))));
  return {
    name,
    mean: shown(at => sum[at]! / count[at]!),
    low: shown(at => low[at]!),
    high: shown(at => high[at]!),
  };
}

/** Give `sample` every end of an instant; it looks twice a step, so that a short peak is seen and a long run stays cheap. */
export class SeriesRecorder {
  #step_ms = FIRST_STEP_MS;
  /** The step that was filled last. */
  #at = -1;
  #due_ms = 0;
  #leftOut = 0;
  readonly #columns = new Map<string, Column>();
  readonly #see: (t: number) => ReadonlyMap<string, number>;
  #held: ReadonlyMap<string, number> = new Map();

  /** `see` tells every value of a moment, in virtual milliseconds since the start. */
  constructor(see: (t: number) => ReadonlyMap<string, number>) {
    this.#see = see;
  }

  /** At the end of an instant. What was seen before holds for the steps in between, in which nothing happened. */
  sample(t: number): void {
    if (t < this.#due_ms) return;
    this.#hold(t);
    this.#held = this.#see(t);
    this.#put(this.#held);
    this.#due_ms = t + this.#step_ms / 2;
  }

  /** Everything so far; `t` is the end of the run. */
  document(t: number): SeriesDocument {
    this.#hold(t);
    const points = this.#at + 1;
    return {
      step_ms: this.#step_ms,
      points,
      series: [...this.#columns]
        .map(([name, kept]) => recorded(name, kept, points))
        .sort((left, right) => (left.name < right.name ? -1 : 1)),
      leftOut: this.#leftOut,
    };
  }

  /** Moves on to the step `t` lies in; steps that were passed over held what was seen last. */
  #hold(t: number): void {
    while (Math.floor(t / this.#step_ms) >= POINTS) {
      for (const kept of this.#columns.values()) halve(kept);
      this.#step_ms *= 2;
      this.#at = Math.floor(this.#at / 2);
    }
    const now = Math.floor(t / this.#step_ms);
    while (this.#at < now) {
      this.#at++;
      if (this.#at < now) this.#put(this.#held);
    }
  }

  #put(values: ReadonlyMap<string, number>): void {
    const at = this.#at;
    for (const [name, value] of values) {
      let kept = this.#columns.get(name);
      if (!kept) {
        if (this.#columns.size >= NAMES_MAX) {
          this.#leftOut++;
          continue;
        }
        this.#columns.set(name, (kept = column()));
      }
      kept.sum[at]! += value;
      kept.count[at]! += 1;
      kept.low[at] = Math.min(kept.low[at]!, value);
      kept.high[at] = Math.max(kept.high[at]!, value);
    }
  }
}

/** Four figures are more than a plot can show. */
const rounded = (value: number): number => (value === 0 ? 0 : Number(value.toPrecision(5)));

function putPods(values: Map<string, number>, name: string, counts: PodCounts): void {
  for (const key of ['total', 'pending', 'running', 'ready', 'restarts'] as const)
    values.set(`${name}.${key}`, counts[key]);
}

function putTraffic(values: Map<string, number>, name: string, view: TrafficView): void {
  for (const key of ['rate', 'errorRate', 'p50_ms', 'p90_ms', 'p99_ms'] as const)
    values.set(`${name}.${key}`, view[key]);
}

/** The values of a moment by name, out of what expectations can name too. */
export function seriesOf(seen: Observables): Map<string, number> {
  const values = new Map<string, number>();
  putPods(values, 'pods', seen.pods);
  values.set('nodes.total', seen.nodes.total);
  values.set('nodes.ready', seen.nodes.ready);
  values.set('cost', seen.cost);
  values.set('disruptions.active', seen.disruptions.active);
  values.set('violations', seen.violations);
  for (const [name, view] of Object.entries(seen.traffic)) putTraffic(values, `traffic.${name}`, view);
  for (const [name, view] of Object.entries(seen.services)) putTraffic(values, `services.${name}`, view);
  for (const kind of ['deployments', 'statefulsets', 'daemonsets'] as const)
    for (const [name, view] of Object.entries(seen[kind]))
      for (const key of ['replicas', 'ready', 'updated'] as const) values.set(`${kind}.${name}.${key}`, view[key]);
  for (const [name, { desired, current }] of Object.entries(seen.hpas)) {
    values.set(`hpas.${name}.desired`, desired);
    values.set(`hpas.${name}.current`, current);
  }
  for (const [name, { active, succeeded, failed }] of Object.entries(seen.jobs)) {
    values.set(`jobs.${name}.active`, active);
    values.set(`jobs.${name}.succeeded`, succeeded);
    values.set(`jobs.${name}.failed`, failed);
  }
  return values;
}
