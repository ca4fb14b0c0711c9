/** Requests a second over time. */
export type Rate =
  | { readonly kind: 'constant'; readonly per_s: number }
  /** The rate from each `after_ms` on (the first begins at 0); `ramp` goes there in a straight line from the step before. */
  | {
      readonly kind: 'steps';
      readonly steps: readonly { readonly after_ms: number; readonly per_s: number; readonly ramp: boolean }[];
    }
  /** A daily or other wave: `high` at `peak_ms` and every period after it, `low` half a period later. */
  | {
      readonly kind: 'wave';
      readonly low: number;
      readonly high: number;
      readonly period_ms: number;
      readonly peak_ms: number;
    }
  /** A recording of a rate: `values[i]` a second from `times_ms[i]` on, the first being 0. */
  | {
      readonly kind: 'series';
      readonly times_ms: Float64Array;
      readonly values: Float64Array;
      readonly repeat: boolean;
      /** Its length: the last value holds as long as those before it did. */
      readonly length_ms: number;
    }
  /** A recording of each request's arrival, in order; `weights[i]` requests at once. */
  | {
      readonly kind: 'arrivals';
      readonly times_ms: Float64Array;
      readonly weights?: Float64Array;
      readonly repeat: boolean;
      readonly length_ms: number;
    };

/** How many of `times` are at or before `t`: the index of the first after it. */
export function countUntil(times: Float64Array, t: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! <= t) low = middle + 1;
    else high = middle;
  }
  return low;
}

function stepRate(rate: Extract<Rate, { kind: 'steps' }>, t: number): number {
  const { steps } = rate;
  const next = steps.findIndex(step => step.after_ms > t);
  const index = next < 0 ? steps.length - 1 : next - 1;
  const before = steps[index];
  const after = next < 0 ? undefined : steps[next];
  const from = before?.per_s ?? 0;
  if (after?.ramp !== true) return from;
  const start = before?.after_ms ?? 0;
  return from + ((after.per_s - from) * (t - start)) / (after.after_ms - start);
}

/** Requests a second `t_ms` after the load began; 0 beyond a recording's end. Arrivals have no rate: NaN. */
export function rateAt(rate: Rate, t_ms: number): number {
  switch (rate.kind) {
    case 'constant':
      return rate.per_s;
    case 'steps':
      return stepRate(rate, t_ms);
    case 'wave': {
      const turn = ((t_ms - rate.peak_ms) / rate.period_ms) * 2 * Math.PI;
      return rate.low + ((rate.high - rate.low) * (1 + Math.cos(turn))) / 2;
    }
    case 'series': {
      if (t_ms >= rate.length_ms && !rate.repeat) return 0;
      const t = rate.repeat ? t_ms % rate.length_ms : t_ms;
      return rate.values[countUntil(rate.times_ms, t) - 1] ?? 0;
    }
    case 'arrivals':
      return Number.NaN;
  }
}

/** When the rate next jumps or bends after `t_ms` (a wave and a ramp: when it is worth asking again); Infinity: never. */
export function nextChange(rate: Rate, t_ms: number): number {
  switch (rate.kind) {
    case 'constant':
      return Number.POSITIVE_INFINITY;
    case 'steps': {
      const next = rate.steps.find(step => step.after_ms > t_ms);
      if (!next) return Number.POSITIVE_INFINITY;
      return next.ramp ? Math.min(next.after_ms, t_ms + 1000) : next.after_ms;
    }
    case 'wave':
      return t_ms + rate.period_ms / 96;
    case 'series':
    case 'arrivals': {
      const lap = rate.repeat ? Math.floor(t_ms / rate.length_ms) * rate.length_ms : 0;
      if (t_ms - lap >= rate.length_ms) return Number.POSITIVE_INFINITY;
      const next = rate.times_ms[countUntil(rate.times_ms, t_ms - lap)];
      if (next !== undefined) return lap + next;
      return lap + rate.length_ms;
    }
  }
}
