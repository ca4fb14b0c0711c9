import type { Codec, FieldRule } from './lens.ts';
import type { EntryField, Severity } from './model.ts';

export const text: Codec = {
  read: raw => (typeof raw === 'string' ? raw : undefined),
  write: value => value as string,
};

export const texts: Codec = {
  read: raw => (Array.isArray(raw) && raw.every(item => typeof item === 'string') ? raw : undefined),
  write: value => [...(value as string[])],
};

/** A list in one text: `1.0, 2.0`. */
export const joined = (separator: string): Codec => ({
  read: raw => (typeof raw === 'string' ? (raw === '' ? [] : raw.split(separator)) : undefined),
  write: value => (value as string[]).join(separator),
});

export const number: Codec = {
  read: raw => (typeof raw === 'number' ? raw : undefined),
  write: value => value as number,
};

/** A score in a text: `8.2`. */
export const numberText: Codec = {
  read: raw => (typeof raw === 'string' && /^\d+(\.\d+)?$/.test(raw) ? Number(raw) : undefined),
  write: value => (Number.isInteger(value) ? `${value as number}.0` : String(value as number)),
};

/** One word of a closed set for each severity; the first that means it is written. */
export const severityWords = (words: readonly (readonly [string, Severity])[]): Codec => ({
  read: raw => words.find(([word]) => word === raw)?.[1],
  write: value => words.find(([, severity]) => severity === value)?.[0] ?? 'unknown',
});

const LEVELS: readonly Severity[] = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'NEGLIGIBLE', 'UNKNOWN'];

export const severityUpper = severityWords(LEVELS.map(level => [level, level]));
export const severityTitle = severityWords(LEVELS.map(level => [level[0] + level.slice(1).toLowerCase(), level]));
export const severityLower = severityWords([
  ...LEVELS.map(level => [level.toLowerCase(), level] as const),
  ['none', 'NEGLIGIBLE'],
]);

/** `field('id', text, 'VulnerabilityID')` */
export const field = (name: EntryField, codec: Codec, ...path: readonly (string | number)[]): FieldRule => ({
  field: name,
  path,
  codec,
});
