import type { Json, JsonObject } from '../../../../kernel/index.ts';
import { parseKind } from '../match.ts';
import { conditionsFault } from './conditions.ts';
import { entriesFault } from './entries.ts';
import { exclusionFault } from './podSecurity.ts';
import { fields, filtersOf, type KindFinder, list, listAt } from './model.ts';
import { imagesFault, mutateFault } from './mutate.ts';
import { validateFault } from './validate.ts';
import { variablesFault } from './variables.ts';

const SUBJECTS: ReadonlySet<string> = new Set(['User', 'Group', 'ServiceAccount']);
const SELECTOR_OPERATORS: ReadonlySet<string> = new Set(['In', 'NotIn', 'Exists', 'DoesNotExist']);
/** Variables that only a request has (Kyverno, "Background Scans"). */
const OF_REQUESTS = /\b(?:serviceAccountName|serviceAccountNamespace|request\.(?:roles|clusterRoles|userInfo)[\w.]*)/;

/** The first thing about a rule that cannot be taken. */
export function ruleFaults(
  document: JsonObject,
  rule: JsonObject,
  where: string,
  find: KindFinder | undefined,
): string | undefined {
  return (
    bodyFault(document, rule, where) ??
    validateFault(rule, where) ??
    mutateFault(rule, where) ??
    imagesFault(document, rule, where) ??
    entriesFault(rule, where) ??
    conditionsFault(rule, where) ??
    variablesFault(rule) ??
    matchFault(document, rule, where, find) ??
    backgroundFault(document, rule, where) ??
    targetFault(rule, where) ??
    exclusionFault(fields(fields(rule.validate).podSecurity), 'exclude', `${where}.podSecurity.exclude`)
  );
}

function bodyFault(document: JsonObject, rule: JsonObject, where: string): string | undefined {
  const spec = fields(document.spec);
  const bodies = ['validate', 'mutate', 'generate', 'verifyImages'].filter(name => rule[name] !== undefined);
  if (bodies.length !== 1) return `${where}: exactly one of validate, mutate, generate, verifyImages must be given`;
  if (spec.admission === false && bodies[0] !== 'validate')
    return `${where}: ${bodies[0]} rules are not allowed when admission is disabled`;
  const mutate = fields(rule.mutate);
  const existing = mutate.mutateExistingOnPolicyUpdate ?? spec.mutateExistingOnPolicyUpdate;
  if (rule.mutate !== undefined && existing === true && listAt(mutate, 'targets').length === 0)
    return `${where}.mutate: mutateExistingOnPolicyUpdate needs targets`;
  return undefined;
}

function matchFault(
  document: JsonObject,
  rule: JsonObject,
  where: string,
  find: KindFinder | undefined,
): string | undefined {
  for (const clause of ['match', 'exclude'] as const)
    for (const [path, filter] of filtersOf(rule[clause])) {
      const at = `${where}.${clause}${path}`;
      const selector = selectorFault(filter, at);
      if (selector !== undefined) return selector;
      const subject = subjectFault(filter, at);
      if (subject !== undefined) return subject;
      for (const kind of find === undefined ? [] : list(fields(filter.resources).kinds).map(String)) {
        const fault = kindFault(kind, document, rule, clause, find!);
        if (fault !== undefined) return `${at}.resources.kinds: ${fault}`;
      }
    }
  return undefined;
}

function subjectFault(filter: JsonObject, at: string): string | undefined {
  for (const [i, { kind, namespace }] of listAt(filter, 'subjects').entries()) {
    if (!SUBJECTS.has(String(kind)))
      return `${at}.subjects[${i}].kind: Invalid value: ${JSON.stringify(String(kind))}: kind must be 'User', 'Group', or 'ServiceAccount'`;
    if (kind === 'ServiceAccount' && (namespace ?? '') === '')
      return `${at}.subjects[${i}].namespace: Required value: namespace is required when Kind is ServiceAccount`;
  }
  return undefined;
}

/** A selector whose operators are none. */
function selectorFault(filter: JsonObject, at: string): string | undefined {
  for (const name of ['selector', 'namespaceSelector'] as const) {
    const selector = fields(filter.resources)[name];
    for (const { operator } of listAt(fields(selector), 'matchExpressions'))
      if (!SELECTOR_OPERATORS.has(String(operator)))
        return `${at}.${name}: Invalid value: ${JSON.stringify(selector)}: ${JSON.stringify(String(operator))} is not a valid label selector operator`;
  }
  return undefined;
}

function kindFault(
  text: string,
  document: JsonObject,
  rule: JsonObject,
  clause: 'match' | 'exclude',
  find: KindFinder,
): string | undefined {
  if (text.includes('{{')) return undefined;
  const { group, version, kind, subresource } = parseKind(text);
  if (kind === '*') {
    const blocked = ['generate', 'verifyImages'].find(name => rule[name] !== undefined);
    if (blocked !== undefined && clause === 'match') return `wildcard policies are not allowed in ${blocked} rules`;
  }
  const found = find(group, version, kind);
  const known = found.some(
    each => subresource === '' || subresource === '*' || each.subresources.includes(subresource),
  );
  if (!known && !(kind === '*' && found.length > 0)) return `unable to convert GVK to GVR for kinds ${text}`;
  if (clause === 'match' && document.kind === 'Policy' && kind !== '*' && found.every(each => !each.namespaced))
    return `a Policy cannot match ${text}, which is not in any namespace`;
  const background = fields(document.spec).background !== false;
  if (clause === 'match' && background && rule.validate !== undefined && subresource !== '')
    return `background scans do not see the subresource of ${text}: set spec.background to false`;
  return undefined;
}

function backgroundFault(document: JsonObject, rule: JsonObject, where: string): string | undefined {
  if (fields(document.spec).background === false || rule.mutate !== undefined || rule.generate !== undefined)
    return undefined;
  for (const clause of ['match', 'exclude'] as const)
    for (const [path, filter] of filtersOf(rule[clause]))
      for (const name of ['roles', 'clusterRoles', 'subjects'])
        if (list(filter[name]).length > 0)
          return `only select variables are allowed in background mode. Set spec.background=false to disable background mode for this policy rule: invalid variable used at path: ${where}.${clause}${path}.${name}`;
  const variable = variableIn(rule, OF_REQUESTS);
  return variable === undefined
    ? undefined
    : `only select variables are allowed in background mode. Set spec.background=false to disable background mode for this policy rule: variable ${variable} is not allowed`;
}

/** The first `{{ … }}` that names something, as it is written. */
function variableIn(value: Json, names: RegExp): string | undefined {
  const text = JSON.stringify(value);
  for (const [variable] of text.matchAll(/\{\{(?:[^{}]|\{[^{}]*\})*\}\}/g))
    if (names.test(variable))
      return variable
        .replaceAll('\\"', '"')
        .replace(/^\{\{\s*/, '{{')
        .replace(/\s*\}\}$/, '}}');
  return undefined;
}

/** `target` is known where a rule changes other objects, and not yet where these are looked for. */
function targetFault(rule: JsonObject, where: string): string | undefined {
  const TARGET = /\btarget\./;
  for (const name of ['match', 'exclude', 'context', 'preconditions', 'validate', 'generate'] as const) {
    const variable = rule[name] === undefined ? undefined : variableIn(rule[name], TARGET);
    if (variable !== undefined) return `variable ${variable} is not allowed at ${where}.${name}`;
  }
  for (const [i, target] of listAt(fields(rule.mutate), 'targets').entries())
    for (const name of ['apiVersion', 'kind', 'namespace', 'name'] as const) {
      const variable = target[name] === undefined ? undefined : variableIn(target[name], TARGET);
      if (variable !== undefined) return `variable ${variable} is not allowed at ${where}.mutate.targets[${i}].${name}`;
    }
  return undefined;
}
