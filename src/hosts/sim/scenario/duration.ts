/** Durations as people write them. Loads nothing: what a test file imports stays small. */
export const UNITS_MS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const PART = /(\d+(?:\.\d+)?)(us|ms|min|s|m|h|d)/y;
/** Ten thousand days: beyond it, milliseconds lose their exactness nowhere near. */
export const DURATION_MS_MAX = 864_000_000_000;

/** `90s`, `1h30m`, `250ms`, `1.5h`, `2d`; 0 needs no unit. Milliseconds. */
export function readDuration(value: unknown): number | undefined {
  if (value === 0 || value === '0') return 0;
  if (typeof value !== 'string' || value === '' || value.length > 40) return undefined;
  let total_ms = 0;
  PART.lastIndex = 0;
  for (let at = 0; at < value.length; at = PART.lastIndex) {
    const match = PART.exec(value);
    if (match === null) return undefined;
    total_ms += Number(match[1]) * UNITS_MS[match[2]!]!;
  }
  return total_ms <= DURATION_MS_MAX ? total_ms : undefined;
}

/** The shortest way to write milliseconds: `1h30m`. */
export function formatDuration(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return '∞';
  if (milliseconds < 0) return `-${formatDuration(-milliseconds)}`;
  let rest = Math.round(milliseconds * 1000) / 1000;
  let text = '';
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const count = Math.floor(rest / UNITS_MS[unit]!);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * UNITS_MS[unit]!;
  }
  rest = Math.round(rest * 1000) / 1000;
  return rest > 0 ? `${text}${rest}ms` : text || '0s';
}
