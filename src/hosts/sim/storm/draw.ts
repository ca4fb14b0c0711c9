/**
 * A storm from a seed: which kinds of disruption it knows at all is drawn first (swarm testing: a run that lacks a kind finds
 * what that kind would have hidden), then how many there are, and of each when, on what and for how long.
 */
import type { JsonObject } from '../../../kernel/index.ts';
import { DISRUPTION_KINDS } from '../disruptions/kinds.ts';
import type { Disruption } from '../model.ts';
import type { Draw } from './workload.ts';

/** What there is to disrupt. */
export interface StormTargets {
  readonly nodes: readonly string[];
  readonly processes: readonly string[];
  readonly places: readonly string[];
}

export interface StormShape {
  readonly from_ms: number;
  /** Everything is healed by then. */
  readonly to_ms: number;
  /** Kinds to draw from. */
  readonly kinds: readonly string[];
  readonly most: number;
}

/** Kinds a plain storm has the world for. */
export const STORM_KINDS = [
  'NodeLoss',
  'SlowNode',
  'Partition',
  'ProcessCrash',
  'StoreCrash',
  'DiskFull',
  'DiskError',
  'ImagePullFailure',
  'ClockSkew',
  'WatchDelay',
  'WatchClose',
  'WatchOutage',
  'LostAnswer',
  'ApiError',
  'Latency',
] as const;

const MASTERS = ['controller-manager', 'scheduler'];

/** Settings and target of one disruption of a kind; durations are its own. */
export function particulars(
  draw: Draw,
  kind: string,
  targets: StormTargets,
): { target?: string; settings: JsonObject } {
  const master = draw.chance(0.6) ? draw.of(MASTERS) : draw.of(targets.processes);
  const node = draw.of(targets.nodes);
  switch (kind) {
    case 'NodeLoss':
      return { target: node, settings: {} };
    case 'SlowNode':
      return { target: node, settings: { factor: draw.of([3, 10, 40]) } };
    case 'Partition':
      return { target: draw.of(targets.places), settings: { oneWay: draw.chance(0.4) } };
    case 'ProcessCrash':
      return draw.chance(0.6)
        ? { target: master, settings: { awaits: draw.from(1, 60), restart_ms: draw.of([500, 2_000, 15_000]) } }
        : { target: master, settings: { restart_ms: draw.of([500, 5_000, 40_000]) } };
    case 'StoreCrash':
      return { settings: { restart_ms: draw.of([500, 2_000, 10_000]) } };
    case 'MetricsGap':
      return { target: draw.of(['*', 'half']), settings: {} };
    case 'ImagePullFailure':
      return { target: '*', settings: {} };
    case 'ClockSkew': {
      const skew_ms = draw.of([2_000, 30_000, 70_000, 600_000]) * draw.of([-1, 1]);
      return { target: master, settings: { skew_ms } };
    }
    case 'WatchDelay':
      return { target: master, settings: { delay_ms: draw.of([300, 2_000, 10_000]), ...collectionOf(draw) } };
    case 'WatchClose':
      return {
        ...(draw.chance(0.5) ? { target: master } : {}),
        settings: { compact: draw.chance(0.7), ...collectionOf(draw) },
      };
    case 'WatchOutage':
      return {
        ...(draw.chance(0.7) ? { target: master } : {}),
        settings: { compact: draw.chance(0.8), ...collectionOf(draw) },
      };
    case 'LostAnswer':
      return { target: master, settings: { share: draw.of([0.05, 0.3]) } };
    case 'ApiError':
      return {
        target: master,
        settings: { share: draw.of([0.05, 0.2, 0.6]), code: draw.of([500, 503, 429, 409]), ...collectionOf(draw) },
      };
    case 'Latency':
      return {
        target: draw.of(targets.places),
        settings: { latency_ms: draw.of([20, 300]), jitter_ms: draw.of([0, 200]) },
      };
    default:
      return { settings: {} };
  }
}

const collectionOf = (draw: Draw): { collection?: string } =>
  draw.chance(0.4)
    ? {
        collection: draw.of([
          'pods',
          'apps/replicasets',
          'apps/deployments',
          'batch/jobs',
          'nodes',
          'configmaps',
          'services',
        ]),
      }
    : {};

/** Disruptions by time, all healed by the end of the shape. */
export function drawStorm(draw: Draw, shape: StormShape, targets: StormTargets): Disruption[] {
  const enabled = shape.kinds.filter(() => draw.chance(0.4));
  if (enabled.length === 0) return [];
  const { from_ms, to_ms } = shape;
  const count = draw.from(0, shape.most);
  const storm = Array.from({ length: count }, (_, number): Disruption => {
    const kind = draw.of(enabled);
    const { target, settings } = particulars(draw, kind, targets);
    const at_ms = draw.from(from_ms, to_ms - 2_000);
    const for_ms = Math.min(draw.of([1_000, 5_000, 20_000, 60_000, 150_000]), to_ms - at_ms);
    const once =
      DISRUPTION_KINDS.get(kind)?.once === true || (kind === 'ProcessCrash' && settings.restart_ms !== undefined);
    return {
      name: `${kind.toLowerCase()}-${number + 1}`,
      kind,
      at_ms,
      ...(once ? {} : { for_ms }),
      ...(target === undefined ? {} : { target }),
      settings,
    };
  });
  return storm.sort((a, b) => a.at_ms - b.at_ms);
}
