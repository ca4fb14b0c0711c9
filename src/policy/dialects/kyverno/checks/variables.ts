import { isObject, type Json, type JsonObject } from '../../../../kernel/index.ts';
import { queryFault } from './entries.ts';
import { fields, listAt } from './model.ts';

/** What a variable may speak of, besides the names of the rule's own context (Kyverno's pattern, unanchored). */
const ALLOWED =
  /request|serviceAccountName|serviceAccountNamespace|element|elementIndex|@|images|image|([a-z_0-9]+\()[^{}]/;
const ALLOWED_TEXT =
  'request|serviceAccountName|serviceAccountNamespace|element|elementIndex|@|images|image|([a-z_0-9]+\\()[^{}]';
/** Innermost variables that no backslash escapes. */
const VARIABLE = /(?:^|[^\\])\{\{((?:\{[^{}]*\}|[^{}])*)\}\}/g;

/** The variables of a part of a rule, each with the path to where it stands. */
function* variablesOf(value: Json | undefined, path: string): Generator<readonly [variable: string, path: string]> {
  if (typeof value === 'string') {
    for (const [, variable] of value.matchAll(VARIABLE)) yield [variable!.trim(), path];
  } else if (Array.isArray(value)) {
    for (const [i, each] of value.entries()) yield* variablesOf(each, `${path}/${i}`);
  } else if (isObject(value)) {
    for (const [name, each] of Object.entries(value)) {
      yield* variablesOf(name, path);
      yield* variablesOf(each, `${path}/${name}`);
    }
  }
}

/** The rule's parts whose variables are looked at; targets of mutations have names of their own. */
function* ofRule(rule: JsonObject): Generator<readonly [variable: string, path: string]> {
  for (const name of ['preconditions', 'validate'] as const) yield* variablesOf(rule[name], `/${name}`);
}

const namesIn = (of: JsonObject): string[] => listAt(of, 'context').map(entry => String(entry.name));

/** Names that contexts of a rule and of its foreach blocks bring. */
function ownNames(rule: JsonObject): string[] {
  const blocks = (of: JsonObject): JsonObject[] => listAt(of, 'foreach').flatMap(each => [each, ...blocks(each)]);
  return [...namesIn(rule), ...blocks(fields(rule.validate)).flatMap(namesIn)];
}

/** The first variable of a validate rule that cannot lead anywhere. */
export function variablesFault(rule: JsonObject): string | undefined {
  if (rule.validate === undefined) return undefined;
  for (const [variable, path] of ofRule(rule))
    if (variable.startsWith('element') && !path.startsWith('/validate/foreach/'))
      return `variable '${variable}' present outside of foreach at path ${path}`;
  const names = ownNames(rule);
  const says = `policy contains invalid variables: variable substitution failed for rule ${String(rule.name)}:`;
  for (const [variable, path] of ofRule(rule)) {
    if (variable === '') return `${says} failed to resolve  at path ${path}: invalid query (nil)`;
    if (!ALLOWED.test(variable) && !names.some(name => variable.includes(name)))
      return `${says} variable ${variable} must match regex "${ALLOWED_TEXT}" or patterns [${names.map(name => `${name}*`).join(' ')}]`;
    const fault = queryFault(variable);
    if (fault !== undefined && /SyntaxError/.test(fault))
      return `${says} failed to resolve ${variable} at path ${path}: invalid JMESPath query ${variable}: ${fault}`;
  }
  return undefined;
}
