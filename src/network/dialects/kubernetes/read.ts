import type { Fault } from '../../../base/index.ts';
import type { Requirement, Selector } from '../../model.ts';
import { networkFaults } from '../../faults.ts';

/** A place in a foreign document being read; what is wrong goes to `faults` and reading goes on. */
export interface Reading {
  readonly object: string;
  readonly faults: Fault[];
}

type Fields = Readonly<Record<string, unknown>>;

const show = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing'));

export function refuse(reading: Reading, path: string, expected: string, got: unknown): undefined {
  reading.faults.push(networkFaults.make('field-type', { path, expected, got: show(got) }, `${reading.object}${path}`));
  return undefined;
}

/** An absent object is undefined; anything that is not an object is a fault and undefined. */
export function readObject(reading: Reading, value: unknown, path: string): Fields | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) return refuse(reading, path, 'an object', value);
  return value as Fields;
}

/** A field nobody here reads could change who is meant: verdicts the document may decide become unknown. */
export function onlyFields(
  reading: Reading,
  value: Fields | undefined,
  path: string,
  known: ReadonlySet<string>,
): void {
  for (const [field, content] of Object.entries(value ?? {})) {
    if (known.has(field) || content === undefined || content === null) continue;
    const at = `${path}/${field}`;
    reading.faults.push(networkFaults.make('not-modelled', { path: at }, `${reading.object}${at}`));
  }
}

export function readList(reading: Reading, value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    refuse(reading, path, 'a list', value);
    return [];
  }
  return value as readonly unknown[];
}

export function readString(reading: Reading, value: unknown, path: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : refuse(reading, path, 'a string', value);
}

export function readStringMap(value: unknown): ReadonlyMap<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return new Map();
  return new Map(Object.entries(value).map(([key, entry]) => [key, String(entry)]));
}

/** meta/v1 LabelSelector and LabelSelectorRequirement. */
const SELECTOR = new Set(['matchLabels', 'matchExpressions']);
const REQUIREMENT = new Set(['key', 'operator', 'values']);
const OPERATORS: ReadonlySet<string> = new Set(['In', 'NotIn', 'Exists', 'DoesNotExist']);

/** meta/v1 LabelSelector; an unreadable one selects nothing, never everything. */
export function readSelector(reading: Reading, value: unknown, path: string): Selector {
  const selector = readObject(reading, value, path);
  if (!selector) return value === undefined || value === null ? [] : NOTHING;
  onlyFields(reading, selector, path, SELECTOR);
  const labels = [...readStringMap(selector.matchLabels)].map(
    ([key, label]): Requirement => ({ key, operator: 'Equals', values: [label] }),
  );
  const expressions = readList(reading, selector.matchExpressions, `${path}/matchExpressions`).flatMap((entry, index) =>
    readRequirement(reading, entry, `${path}/matchExpressions/${index}`),
  );
  return [...labels, ...expressions];
}

/** No label set has a key both present and absent. */
const NOTHING: Selector = [
  { key: '-', operator: 'Exists', values: [] },
  { key: '-', operator: 'DoesNotExist', values: [] },
];

function readRequirement(reading: Reading, value: unknown, path: string): Selector {
  const entry = readObject(reading, value, path);
  onlyFields(reading, entry, path, REQUIREMENT);
  const key = entry && readString(reading, entry.key, `${path}/key`);
  const operator = entry && readString(reading, entry.operator, `${path}/operator`);
  if (!entry || !key || !operator) return NOTHING;
  const values = readList(reading, entry.values, `${path}/values`).map(String);
  const needsValues = operator === 'In' || operator === 'NotIn';
  if (!OPERATORS.has(operator) || needsValues !== values.length > 0) {
    const expected = [...OPERATORS].join(', ');
    reading.faults.push(
      networkFaults.make(
        'field-value',
        { path, got: `${operator} ${values.join(',')}`, expected },
        `${reading.object}${path}`,
      ),
    );
    return NOTHING;
  }
  return [{ key, operator: operator as Requirement['operator'], values }];
}
