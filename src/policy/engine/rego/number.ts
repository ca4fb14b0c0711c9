import { addFloats, divideFloats, type Float, fromDecimal, multiplyFloats, toDecimal } from './float.ts';

/**
 * Numbers of Rego are exact decimals of any size (json.Number). A number that a double holds exactly as written is a
 * JavaScript number; every other is a Decimal. Equal numbers always have the same form, so that keys can be compared.
 */
export class Decimal {
  /** value = mantissa * 10 ** exponent, mantissa without trailing zeros. */
  readonly mantissa: bigint;
  readonly exponent: number;
  constructor(mantissa: bigint, exponent: number) {
    this.mantissa = mantissa;
    this.exponent = exponent;
  }
}

export type RegoNumber = number | Decimal;

/** 1e400000000 in a document must not allocate its digits. */
const EXPONENT_MAX = 10_000;
const WHOLE = /^\d+$/;
const TEXT = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

export class NumberRangeError extends Error {}

/** The one form of a decimal: a double when the double writes the same number, else a Decimal without trailing zeros. */
export function normalize(mantissa: bigint, exponent: number): RegoNumber {
  if (mantissa === 0n) return 0;
  if (exponent === 0 && mantissa <= 9007199254740991n && mantissa >= -9007199254740991n) return Number(mantissa);
  while (mantissa % 10n === 0n) {
    mantissa /= 10n;
    exponent++;
  }
  if (Math.abs(exponent) > EXPONENT_MAX) throw new NumberRangeError('number out of range');
  const digits = mantissa < 0n ? String(-mantissa) : String(mantissa);
  const value = Number(`${mantissa}e${exponent}`);
  if (exponent >= 0) return Number.isSafeInteger(value) ? value : new Decimal(mantissa, exponent);
  // A double is exact enough when its shortest text is this decimal: 17 digits never are, 15 always.
  if (digits.length <= 15 && Number.isFinite(value) && value !== 0) return value;
  return digits.length <= 17 && sameText(value, mantissa, exponent) ? value : new Decimal(mantissa, exponent);
}

function sameText(value: number, mantissa: bigint, exponent: number): boolean {
  const parts = partsOf(value);
  return parts !== undefined && parts.mantissa === mantissa && parts.exponent === exponent;
}

/** Mantissa and exponent of a double's shortest decimal text, without trailing zeros; undefined for NaN and infinity. */
function partsOf(value: number): { mantissa: bigint; exponent: number } | undefined {
  if (!Number.isFinite(value)) return undefined;
  if (Number.isSafeInteger(value)) return trimmed(BigInt(value), 0);
  const found = TEXT.exec(String(value))!;
  const fraction = found[3] ?? '';
  return trimmed(BigInt(`${found[1]}${found[2]}${fraction}`), Number(found[4] ?? 0) - fraction.length);
}

function trimmed(mantissa: bigint, exponent: number): { mantissa: bigint; exponent: number } {
  while (mantissa !== 0n && mantissa % 10n === 0n) {
    mantissa /= 10n;
    exponent++;
  }
  return { mantissa, exponent: mantissa === 0n ? 0 : exponent };
}

/** Reads a JSON number; undefined when the text is none. */
export function parseNumber(text: string): RegoNumber | undefined {
  if (text.length <= 15 && WHOLE.test(text)) return Number(text);
  const found = TEXT.exec(text);
  if (!found) return undefined;
  const fraction = found[3] ?? '';
  const exponent = Number(found[4] ?? 0) - fraction.length;
  if (Math.abs(exponent) > EXPONENT_MAX) throw new NumberRangeError('number out of range');
  return normalize(BigInt(`${found[1]}${found[2]}${fraction}`), exponent);
}

export const isNumber = (value: unknown): value is RegoNumber => typeof value === 'number' || value instanceof Decimal;

const decimalOf = (value: RegoNumber): { mantissa: bigint; exponent: number } =>
  typeof value === 'number' ? partsOf(value)! : value;

/** Both mantissas on the smaller exponent. */
function aligned(left: RegoNumber, right: RegoNumber): { a: bigint; b: bigint; exponent: number } {
  const x = decimalOf(left);
  const y = decimalOf(right);
  const exponent = Math.min(x.exponent, y.exponent);
  return {
    a: x.mantissa * 10n ** BigInt(x.exponent - exponent),
    b: y.mantissa * 10n ** BigInt(y.exponent - exponent),
    exponent,
  };
}

export function compareNumbers(left: RegoNumber, right: RegoNumber): number {
  if (typeof left === 'number' && typeof right === 'number') return left < right ? -1 : left > right ? 1 : 0;
  const { a, b } = aligned(left, right);
  return a < b ? -1 : a > b ? 1 : 0;
}

export function add(left: RegoNumber, right: RegoNumber): RegoNumber {
  if (typeof left === 'number' && typeof right === 'number') {
    const sum = left + right;
    if (Number.isSafeInteger(sum) && Number.isInteger(left) && Number.isInteger(right)) return sum;
  }
  if (!isInteger(left) || !isInteger(right)) return fromFloat(addFloats(toFloat(left), toFloat(right)));
  const { a, b, exponent } = aligned(left, right);
  return normalize(a + b, exponent);
}

const toFloat = (value: RegoNumber): Float => {
  const { mantissa, exponent } = decimalOf(value);
  return fromDecimal(mantissa, exponent);
};

function fromFloat(float: Float): RegoNumber {
  const { mantissa, exponent } = toDecimal(float);
  return normalize(mantissa, exponent);
}

export function negate(value: RegoNumber): RegoNumber {
  return typeof value === 'number' ? (value === 0 ? 0 : -value) : new Decimal(-value.mantissa, value.exponent);
}

export const subtract = (left: RegoNumber, right: RegoNumber): RegoNumber => add(left, negate(right));

export function multiply(left: RegoNumber, right: RegoNumber): RegoNumber {
  if (typeof left === 'number' && typeof right === 'number') {
    const product = left * right;
    if (Number.isSafeInteger(product) && Number.isInteger(left) && Number.isInteger(right))
      return product === 0 ? 0 : product;
  }
  if (!isInteger(left) || !isInteger(right)) return fromFloat(multiplyFloats(toFloat(left), toFloat(right)));
  return multiplyExactly(left, right);
}

/** A product with all its digits: quantities with units are no floats. */
export function multiplyExactly(left: RegoNumber, right: RegoNumber): RegoNumber {
  const x = decimalOf(left);
  const y = decimalOf(right);
  return normalize(x.mantissa * y.mantissa, x.exponent + y.exponent);
}

/** Division: exact for doubles whose quotient is whole, else rounded to 64 bits (as OPA does). */
export function divide(left: RegoNumber, right: RegoNumber): RegoNumber | undefined {
  if (right === 0) return undefined;
  if (typeof left === 'number' && typeof right === 'number') {
    const whole = left / right;
    if (Number.isSafeInteger(left) && Number.isSafeInteger(right) && Number.isInteger(whole))
      return whole === 0 ? 0 : whole;
  }
  return fromFloat(divideFloats(toFloat(left), toFloat(right)));
}

export const isInteger = (value: RegoNumber): boolean =>
  typeof value === 'number' ? Number.isInteger(value) : value.exponent >= 0;

/** The whole number as a bigint; undefined when it is none. */
export function toBigInt(value: RegoNumber): bigint | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined;
  return value.exponent >= 0 ? value.mantissa * 10n ** BigInt(value.exponent) : undefined;
}

export const fromBigInt = (value: bigint): RegoNumber => normalize(value, 0);

export const toDouble = (value: RegoNumber): number =>
  typeof value === 'number' ? value : Number(`${value.mantissa}e${value.exponent}`);

export const fromDouble = (value: number): RegoNumber =>
  Object.is(value, -0)
    ? 0
    : Number.isSafeInteger(value) || !Number.isInteger(value)
      ? value
      : normalize(BigInt(value), 0);

/** JSON text of a number: whole numbers in full, others shortest. */
export function numberText(value: RegoNumber): string {
  if (typeof value === 'number') {
    if (Number.isInteger(value)) return String(BigInt(value));
    return String(value);
  }
  const { mantissa, exponent } = value;
  if (exponent >= 0) return String(mantissa * 10n ** BigInt(exponent));
  const sign = mantissa < 0n ? '-' : '';
  const digits = String(mantissa < 0n ? -mantissa : mantissa);
  const point = digits.length + exponent;
  if (point > 0) return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
  if (point > -7) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return `${sign}${digits.slice(0, 1)}${digits.length > 1 ? `.${digits.slice(1)}` : ''}e-${String(1 - point).padStart(2, '0')}`;
}

/** Rounds half away from zero; numbers are floats of 64 bits here, so that a whole number of more bits changes too, as in OPA. */
export function round(value: RegoNumber, mode: 'nearest' | 'up' | 'down'): RegoNumber {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  const float = toFloat(value);
  if (mode !== 'nearest') return fromBigInt(whole(float, mode));
  const size = { mantissa: float.mantissa < 0n ? -float.mantissa : float.mantissa, exponent: float.exponent };
  const rounded = whole(addFloats(size, HALF), 'down');
  return fromBigInt(float.mantissa < 0n ? -rounded : rounded);
}

const HALF: Float = { mantissa: 1n, exponent: -1 };

function whole({ mantissa, exponent }: Float, mode: 'up' | 'down'): bigint {
  if (exponent >= 0) return mantissa << BigInt(exponent);
  const floor = mantissa >> BigInt(-exponent);
  return mode === 'down' || floor << BigInt(-exponent) === mantissa ? floor : floor + 1n;
}

/** The absolute value as a float of 64 bits. */
export function magnitude(value: RegoNumber): RegoNumber {
  if (typeof value === 'number') return Math.abs(value);
  const { mantissa, exponent } = toFloat(value);
  return fromFloat({ mantissa: mantissa < 0n ? -mantissa : mantissa, exponent });
}
