import { isObject, type Json, type JsonObject, ownMember } from '../../../kernel/index.ts';
import { matchPattern } from '../../engine/patterns/match.ts';
import { evaluateConditions } from './conditions.ts';
import { JmesError } from './context.ts';
import { addEntries } from './entries.ts';
import { resourceOf, type RuleStatus } from './model.ts';
import { podSecurityViolations } from './podSecurity.ts';
import { podSecurityWords } from './podSecurityWords.ts';
import type { RuleRun } from './run.ts';
import { substitute, substituteRead, type Substitution } from './variables.ts';

export interface Verdict {
  readonly status: RuleStatus;
  readonly message: string;
  /** More that a report says of it. */
  readonly properties?: Readonly<Record<string, string>>;
}

const FOREACH_DEPTH_MAX = 8;
const pass = (message: string): Verdict => ({ status: 'pass', message });

/** What a `validate` rule says. Throws a JmesError where a variable cannot be resolved. */
export function validateRule(run: RuleRun, podExceptions: readonly Json[] = []): Verdict {
  const body = run.rule.validate as JsonObject;
  const message = (): string => textOf(body.message, run.how);
  if (body.deny !== undefined) return denial(body, run.how, message);
  if (body.pattern !== undefined || body.anyPattern !== undefined) return patterns(body, run, message);
  if (isObject(body.podSecurity)) {
    const found = podSecurityViolations(body.podSecurity, resourceOf(run.review), podExceptions);
    if (found.length === 0) return pass('');
    const all = podSecurityViolations({ ...body.podSecurity, exclude: [] }, resourceOf(run.review));
    const words = podSecurityWords(body.podSecurity, found, all);
    return {
      status: 'fail',
      message: `Validation rule '${String(run.rule.name)}' failed. ${words.message}`,
      properties: words.properties,
    };
  }
  if (Array.isArray(body.foreach)) return foreach(body.foreach, run, run.how, message, 0);
  return pass('');
}

function textOf(value: Json | undefined, how: Substitution): string {
  if (value === undefined || value === null) return '';
  const text = substitute(value, { ...how, lenient: true });
  return typeof text === 'string' ? text : JSON.stringify(text);
}

function denial(body: JsonObject, how: Substitution, message: () => string): Verdict {
  const deny = isObject(body.deny) ? body.deny : {};
  const outcome = evaluateConditions(deny.conditions, how);
  return outcome.holds ? { status: 'fail', message: outcome.message || message() } : pass('');
}

function patterns(body: JsonObject, run: RuleRun, message: () => string): Verdict {
  const resource = resourceOf(run.review);
  const rule = String(run.rule.name);
  if (body.pattern !== undefined) return onePattern(resource, substituteRead(body.pattern, run.how), message, rule);
  return anyPattern(resource, substituteRead(body.anyPattern!, run.how), message, rule);
}

/** Holds when one of the patterns does; is skipped when every one is. */
function anyPattern(value: Json, any: Json, message: () => string, rule: string): Verdict {
  const verdicts = (Array.isArray(any) ? any : []).map((pattern, i) =>
    onePattern(value, pattern, () => '', `${rule}[${i}]`),
  );
  if (verdicts.some(({ status }) => status === 'pass')) return pass('');
  if (verdicts.length > 0 && verdicts.every(({ status }) => status === 'skip'))
    return {
      status: 'skip',
      message: verdicts.map((each, i) => `rule ${rule}[${i}] skipped: ${each.message}`).join(' '),
    };
  const failed = verdicts.filter(({ status }) => status === 'fail');
  const places = failed.map(verdict => verdict.message.replace(/^validation error: /, ''));
  return { status: 'fail', message: `validation error: ${sentence(message())}${places.join(' ')}` };
}

/** A message with its full stop and a space behind it. */
const sentence = (text: string): string => (text === '' ? '' : text.endsWith('.') ? `${text} ` : `${text}. `);

function onePattern(value: Json, pattern: Json, message: () => string, rule: string): Verdict {
  const found = matchPattern(value, pattern);
  if (found === undefined) return pass('');
  if (found.kind === 'condition' || found.kind === 'global') return { status: 'skip', message: found.why };
  const path = found.path.endsWith('/') ? found.path : `${found.path}/`;
  return { status: 'fail', message: `validation error: ${sentence(message())}rule ${rule} failed at path ${path}` };
}

/** Elements of a list that `foreach` walks; a map is walked as key and value pairs. */
export function elementsOf(each: JsonObject, how: Substitution): readonly Json[] {
  const query = substitute(String(each.list ?? ''), how);
  let list: Json = query;
  try {
    if (typeof query === 'string') list = how.context.query(query);
  } catch (error) {
    // A list that is not there has no elements.
    if (!(error instanceof JmesError)) throw error;
    return [];
  }
  if (Array.isArray(list)) return list;
  if (isObject(list)) return Object.entries(list).map(([key, value]) => ({ key, value }));
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

function foreach(
  list: readonly Json[],
  run: RuleRun,
  how: Substitution,
  message: () => string,
  depth: number,
): Verdict {
  if (depth > FOREACH_DEPTH_MAX) return { status: 'error', message: 'foreach nests too deep' };
  let applied = 0;
  for (const each of list) {
    if (!isObject(each)) continue;
    for (const [index, element] of elementsOf(each, how).entries()) {
      if (element === null) continue;
      const inner = elementContext(how, element, index, depth);
      addEntries(each.context, inner, run.world, run.given(index));
      if (!evaluateConditions(each.preconditions, inner).holds) continue;
      const verdict = element0(each, run, inner, element, message, depth);
      if (verdict.status === 'fail' || verdict.status === 'error') return verdict;
      if (verdict.status === 'pass') applied++;
    }
  }
  return applied > 0 ? pass('') : { status: 'skip', message: 'rule skipped' };
}

function element0(
  each: JsonObject,
  run: RuleRun,
  how: Substitution,
  element: Json,
  message: () => string,
  depth: number,
): Verdict {
  if (each.elementScope === true && !isObject(element))
    return { status: 'error', message: 'elementScope true needs elements that are objects' };
  if (Array.isArray(each.foreach)) return foreach(each.foreach, run, how, message, depth + 1);
  const text = (): string => textOf((run.rule.validate as JsonObject).message, how) || message();
  if (each.deny !== undefined) return denial(each, how, text);
  // A pattern is of the element; with elementScope false it is of the whole resource.
  const scoped = ownMember(each, 'elementScope') !== false;
  const value = scoped ? element : resourceOf(run.review);
  const rule = String(run.rule.name);
  if (each.pattern !== undefined) return onePattern(value, substitute(each.pattern, how), text, rule);
  if (each.anyPattern === undefined) return pass('');
  return anyPattern(value, substitute(each.anyPattern, how), text, rule);
}
