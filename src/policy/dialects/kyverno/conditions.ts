import { equalJson, isObject, type Json, type JsonObject, Quantity } from '../../../kernel/index.ts';
import { parseGoDuration } from '../../engine/jmespath/index.ts';
import { compareSemver, parseSemver } from '../../engine/jmespath/functions/semver.ts';
import { matchesLeaf } from '../../engine/patterns/leaf.ts';
import { matchesWildcard } from '../../engine/patterns/wildcard.ts';
import { substitute, type Substitution, telling } from './variables.ts';

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

/** Every condition of `all` is looked at up to the first that fails, also where none of `any` held: what it cannot resolve is told. */
function evaluateBlock(block: JsonObject, how: Substitution): ConditionOutcome {
  const met: string[] = [];
  const unmet: string[] = [];
  const holds = (condition: Json): boolean => {
    const { holds: yes, message } = evaluateOne(condition as JsonObject, how);
    if (message !== '') (yes ? met : unmet).push(message);
    return yes;
  };
  const any = !Array.isArray(block.any) || block.any.some(holds);
  const all = !Array.isArray(block.all) || block.all.every(holds);
  return any && all ? { holds: true, message: met.join('; ') } : { holds: false, message: unmet.join('; ') };
}

const partOf = (condition: JsonObject, part: 'key' | 'value' | 'message', how: Substitution): Json =>
  telling(`failed to substitute variables in condition ${part}`, () => substitute(condition[part] ?? null, how));

function evaluateOne(condition: JsonObject, how: Substitution): ConditionOutcome {
  const key = partOf(condition, 'key', how);
  const value = partOf(condition, 'value', how);
  const operator = String(condition.operator ?? '').toLowerCase();
  const message = condition.message === undefined ? '' : String(partOf(condition, 'message', how) ?? '');
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
    case 'notin':
      return membership(key, value, operator);
    case 'anyin':
      return membership(key, value, 'any');
    case 'allin':
      return membership(key, value, 'all');
    case 'allnotin':
      return membership(key, value, 'allnot');
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
    if (x !== undefined) return y !== undefined && x.compare(y) === 0;
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

type Membership = 'in' | 'any' | 'all' | 'notin' | 'allnot' | 'anynot';

function membership(key: Json, value: Json, mode: Membership): boolean {
  if (key === null || isObject(key)) return false;
  if (mode === 'in' || mode === 'notin')
    return Array.isArray(key) ? setIn(key, value, mode) : oneIn(text(key), value, mode);
  const listed = Array.isArray(key);
  const items = listed ? key.map(text) : [text(key)];
  const isAny = mode === 'any' || mode === 'anynot';
  if (listed && (mode === 'any' || mode === 'all') && items.length === 1 && items[0] === value) return true;
  const isPlain = typeof value === 'number' || typeof value === 'boolean';
  const candidates =
    listed && isAny && isPlain
      ? [(item: string) => wildcardEither(text(value), item)]
      : candidatesOf(value, items, listed);
  if (candidates === undefined) return false;
  if (mode === 'anynot' && listed && typeof value === 'string' && RANGE.test(value))
    return items.some(item => matchesLeaf(item, value.replace(RANGE, '$1!-$3')));
  const range = typeof value === 'string' && RANGE.test(value);
  const within = (item: string): boolean =>
    range ? matchesLeaf(item, value) : candidates.some(candidate => candidate(item));
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

/** `In` and `NotIn` of one text: wildcards in lists go both ways; a text is a pattern, else a JSON list, else nothing holds. */
function oneIn(key: string, value: Json, mode: 'in' | 'notin'): boolean {
  if (Array.isArray(value)) return value.some(each => wildcardEither(text(each), key)) === (mode === 'in');
  if (typeof value !== 'string') return false;
  if (matchesWildcard(value, key)) return mode === 'in';
  return jsonTexts(value)?.includes(key) === (mode === 'in');
}

/** `In` and `NotIn` of a list: all of it is among the texts, exactly; some of it is not. */
function setIn(key: readonly Json[], value: Json, mode: 'in' | 'notin'): boolean {
  if (typeof value === 'string' && key.length === 1 && key[0] === value) return true;
  const texts = typeof value === 'string' ? jsonTexts(value) : Array.isArray(value) ? value : undefined;
  if (texts === undefined || !texts.every(each => typeof each === 'string')) return false;
  const isIn = (item: Json): boolean => texts.includes(text(item));
  return mode === 'in' ? key.every(isIn) : !key.every(isIn);
}

/** A JSON list of texts. */
function jsonTexts(source: string): readonly string[] | undefined {
  try {
    const list = JSON.parse(source) as Json;
    return Array.isArray(list) && list.every(each => typeof each === 'string') ? list : undefined;
  } catch {
    return undefined;
  }
}

const RANGE = /^\s*([-+]?\d+(\.\d+)?[A-Za-z]*)-([-+]?\d+(\.\d+)?[A-Za-z]*)\s*$/;

type Candidate = (item: string) => boolean;

/** What a list or text stands for; a text may hold a JSON list of texts, exact ones for one item. Of other JSON nothing holds. */
function candidatesOf(value: Json, items: readonly string[], listed: boolean): readonly Candidate[] | undefined {
  if (Array.isArray(value)) return value.map(each => item => wildcardEither(text(each), item));
  if (typeof value !== 'string') return undefined;
  const pattern: Candidate = item => (listed ? wildcardEither(value, item) : matchesWildcard(value, item));
  if (!listed && items.some(pattern)) return [pattern];
  try {
    JSON.parse(value);
  } catch {
    return [pattern];
  }
  return jsonTexts(value)?.map(each => item => (listed ? wildcardEither(each, item) : each === item));
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
  // A number is compared with what is a number, too, and not with an amount.
  if (typeof key === 'string' && typeof value === 'number')
    return key.trim() === '' || Number.isNaN(Number(key)) ? undefined : sign(Number(key), value);
  const [x, y] = [Quantity.parse(key), Quantity.parse(value)];
  if (x !== undefined && y !== undefined) return x.compare(y);
  const [v, w] = [parseSemver(String(key)), parseSemver(String(value))];
  return v !== undefined && w !== undefined ? compareSemver(v, w) : undefined;
}
