import type { KubeObject } from './object.ts';
import { badRequest } from './status.ts';

/** One condition on a label (apimachinery labels.Requirement). */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: 'in' | 'notin' | 'exists' | '!' | '>' | '<';
  readonly values: readonly string[];
}

/** One condition on a field path. */
export interface FieldRequirement {
  readonly path: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** meta/v1 LabelSelector. */
export interface LabelSelectorObject {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

const KEY = /^(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const SELECTOR_LENGTH_MAX = 64 * 1024;

const refuse = (text: string, why: string): Error =>
  badRequest(`unable to parse requirement: ${why} in ${JSON.stringify(text)}`);

function labelKey(text: string, key: string): string {
  if (!KEY.test(key)) throw refuse(text, `invalid label key ${JSON.stringify(key)}`);
  return key;
}

function labelValue(text: string, value: string): string {
  if (!VALUE.test(value)) throw refuse(text, `invalid label value ${JSON.stringify(value)}`);
  return value;
}

/** Splits at commas that are not inside parentheses. */
function requirementTexts(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (sign === '(') depth++;
    else if (sign === ')') depth--;
    else if (sign === ',' && depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts.map(part => part.trim());
}

function setRequirement(part: string, match: RegExpExecArray): LabelRequirement {
  const values = match[3]!.split(',').map(value => labelValue(part, value.trim()));
  return { key: labelKey(part, match[1]!), operator: match[2] as 'in' | 'notin', values: [...new Set(values)].sort() };
}

function requirement(part: string): LabelRequirement {
  const set = /^([^\s=!<>(),]+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part);
  if (set) return setRequirement(part, set);
  const compared = /^([^\s=!<>(),]+)\s*(==|=|!=|>|<)\s*([^\s=!<>(),]*)$/.exec(part);
  if (compared) {
    const key = labelKey(part, compared[1]!);
    const value = labelValue(part, compared[3]!);
    const sign = compared[2]!;
    if (sign === '>' || sign === '<') {
      if (!/^-?\d+$/.test(value)) throw refuse(part, 'values for > and < must be integers');
      return { key, operator: sign, values: [value] };
    }
    return { key, operator: sign === '!=' ? 'notin' : 'in', values: [value] };
  }
  const bare = /^(!?)\s*([^\s=!<>(),]+)$/.exec(part);
  if (!bare) throw refuse(part, 'found no operator or key');
  return { key: labelKey(part, bare[2]!), operator: bare[1] ? '!' : 'exists', values: [] };
}

/** Reads `app in (a,b),!legacy,tier=web`; the empty text selects everything. Throws a 400. */
export function parseLabelSelector(text: string): readonly LabelRequirement[] {
  if (text.length > SELECTOR_LENGTH_MAX) throw badRequest('unable to parse requirement: selector is too long');
  return text.trim() === '' ? [] : requirementTexts(text).map(requirement);
}

/** Turns a LabelSelector into requirements; undefined (no selector) matches nothing, an empty one everything. */
export function labelRequirements(selector: LabelSelectorObject): readonly LabelRequirement[] {
  const requirements: LabelRequirement[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {}))
    requirements.push({ key, operator: 'in', values: [value] });
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const plain = ({ In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' } as const)[operator];
    if (!plain) throw badRequest(`${JSON.stringify(operator)} is not a valid label selector operator`);
    requirements.push({ key, operator: plain, values: values ?? [] });
  }
  return requirements;
}

/** True when the labels meet every requirement; `notin` and `!=` also hold where the label is absent. */
export function matchLabels(
  requirements: readonly LabelRequirement[],
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  for (const { key, operator, values } of requirements) {
    const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key]! : undefined;
    if (!meets(operator, values, value)) return false;
  }
  return true;
}

function meets(operator: LabelRequirement['operator'], values: readonly string[], value: string | undefined): boolean {
  switch (operator) {
    case 'in':
      return value !== undefined && values.includes(value);
    case 'notin':
      return value === undefined || !values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case '>':
    case '<': {
      if (value === undefined || !/^-?\d+$/.test(value)) return false;
      return operator === '>' ? BigInt(value) > BigInt(values[0]!) : BigInt(value) < BigInt(values[0]!);
    }
  }
}

/** A selector object against labels, as controllers ask it. */
export function selects(selector: LabelSelectorObject, labels: Readonly<Record<string, string>> | undefined): boolean {
  return matchLabels(labelRequirements(selector), labels);
}

/** Writes requirements the way kubectl does. */
export function formatLabelSelector(selector: LabelSelectorObject): string {
  return labelRequirements(selector)
    .map(({ key, operator, values }) => {
      if (operator === 'exists') return key;
      if (operator === '!') return `!${key}`;
      if (operator === 'in' && values.length === 1) return `${key}=${values[0]}`;
      return `${key} ${operator} (${[...values].sort().join(',')})`;
    })
    .join(',');
}

/** Reads `metadata.name=x,status.phase!=Running`; `\,` `\=` and `\\` stand for themselves. Throws a 400. */
export function parseFieldSelector(text: string): readonly FieldRequirement[] {
  if (text.length > SELECTOR_LENGTH_MAX) throw badRequest('invalid field selector: too long');
  const terms = text.match(/(?:\\.|[^,\\])+/g) ?? [];
  return terms.map(term => {
    const match = /^((?:\\.|[^=!\\])*)(!=|==|=)((?:\\.|[^=\\])*)$/s.exec(term);
    if (!match) throw badRequest(`invalid selector: ${JSON.stringify(text)}; can't understand ${JSON.stringify(term)}`);
    const value = match[3]!.replace(/\\(.)/gs, '$1');
    return { path: match[1]!, operator: match[2] === '!=' ? '!=' : '=', value };
  });
}

/** The text a field selector compares: absent fields read as '' (or as false for booleans that default so). */
export function fieldText(object: KubeObject, path: string): string {
  let value: unknown = object;
  for (const name of path.split('.')) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, name)) return '';
    value = (value as Record<string, unknown>)[name];
  }
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : '';
}

/** True when the object meets every field requirement; `read` may know fields that are not plain paths. */
export function matchFields(
  requirements: readonly FieldRequirement[],
  object: KubeObject,
  read: (object: KubeObject, path: string) => string = fieldText,
): boolean {
  for (const { path, operator, value } of requirements) {
    if ((read(object, path) === value) !== (operator === '=')) return false;
  }
  return true;
}
