import { isNumber } from '../number.ts';
import { isArray, jsonText, type Value } from '../value.ts';
import { type Condition, type FieldName, FieldValue } from './fragment.ts';

/** Names of tables (`$self`) and columns in a database, by the names policies use. */
export type TableNames = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What SQL cannot say. */
export class FilterError extends Error {}

const SIGNS: Readonly<Record<string, string>> = { eq: '=', ne: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' };
const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\b': '\\b',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\u001a': '\\Z',
  "'": "\\'",
  '"': '\\"',
  '\\': '\\\\',
};
const WORD = /^[A-Za-z_][A-Za-z0-9_]*$/;

const escaped = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: databases read these as escapes
  text.replace(/[\0\b\n\r\t\u001a'"\\]/g, character => ESCAPES[character]!);

function quoted(text: string, dialect: string): string {
  const doubled = text.replaceAll("'", "''");
  if (dialect === 'postgresql') return `E'${escaped(text)}'`;
  if (dialect === 'mysql') return `'${escaped(text)}'`;
  return dialect === 'sqlserver' ? `N'${doubled}'` : `'${doubled.replaceAll('\0', "'||char(0)||'")}'`;
}

function nameText(name: string, dialect: string): string {
  if (WORD.test(name)) return name;
  const mark = dialect === 'mysql' ? '`' : '"';
  return mark + name.replaceAll(mark, mark + mark) + mark;
}

const own = (names: Readonly<Record<string, string>> | undefined, name: string): string | undefined =>
  names && Object.hasOwn(names, name) ? names[name] : undefined;

/** A condition as a `WHERE` clause; an empty text when every row meets it. Numbers are written as texts, as OPA does. Throws FilterError. */
export function sqlText(condition: Condition | undefined, dialect: string, names: TableNames): string {
  const fieldText = ([table, column]: FieldName): string => {
    const mapped = Object.hasOwn(names, table) ? names[table] : undefined;
    const shown = [own(mapped, '$self') ?? table, own(mapped, column) ?? column];
    return shown.map(name => nameText(name, dialect)).join('.');
  };
  const valueText = (value: Value): string => {
    if (value === null) return 'NULL';
    if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
    if (typeof value === 'string') return quoted(value, dialect);
    if (isNumber(value)) return quoted(jsonText(value), dialect);
    throw new FilterError('only scalar values can be compared in SQL');
  };
  const like = (before: string, value: Value, after: string): string =>
    `LIKE ${quoted(before + String(value).replace(/[\\%_]/g, '\\$&') + after, dialect)}`;
  const tested = (operator: string, value: Value): string => {
    if (operator === 'in') {
      if (!isArray(value)) throw new FilterError("field operator 'in' requires collection argument");
      return `IN (${value.map(valueText).join(', ')})`;
    }
    if (operator === 'startswith') return like('', value, '%');
    if (operator === 'endswith') return like('%', value, '');
    if (operator === 'contains') return like('%', value, '%');
    if (value !== null) return `${SIGNS[operator]!} ${valueText(value)}`;
    if (operator === 'eq' || operator === 'ne') return operator === 'eq' ? 'IS NULL' : 'IS NOT NULL';
    throw new FilterError("null value can only be used with 'eq' or 'ne' operators");
  };
  const text = (part: Condition): string => {
    if (part.type === 'field') {
      const { field, operator, value } = part;
      if (value instanceof FieldValue) return `${fieldText(field)} ${SIGNS[operator]!} ${fieldText(value.field)}`;
      if (isArray(value) && value.length === 0 && operator === 'in') return '0 = 1';
      return `${fieldText(field)} ${tested(operator, value)}`;
    }
    if (part.operator === 'not') return `NOT ${text(part.value[0]!)}`;
    return `(${part.value.map(text).join(` ${part.operator.toUpperCase()} `)})`;
  };
  return condition ? `WHERE ${text(condition)}` : '';
}
