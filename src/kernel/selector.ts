import type { KubeObject } from './object.ts';
import { type LabelRequirement, parseLabelSelector } from './label-parser.ts';
import { badRequest } from './status.ts';

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

export { type LabelRequirement, parseLabelSelector };

const SELECTOR_LENGTH_MAX = 64 * 1024;

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

/** The value of a term: `\\,` `\\=` and `\\\\` stand for themselves, anything else after a backslash for nothing. */
function unescaped(text: string): string {
  return text.replace(/\\([^])|\\$|[,=]/g, (found, sign: string | undefined) => {
    if (found.length === 2 && (sign === ',' || sign === '=' || sign === '\\')) return sign;
    if (found === ',' || found === '=')
      throw badRequest(`invalid field selector: unescaped character in value: ${found.charCodeAt(0)}`);
    throw badRequest(`invalid field selector: invalid escape sequence: ${found}`);
  });
}

/** Reads `metadata.name=x,status.phase!=Running`. Throws a 400. */
export function parseFieldSelector(text: string): readonly FieldRequirement[] {
  if (text.length > SELECTOR_LENGTH_MAX) throw badRequest('invalid field selector: too long');
  const terms = text.match(/(?:\\.|[^,\\]|\\$)+/gs) ?? [];
  return terms.map(term => {
    const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
    if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    return { path: match[1]!, operator: match[2] === '!=' ? '!=' : '=', value: unescaped(match[3]!) };
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
