import { JmesError } from '../value.ts';

/** A semantic version (semver.org 2.0.0); build metadata does not order. */
export interface Semver {
  readonly numbers: readonly [number, number, number];
  readonly pre: readonly string[];
}

export interface SemverBound {
  readonly operator: string;
  readonly version: Semver;
}

const SEMVER = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;

export function parseSemver(text: string): Semver | undefined {
  const found = SEMVER.exec(text);
  if (found === null) return undefined;
  return {
    numbers: [Number(found[1]), Number(found[2]), Number(found[3])],
    pre: found[4] === undefined ? [] : found[4].split('.'),
  };
}

export function compareSemver(left: Semver, right: Semver): number {
  for (let i = 0; i < 3; i++) {
    const order = left.numbers[i]! - right.numbers[i]!;
    if (order !== 0) return order;
  }
  if (left.pre.length === 0 || right.pre.length === 0) return right.pre.length - left.pre.length;
  for (let i = 0; i < Math.max(left.pre.length, right.pre.length); i++) {
    const order = comparePre(left.pre[i], right.pre[i]);
    if (order !== 0) return order;
  }
  return 0;
}

function comparePre(left: string | undefined, right: string | undefined): number {
  if (left === right) return 0;
  if (left === undefined) return -1;
  if (right === undefined) return 1;
  const [a, b] = [/^\d+$/.test(left), /^\d+$/.test(right)];
  if (a && b) return Number(left) - Number(right);
  if (a !== b) return a ? -1 : 1;
  return left < right ? -1 : 1;
}

/** `>=1.0.0 <2.0.0 || 3.x.x`: any of lists of bounds that must all hold. */
export function semverRange(text: string): SemverBound[][] {
  return text.split('||').map(part =>
    part
      .trim()
      .replace(/([<>=!]+)\s+/g, '$1')
      .split(/\s+/)
      .flatMap(bound => boundsOf(text, bound)),
  );
}

function boundsOf(text: string, bound: string): SemverBound[] {
  const [, sign = '', version = ''] = /^(>=|<=|>|<|==|=|!=|!)?(.*)$/.exec(bound)!;
  const operator = sign === '==' || sign === '' ? '=' : sign === '!=' ? '!' : sign;
  if (/[xX*]/.test(version) && !version.includes('-')) {
    const [major = 'x', minor = 'x'] = version.split('.');
    const from = /^\d+$/.test(minor)
      ? ([Number(major), Number(minor), 0] as const)
      : ([Number(major) || 0, 0, 0] as const);
    const to = /^\d+$/.test(minor) ? ([from[0], from[1] + 1, 0] as const) : ([from[0] + 1, 0, 0] as const);
    const at = (numbers: readonly [number, number, number]): Semver => ({ numbers, pre: [] });
    if (operator === '>') return [{ operator: '>=', version: at(to) }];
    if (operator === '<' || operator === '>=') return [{ operator, version: at(from) }];
    if (operator === '<=') return [{ operator: '<', version: at(to) }];
    return [
      { operator: '>=', version: at(from) },
      { operator: '<', version: at(to) },
    ];
  }
  const parsed = parseSemver(version);
  if (parsed === undefined)
    throw new JmesError(
      `Could not parse Range "${text}": Could not parse version "${version}" in "${bound}": No Major.Minor.Patch elements found`,
    );
  return [{ operator, version: parsed }];
}
