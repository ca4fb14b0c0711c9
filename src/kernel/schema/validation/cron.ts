const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const FIELDS: readonly {
  readonly low: number;
  readonly high: number;
  readonly names?: readonly string[];
  readonly from?: number;
}[] = [
  { low: 0, high: 59 },
  { low: 0, high: 23 },
  { low: 1, high: 31 },
  { low: 1, high: 12, names: MONTHS, from: 1 },
  { low: 0, high: 7, names: DAYS, from: 0 },
];

const DESCRIPTORS =
  /^@(yearly|annually|monthly|weekly|daily|midnight|hourly)$|^@every (\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/;

/** Why a text is no schedule of a CronJob; undefined where it is one. */
export function parseCron(text: string): string | undefined {
  if (text.startsWith('@')) return DESCRIPTORS.test(text) ? undefined : `unrecognized descriptor: ${text}`;
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 5) return `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`;
  for (let i = 0; i < fields.length; i++) {
    for (const part of fields[i]!.split(',')) {
      const wrong = range(part, FIELDS[i]!);
      if (wrong !== undefined) return wrong;
    }
  }
  return undefined;
}

function range(text: string, field: (typeof FIELDS)[number]): string | undefined {
  const [span, step, ...more] = text.split('/');
  if (more.length > 0) return `too many slashes: ${text}`;
  if (step !== undefined && !(Number(step) > 0)) return `step of range should be a positive number: ${text}`;
  if (span === '*' || span === '?') return undefined;
  const ends = span!.split('-');
  if (ends.length > 2) return `too many hyphens: ${text}`;
  const numbers = ends.map(end => {
    const named = field.names?.indexOf(end.toLowerCase()) ?? -1;
    if (named >= 0) return named + (field.from ?? 0);
    return /^\d+$/.test(end) ? Number(end) : Number.NaN;
  });
  if (numbers.some(Number.isNaN)) return `failed to parse int from ${ends.find((_, i) => Number.isNaN(numbers[i]))}`;
  const [low, high = low] = numbers as [number, number?];
  if (low < field.low) return `beginning of range (${low}) below minimum (${field.low}): ${text}`;
  if (high! > field.high) return `end of range (${high}) above maximum (${field.high}): ${text}`;
  return low > high! ? `beginning of range (${low}) beyond end of range (${high}): ${text}` : undefined;
}
