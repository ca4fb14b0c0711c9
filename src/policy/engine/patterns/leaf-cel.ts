import { type Json, Quantity } from '../../../kernel/index.ts';
import { parseGoDuration } from '../jmespath/functions/go-time.ts';
import { celAll, celAny, celNot, celString, celWildcard } from './cel-text.ts';
import { hasWildcard } from './wildcard.ts';

/** Thrown where a pattern says what CEL cannot: the reason, for people. */
export class NotInCel extends Error {}

const RANGE = /^\s*([-+]?\d+(?:\.\d+)?[A-Za-z]*)(!?-)([-+]?\d+(?:\.\d+)?[A-Za-z]*)\s*$/;
const OPERATORS = ['>=', '<=', '>', '<', '!'] as const;
type Operator = (typeof OPERATORS)[number] | '=';

/** Texts that Go reads as durations; `duration()` fails on others. */
const DURATION = celString('^([-+]?0|[-+]?(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$');
const isOf = (value: string, types: readonly string[]): string =>
  celAny(types.map(type => `type(${value}) == ${type}`));
const isNumber = (value: string): string => isOf(value, ['int', 'uint', 'double']);

/** The CEL condition that `value` (an expression that is null where there is nothing) fits the leaf of a pattern. */
export function celLeaf(value: string, pattern: Json): string {
  if (typeof pattern === 'string') return alternatives(value, pattern);
  if (pattern === null) return `(${value} == null || ${value} == 0 || ${value} == "" || ${value} == false)`;
  if (typeof pattern === 'boolean') return `${value} == ${pattern}`;
  if (typeof pattern === 'number') {
    const text = celString('^[-+]?[0-9]+([.][0-9]+)?$');
    return `(${value} == ${numberText(pattern)} || (type(${value}) == string && string(${value}).matches(${text}) && double(${value}) == ${doubleText(pattern)}))`;
  }
  throw new NotInCel('structures as leaves');
}

const numberText = (value: number): string => (Number.isSafeInteger(value) ? String(value) : doubleText(value));
const doubleText = (value: number): string => (Number.isInteger(value) ? `${value}.0` : String(value));

function alternatives(value: string, pattern: string): string {
  const parts = pattern.split('|').map(part => part.trim());
  const own = parts.map(part => celAll(part.split('&').map(each => one(value, each.trim()))));
  return celAny([...(parts.length > 1 || pattern !== parts[0] ? [`${value} == ${celString(pattern)}`] : []), ...own]);
}

function one(value: string, pattern: string): string {
  const range = RANGE.exec(pattern);
  if (range !== null) {
    const [, low, sign, high] = range as unknown as [string, string, string, string];
    return sign === '-'
      ? celAll([compared(value, low, '>='), compared(value, high, '<=')])
      : celAny([compared(value, low, '<'), compared(value, high, '>')]);
  }
  const operator = OPERATORS.find(each => pattern.startsWith(each)) ?? '=';
  const limit = operator === '=' ? pattern : pattern.slice(operator.length).trim();
  const exact = operator === '=' ? [] : [`${value} == ${celString(pattern)}`];
  return celAny([...exact, compared(value, limit, operator)]);
}

const order = (comparison: string, operator: Operator): string =>
  `${comparison} ${operator === '=' ? '==' : operator === '!' ? '!=' : operator} 0`;

/** Durations first, then quantities, then texts, as the engine compares them. */
function compared(value: string, limit: string, operator: Operator): string {
  const cases: [string, string][] = [];
  const span = parseGoDuration(limit);
  if (span !== undefined) {
    const sign = operator === '=' ? '==' : operator === '!' ? '!=' : operator;
    cases.push([
      `type(${value}) == string && string(${value}).matches(${DURATION})`,
      `duration(${value}) ${sign} duration(${celString(limit)})`,
    ]);
  }
  if (Quantity.parse(limit) !== undefined) {
    const bound = `quantity(${celString(limit)})`;
    cases.push([`${value} == null`, order(`quantity("0").compareTo(${bound})`, operator)]);
    cases.push([`${isNumber(value)}`, order(`quantity(string(${value})).compareTo(${bound})`, operator)]);
    cases.push([
      `type(${value}) == string && isQuantity(string(${value}))`,
      order(`quantity(string(${value})).compareTo(${bound})`, operator),
    ]);
  } else cases.push([isNumber(value), numbers(limit, operator)]);
  const texts = operator === '=' || operator === '!';
  if (texts) {
    const fits = celWildcard(`string(${value})`, limit);
    cases.push([isOf(value, ['string', 'bool']), operator === '=' ? fits : celNot(fits)]);
  }
  return celAny(
    cases.map(([when, then], at) => {
      // A later case counts only where no earlier one did.
      const before = cases.slice(0, at).filter(([earlier]) => overlaps(earlier, when));
      return celAll([...before.map(([earlier]) => celNot(earlier)), when, then]);
    }),
  );
}

/** Cases that speak of one type are told apart by their order. */
const overlaps = (earlier: string, when: string): boolean => earlier.includes('string') && when.includes('string');

/** Numbers meet texts in a form such as `5E+00`, which no other text is; only a wildcard can fit it. */
function numbers(limit: string, operator: Operator): string {
  if (operator !== '=' && operator !== '!') return 'false';
  if (!hasWildcard(limit)) return operator === '!' ? 'true' : 'false';
  if (/^\*+$|^\?\*$|^\*\?$/.test(limit)) return operator === '=' ? 'true' : 'false';
  if (!/[^-+.E0-9*?]/.test(limit)) throw new NotInCel(`numbers that a wildcard such as ${celString(limit)} may mean`);
  return operator === '!' ? 'true' : 'false';
}
