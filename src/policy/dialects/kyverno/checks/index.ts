import { isObject, type Json, type JsonObject } from '../../../../kernel/index.ts';
import { KUBERNETES_ENVIRONMENT } from '../../../engine/cel/index.ts';
import { parseCel } from '../../../engine/cel/parser.ts';
import { parseSchedule } from '../background/schedule.ts';
import { isCelKind, isRulesKind, plainKind } from '../kinds.ts';
import { constraintsFault } from './constraints.ts';
import { generateFaults } from './generate.ts';
import { fields, type KindFinder, list, listAt } from './model.ts';
import { exclusionFault } from './podSecurity.ts';
import { ruleFaults } from './rules.ts';

export type { KindFinder } from './model.ts';

const TIMEOUT_S_MAX = 30;

/** Why a document of the dialect cannot be taken, in Kyverno's words; undefined when it can. */
export function refusalOfDocument(
  document: JsonObject,
  old: JsonObject | undefined,
  find: KindFinder | undefined,
): string | undefined {
  const kind = String(document.kind);
  const spec = fields(document.spec);
  if (isRulesKind(kind)) return policyFault(document, spec, old, find);
  if (/^(?:Cluster)?CleanupPolicy$/.test(kind)) return cleanupFault(spec);
  if (plainKind(kind) === 'DeletingPolicy') return scheduleFault(spec);
  if (plainKind(kind) === 'MutatingPolicy') return mutatingFault(spec) ?? constraintsFault(document);
  if (isCelKind(kind)) return constraintsFault(document);
  if (kind === 'PolicyException') return exclusionFault(spec, 'podSecurity', 'spec.podSecurity');
  if (kind === 'GlobalContextEntry') return globalFault(spec);
  return undefined;
}

function policyFault(
  document: JsonObject,
  spec: JsonObject,
  old: JsonObject | undefined,
  find: KindFinder | undefined,
): string | undefined {
  if (spec.admission === false && spec.background === false)
    return 'disabling both admission and background processing is not allowed';
  const webhook = fields(spec.webhookConfiguration);
  for (const timeout of [webhook.timeoutSeconds, spec.webhookTimeoutSeconds])
    if (timeout !== undefined && !(Number(timeout) >= 1 && Number(timeout) <= TIMEOUT_S_MAX))
      return `the timeout value must be between 1 and ${TIMEOUT_S_MAX} seconds`;
  for (const [i, condition] of listAt(webhook, 'matchConditions').entries()) {
    const expression = String(condition.expression ?? '');
    if (!parses(expression))
      return `spec.webhookConfiguration.matchConditions[${i}].expression: Invalid value: ${JSON.stringify(expression)}: compilation failed`;
  }
  const names = new Set<Json | undefined>();
  for (const [i, rule] of listAt(spec, 'rules').entries()) {
    const where = `spec.rules[${i}]`;
    if (names.has(rule.name)) return `${where}.name: duplicate rule name: '${String(rule.name)}'`;
    names.add(rule.name);
    const fault = ruleFaults(document, rule, where, find) ?? (find && generateFaults(document, rule, where, find));
    if (fault !== undefined) return fault;
  }
  return old === undefined ? undefined : immutableFault(spec, fields(old.spec));
}

function parses(expression: string): boolean {
  try {
    parseCel(expression, KUBERNETES_ENVIRONMENT.syntax);
    return true;
  } catch {
    return false;
  }
}

/** What a generate rule is about may not change while its objects are kept in step with it. */
function immutableFault(now: JsonObject, before: JsonObject): string | undefined {
  const parts = (rule: JsonObject): string =>
    JSON.stringify([rule.name, rule.match ?? {}, rule.exclude ?? {}, rule.preconditions ?? {}]);
  const kept = (spec: JsonObject): JsonObject[] =>
    listAt(spec, 'rules').filter(rule => fields(rule.generate).synchronize === true);
  const mine = listAt(now, 'rules').filter(rule => rule.generate !== undefined);
  const had = kept(before);
  if (mine.length !== had.length) return undefined;
  for (const [i, rule] of had.entries())
    if (parts(mine[i]!) !== parts(rule))
      return 'change of immutable fields for a generate rule is disallowed: name, match, exclude, preconditions';
  return undefined;
}

function cleanupFault(spec: JsonObject): string | undefined {
  for (const [i, entry] of listAt(spec, 'context').entries())
    for (const name of ['configMap', 'imageRegistry'])
      if (entry[name] !== undefined) return `spec.context[${i}].${name} is not allowed in cleanup policies`;
  return scheduleFault(spec);
}

function scheduleFault(spec: JsonObject): string | undefined {
  return parseSchedule(String(spec.schedule ?? '')) === undefined
    ? `spec.schedule: Invalid value: "${String(spec.schedule)}": schedule spec in the policy is not in proper cron format`
    : undefined;
}

function mutatingFault(spec: JsonObject): string | undefined {
  const evaluation = fields(spec.evaluation);
  const off = (name: string): boolean => fields(evaluation[name]).enabled === false;
  return off('admission') && fields(evaluation.mutateExisting).enabled !== true
    ? 'spec.evaluation: at least one of admission and mutateExisting must be enabled'
    : undefined;
}

function globalFault(spec: JsonObject): string | undefined {
  if (!isObject(spec.apiCall)) return undefined;
  const { apiCall } = spec;
  const method = String(apiCall.method ?? 'GET');
  if (list(apiCall.data).length > 0 && method !== 'POST') return 'spec.apiCall.data: only POST calls carry data';
  return undefined;
}
