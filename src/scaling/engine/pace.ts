/** How fast replicas may change: stabilization, policies and bounds (autoscaling/v2, HorizontalPodAutoscalerBehavior). */
import type { Behavior, Memory, Recommendation, ScaleEvent, ScalingRules } from '../model.ts';

export interface Paced {
  readonly replicas: number;
  readonly reason: string;
  readonly message: string;
}

const MESSAGES = {
  ScaleUpLimit: 'the desired replica count is increasing faster than the maximum scale rate',
  TooManyReplicas: 'the desired replica count is more than the maximum replica count',
  ScaleDownLimit: 'the desired replica count is decreasing faster than the maximum scale rate',
  TooFewReplicas: 'the desired replica count is less than the minimum replica count',
  DesiredWithinRange: 'the desired count is within the acceptable range',
  ScaleUpStabilized: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
  ScaleDownStabilized:
    'recent recommendations were higher than current one, applying the highest recent recommendation',
  ReadyForNewScale: 'recommended size matches current size',
} as const;

const paced = (replicas: number, reason: keyof typeof MESSAGES): Paced => ({
  replicas,
  reason,
  message: MESSAGES[reason],
});

/** Replaces what is too old to count, else adds. */
function record(list: readonly Recommendation[], fresh: Recommendation, old: number): Recommendation[] {
  const next = [...list];
  if (old >= 0) next[old] = fresh;
  else next.push(fresh);
  return next;
}

/** Stabilization by the windows of both directions. */
export function stabilize(
  current: number,
  desired: number,
  { up, down }: Behavior,
  recommendations: readonly Recommendation[],
  now_ms: number,
): Paced & { readonly recommendations: readonly Recommendation[] } {
  const upCutoff = now_ms - up.window_s * 1000;
  const downCutoff = now_ms - down.window_s * 1000;
  let lowest = desired;
  let highest = desired;
  let old = -1;
  for (const [index, { replicas, at_ms }] of recommendations.entries()) {
    if (at_ms > upCutoff) lowest = Math.min(lowest, replicas);
    if (at_ms > downCutoff) highest = Math.max(highest, replicas);
    if (at_ms < upCutoff && at_ms < downCutoff) old = index;
  }
  const replicas = Math.min(Math.max(current, lowest), highest);
  const kept = record(recommendations, { replicas: desired, at_ms: now_ms }, old);
  if (replicas === desired) return { ...paced(replicas, 'ReadyForNewScale'), recommendations: kept };
  return {
    ...paced(replicas, desired >= current ? 'ScaleUpStabilized' : 'ScaleDownStabilized'),
    recommendations: kept,
  };
}

/** Stabilization where no behaviour is written: down only, one window. */
export function stabilizeDown(
  desired: number,
  recommendations: readonly Recommendation[],
  window_ms: number,
  now_ms: number,
): Paced & { readonly recommendations: readonly Recommendation[] } {
  let highest = desired;
  let old = -1;
  for (const [index, { replicas, at_ms }] of recommendations.entries()) {
    if (at_ms < now_ms - window_ms) old = index;
    else highest = Math.max(highest, replicas);
  }
  const kept = record(recommendations, { replicas: desired, at_ms: now_ms }, old);
  return { ...paced(highest, highest === desired ? 'ReadyForNewScale' : 'ScaleDownStabilized'), recommendations: kept };
}

/** Replicas added (or taken away) in the last `period_s` seconds. */
export const changeIn = (events: readonly ScaleEvent[], period_s: number, now_ms: number): number =>
  events.reduce((sum, { change, at_ms }) => (at_ms > now_ms - period_s * 1000 ? sum + change : sum), 0);

type Events = Pick<Memory, 'ups' | 'downs'>;

function upLimit(current: number, { select, policies }: ScalingRules, { ups, downs }: Events, now_ms: number): number {
  if (select === 'Disabled') return current;
  const proposals = policies.map(({ type, value, period_s }) => {
    const start = current - changeIn(ups, period_s, now_ms) + changeIn(downs, period_s, now_ms);
    // In floating point as the reference counts: 100 pods and 10 % allow 111.
    return type === 'Pods' ? start + value : Math.ceil(start * (1 + value / 100));
  });
  return select === 'Min' ? Math.min(...proposals) : Math.max(...proposals);
}

function downLimit(
  current: number,
  { select, policies }: ScalingRules,
  { ups, downs }: Events,
  now_ms: number,
): number {
  if (select === 'Disabled') return current;
  const proposals = policies.map(({ type, value, period_s }) => {
    const start = current - changeIn(ups, period_s, now_ms) + changeIn(downs, period_s, now_ms);
    return type === 'Pods' ? start - value : Math.trunc(start * (1 - value / 100));
  });
  // Going down, the smallest change leaves the most.
  return select === 'Min' ? Math.max(...proposals) : Math.min(...proposals);
}

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** The wanted count as far as policies and bounds let it go now. */
export function limit(
  current: number,
  desired: number,
  { min, max }: Bounds,
  { up, down }: Behavior,
  events: Events,
  now_ms: number,
): Paced {
  if (desired > current) {
    const allowed = Math.max(upLimit(current, up, events, now_ms), current);
    const most = Math.min(max, allowed);
    if (desired > most) return paced(most, max > allowed ? 'ScaleUpLimit' : 'TooManyReplicas');
  } else if (desired < current) {
    const allowed = Math.min(downLimit(current, down, events, now_ms), current);
    const least = Math.max(min, allowed);
    if (desired < least) return paced(least, min < allowed ? 'ScaleDownLimit' : 'TooFewReplicas');
  }
  return paced(desired, 'DesiredWithinRange');
}

/** The same where no behaviour is written: at most twice as many, or four. */
export function limitPlain(current: number, desired: number, { min, max }: Bounds): Paced {
  const allowed = Math.max(2 * current, 4);
  const most = Math.min(max, allowed);
  if (desired < min) return paced(min, 'TooFewReplicas');
  if (desired > most) return paced(most, max > allowed ? 'ScaleUpLimit' : 'TooManyReplicas');
  return paced(desired, 'DesiredWithinRange');
}

/** Remembers a change; an event older than every policy's period gives its place. */
export function remember(
  events: readonly ScaleEvent[],
  change: number,
  rules: ScalingRules,
  now_ms: number,
): ScaleEvent[] {
  const longest_s = Math.max(0, ...rules.policies.map(({ period_s }) => period_s));
  const marked = events.map(event => (event.at_ms < now_ms - longest_s * 1000 ? { ...event, outdated: true } : event));
  const fresh = { change, at_ms: now_ms, outdated: false };
  const old = marked.findLastIndex(({ outdated }) => outdated);
  if (old >= 0) marked[old] = fresh;
  else marked.push(fresh);
  return marked;
}
