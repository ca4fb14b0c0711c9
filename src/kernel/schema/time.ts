import { joined } from '../../base/index.ts';

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(\.\d+)?([Zz]|[-+]\d{2}:\d{2})$/;

/** A time of the API: whole seconds since the epoch and nanoseconds. */
export interface ApiTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

const two = (text: string, at: number): number => {
  const high = text.charCodeAt(at);
  const low = text.charCodeAt(at + 1);
  return isDigit(high) && isDigit(low) ? (high - 48) * 10 + low - 48 : Number.NaN;
};

/**
 * True for texts that are already as {@link formatTime} writes them, and a time that there is: nearly every time of the API,
 * which then needs neither reading nor writing. False says nothing.
 */
export function isFormatted(text: string, micro: boolean): boolean {
  if (text.length !== (micro ? 27 : 20) || text.charCodeAt(text.length - 1) !== 90) return false;
  if (text[4] !== '-' || text[7] !== '-' || text[10] !== 'T' || text[13] !== ':' || text[16] !== ':') return false;
  const year = two(text, 0) * 100 + two(text, 2);
  const month = two(text, 5);
  const day = two(text, 8);
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1)) return false;
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (day > DAYS[month - 1]! + (leap ? 1 : 0)) return false;
  if (!(two(text, 11) <= 23 && two(text, 14) <= 59 && two(text, 17) <= 59)) return false;
  if (!micro) return true;
  if (text[19] !== '.') return false;
  for (let at = 20; at < 26; at++) if (!isDigit(text.charCodeAt(at))) return false;
  return true;
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
  if (!micro) return joined(base, 'Z');
  return joined(base, '.', String(Math.trunc(time.nanoseconds / 1000)).padStart(6, '0'), 'Z');
}
