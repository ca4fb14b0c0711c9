/** Amounts as people write them. Each reader answers undefined where the text is none. */
import { Quantity } from '../../../kernel/index.ts';
import { readDuration, UNITS_MS } from './duration.ts';

export { DURATION_MS_MAX, formatDuration, readDuration } from './duration.ts';

const RATE = /^(\d+(?:\.\d+)?(?:[kM])?)\/(us|ms|s|sec|m|min|h|d)$/;
const THOUSANDS: Readonly<Record<string, number>> = { k: 1e3, M: 1e6 };
export const RATE_PER_S_MAX = 1e9;

/** `100/s`, `6k/min`, `5/h`; a number alone is a second. Per second. */
export function readRate(value: unknown): number | undefined {
  if (typeof value === 'number') return value >= 0 && value <= RATE_PER_S_MAX ? value : undefined;
  const match = typeof value === 'string' ? RATE.exec(value) : null;
  if (match === null) return undefined;
  const number = match[1]!;
  const factor = THOUSANDS[number.at(-1)!] ?? 1;
  const unit_ms = match[2] === 'sec' ? 1000 : UNITS_MS[match[2]!]!;
  const per_s = (Number.parseFloat(number) * factor * 1000) / unit_ms;
  return per_s <= RATE_PER_S_MAX ? per_s : undefined;
}

/** `0.1%` or 0.001. A share from 0 to 1. */
export function readShare(value: unknown): number | undefined {
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)%$/.exec(value) : null;
  const share = match ? Number(match[1]) / 100 : value;
  return typeof share === 'number' && share >= 0 && share <= 1 ? share : undefined;
}

/** A Kubernetes quantity, not negative, in whole units: cores, bytes. */
export function readAmount(value: unknown): number | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const quantity = Quantity.parse(value);
  return quantity && quantity.nano >= 0n ? Number(quantity.nano) / 1e9 : undefined;
}

/** `1Mi/min`: a quantity a time, in bytes a second. */
export function readAmountRate(value: unknown): number | undefined {
  const match = typeof value === 'string' ? /^([^/]+)\/(s|m|min|h|d)$/.exec(value) : null;
  const amount = match ? readAmount(match[1]) : undefined;
  return amount === undefined ? undefined : (amount * 1000) / UNITS_MS[match![2]!]!;
}

/** Core-seconds: `8ms` of one core. */
export function readCoreTime(value: unknown): number | undefined {
  const time_ms = readDuration(value);
  return time_ms === undefined ? undefined : time_ms / 1000;
}

/** `-250ms`, `+2s`: a time ahead or behind. Milliseconds. */
export function readOffset(value: unknown): number | undefined {
  if (typeof value !== 'string') return readDuration(value);
  const sign = value.startsWith('-') ? -1 : 1;
  const time_ms = readDuration(/^[+-]/.test(value) ? value.slice(1) : value);
  return time_ms === undefined ? undefined : sign * time_ms + 0;
}
