import { CelError, type CelValue, doubleOf, doubleValue, INT_MIN, intOf, isInt, Uint } from '../values.ts';
import { asDouble, asIndex, noOverload } from './check.ts';
import { compare, numeric } from './operators.ts';
import { functionTable } from './table.ts';

function extreme(sign: 1 | -1): (...args: readonly CelValue[]) => CelValue {
  return (...args: readonly CelValue[]): CelValue => {
    const list: readonly CelValue[] =
      args.length === 1 && Array.isArray(args[0]) ? (args[0] as readonly CelValue[]) : args;
    if (list.length === 0) throw noOverload();
    let best: CelValue = list[0]!;
    for (const value of list) {
      if (numeric(value) === undefined) throw noOverload();
      if (compare(value, best) * sign > 0) best = value;
    }
    return best;
  };
}

const roundAway = (number: number): number => Math.sign(number) * Math.round(Math.abs(number));

/** Two operands of one integer type, as two's complement. */
function bits(work: (a: bigint, b: bigint) => bigint) {
  return (left: CelValue, right: CelValue): CelValue => {
    if (isInt(left) && isInt(right)) return intOf(work(BigInt(left), BigInt(right)));
    if (left instanceof Uint && right instanceof Uint)
      return new Uint(BigInt.asUintN(64, work(left.value, right.value)));
    throw noOverload();
  };
}

function shift(work: (value: bigint, by: bigint) => bigint) {
  return (value: CelValue, by: CelValue): CelValue => {
    const unsigned = value instanceof Uint;
    if (!unsigned && !isInt(value)) throw noOverload();
    const count = asIndex(by);
    if (count < 0) throw new CelError('math.bitShift() negative offset');
    const source = BigInt.asUintN(64, unsigned ? value.value : BigInt(value as number | bigint));
    const shifted = count > 63 ? 0n : BigInt.asUintN(64, work(source, BigInt(count)));
    return unsigned ? new Uint(shifted) : intOf(BigInt.asIntN(64, shifted));
  };
}

function absolute(value: CelValue): CelValue {
  if (isInt(value)) {
    if (BigInt(value) === INT_MIN) throw new CelError('integer overflow');
    return value < 0 ? intOf(-BigInt(value)) : value;
  }
  return value instanceof Uint ? value : doubleOf(Math.abs(asDouble(value)));
}

function signOf(value: CelValue): CelValue {
  if (isInt(value)) return value > 0 ? 1 : value < 0 ? -1 : 0;
  if (value instanceof Uint) return new Uint(value.value > 0n ? 1n : 0n);
  return doubleOf(Math.sign(asDouble(value)));
}

function invert(value: CelValue): CelValue {
  if (isInt(value)) return intOf(~BigInt(value));
  if (value instanceof Uint) return new Uint(BigInt.asUintN(64, ~value.value));
  throw noOverload();
}

/** cel-go's math extension. */
export const MATH_FUNCTIONS = functionTable({
  'math.greatest/*': extreme(1),
  'math.least/*': extreme(-1),
  'math.ceil/1': (value: CelValue) => doubleOf(Math.ceil(asDouble(value))),
  'math.floor/1': (value: CelValue) => doubleOf(Math.floor(asDouble(value))),
  'math.round/1': (value: CelValue) => doubleOf(roundAway(asDouble(value))),
  'math.trunc/1': (value: CelValue) => doubleOf(Math.trunc(asDouble(value))),
  'math.isInf/1': (value: CelValue) => Math.abs(asDouble(value)) === Infinity,
  'math.isNaN/1': (value: CelValue) => Number.isNaN(asDouble(value)),
  'math.isFinite/1': (value: CelValue) => Number.isFinite(asDouble(value)),
  'math.abs/1': absolute,
  'math.sign/1': signOf,
  'math.sqrt/1': (value: CelValue) => {
    const number = doubleValue(value) ?? numeric(value);
    if (number === undefined) throw noOverload();
    return doubleOf(Math.sqrt(Number(number)));
  },
  'math.bitAnd/2': bits((a, b) => a & b),
  'math.bitOr/2': bits((a, b) => a | b),
  'math.bitXor/2': bits((a, b) => a ^ b),
  'math.bitNot/1': invert,
  'math.bitShiftLeft/2': shift((value, by) => value << by),
  'math.bitShiftRight/2': shift((value, by) => value >> by),
});
