import { equalJson, isObject, type Json, type JsonObject, ownMember, setOwn } from '../../../../kernel/index.ts';
import { JmesError, jmesType, type JmesValue, needFinite, type Reference } from '../value.ts';
import { defineFunctions } from './define.ts';

const HTML = /[<>&\u2028\u2029]/g;
const goText = (text: string): string =>
  JSON.stringify(text).replace(HTML, sign => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** JSON as Go writes it (encoding/json): members sorted; `<`, `>`, `&` and line separators escaped; indented on request. */
export function goJson(value: Json, indent = '', margin = ''): string {
  const inner = margin + indent;
  const [open, comma, close, colon] =
    indent === '' ? ['', ',', '', ':'] : [`\n${inner}`, `,\n${inner}`, `\n${margin}`, ': '];
  const block = (parts: readonly string[], [start, end]: readonly [string, string]): string =>
    parts.length === 0 ? start + end : start + open + parts.join(comma) + close + end;
  if (Array.isArray(value))
    return block(
      value.map(item => goJson(item, indent, inner)),
      ['[', ']'],
    );
  if (!isObject(value)) return typeof value === 'string' ? goText(value) : JSON.stringify(value);
  const names = Object.keys(value).sort();
  return block(
    names.map(name => goText(name) + colon + goJson(value[name]!, indent, inner)),
    ['{', '}'],
  );
}

const points = (text: string): string[] => [...text];
const before = (left: Json, right: Json): number =>
  typeof left === 'string'
    ? left < (right as string)
      ? -1
      : left > (right as string)
        ? 1
        : 0
    : Number(left) - Number(right);

function sorted(list: readonly Json[], key: (item: Json) => Json): Json[] {
  const keyed = list.map(item => [key(item), item] as const);
  const type = keyed.length > 0 ? jmesType(keyed[0]![0]) : 'number';
  if (type !== 'number' && type !== 'string') throw new JmesError('invalid type, must be number of string');
  if (keyed.some(([of]) => jmesType(of) !== type)) throw new JmesError(`invalid type, must be ${type}`);
  return keyed.sort((left, right) => before(left[0], right[0])).map(([, item]) => item);
}

function extreme(list: readonly Json[], key: (item: Json) => Json, sign: 1 | -1): Json {
  if (list.length === 0) return null;
  let best: Json = list[0]!;
  let of: Json = key(best);
  const type = jmesType(of);
  if (type !== 'number' && type !== 'string') throw new JmesError('invalid type, must be number of string');
  for (const item of list.slice(1)) {
    const other = key(item);
    if (jmesType(other) !== type) throw new JmesError(`invalid type, must be ${type}`);
    if (before(other, of) * sign > 0) [best, of] = [item, other];
  }
  return best;
}

const self = (item: Json): Json => item;

/** The functions of the JMESPath specification. */
export const STANDARD = defineFunctions({
  'length(string|array|object)': ([value]: [Json]) =>
    typeof value === 'string'
      ? points(value).length
      : Array.isArray(value)
        ? value.length
        : Object.keys(value as JsonObject).length,
  'starts_with(string,string)': ([text, start]: [string, string]) => text.startsWith(start),
  'ends_with(string,string)': ([text, end]: [string, string]) => text.endsWith(end),
  'contains(array|string,any)': ([of, item]: [Json, Json]) =>
    typeof of === 'string'
      ? typeof item === 'string' && of.includes(item)
      : (of as Json[]).some(each => equalJson(each, item)),
  'abs(number)': ([value]: [number]) => Math.abs(value),
  'ceil(number)': ([value]: [number]) => Math.ceil(value),
  'floor(number)': ([value]: [number]) => Math.floor(value),
  'avg(array[number])': ([list]: [number[]]) => needFinite(list.reduce((sum, each) => sum + each, 0) / list.length),
  'max(array[number]|array[string])': ([list]: [Json[]]) => extreme(list, self, 1),
  'min(array[number]|array[string])': ([list]: [Json[]]) => extreme(list, self, -1),
  'max_by(array,expref)': ([list, by]: [Json[], Reference]) => extreme(list, by.run, 1),
  'min_by(array,expref)': ([list, by]: [Json[], Reference]) => extreme(list, by.run, -1),
  'sort(array[string]|array[number])': ([list]: [Json[]]) => sorted(list, self),
  'sort_by(array,expref)': ([list, by]: [Json[], Reference]) => sorted(list, by.run),
  'map(expref,array)': ([by, list]: [Reference, Json[]]) => list.map(by.run),
  'merge(object...)': (objects: JsonObject[]) => {
    const merged: JsonObject = {};
    for (const object of objects) for (const [name, value] of Object.entries(object)) setOwn(merged, name, value);
    return merged;
  },
  'keys(object)': ([object]: [JsonObject]) => Object.keys(object).sort(),
  'values(object)': ([object]: [JsonObject]) =>
    Object.keys(object)
      .sort()
      .map(name => ownMember(object, name)!),
  'type(any)': ([value]: [JmesValue]) => jmesType(value),
  'join(string,array[string])': ([sign, list]: [string, string[]]) => list.join(sign),
  'reverse(array|string)': ([value]: [Json]) =>
    typeof value === 'string' ? points(value).reverse().join('') : [...(value as Json[])].reverse(),
  'to_array(any)': ([value]: [Json]) => (Array.isArray(value) ? value : [value]),
  'to_string(any)': ([value]: [Json]) => (typeof value === 'string' ? value : goJson(value)),
  'to_number(any)': ([value]: [Json]) => {
    if (typeof value === 'number') return value;
    return typeof value === 'string' && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(value)
      ? Number(value)
      : null;
  },
  'not_null(any...)': (values: Json[]) => values.find(value => value !== null) ?? null,
});
