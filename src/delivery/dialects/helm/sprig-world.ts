import { dateOfDays } from '../../../base/index.ts';
import type { Call } from './value.ts';
import { sprintf } from './format.ts';
import { TemplateError } from './refuse.ts';
import { semverCompare, semverStruct } from './semver.ts';
import { anyText } from './sprig-text.ts';
import { type Dict, dict, integer, Struct, text } from './value.ts';

/** What a chart may ask of the world: chance and time. */
export interface ChartPorts {
  /** A whole number from 0 up to, not including, the limit. */
  readonly chance: (limit: number) => number;
  readonly now_ms: () => number;
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const DIGITS = '0123456789';

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** A time in Go's reference layout, in UTC. */
function layoutTime(layout: string, ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const [days, rest] = [Math.floor(seconds / 86_400), ((seconds % 86_400) + 86_400) % 86_400];
  const { year, month, day } = dateOfDays(days);
  const [hour, minute, second] = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  const weekday = DAYS[(((days + 4) % 7) + 7) % 7]!;
  const parts: Readonly<Record<string, string>> = {
    January: MONTHS[month - 1]!,
    Jan: MONTHS[month - 1]!.slice(0, 3),
    Monday: weekday,
    Mon: weekday.slice(0, 3),
    MST: 'UTC',
    '2006': String(year),
    '06': two(year % 100),
    '01': two(month),
    '02': two(day),
    '15': two(hour),
    '03': two(hour % 12 || 12),
    '04': two(minute),
    '05': two(second),
    PM: hour < 12 ? 'AM' : 'PM',
    'Z07:00': 'Z',
    '-0700': '+0000',
    '-07:00': '+00:00',
    '1': String(month),
    '2': String(day),
  };
  return layout.replace(
    /January|Jan|Monday|Mon|MST|2006|06|01|02|15|03|04|05|PM|Z07:00|-07:00|-0700|1|2/g,
    found => parts[found]!,
  );
}

const timeStruct = (ms: number): Struct =>
  new Struct(
    { ms },
    {
      Unix: () => BigInt(Math.floor(ms / 1000)),
      UnixNano: () => BigInt(ms) * 1_000_000n,
      Format: layout => layoutTime(text(layout), ms),
      Year: () => BigInt(layoutTime('2006', ms)),
      String: () => layoutTime('2006-01-02 15:04:05 -0700 MST', ms),
    },
  );

const msOf = (value: unknown, now: number): number => {
  if (value instanceof Struct) return Number(value.fields.get('ms') ?? 0);
  return typeof value === 'bigint' || typeof value === 'number' ? Number(value) * 1000 : now;
};

function urlParse(value: unknown): Dict {
  const match = /^(?:([a-zA-Z][\w+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/.exec(text(value));
  if (!match) throw new TemplateError('unable to parse url');
  const [, scheme = '', authority = '', path = '', query = '', fragment = ''] = match;
  const at = authority.lastIndexOf('@');
  const host = authority.slice(at + 1);
  return new Map<string, unknown>([
    ['scheme', scheme],
    ['host', host],
    ['hostname', host.replace(/:\d+$/, '')],
    ['path', path],
    ['query', query],
    ['opaque', ''],
    ['fragment', fragment],
    ['userinfo', at < 0 ? '' : authority.slice(0, at)],
  ]);
}

function urlJoin(value: unknown): string {
  const part = (name: string): string => anyText(dict(value).get(name));
  const user = part('userinfo') ? `${part('userinfo')}@` : '';
  const tail = `${part('query') ? `?${part('query')}` : ''}${part('fragment') ? `#${part('fragment')}` : ''}`;
  return `${part('scheme') ? `${part('scheme')}:` : ''}${part('host') ? `//${user}${part('host')}` : ''}${part('path')}${tail}`;
}

const base = (path: string): string => path.replace(/\/+$/, '').split('/').at(-1) || (path.startsWith('/') ? '/' : '.');

/** A path without `.`, empty and undone parts. */
function clean(path: string): string {
  const rooted = path.startsWith('/');
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!rooted) kept.push(part);
  }
  return (rooted ? '/' : '') + kept.join('/') || '.';
}

/** Seconds as Go writes a duration: `1m35s`. */
function duration(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (hours > 0) return `${hours}h${minutes}m${rest}s`;
  return minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`;
}

const UNITS: readonly (readonly [unit: string, seconds: number])[] = [
  ['y', 31_536_000],
  ['mo', 2_592_000],
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
];

/** A duration in its largest unit. */
function durationRound(written: string): string {
  const parts = [...written.matchAll(/(\d+(?:\.\d+)?)(h|m|s)/g)];
  const seconds = parts.reduce(
    (sum, [, count, unit]) => sum + Number(count) * (unit === 'h' ? 3600 : unit === 'm' ? 60 : 1),
    0,
  );
  for (const [unit, size] of UNITS) if (seconds >= size) return `${Math.floor(seconds / size)}${unit}`;
  return '0s';
}

/** Functions that use chance, time, addresses and paths. */
export function worldFunctions(ports: ChartPorts): Record<string, Call> {
  const random =
    (letters: string): Call =>
    count =>
      Array.from(
        { length: Math.min(100_000, Math.max(0, Number(integer(count)))) },
        () => letters[ports.chance(letters.length)]!,
      ).join('');
  const hex = random('0123456789abcdef');
  const printable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('');
  return {
    randAlphaNum: random(LETTERS + DIGITS),
    randAlpha: random(LETTERS),
    randNumeric: random(DIGITS),
    randAscii: random(printable),
    randInt: (from, to) => integer(from) + BigInt(ports.chance(Number(integer(to) - integer(from)))),
    uuidv4: () => {
      const part = (size: number): string => String(hex(BigInt(size)));
      return `${part(8)}-${part(4)}-4${part(3)}-${'89ab'[ports.chance(4)]!}${part(3)}-${part(12)}`;
    },
    shuffle: value => {
      const letters = [...text(value)];
      for (let at = letters.length - 1; at > 0; at--) {
        const other = ports.chance(at + 1);
        [letters[at], letters[other]] = [letters[other]!, letters[at]!];
      }
      return letters.join('');
    },
    now: () => timeStruct(ports.now_ms()),
    date: (layout, value) => layoutTime(text(layout), msOf(value, ports.now_ms())),
    dateInZone: (layout, value) => layoutTime(text(layout), msOf(value, ports.now_ms())),
    date_in_zone: (layout, value) => layoutTime(text(layout), msOf(value, ports.now_ms())),
    htmlDate: value => layoutTime('2006-01-02', msOf(value, ports.now_ms())),
    unixEpoch: value => String(Math.floor(msOf(value, ports.now_ms()) / 1000)),
    semver: value => semverStruct(text(value)),
    semverCompare: (constraint, version) => semverCompare(text(constraint), text(version)),
    urlParse,
    urlJoin,
    base: value => base(text(value)),
    dir: value => text(value).split('/').slice(0, -1).join('/') || '.',
    ext: value => /\.[^./]*$/.exec(text(value))?.[0] ?? '',
    clean: value => clean(text(value)),
    isAbs: value => text(value).startsWith('/'),
    osBase: value => base(text(value)),
    duration: value => duration(typeof value === 'string' ? Number(integer(value)) : 0),
    durationRound: value => durationRound(text(value)),
    // A chart must not see the machine it is rendered on.
    getHostByName: () => '',
    fail: message => {
      throw new TemplateError(text(message));
    },
    hello: () => 'Hello!',
    sprintf: (format, ...args) => sprintf(text(format), args),
  };
}
