import { BuiltinError } from '../runtime.ts';
import { daysOfDate } from '../../../../base/index.ts';
import { BILLION, type Civil, MONTHS, secondsOf, WEEKDAYS, zoneAt } from './calendar.ts';

/** Layouts that have a name in Go's time package. */
const NAMED: Readonly<Record<string, string>> = {
  ANSIC: 'Mon Jan _2 15:04:05 2006',
  UnixDate: 'Mon Jan _2 15:04:05 MST 2006',
  RubyDate: 'Mon Jan 02 15:04:05 -0700 2006',
  RFC822: '02 Jan 06 15:04 MST',
  RFC822Z: '02 Jan 06 15:04 -0700',
  RFC850: 'Monday, 02-Jan-06 15:04:05 MST',
  RFC1123: 'Mon, 02 Jan 2006 15:04:05 MST',
  RFC1123Z: 'Mon, 02 Jan 2006 15:04:05 -0700',
  RFC3339: '2006-01-02T15:04:05Z07:00',
  RFC3339Nano: '2006-01-02T15:04:05.999999999Z07:00',
};

export const RFC3339_NANO = NAMED.RFC3339Nano!;
export const layoutOf = (name: string): string => (Object.hasOwn(NAMED, name) ? NAMED[name]! : name);

/** The reference moment's parts, longest first where one begins another (Go's time package, "Constants"). */
const TOKENS =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|__2|_2(?!006)|002|01|02|03|04|05|06|15|PM|pm|-07:00:00|-07:00|-070000|-0700|-07|Z07:00:00|Z07:00|Z070000|Z0700|Z07|[.,](?:0+|9+)(?!\d)|1|2|3|4|5/g;

type Piece = { readonly token?: string; readonly text?: string };

function piecesOf(layout: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const found of layout.matchAll(TOKENS)) {
    if (found.index > at) pieces.push({ text: layout.slice(at, found.index) });
    pieces.push({ token: found[0] });
    at = found.index + found[0].length;
  }
  if (at < layout.length) pieces.push({ text: layout.slice(at) });
  return pieces;
}

const pad = (value: number, width: number, fill = '0'): string => String(value).padStart(width, fill);

function offsetText(offset: number, token: string): string {
  if (token.startsWith('Z') && offset === 0) return 'Z';
  const colon = token.includes(':') ? ':' : '';
  const size = Math.abs(offset);
  const digits = token.replace(/[^0-9]/g, '').length;
  let shown = `${offset < 0 ? '-' : '+'}${pad(Math.trunc(size / 3600), 2)}`;
  if (digits >= 4) shown += colon + pad(Math.trunc(size / 60) % 60, 2);
  if (digits >= 6) shown += colon + pad(size % 60, 2);
  return shown;
}

function fractionText(nanos: number, token: string): string {
  const digits = pad(nanos, 9).slice(0, token.length - 1);
  if (token[1] === '0') return token[0] + digits;
  const shown = digits.replace(/0+$/, '');
  return shown ? token[0] + shown : '';
}

function show(time: Civil, token: string): string {
  const days = daysOfDate(time.year, time.month, time.day);
  const weekday = WEEKDAYS[(((days + 4) % 7) + 7) % 7]!;
  const hour12 = time.hour % 12 || 12;
  switch (token) {
    case '2006':
      return pad(time.year, 4);
    case '06':
      return pad(time.year % 100, 2);
    case '01':
      return pad(time.month, 2);
    case '1':
      return String(time.month);
    case 'Jan':
      return MONTHS[time.month - 1]!.slice(0, 3);
    case 'January':
      return MONTHS[time.month - 1]!;
    case '02':
      return pad(time.day, 2);
    case '_2':
      return pad(time.day, 2, ' ');
    case '2':
      return String(time.day);
    case '002':
    case '__2':
      return pad(days - daysOfDate(time.year, 1, 1) + 1, 3, token === '002' ? '0' : ' ');
    case 'Mon':
      return weekday.slice(0, 3);
    case 'Monday':
      return weekday;
    case '15':
      return pad(time.hour, 2);
    case '03':
      return pad(hour12, 2);
    case '3':
      return String(hour12);
    case '04':
      return pad(time.minute, 2);
    case '4':
      return String(time.minute);
    case '05':
      return pad(time.second, 2);
    case '5':
      return String(time.second);
    case 'PM':
      return time.hour >= 12 ? 'PM' : 'AM';
    case 'pm':
      return time.hour >= 12 ? 'pm' : 'am';
    case 'MST':
      return time.zone;
    default:
      return /^[.,]/.test(token) ? fractionText(time.nanos, token) : offsetText(time.offset, token);
  }
}

/** A moment written under a layout. */
export function formatTime(time: Civil, layout: string): string {
  return piecesOf(layout)
    .map(piece => piece.text ?? show(time, piece.token!))
    .join('');
}

interface Draft {
  year: number;
  month: number;
  day: number;
  yearDay?: number;
  hour: number;
  minute: number;
  second: number;
  nanos: number;
  offset: number | undefined;
  afternoon?: boolean;
}

const names = (list: readonly string[], size?: number): string =>
  list.map(name => (size ? name.slice(0, size) : name)).join('|');

const PATTERNS: Readonly<Record<string, string>> = {
  '2006': '\\d{4}',
  '06': '\\d{2}',
  '01': '\\d{2}',
  '1': '\\d{1,2}',
  Jan: names(MONTHS, 3),
  January: names(MONTHS),
  '02': '\\d{2}',
  _2: ' ?\\d{1,2}',
  '2': '\\d{1,2}',
  '002': '\\d{3}',
  __2: ' {0,2}\\d{1,3}',
  Mon: names(WEEKDAYS, 3),
  Monday: names(WEEKDAYS),
  '15': '\\d{1,2}',
  '03': '\\d{2}',
  '3': '\\d{1,2}',
  '04': '\\d{2}',
  '4': '\\d{1,2}',
  '05': '\\d{2}(?:[.,]\\d+)?',
  '5': '\\d{1,2}(?:[.,]\\d+)?',
  PM: 'AM|PM',
  pm: 'am|pm',
  MST: '[A-Z]{3,4}|[+-]\\d{2}',
  '-0700': '[+-]\\d{4}',
  '-07:00': '[+-]\\d\\d:\\d\\d',
  '-07': '[+-]\\d\\d',
  '-070000': '[+-]\\d{6}',
  '-07:00:00': '[+-]\\d\\d:\\d\\d:\\d\\d',
};

function patternFor(token: string, next: Piece | undefined): string {
  if (/^[.,]/.test(token)) return token[1] === '0' ? `[.,]\\d{${token.length - 1}}` : '(?:[.,]\\d+)?';
  if (token.startsWith('Z')) return `Z|${PATTERNS[`-${token.slice(1)}`]!}`;
  // A layout that names the fraction itself reads it there.
  if ((token === '05' || token === '5') && next?.token && /^[.,]/.test(next.token))
    return token === '05' ? '\\d{2}' : '\\d{1,2}';
  return PATTERNS[token]!;
}

function readOffset(text: string): number {
  if (text === 'Z') return 0;
  const digits = text.replace(/[^0-9]/g, '').padEnd(6, '0');
  const size = Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2, 4)) * 60 + Number(digits.slice(4, 6));
  return text.startsWith('-') ? -size : size;
}

function take(draft: Draft, token: string, text: string): void {
  const value = Number(text.trim());
  if (token === '2006') draft.year = value;
  else if (token === '06') draft.year = value + (value >= 69 ? 1900 : 2000);
  else if (token === '01' || token === '1') draft.month = value;
  else if (token === 'Jan' || token === 'January')
    draft.month = MONTHS.findIndex(name => name.slice(0, 3).toLowerCase() === text.slice(0, 3).toLowerCase()) + 1;
  else if (token === '02' || token === '_2' || token === '2') draft.day = value;
  else if (token === '002' || token === '__2') draft.yearDay = value;
  else if (token === '15' || token === '03' || token === '3') draft.hour = value;
  else if (token === '04' || token === '4') draft.minute = value;
  else if (token === '05' || token === '5') {
    const [whole, fraction] = text.split(/[.,]/);
    draft.second = Number(whole);
    if (fraction) draft.nanos = Number(fraction.slice(0, 9).padEnd(9, '0'));
  } else if (/^[.,]/.test(token)) {
    if (text) draft.nanos = Number(text.slice(1, 10).padEnd(9, '0'));
  } else if (token === 'PM' || token === 'pm') draft.afternoon = text.toLowerCase() === 'pm';
  else if (token.startsWith('-') || token.startsWith('Z')) draft.offset = readOffset(text);
}

function misread(layout: string, value: string): never {
  throw new BuiltinError(`parsing time ${JSON.stringify(value)} as ${JSON.stringify(layout)}: cannot parse`);
}

/** Nanoseconds since the epoch of a text under a layout; without an offset it is UTC. */
export function parseTime(layout: string, value: string): bigint {
  const pieces = piecesOf(layout);
  const source = pieces
    .map((piece, index) =>
      piece.text === undefined
        ? `(${patternFor(piece.token!, pieces[index + 1])})`
        : piece.text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&'),
    )
    .join('');
  const found = new RegExp(`^${source}$`, 'i').exec(value) ?? misread(layout, value);
  const draft: Draft = { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0, nanos: 0, offset: undefined };
  let index = 1;
  for (const piece of pieces) if (piece.token) take(draft, piece.token, found[index++] ?? '');
  if (draft.afternoon === true && draft.hour < 12) draft.hour += 12;
  if (draft.afternoon === false && draft.hour === 12) draft.hour = 0;
  if (draft.yearDay !== undefined) {
    draft.month = 1;
    draft.day = draft.yearDay;
  } else if (draft.day < 1 || draft.day > monthLength(draft.year, draft.month))
    throw new BuiltinError(`parsing time ${JSON.stringify(value)}: day out of range`);
  if (draft.month < 1 || draft.month > 12 || draft.hour > 23 || draft.minute > 59 || draft.second > 59)
    throw new BuiltinError(`parsing time ${JSON.stringify(value)}: out of range`);
  const seconds = secondsOf(draft.year, draft.month, draft.day, draft.hour, draft.minute, draft.second);
  return (BigInt(seconds) - BigInt(draft.offset ?? 0)) * BILLION + BigInt(draft.nanos);
}

export const monthLength = (year: number, month: number): number =>
  month < 1 || month > 12
    ? 31
    : daysOfDate(month === 12 ? year + 1 : year, month === 12 ? 1 : month + 1, 1) - daysOfDate(year, month, 1);

export { zoneAt };
