import { fromBigInt } from '../number.ts';
import { BuiltinError } from '../runtime.ts';
import { type Entry, entry, integer } from './operands.ts';

/** Shifting by more would only make numbers nobody can hold. */
const SHIFT_MAX = 100_000n;

const both = (apply: (left: bigint, right: bigint) => bigint): Entry =>
  entry(2, ([left, right]) => fromBigInt(apply(integer(left!, 1), integer(right!, 2))));

function shiftCount(count: bigint): bigint {
  if (count < 0n)
    throw new BuiltinError('operand 2 must be an unsigned integer number but got a negative integer', true);
  if (count > SHIFT_MAX) throw new BuiltinError('operand 2 is too large');
  return count;
}

/** Bits of whole numbers. */
export const bits: Readonly<Record<string, Entry>> = {
  'bits.and': both((left, right) => left & right),
  'bits.or': both((left, right) => left | right),
  'bits.xor': both((left, right) => left ^ right),
  'bits.lsh': both((left, right) => left << shiftCount(right)),
  'bits.rsh': both((left, right) => left >> shiftCount(right)),
  'bits.negate': entry(1, ([value]) => fromBigInt(~integer(value!, 1))),
};
