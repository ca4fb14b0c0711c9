const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(\.\d+)?([Zz]|[-+]\d{2}:\d{2})$/;

/** A time of the API: whole seconds since the epoch and nanoseconds. */
export interface ApiTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** Reads RFC 3339, the only form the API takes; undefined where the text is none. */
export function parseTime(text: string): ApiTime | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const [y, mo, d, h, mi, s] = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (mo < 1 || mo > 12 || d < 1 || h > 23 || mi > 59 || s > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(y, mo - 1, d);
  date.setUTCHours(h, mi, s, 0);
  if (date.getUTCMonth() !== mo - 1) return undefined;
  const upper = zone!.toUpperCase();
  const offset =
    upper === 'Z'
      ? 0
      : (upper[0] === '-' ? -1 : 1) * (Number(upper.slice(1, 3)) * 3600 + Number(upper.slice(4, 6)) * 60);
  const nanoseconds = fraction === undefined ? 0 : Math.trunc(Number(fraction.slice(1, 10).padEnd(9, '0')));
  return { seconds: date.getTime() / 1000 - offset, nanoseconds };
}

/** `2026-01-02T03:04:05Z` (meta/v1 Time) or with six digits of a second (MicroTime). */
export function formatTime(time: ApiTime, micro: boolean): string {
  const base = new Date(time.seconds * 1000).toISOString().slice(0, -5);
  return micro ? `${base}.${String(Math.trunc(time.nanoseconds / 1000)).padStart(6, '0')}Z` : `${base}Z`;
}
