import { type Json, Quantity } from '../../../../kernel/index.ts';
import { JmesError, needFinite } from '../value.ts';
import { type Decimal, decimalOf, floatText, product, quantityText, quotient } from './decimal.ts';
import { defineFunctions } from './define.ts';
import { formatGoDuration, parseGoDuration } from './go-time.ts';

type Operand =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'quantity'; readonly value: Quantity; readonly decimal: Decimal }
  | { readonly kind: 'duration'; readonly value: bigint };

const NANO = 1_000_000_000n;

/** Quantities come before durations: `1m` is a thousandth. */
function operand(name: string, value: Json): Operand {
  if (typeof value === 'number') return { kind: 'number', value };
  if (typeof value === 'string') {
    const quantity = Quantity.parse(value);
    if (quantity !== undefined) return { kind: 'quantity', value: quantity, decimal: decimalOf(value, quantity) };
    const duration = parseGoDuration(value);
    if (duration !== undefined) return { kind: 'duration', value: duration };
  }
  throw new JmesError(`JMESPath function '${name}': invalid operand`);
}

const mismatch = (name: string): never => {
  throw new JmesError(`JMESPath function '${name}': Types mismatch`);
};

function sum(name: string, left: Json, right: Json, sign: 1 | -1): Json {
  const a = operand(name, left);
  const b = operand(name, right);
  if (a.kind === 'number' && b.kind === 'number') return a.value + sign * b.value;
  if (a.kind === 'quantity' && b.kind === 'quantity')
    return (sign > 0 ? a.value.add(b.value) : a.value.subtract(b.value)).toString();
  if (a.kind === 'duration' && b.kind === 'duration') return formatGoDuration(a.value + BigInt(sign) * b.value);
  return mismatch(name);
}

/** A number beside a quantity is read as one: from its text, in billionths at the finest. */
function factorOf(value: number): Decimal {
  const text = floatText(value);
  return decimalOf(text, Quantity.of(text));
}

/** A float as an exact fraction of powers of ten. */
function scaleBy(amount: bigint, factor: number): bigint {
  const [digits, exponent = '0'] = factor.toExponential(15).split('e') as [string, string];
  const whole = BigInt(digits.replace('.', ''));
  const power = Number(exponent) - 15;
  return power >= 0 ? amount * whole * 10n ** BigInt(power) : (amount * whole) / 10n ** BigInt(-power);
}

function multiply(left: Json, right: Json): Json {
  let a = operand('multiply', left);
  let b = operand('multiply', right);
  if (a.kind === 'number' && b.kind === 'number') return a.value * b.value;
  if (a.kind === 'number') [a, b] = [b, a];
  if (b.kind !== 'number') return mismatch('multiply');
  if (a.kind === 'quantity') return quantityText(product(a.decimal, factorOf(b.value)), a.value);
  return formatGoDuration(scaleBy(a.value as bigint, b.value));
}

const zeroDivisor = (name: string): never => {
  throw new JmesError(`JMESPath function '${name}': Zero divisor passed`);
};

function divide(left: Json, right: Json): Json {
  const a = operand('divide', left);
  const b = operand('divide', right);
  if (b.kind === 'quantity' ? b.value.isZero() : Number(b.value) === 0) zeroDivisor('divide');
  if (a.kind === 'number' && b.kind === 'number') return a.value / b.value;
  if (a.kind === 'quantity') {
    if (b.kind === 'quantity') return Number(a.value.nano) / Number(b.value.nano);
    if (b.kind === 'number') return quantityText(quotient(a.decimal, factorOf(b.value)), a.value);
  }
  if (a.kind === 'duration') {
    if (b.kind === 'duration') return Number(a.value) / Number(b.value);
    if (b.kind === 'number') return formatGoDuration(scaleBy(a.value, 1 / b.value));
  }
  return mismatch('divide');
}

function modulo(left: Json, right: Json): Json {
  const a = operand('modulo', left);
  const b = operand('modulo', right);
  const whole = (): never => {
    throw new JmesError("JMESPath function 'modulo': Non-integer argument(s) passed for modulo");
  };
  if (a.kind === 'number' && b.kind === 'number') {
    if (!Number.isInteger(a.value) || !Number.isInteger(b.value)) whole();
    return b.value === 0 ? zeroDivisor('modulo') : a.value % b.value;
  }
  if (a.kind === 'quantity' && b.kind === 'quantity') {
    if (b.value.isZero()) zeroDivisor('modulo');
    if (a.value.nano % NANO !== 0n || b.value.nano % NANO !== 0n) whole();
    return new Quantity(a.value.nano % b.value.nano, a.value.format).toString();
  }
  if (a.kind === 'duration' && b.kind === 'duration')
    return b.value === 0n ? zeroDivisor('modulo') : formatGoDuration(a.value % b.value);
  return mismatch('modulo');
}

/** Halves away from zero, at a number of decimal places. */
function round(value: number, places: number): number {
  if (!Number.isInteger(places))
    throw new JmesError("JMESPath function 'round': Non-integer argument(s) passed for round off");
  if (places < 0) throw new JmesError("JMESPath function 'round': argument #2 is out of bounds");
  const scale = 10 ** places;
  return needFinite((Math.sign(value) * Math.round(Math.abs(value) * scale)) / scale);
}

/** Kyverno's arithmetic: numbers, quantities and durations. */
export const ARITHMETIC = defineFunctions({
  'add(any,any)': ([left, right]: [Json, Json]) => sum('add', left, right, 1),
  'subtract(any,any)': ([left, right]: [Json, Json]) => sum('subtract', left, right, -1),
  'sum(array)': ([list]: [Json[]]) => {
    if (list.length === 0)
      throw new JmesError("JMESPath function 'sum': at least one element in the array is required");
    return list.reduce((total, each) => sum('sum', total, each, 1));
  },
  'multiply(any,any)': ([left, right]: [Json, Json]) => multiply(left, right),
  'divide(any,any)': ([left, right]: [Json, Json]) => divide(left, right),
  'modulo(any,any)': ([left, right]: [Json, Json]) => modulo(left, right),
  'round(number,number)': ([value, places]: [number, number]) => round(value, places),
});
