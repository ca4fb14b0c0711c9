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

function matchesAlternatives(value: Json, pattern: string): boolean {
  if (value === pattern) return true;
  return pattern.split('|').some(part => matchesAll(value, part.trim()));
}

function matchesAll(value: Json, pattern: string): boolean {
  return pattern.split('&').every(part => matchesOne(value, part.trim()));
}

function matchesOne(value: Json, pattern: string): boolean {
  const range = RANGE.exec(pattern);
  if (range !== null) {
    const [, low, sign, high] = range as unknown as [string, string, string, string];
    if (sign === '-') return compared(value, low, '>=') && compared(value, high, '<=');
    return compared(value, low, '<') || compared(value, high, '>');
  }
  const operator = OPERATORS.find(each => pattern.startsWith(each)) ?? '=';
  return compared(value, operator === '=' ? pattern : pattern.slice(operator.length).trim(), operator);
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

/** Durations first, then quantities, then texts with wildcards. */
function compared(value: Json, pattern: string, operator: Operator): boolean {
  const text = leafText(value);
  if (text === undefined) return false;
  const durations = [parseGoDuration(text), parseGoDuration(pattern)] as const;
  if (durations[0] !== undefined && durations[1] !== undefined)
    return holds(durations[0] < durations[1] ? -1 : durations[0] > durations[1] ? 1 : 0, operator);
  const bound = Quantity.parse(pattern);
  if (bound !== undefined) {
    const amount = Quantity.parse(text);
    if (amount !== undefined) return holds(amount.compare(bound), operator);
  }
  if (operator === '=') return matchesWildcard(pattern, text);
  return operator === '!' && !matchesWildcard(pattern, text);
}

/** How a leaf reads as text; undefined for null and for structures. */
export function leafText(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
