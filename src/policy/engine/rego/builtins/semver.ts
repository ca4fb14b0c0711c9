import { BuiltinError } from '../runtime.ts';
import type { Value } from '../value.ts';
import { type Entry, entry, text } from './operands.ts';

interface Version {
  readonly numbers: readonly bigint[];
  readonly pre: readonly string[];
}

const VERSION =
  /^(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/;

function parse(source: string): Version | undefined {
  const found = VERSION.exec(source);
  if (!found) return undefined;
  const numbers = found.slice(1, 4).map(part => BigInt(part));
  return { numbers, pre: found[4]?.split('.') ?? [] };
}

function version(value: Value, position: number): Version {
  const source = text(value, position);
  const found = parse(source);
  if (!found) throw new BuiltinError(`operand ${position}: string ${JSON.stringify(source)} is not a valid SemVer`);
  return found;
}

const sign = (less: boolean, more: boolean): number => (less ? -1 : more ? 1 : 0);

function comparePart(left: string, right: string): number {
  const [a, b] = [/^\d+$/.test(left), /^\d+$/.test(right)];
  if (a && b) return sign(BigInt(left) < BigInt(right), BigInt(left) > BigInt(right));
  if (a !== b) return a ? -1 : 1;
  return sign(left < right, left > right);
}

/** Semantic Versioning 2.0.0 §11. */
function compare(left: Version, right: Version): number {
  for (let i = 0; i < 3; i++) {
    const order = sign(left.numbers[i]! < right.numbers[i]!, left.numbers[i]! > right.numbers[i]!);
    if (order) return order;
  }
  if (left.pre.length === 0 || right.pre.length === 0)
    return sign(right.pre.length === 0 && left.pre.length > 0, left.pre.length === 0 && right.pre.length > 0);
  for (let i = 0; i < Math.min(left.pre.length, right.pre.length); i++) {
    const order = comparePart(left.pre[i]!, right.pre[i]!);
    if (order) return order;
  }
  return sign(left.pre.length < right.pre.length, left.pre.length > right.pre.length);
}

/** Semantic versions. */
export const semver: Readonly<Record<string, Entry>> = {
  'semver.is_valid': entry(1, ([value]) => typeof value === 'string' && parse(value) !== undefined),
  'semver.compare': entry(2, ([left, right]) => compare(version(left!, 1), version(right!, 2))),
};
