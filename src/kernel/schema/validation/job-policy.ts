import { type Draft, isDraft, part } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { text } from './common.ts';
import { qualifiedName } from './names.ts';

const RULES_MAX = 20;
const CODES_MAX = 255;
const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];

const entries = (draft: Draft | undefined, field: string): Draft[] => {
  const list = draft?.[field];
  return Array.isArray(list) ? list.map(one => (isDraft(one) ? one : {})) : [];
};

function exitCodes(codes: Draft, at: string, containers: ReadonlySet<string>, causes: Causes): void {
  if (text(codes.operator) === '') causes.required(`${at}.operator`, 'valid values: ["In" "NotIn"]');
  else causes.oneOf(`${at}.operator`, codes.operator, ['In', 'NotIn']);
  if (typeof codes.containerName === 'string' && !containers.has(codes.containerName))
    causes.invalid(
      `${at}.containerName`,
      codes.containerName,
      'must be one of the container or initContainer names in the pod template',
    );
  const values = (Array.isArray(codes.values) ? codes.values : []).map(Number);
  const where = `${at}.values`;
  if (values.length === 0)
    causes.invalid(where, Array.isArray(codes.values) ? [] : null, 'at least one value is required');
  else if (values.length > CODES_MAX) causes.tooMany(where, values.length, CODES_MAX);
  values.forEach((value, i) => {
    if (codes.operator === 'In' && value === 0)
      causes.invalid(`${where}[${i}]`, value, 'must not be 0 for the In operator');
    if (values.indexOf(value) < i) causes.duplicate(`${where}[${i}]`, value);
  });
  if (values.some((value, i) => i > 0 && value < values[i - 1]!)) causes.invalid(where, values, 'must be ordered');
}

function conditions(list: readonly Draft[], at: string, causes: Causes): void {
  if (list.length > RULES_MAX) causes.tooMany(at, list.length, RULES_MAX);
  list.forEach((one, i) => {
    const [type, status] = [text(one.type), text(one.status)];
    causes.invalidAll(`${at}[${i}].type`, type, qualifiedName(type));
    if (status === '') causes.required(`${at}[${i}].status`, 'valid values: ["False" "True" "Unknown"]');
    else causes.oneOf(`${at}[${i}].status`, status, ['False', 'True', 'Unknown']);
  });
}

/** `podFailurePolicy` of a Job (batch/v1 validatePodFailurePolicy). */
export function podFailurePolicy(policy: Draft, own: Draft, at: string, causes: Causes): void {
  const pod = part(part(own, 'template'), 'spec');
  const containers = new Set(
    [...entries(pod, 'containers'), ...entries(pod, 'initContainers')].map(one => text(one.name)),
  );
  const rules = entries(policy, 'rules');
  if (rules.length > RULES_MAX) causes.tooMany(`${at}.rules`, rules.length, RULES_MAX);
  rules.forEach((rule, i) => {
    const where = `${at}.rules[${i}]`;
    const action = text(rule.action);
    if (action === '')
      causes.required(`${where}.action`, `valid values: [${ACTIONS.map(one => JSON.stringify(one)).join(' ')}]`);
    else if (action === 'FailIndex') {
      if (own.backoffLimitPerIndex === undefined)
        causes.invalid(`${where}.action`, action, 'requires the backoffLimitPerIndex to be set');
    } else causes.oneOf(`${where}.action`, action, ACTIONS);
    const codes = part(rule, 'onExitCodes');
    if (codes) exitCodes(codes, `${where}.onExitCodes`, containers, causes);
    const list = entries(rule, 'onPodConditions');
    conditions(list, `${where}.onPodConditions`, causes);
    if ((codes !== undefined) === list.length > 0)
      causes.add(
        'FieldValueInvalid',
        where,
        `Invalid value: specifying ${codes ? 'both' : 'one of'} OnExitCodes and OnPodConditions is ${codes ? 'not supported' : 'required'}`,
      );
  });
}

/** How many indexes `0-2,5` names, or why it is no such list. */
function indexes(list: string, completions: number): number | string {
  let [count, last] = [0, -1];
  for (const piece of list.split(',')) {
    const bounds = piece.split('-');
    if (bounds.length > 2)
      return `the fragment ${JSON.stringify(piece)} violates the requirement that an index interval can have at most two parts separated by '-'`;
    const numbers = bounds.map(one => (/^\d+$/.test(one) ? Number(one) : Number.NaN));
    const bad = numbers.findIndex(one => Number.isNaN(one));
    if (bad >= 0) return `cannot convert string to integer for index: ${JSON.stringify(bounds[bad])}`;
    const [low, high] = [numbers[0]!, numbers[1] ?? numbers[0]!];
    if (low >= completions || high >= completions)
      return `too large index: ${JSON.stringify(bounds[low >= completions ? 0 : 1])}`;
    if (low <= last) return `non-increasing order, previous: ${last}, current: ${low}`;
    if (bounds.length === 2 && high <= low) return `non-increasing order, previous: ${low}, current: ${high}`;
    count += high - low + 1;
    last = high;
  }
  return count;
}

/** `successPolicy` of a Job (batch/v1 validateSuccessPolicy). */
export function successPolicy(policy: Draft, own: Draft, at: string, causes: Causes): void {
  const rules = entries(policy, 'rules');
  if (own.completionMode !== 'Indexed') {
    const shown = rules.map(rule => ({
      SucceededIndexes: rule.succeededIndexes ?? null,
      SucceededCount: rule.succeededCount ?? null,
    }));
    // The API server shows its own form of it.
    const value = JSON.stringify({ Rules: rules.length > 0 ? shown : null });
    return causes.add('FieldValueInvalid', at, `Invalid value: ${value}: requires indexed completion mode`);
  }
  if (rules.length === 0)
    causes.required(`${at}.rules`, 'at least one rules must be specified when the successPolicy is specified');
  if (rules.length > RULES_MAX) causes.tooMany(`${at}.rules`, rules.length, RULES_MAX);
  const completions = Number(own.completions ?? 0);
  rules.forEach((rule, i) => {
    const where = `${at}.rules[${i}]`;
    const [list, count] = [rule.succeededIndexes, rule.succeededCount];
    if (typeof list !== 'string' && typeof count !== 'number')
      causes.required(where, 'at least one of succeededCount or succeededIndexes must be specified');
    const total = typeof list === 'string' ? indexes(list, completions) : undefined;
    if (typeof total === 'string')
      causes.invalid(`${where}.succeededIndexes`, list, `error parsing succeededIndexes: ${total}`);
    if (typeof count !== 'number') return;
    if (count < 0) causes.invalid(`${where}.succeededCount`, count, 'must be greater than or equal to 0');
    if (count > completions)
      causes.invalid(
        `${where}.succeededCount`,
        count,
        `must be less than or equal to ${completions} (the number of specified completions)`,
      );
    if (typeof total === 'number' && count > total)
      causes.invalid(
        `${where}.succeededCount`,
        count,
        `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`,
      );
  });
}
