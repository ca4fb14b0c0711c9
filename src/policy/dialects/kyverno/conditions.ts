import { equalJson, isObject, type Json, type JsonObject, Quantity } from '../../../kernel/index.ts';
import { parseGoDuration } from '../../engine/jmespath/index.ts';
import { compareSemver, parseSemver } from '../../engine/jmespath/functions/semver.ts';
import { matchesLeaf } from '../../engine/patterns/leaf.ts';
import { matchesWildcard } from '../../engine/patterns/wildcard.ts';
import { substitute, type Substitution } from './variables.ts';

/** What a list of conditions came to; the message is of the first that decided. */
export interface ConditionOutcome {
  readonly holds: boolean;
  readonly message: string;
}

const HOLDS: ConditionOutcome = { holds: true, message: '' };

/** Evaluates `{any, all}`, a list of those, or the older list of conditions. Throws where variables cannot be resolved. */
export function evaluateConditions(conditions: Json | undefined, how: Substitution): ConditionOutcome {
  if (conditions === undefined || conditions === null) return HOLDS;
  if (Array.isArray(conditions)) {
    if (conditions.some(each => isObject(each) && ('any' in each || 'all' in each))) {
      for (const each of conditions) {
        const outcome = evaluateBlock(each as JsonObject, how);
        if (!outcome.holds) return outcome;
      }
      return { holds: true, message: '' };
    }
    return evaluateBlock({ all: conditions }, how);
  }
  return evaluateBlock(conditions as JsonObject, how);
}

function evaluateBlock(block: JsonObject, how: Substitution): ConditionOutcome {
  const any = Array.isArray(block.any) ? block.any : [];
  const all = Array.isArray(block.all) ? block.all : [];
  const messages: string[] = [];
  const holds = (condition: Json): boolean => {
    const { holds: yes, message } = evaluateOne(condition as JsonObject, how);
    if (yes && message !== '') messages.push(message);
    return yes;
  };
  if (any.length > 0 && !any.some(holds)) return { holds: false, message: '' };
  if (!all.every(holds)) return { holds: false, message: '' };
  return { holds: true, message: messages.join('; ') };
}

function evaluateOne(condition: JsonObject, how: Substitution): ConditionOutcome {
  const key = substitute(condition.key ?? null, how);
  const value = substitute(condition.value ?? null, how);
  const operator = String(condition.operator ?? '').toLowerCase();
  const message = condition.message === undefined ? '' : String(substitute(condition.message, how) ?? '');
  return { holds: compareBy(operator, key, value), message };
}

/** One operator (Kyverno, "Preconditions", Operators). Unknown ones never hold. */
export function compareBy(operator: string, key: Json, value: Json): boolean {
  switch (operator) {
    case 'equal':
    case 'equals':
      return equals(key, value);
    case 'notequal':
    case 'notequals':
      return notEquals(key, value);
    case 'in':
    case 'anyin':
      return membership(key, value, 'any');
    case 'allin':
      return membership(key, value, 'all');
    case 'notin':
    case 'allnotin':
      return membership(key, value, operator === 'notin' ? 'notin' : 'allnot');
    case 'anynotin':
      return membership(key, value, 'anynot');
    default:
      return orders(operator, key, value);
  }
}

function equals(key: Json, value: Json): boolean {
  if (typeof key === 'string') return textEquals(key, value);
  if (typeof key === 'number') {
    if (typeof value === 'number') return key === value;
    return typeof value === 'string' && value.trim() !== '' && Number(value) === key;
  }
  // A null key neither equals nor differs from anything.
  if (key === null) return false;
  return equalJson(key, value);
}

function textEquals(key: string, value: Json): boolean {
  if (typeof value === 'string') {
    const [a, b] = [parseGoDuration(key), parseGoDuration(value)];
    if (a !== undefined && b !== undefined) return a === b;
    const [x, y] = [Quantity.parse(key), Quantity.parse(value)];
    if (x !== undefined && y !== undefined) return x.compare(y) === 0;
    return matchesWildcard(value, key);
  }
  if (typeof value === 'number') {
    const nanos = parseGoDuration(key);
    return nanos !== undefined && Number(nanos) / 1e9 === value;
  }
  return false;
}

function notEquals(key: Json, value: Json): boolean {
  return key !== null && !equals(key, value);
}

const text = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));
const wildcardEither = (left: string, right: string): boolean =>
  matchesWildcard(left, right) || matchesWildcard(right, left);

type Membership = 'any' | 'all' | 'notin' | 'allnot' | 'anynot';

function membership(key: Json, value: Json, mode: Membership): boolean {
  if (key === null || isObject(key)) return false;
  const items = Array.isArray(key) ? key.map(text) : [text(key)];
  const candidates = candidatesOf(value, Array.isArray(key) ? [] : items);
  if (candidates === undefined) return false;
  const fits = Array.isArray(key) || Array.isArray(value) ? wildcardEither : matchesWildcard;
  const range = typeof value === 'string' && RANGE.test(value);
  const within = (item: string): boolean =>
    range ? matchesLeaf(item, value) : candidates.some(candidate => fits(candidate, item));
  switch (mode) {
    case 'any':
      return items.some(within);
    case 'all':
      return items.every(within);
    case 'anynot':
      return items.some(item => !within(item));
    default:
      return items.every(item => !within(item));
  }
}

const RANGE = /^\s*[-+]?\d+(\.\d+)?[A-Za-z]*-[-+]?\d+(\.\d+)?[A-Za-z]*\s*$/;

/** The texts of a list; a text may hold a JSON list or stand for itself. Other JSON is no list, and nothing holds of it. */
function candidatesOf(value: Json, items: readonly string[]): string[] | undefined {
  if (Array.isArray(value)) return value.map(text);
  if (typeof value !== 'string') return undefined;
  if (items.some(item => matchesWildcard(value, item))) return [value];
  try {
    const list = JSON.parse(value) as Json;
    return Array.isArray(list) ? list.map(text) : undefined;
  } catch {
    return [value];
  }
}

const ORDERS: ReadonlyMap<string, (order: number) => boolean> = new Map([
  ['greaterthan', order => order > 0],
  ['greaterthanorequals', order => order >= 0],
  ['lessthan', order => order < 0],
  ['lessthanorequals', order => order <= 0],
]);

function orders(operator: string, key: Json, value: Json): boolean {
  const holds = ORDERS.get(operator.replace(/^duration/, ''));
  if (holds === undefined) return false;
  const order = operator.startsWith('duration') ? orderOfDurations(key, value) : orderOf(key, value);
  return order !== undefined && holds(order);
}

const sign = (left: number | bigint, right: number | bigint): number => (left < right ? -1 : left > right ? 1 : 0);
const seconds = (value: Json): number | undefined => {
  if (typeof value === 'number') return Math.trunc(value);
  const nanos = typeof value === 'string' ? parseGoDuration(value) : undefined;
  return nanos === undefined ? undefined : Number(nanos) / 1e9;
};

function orderOfDurations(key: Json, value: Json): number | undefined {
  const [left, right] = [seconds(key), seconds(value)];
  return left === undefined || right === undefined ? undefined : sign(left, right);
}

/** Numbers, durations, quantities and versions, whichever both sides are. */
function orderOf(key: Json, value: Json): number | undefined {
  if (typeof key === 'number' && typeof value === 'number') return sign(key, value);
  if (typeof key !== 'number' && typeof key !== 'string') return undefined;
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  if (typeof key === 'string' || typeof value === 'string') {
    const [a, b] = [seconds(key), seconds(value)];
    const spans = typeof key === 'string' && parseGoDuration(key) !== undefined;
    const spanned = typeof value === 'string' && parseGoDuration(value) !== undefined;
    if ((spans || spanned) && a !== undefined && b !== undefined) return sign(a, b);
  }
  const [x, y] = [Quantity.parse(key), Quantity.parse(value)];
  if (x !== undefined && y !== undefined) return x.compare(y);
  const [v, w] = [parseSemver(String(key)), parseSemver(String(value))];
  return v !== undefined && w !== undefined ? compareSemver(v, w) : undefined;
}
