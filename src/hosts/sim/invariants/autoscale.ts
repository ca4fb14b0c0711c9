/**
 * An autoscaler keeps to its bounds and its pace, follows what is asked for, and takes what it does not know in favour of what is
 * (Kubernetes, "Horizontal Pod Autoscaling": algorithm details, stabilization window, scaling policies).
 */
import type { KubeObject } from '../../../kernel/index.ts';
import type { Call, Commit, Demand } from '../model.ts';
import type { Invariant, Watchdog } from './report.ts';
import { isGoing, specOf } from './view.ts';
import { DELAYING } from './weather.ts';

const SETTLED_MS = 90_000;
const LATE_MS = 2_000;
/** How old what an autoscaler knows may be while its watches are out, and until it has listed again. */
const STALE_MS = 180_000;
/** Long enough for a scrape and a look of the autoscaler. */
const SEEN_MS = 50_000;
/** Utilizations are whole per cents. */
const ROUNDING = 0.97;
const TOLERANCE = 0.1;
const HINDERING = [...DELAYING, 'SlowNode', 'ImagePullFailure'];

interface Policy {
  readonly type: string;
  readonly value: number;
  readonly periodSeconds: number;
}
interface Rules {
  readonly stabilizationWindowSeconds?: number;
  readonly policies?: readonly Policy[];
  readonly selectPolicy?: string;
}
interface HpaSpec {
  readonly scaleTargetRef: { readonly kind: string; readonly name: string };
  readonly minReplicas?: number;
  readonly maxReplicas: number;
  readonly behavior?: { readonly scaleUp?: Rules; readonly scaleDown?: Rules };
}
interface Change {
  readonly t: number;
  readonly from: number;
  readonly to: number;
}

/** Lowest and highest demand between two moments; undefined where it is not known throughout. */
function range(past: readonly Demand[], from_ms: number, to_ms: number): { low: number; high: number } | undefined {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  if (past.length === 0 || past[0]!.t > from_ms) return undefined;
  for (const [index, { t, pods }] of past.entries()) {
    const until = past[index + 1]?.t ?? Number.POSITIVE_INFINITY;
    if (until < from_ms || t > to_ms) continue;
    low = Math.min(low, pods);
    high = Math.max(high, pods);
  }
  return { low, high };
}

const replicasOf = (object: KubeObject): number => specOf<{ replicas?: number }>(object).replicas ?? 1;

/** What the change must not be, by what was asked for; undefined where it may be. */
function unasked({ t, from, to }: Change, past: readonly Demand[], max: number, window_ms: number): string | undefined {
  const seen = range(past, t - SEEN_MS, t);
  if (!seen) return undefined;
  if (to > from) {
    if (to > Math.ceil(seen.high)) return `went from ${from} to ${to}, ${seen.high.toFixed(2)} were asked for at most`;
    return undefined;
  }
  // What was asked for throughout a stretch within the window was recommended at least once.
  let needed = 0;
  for (let begin = t - Math.max(window_ms, SEEN_MS) + 1_000; begin + SEEN_MS <= t; begin += 5_000)
    needed = Math.max(needed, range(past, begin, begin + SEEN_MS)?.low ?? 0);
  const least = Math.min(max, Math.ceil(Math.max(needed, seen.low) * ROUNDING));
  if (to < least && to < from) return `went from ${from} to ${to}, ${least} were asked for all the time`;
  return undefined;
}

/** Whether more changed within the period of every policy than it allows: by default the one that allows most counts. */
function isFast({ t, from, to }: Change, changes: readonly Change[], { behavior }: HpaSpec): boolean {
  const rules = to > from ? behavior?.scaleUp : behavior?.scaleDown;
  const policies = rules?.policies ?? [];
  if (policies.length === 0 || rules?.selectPolicy === 'Min' || policies.some(({ type }) => type !== 'Pods'))
    return false;
  const sign = Math.sign(to - from);
  return policies.every(({ value, periodSeconds }) => {
    const recent = changes.filter(each => t - each.t < periodSeconds * 1_000 - 500);
    return recent.reduce((sum, each) => sum + Math.max(0, sign * (each.to - each.from)), 0) > value;
  });
}

/** What a target at rest has that was not asked for; undefined where it is as it should be. */
function unrested(target: KubeObject, scaler: KubeObject, past: readonly Demand[], t: number): string | undefined {
  const asked = range(past, t - 200_000, t);
  if (isGoing(target) || !asked || !past.at(-1)!.measured) return undefined;
  const { minReplicas = 1, maxReplicas } = specOf<HpaSpec>(scaler);
  const clamp = (value: number): number => Math.min(maxReplicas, Math.max(minReplicas, value));
  const has = replicasOf(target);
  const least = clamp(Math.ceil((asked.low * ROUNDING) / (1 + TOLERANCE)));
  const most = clamp(Math.ceil(asked.high / (1 - TOLERANCE)));
  return has < least || has > most ? `has ${has} replicas, from ${least} to ${most} are asked for` : undefined;
}

export function autoscaleInvariant(dog: Watchdog): Invariant {
  const name = 'autoscale';
  const { view, weather } = dog;
  const demands = new Map<string, Demand[]>();
  const changes = new Map<string, Change[]>();
  let pending: { readonly path: string; readonly change: Change } | undefined;
  const tell = (about: string, message: string): void => dog.violated(name, about, message);
  const scalerOf = (path: string): KubeObject | undefined =>
    [...view.all('autoscaling/horizontalpodautoscalers').values()].find(each => {
      const { kind, name: target } = specOf<HpaSpec>(each).scaleTargetRef;
      return kind === 'Deployment' && `${each.metadata.namespace}/${target}` === path;
    });
  const scaled = (path: string, change: Change): void => {
    const scaler = scalerOf(path);
    if (!scaler) return;
    const { t, from, to } = change;
    const calm = weather.calm_ms(HINDERING, t) >= SETTLED_MS;
    const specs = view.specs(scaler, calm ? LATE_MS : STALE_MS).map(each => specOf<HpaSpec>(each));
    const max = Math.max(...specs.map(each => each.maxReplicas));
    const min = Math.min(...specs.map(each => each.minReplicas ?? 1));
    if (to > max || to < min) tell(path, `was scaled to ${to}, bounds are ${min} and ${max}`);
    // To come back within its bounds it needs no metrics.
    if (from > max || from < min || !calm || specs.length > 1) return;
    if (isFast(change, changes.get(path) ?? [], specs[0]!))
      tell(path, `went from ${from} to ${to}: faster than its policies allow`);
    const past = demands.get(path) ?? [];
    const gap = past.filter(each => each.t <= t - SEEN_MS).at(-1);
    const dark = gap && !gap.measured && past.every(each => each.t < gap.t || !each.measured);
    const wrong = unasked(
      change,
      past,
      max,
      (specs[0]!.behavior?.scaleDown?.stabilizationWindowSeconds ?? 300) * 1_000,
    );
    if (wrong && (dark || weather.calm_ms(['MetricsGap'], t) > SETTLED_MS)) tell(path, wrong);
  };
  return {
    name,
    demand(demand) {
      const past = demands.get(demand.target) ?? [];
      past.push(demand);
      while (past.length > 1 && past[1]!.t < demand.t - 600_000) past.shift();
      demands.set(demand.target, past);
    },
    commit({ t, collection, path, object, before }: Commit) {
      if (collection !== 'apps/deployments' || !object || !before) return;
      const [from, to] = [replicasOf(before), replicasOf(object)];
      if (from === to) return;
      const change = { t, from, to };
      const recent = (changes.get(path) ?? []).filter(each => t - each.t < 300_000);
      changes.set(path, [...recent, change]);
      pending = { path, change };
    },
    call({ t, by, code, path }: Call) {
      if (by !== 'scaling' || code !== undefined || pending?.path !== path || pending.change.t !== t) return;
      const { change } = pending;
      pending = undefined;
      scaled(path, change);
    },
    end(t) {
      if (!dog.always && !weather.settled(dog.quiet_ms)) return;
      for (const [path, past] of demands) {
        const scaler = scalerOf(path);
        const target = view.get('apps/deployments', path);
        const wrong = scaler && target && unrested(target, scaler, past, t);
        if (wrong) tell(path, wrong);
      }
    },
  };
}
