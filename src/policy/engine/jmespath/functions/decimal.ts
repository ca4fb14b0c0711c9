import { Quantity } from '../../../../kernel/index.ts';

/** `unscaled / 10^scale`, as k8s.io/apimachinery keeps a quantity: quotients are cut at that many places. */
export interface Decimal {
  readonly unscaled: bigint;
  readonly scale: number;
}

const PARTS = /^([+-]?)0*([0-9]*)\.?([0-9]*)(.*)$/;
const DECIMAL_SUFFIXES = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY_SUFFIXES = 'KMGTPE';
/** Digits an int64 surely holds. */
const DIGITS_MAX = 18;
/** Binary amounts lose room to the power of two: three digits for each ten bits, of fifteen. */
const BINARY_DIGITS_MAX = 15;
/** Amounts that do not fit are kept as billionths. */
const NANO_SCALE = 9;

const power = (exponent: number): bigint => 10n ** BigInt(exponent);

/** How the text of a quantity is kept: as an integer and a power of ten where both are small, else as billionths. */
export function decimalOf(text: string, { nano }: Quantity): Decimal {
  const [, sign, leading, fraction, suffix] = PARTS.exec(text) as unknown as [string, string, string, string, string];
  const whole = leading === '' ? '0' : leading;
  const signed = (amount: bigint): bigint => (sign === '-' ? -amount : amount);
  const large = { unscaled: nano, scale: NANO_SCALE };
  if (suffix.endsWith('i')) {
    const bits = 10 * (BINARY_SUFFIXES.indexOf(suffix[0]!) + 1);
    const room = BINARY_DIGITS_MAX - whole.length - Math.trunc((bits * 3) / 10) - 1;
    return fraction === '' && room >= 0 ? { unscaled: signed(BigInt(whole) << BigInt(bits)), scale: 0 } : large;
  }
  const exponent = /^[eE]./.test(suffix) ? Number(suffix.slice(1)) : 3 * (DECIMAL_SUFFIXES.indexOf(suffix) - 3);
  const scale = fraction.length - exponent;
  if (whole.length + fraction.length > DIGITS_MAX || scale > NANO_SCALE) return large;
  return { unscaled: signed(BigInt(whole + fraction)), scale };
}

/** A float as Go writes it where nothing else is asked (`%v`): `1e+06`, which as a quantity keeps no small places. */
export function floatText(value: number): string {
  const text = value.toExponential();
  const exponent = Number(text.slice(text.indexOf('e') + 1));
  return exponent < -4 || exponent >= 6 ? text : String(value);
}

/** The quotient, cut toward zero at the places of the operand that has more. */
export function quotient(left: Decimal, right: Decimal): Decimal {
  const scale = Math.max(left.scale, right.scale);
  const shift = scale + right.scale - left.scale;
  const [up, down] = shift >= 0 ? [power(shift), 1n] : [1n, power(-shift)];
  return { unscaled: (left.unscaled * up) / (right.unscaled * down), scale };
}

export const product = (left: Decimal, right: Decimal): Decimal => ({
  unscaled: left.unscaled * right.unscaled,
  scale: left.scale + right.scale,
});

/** As a quantity is written. Below a billionth there is no suffix and Go writes none: `1n` times 0.5 reads `500`. */
export function quantityText(value: Decimal, { format }: Quantity): string {
  let { unscaled, scale } = value;
  while (unscaled !== 0n && unscaled % 10n === 0n) {
    unscaled /= 10n;
    scale--;
  }
  if (unscaled === 0n) return '0';
  if (scale <= NANO_SCALE) return new Quantity(unscaled * power(NANO_SCALE - scale), format).toString();
  const padded = (3 - (scale % 3)) % 3;
  return `${unscaled * power(padded)}${format === 'DecimalExponent' ? `e-${scale + padded}` : ''}`;
}
