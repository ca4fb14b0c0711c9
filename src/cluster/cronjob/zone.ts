/** What a wall clock shows; months from 1. */
export interface WallTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

/** A time zone of the IANA database. */
export interface Zone {
  readonly name: string;
  /** Minutes the zone's clocks are ahead of UTC. */
  offset_min(at_ms: number): number;
  /** The instant a wall time means; fields beyond their range carry over. */
  at(wall: WallTime): number;
}

const zones = new Map<string, Zone>();

/** The zone of that name; undefined when there is none. Without a name UTC, which is what the controller's host runs in. */
export function zoneNamed(name: string | undefined): Zone | undefined {
  const wanted = name ?? 'UTC';
  const known = zones.get(wanted);
  if (known) return known;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: wanted,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
  } catch {
    return undefined;
  }
  const zone = zoneOf(wanted, format);
  if (zones.size < 1_000) zones.set(wanted, zone);
  return zone;
}

function zoneOf(name: string, format: Intl.DateTimeFormat): Zone {
  const offset_min = (at_ms: number): number => {
    if (name === 'UTC') return 0;
    const parts = Object.fromEntries(format.formatToParts(at_ms).map(part => [part.type, Number(part.value)]));
    const shown = Date.UTC(parts.year!, parts.month! - 1, parts.day!, parts.hour!, parts.minute!);
    return Math.round((shown - Math.floor(at_ms / 60_000) * 60_000) / 60_000);
  };
  const at = (wall: WallTime): number => {
    const naive_ms = Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute);
    const guess_ms = naive_ms - offset_min(naive_ms) * 60_000;
    return naive_ms - offset_min(guess_ms) * 60_000;
  };
  return { name, offset_min, at };
}

export function wallClock(zone: Zone, at_ms: number): WallTime {
  const shown = new Date(at_ms + zone.offset_min(at_ms) * 60_000);
  return {
    year: shown.getUTCFullYear(),
    month: shown.getUTCMonth() + 1,
    day: shown.getUTCDate(),
    hour: shown.getUTCHours(),
    minute: shown.getUTCMinutes(),
  };
}
