/** Floats with a mantissa of 64 bits, as OPA computes with numbers that are not whole (Go's big.Float of precision 64). */
export interface Float {
  /** value = mantissa * 2 ** exponent. */
  readonly mantissa: bigint;
  readonly exponent: number;
}

const BITS = 64;
const DIGITS_MAX = 21;

const lengthOf = (value: bigint): number => value.toString(2).length;
const absolute = (value: bigint): bigint => (value < 0n ? -value : value);

/** Nearest float, ties to even. */
export function rounded(mantissa: bigint, exponent: number): Float {
  const size = absolute(mantissa);
  const extra = lengthOf(size) - BITS;
  if (extra <= 0) return { mantissa, exponent };
  const shift = BigInt(extra);
  const half = 1n << (shift - 1n);
  const rest = size & ((1n << shift) - 1n);
  let kept = size >> shift;
  if (rest > half || (rest === half && (kept & 1n) === 1n)) kept++;
  const signed = mantissa < 0n ? -kept : kept;
  return { mantissa: signed, exponent: exponent + extra };
}

/** Nearest float of a quotient. */
function quotient(left: bigint, right: bigint, exponent: number): Float {
  const negative = left < 0n !== right < 0n;
  const [a, b] = [absolute(left), absolute(right)];
  const shift = Math.max(0, BITS + 2 - (lengthOf(a) - lengthOf(b)));
  const scaled = a << BigInt(shift);
  // The last bit remembers that something was left.
  const whole = ((scaled / b) << 1n) | (scaled % b === 0n ? 0n : 1n);
  return rounded(negative ? -whole : whole, exponent - shift - 1);
}

/** Nearest float of `mantissa * 10 ** exponent`. */
export function fromDecimal(mantissa: bigint, exponent: number): Float {
  return exponent >= 0
    ? rounded(mantissa * 10n ** BigInt(exponent), 0)
    : quotient(mantissa, 10n ** BigInt(-exponent), 0);
}

export function addFloats(left: Float, right: Float): Float {
  const exponent = Math.min(left.exponent, right.exponent);
  const align = ({ mantissa, exponent: own }: Float): bigint => mantissa << BigInt(own - exponent);
  return rounded(align(left) + align(right), exponent);
}

export const multiplyFloats = (left: Float, right: Float): Float =>
  rounded(left.mantissa * right.mantissa, left.exponent + right.exponent);

export const divideFloats = (left: Float, right: Float): Float =>
  quotient(left.mantissa, right.mantissa, left.exponent - right.exponent);

/** The shortest decimal that only this float is nearest to. */
export function toDecimal({ mantissa, exponent }: Float): { readonly mantissa: bigint; readonly exponent: number } {
  if (mantissa === 0n) return { mantissa: 0n, exponent: 0 };
  const size = absolute(mantissa);
  // The mantissa in full length: the neighbours are one last bit away.
  const pad = BigInt(BITS - lengthOf(size));
  const full = size << pad;
  const scale = exponent - Number(pad) - 2;
  const ratio = (value: bigint): readonly [bigint, bigint] =>
    scale >= 0 ? [value << BigInt(scale), 1n] : [value, 1n << BigInt(-scale)];
  const [value, below] = ratio(full * 4n);
  const isPower = full === 1n << BigInt(BITS - 1);
  const [low] = ratio(full * 4n - (isPower ? 1n : 2n));
  const [high] = ratio(full * 4n + 2n);
  const isEven = (full & 1n) === 0n;
  const lead = magnitude(value, below);
  const fits = (digits: number): bigint | undefined => {
    const power = digits - 1 - lead;
    const [up, down] = power >= 0 ? [10n ** BigInt(power), 1n] : [1n, 10n ** BigInt(-power)];
    const candidate = (value * up * 2n + below * down) / (below * down * 2n);
    const shown = candidate * below * down;
    // Half way to a neighbour is rounded to the even one.
    const isInside = isEven ? shown >= low * up && shown <= high * up : shown > low * up && shown < high * up;
    return isInside ? candidate : undefined;
  };
  let [from, to] = [1, DIGITS_MAX];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (fits(middle) === undefined) from = middle + 1;
    else to = middle;
  }
  const found = fits(from) ?? value / below;
  return { mantissa: mantissa < 0n ? -found : found, exponent: lead + 1 - from };
}

/** Exponent of ten of the first digit of a fraction. */
function magnitude(value: bigint, below: bigint): number {
  const guess = Math.floor((lengthOf(value) - lengthOf(below)) * Math.LOG10E * Math.LN2) - 1;
  let lead = guess;
  const atLeast = (power: number): boolean =>
    power >= 0 ? value >= below * 10n ** BigInt(power) : value * 10n ** BigInt(-power) >= below;
  while (atLeast(lead + 1)) lead++;
  return lead;
}
