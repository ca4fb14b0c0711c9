import { rememberText } from '../../../base/index.ts';
import { type Json, Quantity } from '../../../kernel/index.ts';
import { parseGoDuration } from '../jmespath/functions/go-time.ts';
import { matchesWildcard } from './wildcard.ts';

const RANGE = /^\s*([-+]?\d+(?:\.\d+)?[A-Za-z]*)(!?-)([-+]?\d+(?:\.\d+)?[A-Za-z]*)\s*$/;
const OPERATORS = ['>=', '<=', '>', '<', '!'] as const;
type Operator = (typeof OPERATORS)[number] | '=';

/** The operator a text pattern starts with (Kyverno, "Operators"). */
export function patternOperator(pattern: string): Operator | '-' {
  if (RANGE.test(pattern)) return '-';
  return OPERATORS.find(operator => pattern.startsWith(operator)) ?? '=';
}

/** True when a value fits the leaf of a pattern. */
export function matchesLeaf(value: Json | undefined, pattern: Json): boolean {
  if (typeof pattern === 'string') return matchesAlternatives(value ?? null, pattern);
  if (pattern === null) return value === undefined || value === null || value === 0 || value === '' || value === false;
  if (typeof pattern === 'boolean') return value === pattern;
  if (typeof pattern === 'number') {
    if (typeof value === 'number') return value === pattern;
    return typeof value === 'string' && /^[-+]?\d+(?:\.\d+)?$/.test(value) && Number(value) === pattern;
  }
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

type LeafTest = (value: Json) => boolean;

/** Alternatives of a text pattern (`|`), each of several tests that all have to hold (`&`). */
const testsOf = rememberText((pattern): readonly (readonly LeafTest[])[] =>
  pattern.split('|').map(alternative => alternative.split('&').map(part => testOf(part.trim()))),
);

function testOf(pattern: string): LeafTest {
  const range = RANGE.exec(pattern);
  if (range !== null) {
    const [, low, sign, high] = range as unknown as [string, string, string, string];
    if (sign === '-') return value => compared(value, low, '>=') && compared(value, high, '<=');
    return value => compared(value, low, '<') || compared(value, high, '>');
  }
  const operator = OPERATORS.find(each => pattern.startsWith(each)) ?? '=';
  const bound = operator === '=' ? pattern : pattern.slice(operator.length).trim();
  return value => compared(value, bound, operator);
}

function matchesAlternatives(value: Json, pattern: string): boolean {
  if (value === pattern) return true;
  for (const tests of testsOf(pattern)) if (holdAll(tests, value)) return true;
  return false;
}

function holdAll(tests: readonly LeafTest[], value: Json): boolean {
  for (const test of tests) if (!test(value)) return false;
  return true;
}

const holds = (order: number, operator: Operator): boolean =>
  operator === '='
    ? order === 0
    : operator === '!'
      ? order !== 0
      : operator === '>'
        ? order > 0
        : operator === '<'
          ? order < 0
          : operator === '>='
            ? order >= 0
            : order <= 0;

const durationOf = rememberText(parseGoDuration);
const quantityOf = rememberText(text => Quantity.parse(text));

/** Durations first, then quantities, then texts with wildcards. Null is an amount of zero and no text. */
function compared(value: Json, pattern: string, operator: Operator): boolean {
  const text = value === null ? '0' : leafText(value);
  if (text === undefined) return false;
  const span = typeof value === 'number' ? undefined : durationOf(text);
  const limit = durationOf(pattern);
  if (span !== undefined && limit !== undefined) return holds(span < limit ? -1 : span > limit ? 1 : 0, operator);
  const bound = quantityOf(pattern);
  if (bound !== undefined) {
    const amount = quantityOf(text);
    if (amount !== undefined) return holds(amount.compare(bound), operator);
  }
  if (value === null || (operator !== '=' && operator !== '!')) return false;
  const fits = matchesWildcard(pattern, typeof value === 'number' ? exponentText(value) : text);
  return operator === '=' ? fits : !fits;
}

/** Numbers meet wildcards in the form Go gives them: `5E+00`. */
function exponentText(value: number): string {
  const [mantissa, exponent = '+0'] = value.toExponential().split('e') as [string, string];
  return `${mantissa}E${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}

/** How a leaf reads as text; undefined for null and for structures. */
export function leafText(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
