/** What the API server takes for a quantity before it looks closer (k8s.io/apimachinery resource.Quantity). */
export const QUANTITY_PATTERN = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,9})?$/;

const NUMBER = /^([+-]?)([0-9]*)\.?([0-9]*)((?:[KMGTPE]i)|[numkMGTPE]|(?:[eE][+-]?[0-9]{1,9}))?$/;

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

const DECIMAL: ReadonlyMap<string, number> = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);
const BINARY: readonly string[] = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const NANO = 1_000_000_000n;
/** No exponent beyond this can give a value the API keeps (it caps at 2^63-1 and rounds up below 1n). */
const EXPONENT_MAX = 40;
const CAP = (2n ** 63n - 1n) * NANO;

/** An exact amount in billionths, as the API server keeps it; smaller parts round away from zero, larger ones are capped. */
export class Quantity {
  readonly nano: bigint;
  readonly format: QuantityFormat;

  constructor(nano: bigint, format: QuantityFormat = 'DecimalSI') {
    this.nano = nano;
    this.format = format;
  }

  /** Reads `500m`, `1.5Gi`, `1e3`, 2; undefined where it is no quantity. */
  static parse(text: string | number): Quantity | undefined {
    const source = typeof text === 'number' ? String(text) : text;
    const match = NUMBER.exec(source);
    if (match === null || source.length > 400) return undefined;
    const [, sign, whole, fraction, suffix = ''] = match;
    if (whole === '' && fraction === '') return undefined;
    const digits = BigInt(`${whole}${fraction}` || '0');
    const binary = BINARY.indexOf(suffix);
    let scaled: { value: bigint; exact: boolean };
    let format: QuantityFormat = 'DecimalSI';
    if (binary > 0) {
      format = 'BinarySI';
      scaled = shift(digits * 1024n ** BigInt(binary) * NANO, -fraction!.length);
    } else {
      let exponent = DECIMAL.get(suffix);
      if (exponent === undefined) {
        exponent = Number(suffix.slice(1));
        format = 'DecimalExponent';
      }
      scaled = shift(digits * NANO, Math.max(-1000, Math.min(exponent, EXPONENT_MAX)) - fraction!.length);
    }
    let nano = scaled.exact ? scaled.value : scaled.value + 1n;
    if (nano > CAP) nano = CAP;
    return new Quantity(sign === '-' ? -nano : nano, format);
  }

  /** Reads a value known to be a quantity; zero where it is absent or none. */
  static of(text: string | number | undefined): Quantity {
    return (text === undefined ? undefined : Quantity.parse(text)) ?? new Quantity(0n);
  }

  add(other: Quantity): Quantity {
    return new Quantity(this.nano + other.nano, this.nano === 0n ? other.format : this.format);
  }

  subtract(other: Quantity): Quantity {
    return new Quantity(this.nano - other.nano, this.nano === 0n ? other.format : this.format);
  }

  negate(): Quantity {
    return new Quantity(-this.nano, this.format);
  }

  /** Times a whole number. */
  multiply(factor: number): Quantity {
    return new Quantity(this.nano * BigInt(Math.trunc(factor)), this.format);
  }

  /** Negative, zero or positive, as `Array.sort` wants it. */
  compare(other: Quantity): number {
    return this.nano < other.nano ? -1 : this.nano > other.nano ? 1 : 0;
  }

  isZero(): boolean {
    return this.nano === 0n;
  }

  /** Whole units, rounded up (`Value()` in Go). */
  value(): number {
    return Number(ceilDivide(this.nano, NANO));
  }

  /** Thousandths, rounded up (`MilliValue()`): CPU in millicores. */
  milliValue(): number {
    return Number(ceilDivide(this.nano, 1_000_000n));
  }

  toNumber(): number {
    return Number(this.nano) / 1e9;
  }

  /** Canonical form: no fraction, the largest suffix that keeps it exact. */
  toString(): string {
    if (this.nano === 0n) return '0';
    const negative = this.nano < 0n;
    const amount = negative ? -this.nano : this.nano;
    const sign = negative ? '-' : '';
    if (this.format === 'BinarySI' && amount >= 1024n * NANO && amount % NANO === 0n)
      return sign + binaryText(amount / NANO);
    return sign + decimalText(amount, this.format === 'DecimalExponent');
  }
}

function shift(value: bigint, exponent: number): { value: bigint; exact: boolean } {
  if (exponent >= 0) return { value: value * 10n ** BigInt(exponent), exact: true };
  const divisor = 10n ** BigInt(-exponent);
  return { value: value / divisor, exact: value % divisor === 0n };
}

function ceilDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor > 0n ? quotient + 1n : quotient;
}

function binaryText(whole: bigint): string {
  let value = whole;
  let power = 0;
  while (power < BINARY.length - 1 && value % 1024n === 0n) {
    value /= 1024n;
    power++;
  }
  return `${value}${BINARY[power]}`;
}

function decimalText(nano: bigint, exponential: boolean): string {
  let value = nano;
  let exponent = -9;
  while (exponent < 18 && value % 1000n === 0n) {
    value /= 1000n;
    exponent += 3;
  }
  if (exponential) return exponent === 0 ? String(value) : `${value}e${exponent}`;
  for (const [suffix, power] of DECIMAL) if (power === exponent) return `${value}${suffix}`;
  return String(value);
}

/** The canonical text of a quantity, or the text itself where it is none. */
export function canonicalQuantity(text: string | number): string {
  let canonical = canonicalTexts.get(text);
  if (canonical === undefined) {
    canonical = Quantity.parse(text)?.toString() ?? String(text);
    if (typeof text === 'string' && text.length > TEXT_MAX) return canonical;
    if (canonicalTexts.size >= CANONICAL_MAX) canonicalTexts.clear();
    canonicalTexts.set(text, canonical);
  }
  return canonical;
}

/** A cluster's objects say the same few amounts again and again. */
const canonicalTexts = new Map<string | number, string>();
const CANONICAL_MAX = 4_096;
const TEXT_MAX = 64;
