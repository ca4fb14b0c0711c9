import {
  compareNumbers,
  fromBigInt,
  multiplyExactly,
  normalize,
  parseNumber,
  round,
  type RegoNumber,
} from '../number.ts';
import { BuiltinError } from '../runtime.ts';
import type { Value } from '../value.ts';
import { type Entry, entry, text } from './operands.ts';

const BINARY = ['ki', 'mi', 'gi', 'ti', 'pi', 'ei'];
const DECIMAL = ['k', 'm', 'g', 't', 'p', 'e'];

function scaleOf(unit: string, base: bigint, names: readonly string[]): RegoNumber | undefined {
  const at = names.indexOf(unit);
  return at < 0 ? undefined : fromBigInt(base ** BigInt(at + 1));
}

/** The number before the unit, and the unit. */
function split(source: string, what: string): [RegoNumber, string] {
  const clean = source.replaceAll('"', '');
  if (clean.includes(' ')) throw new BuiltinError('spaces not allowed in resource strings');
  const found = /^([0-9.+-]*(?:[eE][+-]?\d+)?)(.*)$/s.exec(clean)!;
  const number = found[1]!;
  if (number === '') throw new BuiltinError(`no ${what} provided`);
  const value = !/\d/.test(number)
    ? undefined
    : parseNumber(
        number
          .replace(/^\+/, '')
          .replace(/^(-?)\./, '$10.')
          .replace(/\.$/, ''),
      );
  if (value === undefined) throw new BuiltinError(`could not parse ${what} to a number`);
  return [value, found[2]!];
}

function bytes(source: string): Value {
  const [value, unit] = split(source, 'byte amount');
  const name = unit.toLowerCase().replace(/b$/, '');
  const scale = name === '' ? 1 : (scaleOf(name, 1024n, BINARY) ?? scaleOf(name, 1000n, DECIMAL));
  if (scale === undefined) throw new BuiltinError(`byte unit ${unit} not recognized`);
  const size = multiplyExactly(value, scale);
  return round(size, compareNumbers(size, 0) >= 0 ? 'down' : 'up');
}

/** Quantities: `m` is a thousandth and `M` a million; all other letters may stand in either case. */
function quantity(source: string): Value {
  const [value, unit] = split(source, 'amount');
  const scale =
    unit === ''
      ? 1
      : unit === 'm'
        ? normalize(1n, -3)
        : (scaleOf(unit.toLowerCase(), 1024n, BINARY) ?? scaleOf(unit.toLowerCase(), 1000n, DECIMAL));
  if (scale === undefined) throw new BuiltinError(`unit ${unit} not recognized`);
  return multiplyExactly(value, scale);
}

/** Quantities with units. */
export const units: Readonly<Record<string, Entry>> = {
  'units.parse': entry(1, ([value]) => quantity(text(value!, 1))),
  'units.parse_bytes': entry(1, ([value]) => bytes(text(value!, 1))),
};
