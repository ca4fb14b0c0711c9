import type { KubeObject } from '../../kernel/index.ts';
import { ageOf } from './format.ts';

/** One column of meta/v1 Table. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
}

export type Cell = string | number | boolean | null;

/** How one kind is shown: its columns, and an object's cells in the same order. */
export interface TableShape {
  readonly columns: readonly Column[];
  cells(object: KubeObject, now_ms: number): Cell[];
}

/** A loosely typed view of an object's fields; printers read many kinds and must survive half-filled ones. */
export interface Fields {
  readonly [field: string]: unknown;
}

/** Reads `a.b.c`; undefined where anything on the way is missing. */
export function at(object: unknown, path: string): unknown {
  let value = object;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Fields)[name];
  }
  return value;
}

export const textAt = (object: unknown, path: string, absent = ''): string => {
  const value = at(object, path);
  return value === undefined || value === null || value === '' ? absent : String(value);
};

export const numberAt = (object: unknown, path: string): number => {
  const value = at(object, path);
  return typeof value === 'number' ? value : 0;
};

export const listAt = (object: unknown, path: string): readonly Fields[] => {
  const value = at(object, path);
  return Array.isArray(value) ? (value as Fields[]) : [];
};

export const sizeAt = (object: unknown, path: string): number => {
  const value = at(object, path);
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
};

export const nameOf = (object: KubeObject): string => object.metadata.name ?? '';
export const ageCell = (object: KubeObject, now_ms: number): string => ageOf(object.metadata.creationTimestamp, now_ms);

/** Go's `%t` behind kubectl's True and False; `<unset>` when absent. */
export const boolCell = (value: unknown): string => (value === true ? 'True' : value === false ? 'False' : '<unset>');

/** `a=b,c=d`, or `<none>` (labels.FormatLabels). */
export function labelsCell(labels: unknown): string {
  if (typeof labels !== 'object' || labels === null) return '<none>';
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${String(value)}`);
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',');
}

interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** A label selector as kubectl writes it, `<none>` when it selects everything (metav1.FormatLabelSelector). */
export function selectorCell(selector: unknown): string {
  const labels = Object.entries((at(selector, 'matchLabels') ?? {}) as Record<string, string>).map(([key, value]) => ({
    key,
    text: `${key}=${value}`,
  }));
  const expressions = (listAt(selector, 'matchExpressions') as unknown as Expression[]).map(
    ({ key, operator, values }) => {
      const list = `(${[...(values ?? [])].sort().join(',')})`;
      const text =
        operator === 'In'
          ? `${key} in ${list}`
          : operator === 'NotIn'
            ? `${key} notin ${list}`
            : operator === 'Exists'
              ? key
              : `!${key}`;
      return { key, text };
    },
  );
  const all = [...labels, ...expressions].sort((left, right) =>
    left.key < right.key ? -1 : left.key > right.key ? 1 : 0,
  );
  return all.length === 0 ? '<none>' : all.map(one => one.text).join(',');
}

/** The names and images of a pod template's containers, comma-separated. */
export function containerCells(template: unknown): [string, string] {
  const containers = listAt(template, 'spec.containers');
  return [containers.map(one => String(one.name)).join(','), containers.map(one => String(one.image ?? '')).join(',')];
}

/** The first items and how many more there are. */
export function shortList(items: readonly string[], shown: number, separator = ','): string {
  return items.length <= shown
    ? items.join(separator)
    : `${items.slice(0, shown).join(separator)} + ${items.length - shown} more...`;
}

/**
 * Builds a shape from a line of column names separated by `|`: `*` after a name marks a wide column, `#` an integer one,
 * `?` a boolean one. The name column is the one called Name.
 */
export function shape(columns: string, cells: (object: KubeObject, now_ms: number) => Cell[]): TableShape {
  return {
    columns: columns.split('|').map((text): Column => {
      const [, name = '', marks = ''] = /^(.*?)([*#?]*)$/.exec(text) ?? [];
      return {
        name,
        type: marks.includes('#') ? 'integer' : marks.includes('?') ? 'boolean' : 'string',
        ...(name === 'Name' && !marks.includes('*') ? { format: 'name' } : {}),
        ...(marks.includes('*') ? { priority: 1 } : {}),
      };
    }),
    cells,
  };
}
