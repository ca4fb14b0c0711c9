/** The disruptions of a scenario's storm, drawn from the seed. */
import type { Random } from '../../../base/index.ts';
import type { Disruption } from '../model.ts';
import { DISRUPTION_KINDS } from '../disruptions/kinds.ts';
import { particulars, STORM_KINDS, type StormTargets } from '../storm/draw.ts';
import { Draw } from '../storm/workload.ts';
import { draw as drawNumber, ln } from '../world/draw.ts';
import type { Storm } from './model.ts';

const HOUR_MS = 3_600_000;
const DISRUPTIONS_MAX = 100_000;

/** Each at its time from `start_ms` on; gaps between them are those of chance (exponential), and no more than `atOnce` last at a time. */
export function drawScenarioStorm(
  storm: Storm,
  random: Random,
  targets: StormTargets,
  start_ms: number,
): readonly Disruption[] {
  const draw = new Draw(random);
  const kinds = storm.kinds ?? STORM_KINDS;
  const found: Disruption[] = [];
  let ends: number[] = [];
  const mean_ms = HOUR_MS / storm.rate_per_hour;
  for (let at_ms = start_ms; found.length < DISRUPTIONS_MAX; ) {
    at_ms += Math.max(1, Math.round(-ln(1 - random.next()) * mean_ms));
    if (!(at_ms < start_ms + storm.for_ms)) break;
    const kind = draw.of(kinds);
    const { target, settings } = particulars(draw, kind, targets);
    const for_ms = Math.max(1, Math.round(drawNumber(storm.heal, random)));
    const now = at_ms;
    ends = ends.filter(end => end > now);
    if (ends.length >= storm.atOnce) continue;
    const once = DISRUPTION_KINDS.get(kind)?.once === true || settings.restart_ms !== undefined;
    if (!once) ends.push(at_ms + for_ms);
    found.push({
      name: `${storm.name}-${found.length + 1}`,
      kind,
      at_ms,
      ...(once ? {} : { for_ms }),
      ...(target === undefined ? {} : { target }),
      settings,
      where: storm.where,
    });
  }
  return found;
}
