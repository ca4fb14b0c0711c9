import { isObject, type Json, type JsonObject, ownMember } from '../../../kernel/index.ts';
import { matchPattern, type PatternMismatch } from '../../engine/patterns/match.ts';
import { queryFault } from './checks/entries.ts';
import { evaluateConditions } from './conditions.ts';
import { JmesError } from './context.ts';
import { addEntries } from './entries.ts';
import { NEEDS_REGISTRY, resourceOf, type RuleStatus } from './model.ts';
import { podSecurityViolations } from './podSecurity.ts';
import { podSecurityWords } from './podSecurityWords.ts';
import type { RuleRun } from './run.ts';
import { substitute, substituteRead, type Substitution, telling } from './variables.ts';

export interface Verdict {
  readonly status: RuleStatus;
  readonly message: string;
  /** More that a report says of it. */
  readonly properties?: Readonly<Record<string, string>>;
}

const FOREACH_DEPTH_MAX = 8;
const pass = (message: string): Verdict => ({ status: 'pass', message });
const fail = (message: string): Verdict => ({ status: 'fail', message });

/** The message of a rule; undefined where its variables lead nowhere. */
type Message = () => string | undefined;

/**
 * What a `validate` rule says; undefined where a foreach had nothing to look at: Kyverno tells nothing of it then. Throws a
 * JmesError where a variable cannot be resolved.
 */
export function validateRule(run: RuleRun, podExceptions: readonly Json[] = []): Verdict | undefined {
  const body = run.rule.validate as JsonObject;
  const rule = String(run.rule.name);
  if (body.deny !== undefined) return denial(body.deny, run, run.how);
  if (body.pattern !== undefined || body.anyPattern !== undefined) return patterns(body, run);
  if (isObject(body.podSecurity)) {
    const found = podSecurityViolations(body.podSecurity, resourceOf(run.review), podExceptions);
    if (found.length === 0) return pass(`Validation rule '${rule}' passed.`);
    const all = podSecurityViolations({ ...body.podSecurity, exclude: [] }, resourceOf(run.review));
    const words = podSecurityWords(body.podSecurity, found, all);
    return { ...fail(`Validation rule '${rule}' failed. ${words.message}`), properties: words.properties };
  }
  if (Array.isArray(body.foreach)) return foreach(body.foreach, run, run.how, 0);
  return pass('');
}

const messageOf = (run: RuleRun, how: Substitution): Message => {
  const { message } = run.rule.validate as JsonObject;
  return () => textOf(message ?? '', how);
};

function textOf(value: Json, how: Substitution): string | undefined {
  try {
    const text = substitute(value, how);
    return typeof text === 'string'
      ? text
      : "the produced message didn't resolve to a string, check your policy definition.";
  } catch (error) {
    if (!(error instanceof JmesError) || error.message.includes(NEEDS_REGISTRY)) throw error;
    return undefined;
  }
}

function denial(given: Json, run: RuleRun, how: Substitution): Verdict {
  const deny = isObject(given) ? given : {};
  const rule = String(run.rule.name);
  const outcome = telling('failed to check deny conditions', () => evaluateConditions(deny.conditions, how));
  if (!outcome.holds) return pass(`validation rule '${rule}' passed.`);
  const { message } = run.rule.validate as JsonObject;
  const texts = [message, outcome.message].filter(each => each !== undefined && each !== null && each !== '');
  if (texts.length === 0) return fail(`validation error: rule ${rule} failed`);
  return fail(textOf(texts.length === 1 ? texts[0]! : texts.join('; '), how) ?? outcome.message);
}

function patterns(body: JsonObject, run: RuleRun): Verdict {
  const resource = resourceOf(run.review);
  const rule = String(run.rule.name);
  const read = (pattern: Json): Json => telling('variable substitution failed', () => substituteRead(pattern, run.how));
  const message = messageOf(run, run.how);
  if (body.pattern !== undefined) return onePattern(resource, read(body.pattern), message, rule);
  return anyPattern(resource, read(body.anyPattern!), message, rule);
}

const isSkip = (found: PatternMismatch): boolean => found.kind === 'condition' || found.kind === 'global';
const placeOf = ({ path }: PatternMismatch): string => `failed at path ${path.endsWith('/') ? path : `${path}/`}`;

/** Holds when one of the patterns does; is skipped when every one is. */
function anyPattern(value: Json, any: Json, message: Message, rule: string): Verdict {
  const skipped: string[] = [];
  const failed: string[] = [];
  for (const [i, pattern] of (Array.isArray(any) ? any : []).entries()) {
    const found = matchPattern(value, pattern);
    if (found === undefined) return pass(`validation rule '${rule}' anyPattern[${i}] passed.`);
    if (isSkip(found)) skipped.push(`rule ${rule}[${i}] skipped: ${found.why}`);
    else failed.push(`rule ${rule}[${i}] ${found.keyless ? `failed: ${found.why}` : placeOf(found)}`);
  }
  if (skipped.length === 0 && failed.length === 0) return pass(message() ?? '');
  if (failed.length === 0) return { status: 'skip', message: skipped.join(' ') };
  const text = message();
  return fail(
    text === undefined
      ? `validation error: variables substitution error in rule ${rule} execution error: ${failed.join(' ')}`
      : `validation error: ${sentence(text)}${failed.join(' ')}`,
  );
}

/** A message with its full stop and a space behind it. */
const sentence = (text: string): string => (text === '' ? '' : text.endsWith('.') ? `${text} ` : `${text}. `);

function onePattern(value: Json, pattern: Json, message: Message, rule: string): Verdict {
  const found = matchPattern(value, pattern);
  if (found === undefined) return pass(`validation rule '${rule}' passed.`);
  if (isSkip(found)) return { status: 'skip', message: found.why };
  const status = found.keyless ? 'error' : 'fail';
  const text = message();
  const execution = `execution error: ${found.why}`;
  if (text === undefined)
    return { status, message: `validation error: variables substitution error in rule ${rule} ${execution}` };
  const why = found.keyless ? execution : placeOf(found);
  return { status, message: `validation error: ${sentence(text)}rule ${rule} ${why}` };
}

/** Elements of a list that `foreach` walks; what is no list is one element. */
export function elementsOf(each: JsonObject, how: Substitution, absent: 'empty' | 'error' = 'empty'): readonly Json[] {
  const query = substitute(String(each.list ?? ''), how);
  let list: Json = query;
  const fault = queryFault(query);
  if (fault !== undefined) throw new JmesError(`failed to evaluate list: incorrect query ${String(query)}: ${fault}`);
  try {
    if (typeof query === 'string') list = how.context.query(query);
  } catch (error) {
    // A list that is not there has no elements; a mutation cannot be made of it.
    if (absent === 'error' || !(error instanceof JmesError)) throw error;
    return [];
  }
  if (Array.isArray(list)) return list;
  return list === null ? [] : [list];
}

/** The context of one element: `element`, `elementIndex`, `element0` … by depth. */
export function elementContext(how: Substitution, element: Json, index: number, depth: number): Substitution {
  const context = how.context.fork();
  context.set('element', element);
  context.set('elementIndex', index);
  context.set(`element${depth}`, element);
  context.set(`elementIndex${depth}`, index);
  return { ...how, context };
}

function foreach(list: readonly Json[], run: RuleRun, how: Substitution, depth: number): Verdict | undefined {
  if (depth > FOREACH_DEPTH_MAX) return { status: 'error', message: 'foreach nests too deep' };
  let applied = 0;
  for (const each of list) {
    if (!isObject(each)) continue;
    for (const [index, element] of elementsOf(each, how).entries()) {
      if (element === null) continue;
      if (each.elementScope === true && !isObject(element)) return scopeFault(element);
      const inner = elementContext(how, element, index, depth);
      const verdict = oneElement(each, run, inner, element, depth, index);
      if (verdict?.status === 'fail' || verdict?.status === 'error')
        return { ...verdict, message: `validation failure: ${verdict.message}` };
      if (verdict?.status === 'pass') applied++;
    }
  }
  return applied > 0 ? pass('rule passed') : undefined;
}

const scopeFault = (element: Json): Verdict => ({
  status: 'error',
  message: `failed to process foreach: cannot use elementScope=true foreach rules for elements that are not maps, expected type=map got type=${Array.isArray(element) ? 'array' : typeof element}`,
});

/** Preconditions that cannot be resolved leave an element out. */
function meets(each: JsonObject, how: Substitution): boolean {
  try {
    return evaluateConditions(each.preconditions, how).holds;
  } catch (error) {
    if (!(error instanceof JmesError) || error.message.includes(NEEDS_REGISTRY)) throw error;
    return false;
  }
}

/** What a foreach says of one element; undefined where its preconditions leave the element out. */
function oneElement(
  each: JsonObject,
  run: RuleRun,
  how: Substitution,
  element: Json,
  depth: number,
  index: number,
): Verdict | undefined {
  try {
    addEntries(each.context, how, run.world, run.given(index));
    return meets(each, how) ? elementVerdict(each, run, how, element, depth) : undefined;
  } catch (error) {
    if (!(error instanceof JmesError) || error.message.includes(NEEDS_REGISTRY)) throw error;
    return { status: 'error', message: error.message };
  }
}

function elementVerdict(
  each: JsonObject,
  run: RuleRun,
  how: Substitution,
  element: Json,
  depth: number,
): Verdict | undefined {
  if (Array.isArray(each.foreach)) return foreach(each.foreach, run, how, depth + 1);
  if (each.deny !== undefined) return denial(each.deny, run, how);
  // A pattern is of the element; with elementScope false it is of the whole resource.
  const scoped = ownMember(each, 'elementScope') !== false;
  const value = scoped ? element : resourceOf(run.review);
  const rule = String(run.rule.name);
  const read = (pattern: Json): Json => telling('variable substitution failed', () => substitute(pattern, how));
  if (each.pattern !== undefined) return onePattern(value, read(each.pattern), messageOf(run, how), rule);
  if (each.anyPattern === undefined) return pass('');
  return anyPattern(value, read(each.anyPattern), messageOf(run, how), rule);
}
